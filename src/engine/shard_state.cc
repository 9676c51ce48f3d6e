#include "engine/shard_state.h"

#include <utility>

#include "base/hash.h"
#include "store/keys.h"

namespace daybook::engine {
namespace {

// Of a record that is kept; larger ones would be held as long as the shard.
constexpr std::size_t kKeptBytes = 4'096;

std::uint64_t fingerprint(std::optional<std::string_view> key, std::optional<std::string_view> value) {
  // A missing key or value differs from an empty one.
  const auto has = static_cast<std::uint64_t>(key.has_value() | value.has_value() << 1);
  return hash64(value.value_or(""), hash64(key.value_or(""), has));
}

}  // namespace

std::string ShardState::encode() const {
  std::string bytes;
  ByteWriter out(bytes);
  for (const TopicProgress& topic : topics) {
    out.varint(static_cast<std::uint64_t>(topic.next_offset));
    out.zigzag(topic.last_offset);
    out.big64(topic.last_fingerprint);
    out.varint(static_cast<std::uint64_t>(topic.recorded_ms));
  }
  out.varint(accepted);
  out.varint(duplicates);
  out.varint(conflicts);
  out.varint(parked);
  out.zigzag(waiting);
  out.varint(static_cast<std::uint64_t>(newest_recorded_ms));
  out.varint128(digest);
  return bytes;
}

Result<ShardState> ShardState::decode(std::string_view bytes) {
  ByteReader in(bytes);
  ShardState state;
  for (TopicProgress& topic : state.topics) {
    topic.next_offset = static_cast<std::int64_t>(in.varint());
    topic.last_offset = in.zigzag();
    topic.last_fingerprint = in.big64();
    topic.recorded_ms = static_cast<std::int64_t>(in.varint());
  }
  state.accepted = in.varint();
  state.duplicates = in.varint();
  state.conflicts = in.varint();
  state.parked = in.varint();
  state.waiting = in.zigzag();
  state.newest_recorded_ms = static_cast<std::int64_t>(in.varint());
  state.digest = in.varint128();
  if (!in.ok() || !in.done()) {
    return unexpected(ErrorCode::kCorrupt, "the shard's state holds bytes that no version wrote");
  }
  return state;
}

Result<ShardState> read_state(const store::Reads& reads) {
  ASSIGN_OR_RETURN(const auto stored, reads.get(store::Table::kMeta, store::state_key()));
  if (!stored) return ShardState();
  return ShardState::decode(*stored);
}

std::uint64_t fingerprint(const log::Record& record) { return fingerprint(record.key, record.value); }

void LastRecord::keep(const log::Record& record) {
  const std::string_view key = record.key.value_or("");
  const std::string_view value = record.value.value_or("");
  kept_ = key.size() + value.size() <= kKeptBytes;
  if (!kept_) {
    large_ = fingerprint(record);
    return;
  }
  bytes_.clear();
  bytes_.append(key);
  bytes_.append(value);
  key_size_ = key.size();
  has_key_ = record.key.has_value();
  has_value_ = record.value.has_value();
}

std::optional<std::uint64_t> LastRecord::take_fingerprint() {
  const std::optional<std::uint64_t> large = std::exchange(large_, std::nullopt);
  if (!std::exchange(kept_, false)) return large;
  const std::string_view bytes = bytes_.view();
  return fingerprint(has_key_ ? std::optional(bytes.substr(0, key_size_)) : std::nullopt,
                     has_value_ ? std::optional(bytes.substr(key_size_)) : std::nullopt);
}

}  // namespace daybook::engine
