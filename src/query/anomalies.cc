// What does not add up: anomalies of the facts, and parked records.
#include <fmt/format.h>
#include <openssl/evp.h>

#include "domain/park_reason.h"
#include "evaluation/contribution.h"
#include "events/record.h"
#include "store/anomalies.h"
#include "store/keys.h"
#include "store/parked.h"
#include "query/credit.h"
#include "query/receivables.h"
#include "query/known_at.h"
#include "query/views.h"

namespace daybook::query {
namespace {

using Next = store::Reads::Next;

// What a view of anomalies shows for each kind, customer and document: the lowest position.
struct Shown {
  domain::Position at;
  std::int32_t partition = 0;
  std::string detail;
  bool is_open = true;
  bool is_parked = false;  // Its event is not one of ours: all below but the recorded time is unknown.
  std::int64_t recorded_ms = 0;
  std::string event_id;
  std::uint8_t type = 0;
  Instant occurred_at = 0;
};
using ShownBy = std::map<std::tuple<std::string, std::string, std::string>, Shown>;

// What is open hides what was cleared before.
void keep_lowest(ShownBy& all, std::tuple<std::string, std::string, std::string> by, Shown shown) {
  const auto [at, is_new] = all.try_emplace(std::move(by), shown);
  if (is_new) return;
  const auto order = [](const Shown& one) { return std::pair(!one.is_open, one.at); };
  if (order(shown) < order(at->second)) at->second = std::move(shown);
}

std::string detail_of(domain::AnomalyKind kind) {
  using K = domain::AnomalyKind;
  switch (kind) {
    case K::kAllocationExceedsPayment: return "more is allocated than the payment or credit note had left";
    case K::kConflictingRepeat: return "a later record says something else under an id that already stands";
    case K::kCurrencyMismatch: return "the currency is not that of the document it refers to";
    case K::kOverApplied: return "more is applied or written off than the invoice is worth";
    case K::kRecoveryExceedsWriteOff: return "more is recovered than is left of the write-off";
    case K::kRefundExceedsUnapplied: return "more is refunded than is unapplied";
    case K::kUnknownAllocation: return "no such allocation was read yet";
    case K::kUnknownCreditNote: return "no such credit note was read yet";
    case K::kUnknownDispute: return "no such dispute was read yet";
    case K::kUnknownInvoice: return "no such invoice was read yet";
    case K::kUnknownOrder: return "no such order was read yet";
    case K::kUnknownPayment: return "no such payment was read yet";
    case K::kUnknownPromise: return "no such promise was read yet";
    case K::kUnknownShipment: return "no such shipment of the order was read yet";
    case K::kUnknownWriteOff: return "no such write-off was read yet";
    case K::kPaymentBeforeInvoice: return "cash settles an invoice that was issued after its value date";
    case K::kInvoicedOverOrdered: return "more is invoiced than was ordered";
    case K::kShippedOverOrdered: return "more of a line was dispatched than was ordered";
    case K::kReturnedOverDispatched: return "more of a line came back than was dispatched";
    case K::kDeliveredNotInvoiced: return "delivered for some time, and no invoice";
    case K::kShippedWithoutProofOfDelivery: return "dispatched for some time, and no proof of delivery";
    case K::kInvoiceNotReceived: return "issued and open for some time, and not known to have reached the customer";
    case K::kMilestonesOutOfOrder: return "a milestone of the order comes before the one it follows";
    case K::kOverCreditLimit: return "the exposure is above the credit limit";
    case K::kMissingRate: return "part of the exposure has no rate to the credit currency";
  }
  return "";
}

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a zero byte.
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

void for_each_parked(const ShardSnapshot& shard,
                     const std::function<void(const store::ParkedRecord&)>& visit) {
  const auto take = [&](std::string_view key, std::string_view value) -> Result<Next> {
    ASSIGN_OR_RETURN(const auto parked, store::ParkedRecord::decode(key, value));
    if (shard.known_at == nullptr || parked.recorded_ms <= shard.known_at->recorded_ms()) visit(parked);
    return Next::kGoOn;
  };
  const auto scanned = shard.reads->scan(store::Table::kMeta, std::string(1, store::kParkedPrefix), "", take);
  if (!scanned) refuse(scanned.error());
}

std::string parked_id(const Question& question, const ShardSnapshot& shard,
                      const store::ParkedRecord& parked) {
  return fmt::format("{}:{}:{}",
                     log::topic_name(question.model().topic_prefix(),
                                     static_cast<log::Topic>(parked.topic)),
                     shard.partition, parked.offset);
}

// What is asked for; every kind and every account where it does not say.
struct Asked {
  std::optional<std::string> kind;
  std::optional<std::string> customer_id;
  bool open = true;
  bool cleared = false;

