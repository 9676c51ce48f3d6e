// Values as the messages that carry them (proto/daybook/query/v1), and back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/problem.h"
#include "base/result.h"
#include "cluster/identity.h"
#include "cluster/shard_report.h"
#include "daybook/query/v1/shards.pb.h"
#include "query/change_note.h"
#include "query/shard_query.h"

namespace daybook::cluster {

// Questions and partials cross in pieces of this size, so that none meets a limit on messages.
inline constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
// A piece, and what goes with it.
inline constexpr int kMessageBytesMax = 2 * static_cast<int>(kPieceBytes);

query::v1::Problem to_message(const Problem& problem);
Problem from_message(const query::v1::Problem& message);
query::v1::Head to_message(const query::ShardHead& head, const Identity& identity);
// kCorrupt where there is no head of ours in it.
Result<query::ShardHead> from_message(const query::v1::Head& message);
query::v1::Identity to_message(const Identity& identity);
Result<Identity> from_message(const query::v1::Identity& message);
query::v1::Shard to_message(const ShardReport& report);
Result<ShardReport> from_message(const query::v1::Shard& message);
query::v1::Note to_message(const query::ChangeNote& note);
Result<query::ChangeNote> from_message(const query::v1::Note& message);
// Number, identity and notes are the sender's.
query::v1::LookReply to_message(const ProjectorReport& report);
Result<ProjectorReport> from_message(const query::v1::LookReply& message);

// Calls write(piece, is_last) for all of `bytes`: once at least; until it returns false, which is returned.
template <typename Write>
bool in_pieces(std::string_view bytes, const Write& write) {
  do {
    const std::string_view piece = bytes.substr(0, kPieceBytes);
    bytes.remove_prefix(piece.size());
    if (!write(piece, bytes.empty())) return false;
  } while (!bytes.empty());
  return true;
}

}  // namespace daybook::cluster
