// A log in memory for deterministic tests: a working one, with controls to fail, stall and
// truncate.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

#include "log/group.h"
#include "log/log.h"

namespace daybook::log {

// Thread-safe. Time stands still until it is set. `done` of an append runs within append(), or
// within stall_appends(false) when it was stalled.
class MemoryLog final : public Log {
 public:
  struct StoredRecord {
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::string>> headers;
  };

  explicit MemoryLog(std::int32_t partition_count);
  ~MemoryLog() override;

  std::int32_t partition_count() const override { return partition_count_; }
  void append(std::vector<NewRecord> records, AppendDone done) override;
  Result<std::unique_ptr<Reader>> open_reader(std::vector<StartPosition> starts) override;
  Result<std::vector<EndOffset>> end_offsets(std::span<const Topic> topics) override;
  Result<std::unique_ptr<GroupMember>> join_group(std::string_view name) override { return groups_.join(name); }

  // The timestamp of records appended from now on. It may go back, as a broker's may.
  void set_time_ms(std::int64_t time_ms);
  // The next `count` appends, or polls that would give records, fail with `error`.
  void fail_appends(Error error, int count);
  void fail_polls(Error error, int count);
  // Of one topic-partition nothing can be read as long as it has an error.
  void fail_reads(TopicPartition at, std::optional<Error> error);
  // While stalled appends wait, and polls give nothing.
  void stall_appends(bool stalled);
  void stall_polls(bool stalled);
  // Forgets the records below `offset`.
  void truncate_before(TopicPartition at, std::int64_t offset);
  // Leaves the next `count` offsets unused: a gap.
  void skip_offsets(TopicPartition at, std::int64_t count);
  // Everything in one topic-partition.
  std::vector<StoredRecord> records(TopicPartition at) const;

 private:
  class MemoryReader;
  struct Partition {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    // By offset. Shared, so that records just read outlive a truncation.
    std::map<std::int64_t, std::shared_ptr<const StoredRecord>> records;
  };
  struct Pending {
    std::vector<NewRecord> records;
    AppendDone done;
  };

  Result<std::vector<Appended>> append_now(const std::vector<NewRecord>& records);
  Partition& partition(TopicPartition at);
  const Partition& partition(TopicPartition at) const;

  const std::int32_t partition_count_;
  LocalGroups groups_{partition_count_, ""};
  mutable std::mutex mutex_;  // Guards everything below.
  std::condition_variable changed_;
  std::vector<Partition> partitions_;  // By topic, then partition.
  std::int64_t time_ms_ = 0;
  Error append_error_;
  int appends_to_fail_ = 0;
  bool appends_stalled_ = false;
  std::deque<Pending> stalled_;
  Error poll_error_;
  int polls_to_fail_ = 0;
  std::map<TopicPartition, Error> unreadable_;
  bool polls_stalled_ = false;
};

}  // namespace daybook::log
