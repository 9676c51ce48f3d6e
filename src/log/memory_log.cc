#include "log/memory_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ensure.h"
#include "log/placement.h"

namespace daybook::log {

class MemoryLog::MemoryReader final : public Reader {
 public:
  MemoryReader(MemoryLog& log, std::vector<StartPosition> positions) : log_(log), positions_(std::move(positions)) {}

  Result<std::span<const Record>> poll(std::size_t records_max, std::chrono::milliseconds timeout) override {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    held_.clear();
    records_.clear();
    std::unique_lock lock(log_.mutex_);
    while (true) {
      trouble_.reset();
      RETURN_IF_ERROR(take(records_max));
      if (!records_.empty()) break;
      if (log_.changed_.wait_until(lock, deadline) == std::cv_status::timeout) break;
    }
    if (records_.empty() && trouble_) return unexpected(*trouble_);
    return std::span<const Record>(records_);
  }

  std::optional<Error> trouble() const override { return trouble_; }

  std::int64_t position(TopicPartition at) const override {
    const auto read = std::ranges::find(positions_, at, &StartPosition::at);
    ENSURE(read != positions_.end(), "only what is read has a position");
    return read->offset;
  }

 private:
  // Collects what there is. The log's mutex is held.
  Result<void> take(std::size_t records_max) {
    if (log_.polls_stalled_) return {};
    for (std::size_t i = 0; i < positions_.size() && records_.size() < records_max; ++i) {
      // Each poll begins with the next partition, so that a long one does not keep the others out.
      StartPosition& next = positions_[(first_ + i) % positions_.size()];
      const Partition& partition = log_.partition(next.at);
      if (next.offset < partition.begin || next.offset > partition.end) {
        return unexpected(ErrorCode::kOutOfRange,
                          fmt::format("offset {} of {}, partition {}, is outside the log ({} to {})", next.offset,
                                      topic_family(next.at.topic), next.at.partition, partition.begin, partition.end));
      }
      auto at = partition.records.lower_bound(next.offset);
      if (at == partition.records.end()) {
        next.offset = partition.end;
        continue;
      }
      if (log_.polls_to_fail_ > 0) {
        --log_.polls_to_fail_;
        return unexpected(log_.poll_error_);
      }
      if (const auto unreadable = log_.unreadable_.find(next.at); unreadable != log_.unreadable_.end()) {
        trouble_ = unreadable->second;
        continue;
      }
      for (; at != partition.records.end() && records_.size() < records_max; ++at) {
        const StoredRecord& stored = *held_.emplace_back(at->second);
        records_.push_back(
            {next.at.topic, next.at.partition, stored.offset, stored.timestamp_ms, stored.key, stored.value});
        next.offset = stored.offset + 1;
      }
    }
    ++first_;
    return {};
  }

  std::optional<Error> trouble_;
  MemoryLog& log_;
  std::vector<StartPosition> positions_;
  std::size_t first_ = 0;
  std::vector<std::shared_ptr<const StoredRecord>> held_;
  std::vector<Record> records_;
};

MemoryLog::MemoryLog(std::int32_t partition_count)
    : partition_count_(partition_count), partitions_(kTopicCount * partition_count) {}

MemoryLog::~MemoryLog() { stall_appends(false); }

MemoryLog::Partition& MemoryLog::partition(TopicPartition at) {
  return partitions_[static_cast<std::size_t>(at.topic) * partition_count_ + at.partition];
}

const MemoryLog::Partition& MemoryLog::partition(TopicPartition at) const {
  return partitions_[static_cast<std::size_t>(at.topic) * partition_count_ + at.partition];
}

void MemoryLog::append(std::vector<NewRecord> records, AppendDone done) {
  {
    const std::lock_guard lock(mutex_);
    if (appends_stalled_) {
      stalled_.push_back({std::move(records), std::move(done)});
      return;
    }
  }
  done(append_now(records));
}

Result<std::vector<Appended>> MemoryLog::append_now(const std::vector<NewRecord>& records) {
  ASSIGN_OR_RETURN(const std::vector<std::int32_t> places, place_records(records, partition_count_));
  const std::lock_guard lock(mutex_);
  if (appends_to_fail_ > 0) {
    --appends_to_fail_;
    return unexpected(append_error_);
  }
  std::vector<Appended> appended;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const NewRecord& record = records[i];
    Partition& to = partition({record.topic, places[i]});
    const std::int64_t offset = to.end++;
    to.records[offset] =
        std::make_shared<const StoredRecord>(StoredRecord{offset, time_ms_, std::optional<std::string>(record.key),
                                                          std::optional<std::string>(record.value), record.headers});
    appended.push_back({places[i], offset, time_ms_});
  }
  changed_.notify_all();
  return appended;
}

Result<std::unique_ptr<Reader>> MemoryLog::open_reader(std::vector<StartPosition> starts) {
  RETURN_IF_ERROR(check_starts(starts, partition_count_));
  return std::unique_ptr<Reader>(std::make_unique<MemoryReader>(*this, std::move(starts)));
}

Result<std::vector<EndOffset>> MemoryLog::end_offsets(std::span<const Topic> topics) {
  const std::lock_guard lock(mutex_);
  std::vector<EndOffset> bounds;
  for (const Topic topic : topics) {
    for (std::int32_t number = 0; number < partition_count_; ++number) {
      const Partition& at = partition({topic, number});
      bounds.push_back({{topic, number}, at.begin, at.end});
    }
  }
  return bounds;
}

void MemoryLog::set_time_ms(std::int64_t time_ms) {
  const std::lock_guard lock(mutex_);
  time_ms_ = time_ms;
}

void MemoryLog::fail_appends(Error error, int count) {
  const std::lock_guard lock(mutex_);
  append_error_ = std::move(error);
  appends_to_fail_ = count;
}

void MemoryLog::fail_polls(Error error, int count) {
  const std::lock_guard lock(mutex_);
  poll_error_ = std::move(error);
  polls_to_fail_ = count;
  changed_.notify_all();
}

void MemoryLog::fail_reads(TopicPartition at, std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  unreadable_.erase(at);
  if (error) unreadable_.emplace(at, *std::move(error));
  changed_.notify_all();
}

void MemoryLog::stall_appends(bool stalled) {
  std::deque<Pending> released;
  {
    const std::lock_guard lock(mutex_);
    appends_stalled_ = stalled;
    if (!stalled) released.swap(stalled_);
  }
  for (Pending& pending : released) pending.done(append_now(pending.records));
}

void MemoryLog::stall_polls(bool stalled) {
  const std::lock_guard lock(mutex_);
  polls_stalled_ = stalled;
  changed_.notify_all();
}

void MemoryLog::truncate_before(TopicPartition at, std::int64_t offset) {
  const std::lock_guard lock(mutex_);
  Partition& cut = partition(at);
  cut.records.erase(cut.records.begin(), cut.records.lower_bound(offset));
  cut.begin = offset;
  cut.end = std::max(cut.end, offset);
  changed_.notify_all();
}

void MemoryLog::skip_offsets(TopicPartition at, std::int64_t count) {
  const std::lock_guard lock(mutex_);
  partition(at).end += count;
}

std::vector<MemoryLog::StoredRecord> MemoryLog::records(TopicPartition at) const {
  const std::lock_guard lock(mutex_);
  std::vector<StoredRecord> copies;
  for (const auto& [offset, record] : partition(at).records) copies.push_back(*record);
  return copies;
}

}  // namespace daybook::log
