// How far a shard has read and what it has counted: written with the facts it belongs to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/int128.h"
#include "base/result.h"
#include "store/labels.h"
#include "store/shard_store.h"

namespace daybook::store {

// By number, as log::Topic numbers those of events.
inline constexpr std::size_t kEventTopicCount = 5;

struct TopicProgress {
  // Offset of the next record wanted.
  std::int64_t next_offset = 0;
  // The last record applied, and a hash of its key and value: on restart it is read again, so that a
  // topic that was made anew is noticed. −1: none yet.
  std::int64_t last_offset = -1;
  std::uint64_t last_fingerprint = 0;
  // The highest record timestamp so far: a later record with a lower one counts as recorded then.
  std::int64_t recorded_ms = 0;
};

struct ShardState {
  std::array<TopicProgress, kEventTopicCount> topics;
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t parked = 0;
  // Accepted records with a reference that is not resolved.
  std::int64_t waiting = 0;
  std::int64_t newest_recorded_ms = 0;
  // Of all that was read, parked or not. −1: nothing was.
  std::int64_t first_recorded_ms = -1;
  // How many labels there are.
  std::uint64_t labels = 0;
  // Sum of hashes of content, modulo 2^128 (docs/formats.md, "Digest").
  UInt128 digest = 0;

  std::string encode() const;
  static Result<ShardState> decode(std::string_view bytes);
};

// The state that a store holds; a new one when it holds none.
Result<ShardState> read_state(const StoreReader& reads);
// The same of a store whose labels were loaded. kCorrupt where either lacks what the other says is there.
Result<ShardState> read_state(const StoreReader& reads, const Labels& labels);

}  // namespace daybook::store
