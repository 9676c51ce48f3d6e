#include "engine/dead_letters.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "domain/park_reason.h"
#include "log/partitions.h"
#include "store/keys.h"
#include "store/parked.h"

namespace daybook::engine {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kGroup = "daybook.dead-letter.v1";
constexpr milliseconds kLookEvery{100};
constexpr milliseconds kRetryPause{1'000};
// Copied at a time; a record more than that may be.
constexpr std::size_t kBytesAtATime = 4 << 20;
constexpr std::size_t kLettersAtATime = 1'000;

// Of those who hold the same shards.
std::string group_of(const Projector& projector) {
  if (projector.holds_all()) return std::string(kGroup);
  return fmt::format("{}.shards-{}", kGroup, log::format_partitions(projector.partitions()));
}

std::size_t bytes_of(const log::NewRecord& letter) {
  std::size_t bytes = letter.key.value_or("").size() + letter.value.value_or("").size();
  for (const auto& [name, value] : letter.headers) bytes += name.size() + value.size();
  return bytes;
}

log::NewRecord letter_of(const store::ParkedRecord& parked, std::int32_t partition, const std::string& prefix) {
  log::NewRecord letter;
  letter.topic = log::Topic::kDeadLetter;
  letter.key = parked.key;
  letter.value = parked.value;
  letter.partition = partition;
  letter.headers = {{"reason", std::string(domain::park_reason_name(parked.reason))},
                    {"detail", parked.detail},
                    {"topic", log::topic_name(prefix, static_cast<log::Topic>(parked.topic))},
                    {"partition", std::to_string(partition)},
                    {"offset", std::to_string(parked.offset)}};
  return letter;
}

}  // namespace

DeadLetters::DeadLetters(log::Log& log, Projector& projector, std::string topic_prefix)
    : log_(log), projector_(projector), topic_prefix_(std::move(topic_prefix)) {
  thread_ = std::thread([this] { work(); });
}

DeadLetters::~DeadLetters() { stop(); }

void DeadLetters::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

std::string DeadLetters::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void DeadLetters::work() {
  auto next_try = std::chrono::steady_clock::now();
  while (!stopping_) {
    std::this_thread::sleep_for(kLookEvery);
    if (!projector_.caught_up() || std::chrono::steady_clock::now() < next_try) continue;
    const auto done = send_new();
    // A partition that has gone to another member is no trouble.
    const bool failed = !done && done.error().code != ErrorCode::kMismatch;
    if (failed) next_try = std::chrono::steady_clock::now() + kRetryPause;
    if (!done) {
      done_.clear();
      if (done.error().code == ErrorCode::kFatal) member_.reset();
    }
    const std::lock_guard lock(mutex_);
    trouble_ = failed ? "parked records are not copied to the dead-letter topic: " + done.error().message : "";
  }
  member_.reset();
}

Result<void> DeadLetters::send_new() {
  if (!member_) {
    ASSIGN_OR_RETURN(member_, log_.join_group(group_of(projector_)));
  }
  ASSIGN_OR_RETURN(const std::vector<std::int32_t> ours, member_->partitions());
  std::erase_if(done_, [&](const auto& each) { return !std::ranges::binary_search(ours, each.first); });
  for (const std::int32_t partition : ours) {
    if (!std::ranges::binary_search(projector_.partitions(), partition)) continue;
    const std::uint64_t parked = projector_.committed(partition).parked;
    if (const auto known = done_.find(partition); known != done_.end() && known->second == parked) continue;
    if (parked > 0) {
      ASSIGN_OR_RETURN(log::GroupOffsets offsets, member_->committed(partition));
      for (bool more = true; more;) {
        if (stopping_) return {};
        ASSIGN_OR_RETURN(more, send_some(partition, offsets));
        // One that asks is not taken for one that has gone.
        ASSIGN_OR_RETURN(const std::vector<std::int32_t> still, member_->partitions());
        if (!std::ranges::binary_search(still, partition)) return {};
      }
    }
    done_[partition] = parked;
  }
  return {};
}

Result<std::size_t> DeadLetters::append(std::vector<store::ParkedRecord> found, std::int32_t partition) {
  // What the log points into until it is done, be it that nobody waits for it any more.
  struct Copying {
    std::vector<store::ParkedRecord> found;
    std::promise<Result<void>> done;
  };
  const auto copying = std::make_shared<Copying>();
  copying->found = std::move(found);
  std::vector<log::NewRecord> letters;
  for (const store::ParkedRecord& parked : copying->found) {
    log::NewRecord letter = letter_of(parked, partition, topic_prefix_);
    // With its headers the largest of records is larger than a log takes: it is parked here alone.
    if (bytes_of(letter) <= log::kRecordBytesMax) letters.push_back(std::move(letter));
  }
  const std::size_t count = letters.size();
  if (count == 0) return count;
  auto done = copying->done.get_future();
  log_.append(std::move(letters), [copying](const Result<std::vector<log::Appended>>& appended) {
    copying->done.set_value(appended ? Result<void>() : unexpected(appended.error()));
  });
  while (done.wait_for(kLookEvery) != std::future_status::ready) {
    if (stopping_) return unexpected(ErrorCode::kUnavailable, "stopped while the log was waited for");
  }
  RETURN_IF_ERROR(done.get());
  return count;
}

Result<bool> DeadLetters::send_some(std::int32_t partition, log::GroupOffsets& offsets) {
  std::vector<store::ParkedRecord> found;
  std::size_t bytes = 0;
  const std::shared_ptr<Shard> shard = projector_.shard(partition);
  // One that is opened anew is looked at again when it is.
  if (shard == nullptr) return false;
  for (const log::Topic topic : log::kEventTopics) {
    const auto number = static_cast<std::uint8_t>(topic);
    const std::string from = store::ParkedKey{number, offsets[number]}.bytes();
    const auto take = [&](std::string_view key, std::string_view value) -> Result<store::StoreReader::Next> {
      if (found.size() >= kLettersAtATime || bytes >= kBytesAtATime) return store::StoreReader::Next::kStop;
      ASSIGN_OR_RETURN(store::ParkedRecord parked, store::ParkedRecord::decode(key, value));
      bytes += value.size();
      found.push_back(std::move(parked));
      return store::StoreReader::Next::kGoOn;
    };
    if (const auto scanned = shard->store().scan(store::Table::kMeta, from.substr(0, 2), from, take); !scanned) {
      // Damage is for whoever has the shard to mend.
      projector_.report(partition, scanned.error());
      return unexpected(scanned.error());
    }
  }
  if (found.empty()) return false;
  const bool more = found.size() >= kLettersAtATime || bytes >= kBytesAtATime;
  for (const store::ParkedRecord& parked : found) offsets[parked.topic] = parked.offset + 1;
  ASSIGN_OR_RETURN(const std::size_t count, append(std::move(found), partition));
  sent_ += count;
  RETURN_IF_ERROR(member_->commit(partition, offsets));
  return more;
}

}  // namespace daybook::engine
