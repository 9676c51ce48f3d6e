#include "log/embedded/writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "log/embedded/record_format.h"
#include "log/placement.h"

namespace daybook::log {
namespace {

// A group takes no more requests beyond this.
constexpr std::size_t kGroupBytes = 32 * 1024 * 1024;
// More than this waiting for the disk is refused.
constexpr std::size_t kWaitingBytesMax = 256 * 1024 * 1024;
// What is tried while the disk takes nothing, and how often.
constexpr const char* kTriedFile = "tried";
constexpr std::size_t kTriedBytes = 64 * 1024;
constexpr std::chrono::milliseconds kTryEvery{1000};
// A group that takes longer waits for a disk that hangs.
constexpr std::chrono::seconds kGroupPatience{5};
// A buffer that one large group left behind is not kept.
constexpr std::size_t kBufferKept = 1024 * 1024;

}  // namespace

Writer::Writer(WriterOptions options, OpenedDirectory opened, Published& published)
    : options_(std::move(options)),
      opened_(std::move(opened)),
      published_(published),
      last_timestamp_ms_(opened_.last_timestamp_ms),
      sync_pool_(options_.sync) {
  tails_.resize(opened_.segments.size());
  for (std::size_t i = 0; i < tails_.size(); ++i) {
    const std::size_t partition_count = static_cast<std::size_t>(opened_.partition_count);
    Tail& tail = tails_[i];
    tail.at = {static_cast<Topic>(i / partition_count), static_cast<std::int32_t>(i % partition_count)};
    const PartitionSegments& segments = opened_.segments[i];
    if (segments.base_offsets.empty()) continue;
    tail.base_offset = segments.base_offsets.back();
    tail.index = segments.last;
    tail.synced = {tail.index.end_offset, tail.index.end_position, tail.index.entries.size()};
  }
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    arrived_.notify_one();
  }
  thread_.join();
  for (Tail& tail : tails_) {
    // Only the next start gets longer without it.
    if (tail.index_stale && !store_index(tail)) break;
  }
}

void Writer::append(std::vector<NewRecord> records, std::vector<std::int64_t> recorded_ms, AppendDone done) {
  Result<std::vector<std::int32_t>> partitions = place_records(records, opened_.partition_count);
  if (!partitions) return done(unexpected(partitions.error()));
  Request request;
  for (const NewRecord& record : records) request.bytes += kRecordPrefixSize + record_bytes(record);
  request.records = std::move(records);
  request.partitions = *std::move(partitions);
  request.recorded_ms = std::move(recorded_ms);
  request.done = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    if (waiting_bytes_ == 0 || waiting_bytes_ + request.bytes <= kWaitingBytesMax) {
      waiting_bytes_ += request.bytes;
      waiting_.push_back(std::move(request));
      arrived_.notify_one();
      return;
    }
  }
  request.done(unexpected(ErrorCode::kUnavailable, "busy: too much is waiting for the disk that the log is on"));
}

void Writer::run() {
  std::unique_lock lock(mutex_);
  const auto has_work = [&] { return stopping_ || !waiting_.empty(); };
  while (true) {
    // While the disk takes nothing, it is tried even when nobody has anything to append.
    while (!trouble_.empty() && !arrived_.wait_for(lock, kTryEvery, has_work)) {
      lock.unlock();
      const auto tried = try_disk();
      lock.lock();
      if (tried) note(tried);
    }
    arrived_.wait(lock, has_work);
    if (waiting_.empty()) return;
    std::vector<Request> group;
    for (std::size_t bytes = 0; !waiting_.empty() && bytes < kGroupBytes; waiting_.pop_front()) {
      bytes += waiting_.front().bytes;
      waiting_bytes_ -= waiting_.front().bytes;
      group.push_back(std::move(waiting_.front()));
    }
    writes_since_ = std::chrono::steady_clock::now();
    lock.unlock();
    write_group(std::move(group));
    lock.lock();
  }
}

std::string Writer::trouble() const {
  const std::lock_guard lock(mutex_);
  if (writes_since_ && std::chrono::steady_clock::now() - *writes_since_ > kGroupPatience) {
    return fmt::format("nothing can be appended to the log: the disk has not answered for more than {} s",
                       kGroupPatience.count());
  }
  return trouble_;
}

void Writer::note(const Result<void>& outcome) {
  trouble_ = outcome ? "" : "nothing can be appended to the log: " + outcome.error().message;
}

// A small file takes what a group does: room, and a sync.
Result<void> Writer::try_disk() {
  const std::string path = opened_.path + "/" + kTriedFile;
  ASSIGN_OR_RETURN(File file, File::open(path, O_WRONLY | O_CREAT | O_TRUNC));
  RETURN_IF_ERROR(file.write_at(std::string(kTriedBytes, '\0'), 0));
  if (options_.sync(file.descriptor()) != 0) return system_error("sync", path, errno);
  if (::unlink(path.c_str()) != 0) return system_error("remove", path, errno);
  return {};
}

