// A shard that can be asked, here or elsewhere.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>

#include "domain/rules.h"
#include "log/log.h"
#include "query/report.h"

namespace daybook::query {

// How far a shard has read, and what it has put aside.
struct ShardHead {
  std::int32_t partition = 0;
  std::array<std::int64_t, log::kEventTopicCount> next_offsets{};  // By topic.
  std::int64_t newest_recorded_ms = 0;                             // 0: nothing was read.
  std::int64_t first_recorded_ms = -1;                             // −1: nothing was read.
  std::int64_t waiting = 0;  // Accepted records with a reference that is not resolved.
  std::int64_t parked = 0;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(partition, next_offsets, newest_recorded_ms, first_recorded_ms, waiting, parked);
  }
};

// What a shard gave, and which one it was.
struct ShardReply {
  std::int32_t partition = 0;
  std::unique_ptr<Partial> partial;
};

// Thrown where a shard went away while it was asked: another may hold it, and the whole question is worth being asked
// again.
struct AskAgain : Refusal {};

// One moment of a shard: all that is asked of it is of that moment. One thread.
class ShardSession {
 public:
  virtual ~ShardSession() = default;
  // As known when the session was opened for.
  virtual ShardHead head() = 0;
  // Given up with a Refusal once `stop` is requested.
  virtual ShardReply ask(const Report& report, const Question& question, const std::stop_token& stop) = 0;
  // That will be asked next, or the head: a shard that is far away can begin, while others are asked. The page's `until`
  // may have moved by then; more rows than wanted do no harm.
  virtual void expect(const Report& /*report*/, const Question& /*question*/) {}
  virtual void expect_head() {}
};

// How long it takes to be answered: a file is made as fast as it is read.
enum class Lasting : std::uint8_t { kAnswer, kFile };

// All shards of a read model. Thread-safe. What fails is a Refusal that names the shard: no answer is given without it.
class ShardSource {
 public:
  virtual ~ShardSource() = default;
  virtual std::int32_t partition_count() const = 0;
  virtual const domain::Rules& rules() const = 0;
  virtual std::string_view topic_prefix() const = 0;
  // Whether the record at this place shows in what is opened from now on.
  virtual bool has_folded(log::TopicPartition at, std::int64_t offset) const = 0;
  // As it is now, or as it was known at an instant.
  virtual std::unique_ptr<ShardSession> open(std::int32_t partition, std::optional<std::int64_t> known_at_ms) const = 0;
  // The shards as one question opens them, all as known at one instant: its sessions share the way to where they are.
  // Null: they would share nothing. This one must outlive it.
  virtual std::unique_ptr<const ShardSource> for_question(Lasting) const { return nullptr; }
};

}  // namespace daybook::query
