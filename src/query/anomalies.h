// What does not add up in a shard: anomalies of the facts, and records that are parked.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "query/shard_reader.h"
#include "store/parked.h"

namespace daybook::query {

// --- anomalies --------------------------------------------------------------------------------

// Every kind of anomaly, parked reasons among them.
std::vector<std::string> anomaly_kinds();

// What is asked for; every kind where it does not say.
struct AnomaliesWanted {
  std::optional<std::string> kind;
  bool open = true;
  bool cleared = false;

  bool takes(std::string_view of_kind) const { return !kind || *kind == of_kind; }
  // Whether what accounts owe is asked for, against their limits: that takes rates.
  bool takes_credit() const {
    using Kind = domain::AnomalyKind;
    return open &&
           (takes(domain::anomaly_name(Kind::kOverCreditLimit)) || takes(domain::anomaly_name(Kind::kMissingRate)));
  }
};

// What is shown for each kind, account and document: the lowest position. What is open hides what was cleared before.
struct FoundAnomaly {
  std::int32_t partition = 0;
  domain::Position at;
  std::int64_t recorded_ms = 0;
  // Of the event that it is about; nothing of a record that is parked.
  struct Told {
    std::string event_id;
    std::uint8_t type = 0;
    Instant occurred_at = 0;
  };
  std::optional<Told> told;
  std::string detail;
  bool is_open = true;

  // Goes before this does.
  EventRef event() const;
};
struct AnomalyKey {
  std::string kind;
  std::string customer_id;
  std::string document_id;

  auto operator<=>(const AnomalyKey&) const = default;
};
using VisitAnomaly = std::function<void(const AnomalyKey&, const FoundAnomaly&)>;
// How many there are, by kind.
using AnomalyCounts = std::map<std::string, std::int64_t>;

// At the question's as_of and rates, of accounts that its customer_id and scope let through: calls visit(key, found) for
// those that `rows` may hold, which go by kind, customer_id and document_id; kinds that they do not come to are not
// looked at. Where no rows are wanted at all, counts all. Parked records are of a place in the log, not of the account
// that they name: they show to whoever sees everything, wherever they are.
AnomalyCounts find_anomalies(const ShardReader& shard, const AnomaliesWanted& wanted, const Rows& rows,
                             const VisitAnomaly& visit);

// --- parked records ---------------------------------------------------------------------------

using ParkedRecord = store::ParkedRecord;

// Those of a shard that are known.
std::int64_t parked_count(const ShardSnapshot& shard);

// Calls visit(record) for those of a shard that are known, by topic and offset, from this place on and until it gives
// false; none where not everything may be seen.
void for_each_parked(const ShardReader& shard, domain::Position from,
                     const std::function<bool(const ParkedRecord&)>& visit);
// For all of them.
void for_each_parked(const ShardReader& shard, const std::function<void(const ParkedRecord&)>& visit);

// What became of a parked record. The record stays as it is.
enum class Resolution {
  kOpen,
  kResolved,  // An event with its event_id was accepted, in the document of the account that it names.
  kNever,     // What it holds names none of these: whether it was told again, nobody can know.
};

// The event that a parked record holds, as it names itself.
struct NamedEvent {
  std::string customer_id;
  domain::DocumentKind kind{};
  std::string document_id;
  std::string event_id;

  auto operator<=>(const NamedEvent&) const = default;
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(customer_id, kind, document_id, event_id);
  }
};

// A function of the facts, as far as this shard has them; else what the shard of the account has to be asked for, where
// it is open unless it was accepted there.
std::variant<Resolution, NamedEvent> resolution_of(const ShardReader& shard, const ParkedRecord& parked);
// Those that were accepted of events whose account is of this shard.
std::vector<NamedEvent> accepted_of(const ShardReader& shard, std::vector<NamedEvent> events);
// The same for who has all shards of a model. `shards`: by partition.
Resolution resolution_of(std::span<const std::shared_ptr<const ShardSnapshot>> shards, const domain::Rules& rules,
                         const ParkedRecord& parked);

}  // namespace daybook::query