void Writer::write_group(std::vector<Request> group) {
  std::vector<std::vector<Appended>> appended;
  Result<void> outcome = stage(group, appended);
  if (outcome) outcome = write_and_sync();
  if (outcome) {
    publish();
  } else {
    roll_back();
  }
  {
    const std::lock_guard lock(mutex_);
    writes_since_.reset();
    note(outcome);
  }
  for (Tail* tail : touched_) {
    tail->bytes.clear();
    if (tail->bytes.capacity() > kBufferKept) tail->bytes.shrink_to_fit();
  }
  touched_.clear();
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (outcome) {
      group[i].done(std::move(appended[i]));
    } else {
      group[i].done(unexpected(outcome.error()));
    }
  }
}

Result<void> Writer::stage(const std::vector<Request>& group, std::vector<std::vector<Appended>>& appended) {
  const std::int64_t now_ms = options_.now_ms();
  for (const Request& request : group) {
    std::vector<Appended>& places = appended.emplace_back();
    places.reserve(request.records.size());
    for (std::size_t i = 0; i < request.records.size(); ++i) {
      const NewRecord& record = request.records[i];
      Tail& tail = tail_of(record.topic, request.partitions[i]);
      if (tail.bytes.empty()) {
        RETURN_IF_ERROR(prepare(tail));
        touched_.push_back(&tail);
      }
      last_timestamp_ms_ = std::max(last_timestamp_ms_, request.recorded_ms.empty() ? now_ms : request.recorded_ms[i]);
      const std::int64_t offset = tail.index.end_offset;
      const std::size_t size_before = tail.bytes.size();
      encode_record(record, {*tail.base_offset, offset, tail.synced.end_offset, last_timestamp_ms_}, tail.bytes);
      tail.index.add(tail.name(), tail.bytes.size() - size_before, last_timestamp_ms_);
      places.push_back({request.partitions[i], offset, last_timestamp_ms_});
    }
  }
  return {};
}

Result<void> Writer::prepare(Tail& tail) {
  if (!tail.base_offset) return begin_segment(tail);
  if (!tail.file.is_open()) {
    ASSIGN_OR_RETURN(tail.file, File::open(opened_.path + "/" + segment_file(tail.name()), O_WRONLY));
  }
  if (tail.dirty) {
    RETURN_IF_ERROR(tail.file.truncate(tail.synced.end_position));
    RETURN_IF_ERROR(tail.file.sync());
    tail.dirty = false;
  }
  if (tail.synced.end_position < options_.segment_bytes) return {};
  RETURN_IF_ERROR(store_index(tail));
  return begin_segment(tail);
}

Result<void> Writer::begin_segment(Tail& tail) {
  const SegmentName name{tail.at, tail.index.end_offset};
  RETURN_IF_ERROR(write_file_durably(opened_.path, segment_file(name), encode_segment_header(name)));
  ASSIGN_OR_RETURN(tail.file, File::open(opened_.path + "/" + segment_file(name), O_WRONLY));
  tail.base_offset = name.base_offset;
  tail.index.end_position = kSegmentHeaderSize;
  tail.index.entries.clear();
  tail.synced = {tail.index.end_offset, tail.index.end_position, 0};
  return {};
}

Result<void> Writer::write_and_sync() {
  std::vector<int> descriptors;
  for (Tail* tail : touched_) {
    tail->dirty = true;
    RETURN_IF_ERROR(tail->file.write_at(tail->bytes, tail->synced.end_position));
    descriptors.push_back(tail->file.descriptor());
  }
  const int error_number = sync_pool_.sync_all(descriptors);
  if (error_number != 0) return system_error("sync a segment in", opened_.path, error_number);
  return {};
}

void Writer::publish() {
  std::vector<Published::Growth> growth;
  for (Tail* tail : touched_) {
    tail->dirty = false;
    tail->index_stale = true;
    tail->synced = {tail->index.end_offset, tail->index.end_position, tail->index.entries.size()};
    growth.push_back({tail->at, *tail->base_offset, &tail->index});
  }
  published_.publish(growth);
}

void Writer::roll_back() {
  for (Tail* tail : touched_) {
    tail->index.end_offset = tail->synced.end_offset;
    tail->index.end_position = tail->synced.end_position;
    tail->index.entries.resize(tail->synced.entry_count);
    // Cut now, so that a crash leaves none of it; if that fails too, before the next group.
    if (tail->dirty && tail->file.truncate(tail->synced.end_position) && tail->file.sync()) {
      tail->dirty = false;
    }
  }
}

Result<void> Writer::store_index(Tail& tail) {
  const SegmentName name = tail.name();
  RETURN_IF_ERROR(write_file_durably(opened_.path, index_file(name), encode_index(name, tail.index)));
  tail.index_stale = false;
  return {};
}

}  // namespace daybook::log
