// The one writer of the embedded log: a thread that takes what is waiting as one group, writes it,
// syncs it, and only then shows and acknowledges it.
//
//   append() ─► waiting ─► group: stamp, encode ─► write ─► sync ─► publish, done
//                               └──────── any failure: cut back, done with the error
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "log/embedded/directory.h"
#include "log/embedded/sync_pool.h"

namespace daybook::log {

struct WriterOptions {
  // A segment at least this long is followed by a new one.
  std::uint64_t segment_bytes = 0;
  std::function<std::int64_t()> now_ms;
  std::function<int(int)> sync;
};

class Writer {
 public:
  // `published` must outlive the writer.
  Writer(WriterOptions options, OpenedDirectory opened, Published& published);
  // Appends what is waiting, and leaves indexes that make the next start short.
  ~Writer();

  // `recorded_ms`: the recorded time of each record; none, and all get that of the clock.
  void append(std::vector<NewRecord> records, std::vector<std::int64_t> recorded_ms, AppendDone done);
  // Why the last group was not written, until one is, or the disk is seen to take something; or that one has waited for
  // the disk for long. Else empty.
  std::string trouble() const;

 private:
  struct Request {
    std::vector<NewRecord> records;
    std::vector<std::int32_t> partitions;
    std::vector<std::int64_t> recorded_ms;
    std::size_t bytes = 0;
    AppendDone done;
  };
  // How far a tail was synced: where a group begins, and what is gone back to when it fails.
  struct Mark {
    std::int64_t end_offset = 0;
    std::uint64_t end_position = kSegmentHeaderSize;
    std::size_t entry_count = 0;
  };
  // The growing end of one topic-partition.
  struct Tail {
    TopicPartition at;
    // Nothing before the first record. The file is opened when it is first needed.
    std::optional<std::int64_t> base_offset;
    File file;
    // Ahead of `synced` by the group being written, whose bytes these are.
    SegmentIndex index;
    Mark synced;
    std::string bytes;
    // Bytes of a failed group may be behind the synced ones. They must go before anything is
    // written: a later start could take them for records.
    bool dirty = false;
    // More is synced than the stored index says.
    bool index_stale = false;

    SegmentName name() const { return {at, *base_offset}; }
  };

  void run();
  // Whether a group could be written.
  void note(const Result<void>& outcome);
  Result<void> try_disk();
  void write_group(std::vector<Request> group);
  // Gives each record of the group its place and encodes it.
  Result<void> stage(const std::vector<Request>& group, std::vector<std::vector<Appended>>& appended);
  // Makes the tail ready to take a group: cut back, opened, or given a new segment.
  Result<void> prepare(Tail& tail);
  Result<void> begin_segment(Tail& tail);
  Result<void> write_and_sync();
  void publish();
  void roll_back();
  Result<void> store_index(Tail& tail);
  Tail& tail_of(Topic topic, std::int32_t partition) {
    return tails_[static_cast<std::size_t>(topic) * opened_.partition_count + partition];
  }

  const WriterOptions options_;
  const OpenedDirectory opened_;
  Published& published_;

  // Of the writer's thread alone. Tails are by topic, then partition; touched are those that the
  // group being written adds to.
  std::vector<Tail> tails_;
  std::vector<Tail*> touched_;
  std::int64_t last_timestamp_ms_;
  SyncPool sync_pool_;

  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable arrived_;
  std::deque<Request> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::string trouble_;
  std::optional<std::chrono::steady_clock::time_point> writes_since_;  // Of the group under way.
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace daybook::log
