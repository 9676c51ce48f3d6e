// How far a shard has read and what it has counted: written with the facts it belongs to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/int128.h"
#include "base/result.h"
#include "log/log.h"
#include "store/shard_store.h"

namespace daybook::engine {

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
  std::array<TopicProgress, log::kEventTopicCount> topics;
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t parked = 0;
  // Accepted records with a reference that is not resolved.
  std::int64_t waiting = 0;
  std::int64_t newest_recorded_ms = 0;
  // Sum of hashes of content, modulo 2^128 (docs/formats.md, "Digest").
  UInt128 digest = 0;

  std::string encode() const;
  static Result<ShardState> decode(std::string_view bytes);
};

// The state that a store holds; a new one when it holds none.
Result<ShardState> read_state(const store::Reads& reads);

// What `record` is known by when it is read again.
std::uint64_t fingerprint(const log::Record& record);

// Keeps the last of many records until its fingerprint is asked for: only that one is ever stored, and
// copying bytes is cheaper than hashing them.
class LastRecord {
 public:
  void keep(const log::Record& record);
  // Of the record kept; nothing when none has been since the last call.
  std::optional<std::uint64_t> take_fingerprint();

 private:
  // Key and value, one behind the other.
  ByteBuffer bytes_;
  std::size_t key_size_ = 0;
  bool has_key_ = false;
  bool has_value_ = false;
  bool kept_ = false;
  std::optional<std::uint64_t> large_;  // Of a record that is too large to be kept.
};

}  // namespace daybook::engine