  bool takes(std::string_view of_kind) const { return kind.value_or(std::string(of_kind)) == of_kind; }
  bool takes(std::string_view of_kind, std::string_view customer) const {
    return takes(of_kind) && customer_id.value_or(std::string(customer)) == customer;
  }
};

void add_parked(ShownBy& all, const Question& question, const ShardSnapshot& shard, const Asked& asked) {
  for_each_parked(shard, [&](const store::ParkedRecord& parked) {
    const std::string_view kind = domain::park_reason_name(parked.reason);
    if (!asked.takes(kind, parked.customer_id)) return;
    keep_lowest(all, {std::string(kind), parked.customer_id, parked_id(question, shard, parked)},
                {.at = {parked.topic, parked.offset},
                 .partition = shard.partition,
                 .detail = parked.detail,
                 .is_parked = true,
                 .recorded_ms = parked.recorded_ms,
                 .event_id = {}});
  });
}

// Whether the account's unapplied cash in a currency is below 0 on a date, and whether it was on any day
// from `from` up to it.
struct Overdrawn {
  bool now = false;
  bool ever = false;
};
Overdrawn overdrawn(const ShardSnapshot& shard, store::LabelId customer, Currency currency, Day from, Day as_of) {
  std::map<Day, Int128> changes = {{from, 0}};
  scan_receivables(
      shard, customer, as_of, {store::kReceivablesPage},
      [](domain::Measure measure) { return measure == domain::Measure::kUnapplied; },
      [&](const index::ReceivableRow& row) {
        if (row.currency == currency.number()) changes[row.counts_from] += row.amount();
      });
  Overdrawn result;
  Int128 unapplied = 0;
  for (const auto& [day, change] : changes) {
    unapplied += change;
    result.ever |= day >= from && unapplied < 0;
  }
  result.now = unapplied < 0;
  return result;
}

// Whether a stored anomaly is open on a date; nothing when it was not open up to it either.
std::optional<bool> is_open(const ShardSnapshot& shard, const store::StoredAnomaly& stored, Day as_of) {
  const domain::Anomaly& anomaly = stored.anomaly;
  if (as_of < anomaly.from) return std::nullopt;
  if (!anomaly.while_overdrawn) return as_of < anomaly.until;
  const Overdrawn found = overdrawn(shard, stored.customer, anomaly.while_overdrawn, anomaly.from, as_of);
  if (!found.ever) return std::nullopt;
  return found.now;
}

// The prefix of keys of this kind, or of all; nothing for a kind that is not stored.
std::optional<std::string> stored_prefix(const std::optional<std::string>& kind) {
  std::string prefix(1, store::kAnomalyPrefix);
  if (!kind) return prefix;
  for (std::size_t i = 1; i <= domain::kAnomalyKindCount; ++i) {
    if (domain::anomaly_name(static_cast<domain::AnomalyKind>(i)) == *kind) return prefix + static_cast<char>(i);
  }
  return std::nullopt;
}

// Anomalies of documents, whenever they are open, of one kind or all.
void for_each_stored(const ShardSnapshot& shard, const std::optional<std::string>& kind,
                     const std::function<void(const store::StoredAnomaly&)>& visit) {
  const auto prefix = stored_prefix(kind);
  if (!prefix) return;
  const auto take = [&](std::string_view key, std::string_view value) -> Result<Next> {
    ASSIGN_OR_RETURN(const auto stored, store::decode_anomaly(key, value));
    RETURN_IF_ERROR(store::check_labels(*shard.labels, stored.customer, {}));
    visit(stored);
    return Next::kGoOn;
  };
  if (shard.known_at != nullptr) {
    shard.known_at->for_each_contribution(
        shard, {}, [&](store::LabelId, domain::DocumentRef, evaluation::Contribution& contribution) {
          for (const store::AnomalyRow& row : contribution.anomalies()) {
            if (row.key.starts_with(*prefix)) value_or_refuse(take(row.key, row.value));
          }
        });
  } else {
    const auto scanned = shard.reads->scan(store::Table::kMeta, *prefix, "", take);
    if (!scanned) refuse(scanned.error());
  }
}

void add_found(ShownBy& all, const ShardSnapshot& shard, const Asked& asked, Day as_of) {
  for_each_stored(shard, asked.kind, [&](const store::StoredAnomaly& stored) {
    const domain::Anomaly& anomaly = stored.anomaly;
    const std::string_view kind = domain::anomaly_name(anomaly.kind);
    const std::string customer(shard.labels->get(stored.customer).customer);
    if (!asked.takes(kind, customer)) return;
    const auto open = is_open(shard, stored, as_of);
    if (!open || (!*open && !asked.cleared)) return;
    keep_lowest(all,
                {std::string(kind), customer,
                 // Customer files, targets and rates are known by their account.
                 anomaly.document_id.empty() ? customer : std::string(anomaly.document_id)},
                {.at = anomaly.at,
                 .partition = shard.partition,
                 .detail = anomaly.detail.empty() ? detail_of(anomaly.kind) : std::string(anomaly.detail),
                 .is_open = *open,
                 .recorded_ms = anomaly.recorded_ms,
                 .event_id = anomaly.event_id.text(),
                 .type = anomaly.type,
                 .occurred_at = anomaly.occurred_at});
  });
}

// Accounts above their limit, and those whose exposure lacks a rate: at the file in force.
void add_credit(ShownBy& all, Question& question, const ShardSnapshot& shard, Rates& rates, const Asked& asked) {
  using Kind = domain::AnomalyKind;
  if (!asked.takes(domain::anomaly_name(Kind::kOverCreditLimit)) &&
      !asked.takes(domain::anomaly_name(Kind::kMissingRate))) {
    return;
  }
  const Day as_of = question.as_of();
  for (const auto& [id, exposure] : exposures(shard, std::nullopt, as_of)) {
    CustomerContext customer(shard, id, question.rules(), FileChoice::kAsWas);
    const Credit credit = credit_of(exposure, customer.file(as_of), rates, as_of);
    const auto add = [&](Kind kind) {
      const std::string_view name = domain::anomaly_name(kind);
      if (!asked.takes(name, customer.name())) return;
      const auto& entries = customer.account().file().entries();
      const auto in_force =
          std::ranges::find(entries, customer.profile(as_of), &domain::CustomerFile::Entry::profile);
      const domain::Fact& fact = *in_force->fact;
      const std::string account(customer.name());
      keep_lowest(all, {std::string(name), account, account},
                  {.at = fact.at,
                   .partition = shard.partition,
                   .detail = detail_of(kind),
                   .recorded_ms = fact.recorded_ms,
                   .event_id = fact.event.event_id.text(),
                   .type = static_cast<std::uint8_t>(fact.event.payload.index()),
                   .occurred_at = fact.event.occurred_at});
    };
    if (credit.over_limit()) add(Kind::kOverCreditLimit);
    if (!credit.unconverted.empty()) add(Kind::kMissingRate);
  }
}

ShownBy collect(Question& question, const Asked& asked) {
  ShownBy all;
  Rates rates(question);
  for (const auto& shard : question.shards()) {
    add_found(all, *shard, asked, question.as_of());
    add_credit(all, question, *shard, rates, asked);
    add_parked(all, question, *shard, asked);
  }
  return all;
}

EventRef event_of(const Shown& shown) {
  EventRef event{shown.partition, shown.at, shown.recorded_ms, {}};
  if (!shown.is_parked) event.told = {std::string_view(shown.event_id), shown.type, shown.occurred_at};
  return event;
}

}  // namespace

std::int64_t parked_count(const ShardSnapshot& shard) {
  std::int64_t count = 0;
  for_each_parked(shard, [&](const store::ParkedRecord&) { ++count; });
  return count;
}

Resolution resolution_of(std::span<const std::shared_ptr<const ShardSnapshot>> shards, const domain::Rules& rules,
                         const store::ParkedRecord& parked) {
  // Folded anew by a version that knows it, it is parked no more.
  if (parked.reason == domain::ParkReason::kUnknownEventType) return Resolution::kOpen;
  events::v1::Event message;
  if (!parked.value || !events::parse(*parked.value, message)) return Resolution::kNever;
  const auto ref = events::named_document(message);
  if (!ref || message.event_id().empty() || message.customer_id().empty()) return Resolution::kNever;
  const auto count = static_cast<std::int32_t>(shards.size());
  const ShardSnapshot& shard = *shards[static_cast<std::size_t>(log::partition_of(message.customer_id(), count))];
  const auto customer = shard.labels->find_customer(message.customer_id());
  if (!customer) return Resolution::kOpen;
  // Nothing needs to have been said about it but this.
  if (!value_or_refuse(shard.reads->get(store::Table::kDocuments, store::DocumentKey{*customer, *ref}.bytes()))) {
    return Resolution::kOpen;
  }
  CustomerContext account(shard, *customer, rules, FileChoice::kAsWas);
  const bool stands = std::ranges::any_of(account.document(*ref).facts, [&](const domain::Fact& fact) {
    return account.account().admits(fact) && fact.event.event_id.text() == message.event_id();
  });
  return stands ? Resolution::kResolved : Resolution::kOpen;
}

std::int64_t unresolved_parked(const ReadModel& model) {
  std::vector<std::shared_ptr<const ShardSnapshot>> shards;
  for (std::int32_t i = 0; i < model.partition_count(); ++i) shards.push_back(value_or_refuse(model.open(i)));
  std::int64_t count = 0;
  for (const auto& shard : shards) {
    for_each_parked(*shard, [&](const store::ParkedRecord& parked) {
      count += resolution_of(shards, model.rules(), parked) == Resolution::kOpen ? 1 : 0;
    });
  }
  return count;
}

std::vector<std::string> anomaly_kinds() {
  std::vector<std::string> kinds;
  for (std::size_t i = 1; i <= domain::kAnomalyKindCount; ++i) {
    kinds.emplace_back(domain::anomaly_name(static_cast<domain::AnomalyKind>(i)));
  }
  for (int i = 1; i <= static_cast<int>(domain::ParkReason::kInvalid); ++i) {
    kinds.emplace_back(domain::park_reason_name(static_cast<domain::ParkReason>(i)));
  }
  return kinds;
}

std::map<std::string, std::int64_t> open_anomalies(Question& question) {
  std::map<std::string, std::int64_t> counts;
  for (const std::string& kind : anomaly_kinds()) counts[kind] = 0;
  for (const auto& [by, shown] : collect(question, {})) ++counts[std::get<0>(by)];
  return counts;
}

Answer anomalies(Question& question) {
  Parameters& parameters = question.parameters();
  Asked asked;
  asked.kind = parameters.text("kind");
  if (asked.kind) parameters.one_of("kind", anomaly_kinds(), *asked.kind);
  const std::string state = parameters.one_of("state", {"open", "cleared", "all"}, "open");
  asked.open = state != "cleared";
  asked.cleared = state != "open";
  asked.customer_id = parameters.text("customer_id");
  Answer answer = question.list("anomalies", {"kind", "state", "customer_id", "document_id", "detail"});
  for (const std::string& name : event_columns()) answer.columns.push_back(name);
  for (const auto& entry : collect(question, asked)) {
    if (!asked.open && entry.second.is_open) continue;
    const auto& [name, customer, document] = entry.first;
    answer.rows.add(sort_key({name, customer, document}), [&] {
      const auto& [by, shown] = entry;
      Row row;
      row.add("kind", Value::text(std::get<0>(by)));
      row.add("state", Value::text(shown.is_open ? "open" : "cleared"));
      row.add("customer_id", Value::text(std::get<1>(by)));
      row.add("document_id", Value::text(std::get<2>(by)));
      row.add("detail", Value::text(shown.detail));
      row.add("event", Value::object(question.event_row(event_of(shown))));
      return row;
    });
  }
  return answer;
}

Answer parked_records(Question& question) {
  Answer answer = question.list(
      "parked", {"topic", "partition", "offset", "recorded_at", "reason", "detail", "bytes", "resolved"});
  for (const auto& shard : question.shards()) {
    for_each_parked(*shard, [&](const store::ParkedRecord& parked) {
      const std::string topic =
          log::topic_name(question.model().topic_prefix(), static_cast<log::Topic>(parked.topic));
      answer.rows.add(sort_key({topic, sortable(shard->partition), sortable(parked.offset)}), [&] {
        Row row;
        row.add("topic", Value::text(topic));
        row.add("partition", Value::integer(shard->partition));
        row.add("offset", Value::integer(parked.offset));
        row.add("recorded_at", Value::instant_ms(parked.recorded_ms));
        row.add("reason", Value::text(domain::park_reason_name(parked.reason)));
        row.add("detail", Value::text(parked.detail));
        row.add("bytes", Value::text(to_base64(parked.value.value_or(""))));
        row.add("resolved",
                Value::boolean(resolution_of(question.shards(), question.model().rules(), parked) ==
                               Resolution::kResolved));
        return row;
      });
    });
  }
  return answer;
}

}  // namespace daybook::query
