#include "log/log.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "log/group.h"

namespace daybook::log {
namespace {

constexpr std::array<std::string_view, kTopicCount> kFamilies = {"invoices",  "orders",    "payments",
                                                                 "reference", "shipments", "dead-letter"};

}  // namespace

std::string_view topic_family(Topic topic) { return kFamilies[static_cast<std::size_t>(topic)]; }

std::string topic_name(std::string_view prefix, Topic topic) {
  std::string name(prefix);
  name.append("daybook.").append(topic_family(topic)).append(".v1");
  return name;
}

std::optional<Topic> parse_topic_name(std::string_view prefix, std::string_view name) {
  for (std::size_t i = 0; i < kTopicCount; ++i) {
    const Topic topic = static_cast<Topic>(i);
    if (topic_name(prefix, topic) == name) return topic;
  }
  return std::nullopt;
}

Result<std::optional<KeptRecord>> read_record(Log& log, TopicPartition at, std::int64_t offset,
                                              std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + patience;
  const std::optional<KeptRecord> none;
  ASSIGN_OR_RETURN(const std::unique_ptr<Reader> reader, log.open_reader({{at, offset}}));
  std::optional<Error> trouble;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    const auto polled = reader->poll(1, std::max(left, std::chrono::milliseconds(0)));
    if (!polled && polled.error().code != ErrorCode::kUnavailable) return unexpected(polled.error());
    if (!polled) trouble = polled.error();
    if (polled && !polled->empty()) {
      const Record& record = polled->front();
      if (record.offset != offset) return none;
      std::optional<KeptRecord> kept({record.topic, record.partition, record.offset, record.timestamp_ms, {}, {}});
      if (record.key) kept->key = std::string(*record.key);
      if (record.value) kept->value = std::string(*record.value);
      return kept;
    }
    if (polled && reader->position(at) > offset) return none;
    if (Clock::now() >= deadline) {
      if (trouble) return unexpected(*trouble);
      return unexpected(ErrorCode::kUnavailable, "the log did not give the record in time");
    }
  }
}

Result<std::vector<Appended>> append_and_wait(Log& log, std::vector<NewRecord> records) {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<Result<std::vector<Appended>>> outcome;
  log.append(std::move(records), [&](Result<std::vector<Appended>> result) {
    // Notified under the lock: once it is let go the waiter may return and take `arrived` with it.
    const std::lock_guard lock(mutex);
    outcome.emplace(std::move(result));
    arrived.notify_one();
  });
  std::unique_lock lock(mutex);
  arrived.wait(lock, [&] { return outcome.has_value(); });
  return std::move(*outcome);
}

Result<std::unique_ptr<GroupMember>> Log::join_group(std::string_view) {
  return unexpected(ErrorCode::kInvalidArgument, "this log keeps no groups");
}

std::int32_t murmur2(std::string_view data) {
  constexpr std::uint32_t kSeed = 0x9747b28c;
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<std::uint8_t>(data[at])); };
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(data.size());
  std::size_t at = 0;
  for (; at + 4 <= data.size(); at += 4) {
    std::uint32_t word = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
    word *= kMultiplier;
    word ^= word >> 24;
    word *= kMultiplier;
    hash = hash * kMultiplier ^ word;
  }
  const std::size_t rest = data.size() - at;
  if (rest == 3) hash ^= byte(at + 2) << 16;
  if (rest >= 2) hash ^= byte(at + 1) << 8;
  if (rest >= 1) hash = (hash ^ byte(at)) * kMultiplier;
  hash ^= hash >> 13;
  hash *= kMultiplier;
  return static_cast<std::int32_t>(hash ^ hash >> 15);
}

std::int32_t partition_of(std::string_view key, std::int32_t partition_count) {
  return (murmur2(key) & 0x7fffffff) % partition_count;
}

}  // namespace daybook::log
