#include "store/shard_state.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/keys.h"

namespace daybook::store {
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
  out.zigzag(first_recorded_ms);
  out.varint128(digest);
  out.varint(labels);
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
  state.first_recorded_ms = in.zigzag();
  state.digest = in.varint128();
  state.labels = in.varint();
  if (!in.ok() || !in.done()) {
    return unexpected(ErrorCode::kCorrupt, "the shard's state holds bytes that no version wrote");
  }
  return state;
}

Result<ShardState> read_state(const StoreReader& reads) {
  ASSIGN_OR_RETURN(const auto stored, reads.get(Table::kMeta, state_key()));
  if (!stored) return ShardState();
  return ShardState::decode(*stored);
}

Result<ShardState> read_state(const StoreReader& reads, const Labels& labels) {
  ASSIGN_OR_RETURN(const ShardState state, read_state(reads));
  if (state.labels == labels.size()) return state;
  return unexpected(ErrorCode::kCorrupt,
                    fmt::format("the shard's state counts {} labels, and there are {}", state.labels, labels.size()));
}

}  // namespace daybook::store
