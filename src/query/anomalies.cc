#include "query/anomalies.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "domain/park_reason.h"
#include "evaluation/contribution.h"
#include "events/record.h"
#include "query/credit.h"
#include "query/known_at.h"
#include "query/receivables.h"
#include "store/anomalies.h"
#include "store/keys.h"

namespace daybook::query {
namespace {

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

void for_each_parked(const ShardSnapshot& shard, domain::Position from,
                     const std::function<bool(const ParkedRecord&)>& visit) {
  using Next = store::StoreReader::Next;
  const auto take = [&](std::string_view key, std::string_view value) -> Result<Next> {
    ASSIGN_OR_RETURN(const auto parked, ParkedRecord::decode(key, value));
    const bool is_known = shard.known_at == nullptr || parked.recorded_ms <= shard.known_at->recorded_ms();
    return is_known && !visit(parked) ? Next::kStop : Next::kGoOn;
  };
  const auto scanned = shard.reads->scan(store::Table::kMeta, std::string(1, store::kParkedPrefix),
                                         store::ParkedKey{from.topic, from.offset}.bytes(), take);
  if (!scanned) refuse(scanned.error());
}

// By currency the last day up to a date on which the account's unapplied cash was below 0. None: there was no such day.
std::map<Currency, Day> overdrawn(const ShardSnapshot& shard, store::LabelId customer, Day as_of) {
  std::map<Currency, std::map<Day, Int128>> changes;
  scan_receivables(
      shard, customer, as_of, {store::kReceivablesPage},
      [](domain::Measure measure) { return measure == domain::Measure::kUnapplied; },
      [&](const index::ReceivableRow& row) {
        changes[Currency::from_number(row.currency)][row.counts_from] += row.amount();
      });
  std::map<Currency, Day> last;
  for (const auto& [currency, by_day] : changes) {
    Int128 unapplied = 0;
    for (const auto& [day, change] : by_day) {
      if (unapplied < 0) last[currency] = day - 1;
      unapplied += change;
    }
    if (unapplied < 0) last[currency] = as_of;
  }
  return last;
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

// Anomalies of documents of one account or all, whenever they are open, of one kind or all: in the order of their keys.
void for_each_stored(const ShardReader& reader, const std::optional<std::string>& kind,
                     const std::function<void(const store::StoredAnomaly&)>& visit) {
  const auto prefix = stored_prefix(kind);
  if (!prefix) return;
  const ShardSnapshot& shard = reader.shard();
  const std::optional<AccountNumber> only = reader.only();
  const auto take = [&](std::string_view key, std::string_view value) -> Result<store::StoreReader::Next> {
    reader.go_on();
    ASSIGN_OR_RETURN(const auto stored, store::decode_anomaly(key, value));
    RETURN_IF_ERROR(store::check_labels(*shard.labels, stored.customer, {}));
    if (!only || stored.customer == *only) visit(stored);
    return store::StoreReader::Next::kGoOn;
  };
  if (shard.known_at == nullptr) {
    const auto scanned = shard.reads->scan(store::Table::kMeta, *prefix, "", take);
    if (!scanned) refuse(scanned.error());
    return;
  }
  std::vector<store::AnomalyRow> rows;
  TakenMemory memory;
  shard.known_at->for_each_contribution(
      shard, only, [&](store::LabelId, domain::DocumentRef, evaluation::Contribution& contribution) {
        reader.go_on();
        for (const store::AnomalyRow& row : contribution.anomalies()) {
          if (!row.key.starts_with(*prefix)) continue;
          memory.add(sizeof row + row.key.size() + row.value.size());
          rows.push_back(row);
        }
      });
  std::ranges::sort(rows);
  for (const store::AnomalyRow& row : rows) value_or_refuse(take(row.key, row.value));
}

// Finds the anomalies of one shard.
class Finder {
 public:
  Finder(const ShardReader& reader, const AnomaliesWanted& wanted, const Rows& rows, const VisitAnomaly& visit)
      : reader_(reader),
        shard_(reader.shard()),
        wanted_(wanted),
        rows_(rows),
        visit_(visit),
        as_of_(reader.question().as_of),
        counts_all_(rows.cut().count == std::size_t{0}) {}

  AnomalyCounts find() {
    if (reader_.has_accounts()) {
      find_stored();
      find_credit();
    }
    find_parked();
    return std::move(counts_);
  }

 private:
  // What is stored of one kind and account: those of one document stand together.
  struct Account {
    domain::AnomalyKind kind{};
    AccountNumber number = 0;
    std::string name;
    bool is_seen = false;
    bool may_be_shown = false;
    std::optional<std::map<Currency, Day>> overdrawn;  // Where it was asked for.
  };
  // What is found of one document.
  struct Document {
    std::string id;
    bool is_open = false;
    std::shared_ptr<const FoundAnomaly> lowest;  // Where it may be shown.
  };

  // Whether there may be rows of a kind, or it is counted.
  bool may_hold(std::string_view kind) const { return counts_all_ || rows_.may_hold(sort_key({kind})); }

  void find_stored() {
    // Known at an instant, all kinds are found at once.
    if (counts_all_ || wanted_.kind || shard_.known_at != nullptr) return find_stored(wanted_.kind);
    for (const std::string& kind : stored_kinds()) {
      if (may_hold(kind)) find_stored(kind);
    }
  }
  // In the order of rows.
  static std::vector<std::string> stored_kinds() {
    std::vector<std::string> kinds;
    for (std::size_t i = 1; i <= domain::kAnomalyKindCount; ++i) {
      kinds.emplace_back(domain::anomaly_name(static_cast<domain::AnomalyKind>(i)));
    }
    std::ranges::sort(kinds);
    return kinds;
  }
  void find_stored(const std::optional<std::string>& kind) {
    for_each_stored(reader_, kind, [&](const store::StoredAnomaly& stored) {
      const domain::Anomaly& anomaly = stored.anomaly;
      if (account_ == nullptr || account_->kind != anomaly.kind || account_->number != stored.customer) begin(stored);
      if (!account_->is_seen) return;
      const auto open = is_open(anomaly);
      if (!open || (!*open && !wanted_.cleared)) return;
      if (document_ == nullptr || document_->id != anomaly.document_id) {
        end_document();
        document_ = std::make_shared<Document>();
        document_->id = anomaly.document_id;
      }
      add(*document_, anomaly, *open);
    });
    end_account();
  }

  // Whether an anomaly of the account is open on the date; nothing when it was not open up to it either.
  std::optional<bool> is_open(const domain::Anomaly& anomaly) const {
    if (as_of_ < anomaly.from) return std::nullopt;
    if (!anomaly.while_overdrawn) return as_of_ < anomaly.until;
    // Once for all of them: there may be thousands.
    if (!account_->overdrawn) account_->overdrawn = overdrawn(shard_, account_->number, as_of_);
    const auto last = account_->overdrawn->find(anomaly.while_overdrawn);
    if (last == account_->overdrawn->end() || last->second < anomaly.from) return std::nullopt;
    return last->second == as_of_;
  }

  void begin(const store::StoredAnomaly& stored) {
    end_account();
    account_ = std::make_shared<Account>();
    account_->kind = stored.anomaly.kind;
    account_->number = stored.customer;
    account_->name = shard_.labels->get(stored.customer).customer;
    account_->is_seen = sees(stored.customer);
    account_->may_be_shown = rows_.may_hold(sort_key({domain::anomaly_name(account_->kind), account_->name}));
  }

  void add(Document& document, const domain::Anomaly& anomaly, bool open) const {
    document.is_open |= open;
    if (!account_->may_be_shown) return;
    FoundAnomaly found{.partition = shard_.partition,
                       .at = anomaly.at,
                       .recorded_ms = anomaly.recorded_ms,
                       .told = FoundAnomaly::Told{anomaly.event_id.text(), anomaly.type, anomaly.occurred_at},
                       .detail = anomaly.detail.empty() ? detail_of(anomaly.kind) : std::string(anomaly.detail),
                       .is_open = open};
    keep_lowest(document, std::make_shared<const FoundAnomaly>(std::move(found)));
  }
  static void keep_lowest(Document& document, std::shared_ptr<const FoundAnomaly> found) {
    const auto order = [](const FoundAnomaly& one) { return std::pair(!one.is_open, one.at); };
    if (document.lowest == nullptr || (found != nullptr && order(*found) < order(*document.lowest))) {
      document.lowest = std::move(found);
    }
  }

  // Customer files, targets and rates are known by their account, as a document of its name is.
  void end_document() {
    if (document_ == nullptr) return;
    const auto document = std::exchange(document_, nullptr);
    if (document->id.empty()) {
      own_ = document;
      return;
    }
    if (own_ != nullptr && document->id == account_->name) {
      document->is_open |= own_->is_open;
      keep_lowest(*document, std::exchange(own_, nullptr)->lowest);
    }
    show(*document);
  }
  void end_account() {
    end_document();
    if (const auto own = std::exchange(own_, nullptr)) {
      own->id = account_->name;
      show(*own);
    }
    account_ = nullptr;
  }
  void show(const Document& document) {
    if (!wanted_.open && document.is_open) return;
    show(domain::anomaly_name(account_->kind), account_->name, document.id, account_->may_be_shown,
         [&] { return *document.lowest; });
  }

  // `make` gives what is shown, and is called only where it may be.
  template <typename Make>
  void show(std::string_view kind, std::string_view customer, std::string_view document, bool may_be_shown,
            const Make& make) {
    if (count_ == nullptr || counted_ != kind) {
      counted_ = kind;
      count_ = &counts_[std::string(kind)];
    }
    ++*count_;
    if (!may_be_shown || !rows_.may_hold(sort_key({kind, customer, document}))) return;
    visit_({std::string(kind), std::string(customer), std::string(document)}, make());
  }

  // Accounts above their limit, and those whose exposure lacks a rate: at the file in force.
  void find_credit() {
    using Kind = domain::AnomalyKind;
    if (!wanted_.takes_credit()) return;
    if (!may_hold(domain::anomaly_name(Kind::kOverCreditLimit)) &&
        !may_hold(domain::anomaly_name(Kind::kMissingRate))) {
      return;
    }
    for (const auto& [id, exposure] : exposures(shard_, reader_.only(), as_of_)) {
      AccountReader account(shard_, id, reader_.rules(), FileChoice::kAsWas);
      const Credit credit = credit_of(exposure, account.file(as_of_), reader_.question().rates, as_of_);
      if (credit.over_limit()) add_credit(Kind::kOverCreditLimit, account);
      if (!credit.unconverted.empty()) add_credit(Kind::kMissingRate, account);
    }
  }

  void add_credit(domain::AnomalyKind kind, AccountReader& account) {
    const std::string_view name = domain::anomaly_name(kind);
    if (!wanted_.takes(name) || !sees(account.id())) return;
    show(name, account.name(), account.name(), true, [&] {
      const auto& entries = account.account().file().entries();
      const auto in_force = std::ranges::find(entries, account.profile(as_of_), &domain::CustomerFile::Entry::profile);
      const domain::Fact& fact = *in_force->fact;
      return FoundAnomaly{
          .partition = shard_.partition,
          .at = fact.at,
          .recorded_ms = fact.recorded_ms,
          .told = FoundAnomaly::Told{fact.event.event_id.text(), static_cast<std::uint8_t>(fact.event.payload.index()),
                                     fact.event.occurred_at},
          .detail = detail_of(kind)};
    });
  }

  void find_parked() {
    if (!wanted_.open) return;
    const auto customer_id = reader_.question().filters().customer_id;
    query::for_each_parked(reader_, [&](const ParkedRecord& parked) {
      reader_.go_on();
      const std::string_view kind = domain::park_reason_name(parked.reason);
      if (!wanted_.takes(kind) || (customer_id && *customer_id != parked.customer_id)) return;
      const std::string topic = log::topic_name(reader_.topic_prefix(), static_cast<log::Topic>(parked.topic));
      show(kind, parked.customer_id, fmt::format("{}:{}:{}", topic, shard_.partition, parked.offset), true, [&] {
        return FoundAnomaly{.partition = shard_.partition,
                            .at = {parked.topic, parked.offset},
                            .recorded_ms = parked.recorded_ms,
                            .told = {},
                            .detail = parked.detail};
      });
    });
  }

  bool sees(AccountNumber id) {
    if (reader_.question().scope.sees_everything()) return true;
    const auto [at, is_new] = seen_.try_emplace(id);
    if (is_new) {
      AccountReader account = reader_.account(id);
      at->second = reader_.sees(account);
    }
    return at->second;
  }

  const ShardReader& reader_;
  const ShardSnapshot& shard_;
  const AnomaliesWanted& wanted_;
  const Rows& rows_;
  const VisitAnomaly& visit_;
  const Day as_of_;
  const bool counts_all_;
  AnomalyCounts counts_;
  std::string_view counted_;  // The kind that was last, and its count.
  std::int64_t* count_ = nullptr;
  // What is being read: an account, and of it a document with an id, and what has none. Null: none.
  std::shared_ptr<Account> account_;
  std::shared_ptr<Document> document_;
  std::shared_ptr<Document> own_;
  std::unordered_map<AccountNumber, bool> seen_;  // Those that were asked for.
};

// What a parked record says of itself: what became of it, or the event to look for.
std::variant<Resolution, NamedEvent> told_by(const ParkedRecord& parked) {
  // Folded anew by a version that knows it, it is parked no more.
  if (parked.reason == domain::ParkReason::kUnknownEventType) return Resolution::kOpen;
  events::v1::Event message;
  if (!parked.value || !events::parse(*parked.value, message)) return Resolution::kNever;
  const auto ref = events::named_document(message);
  if (!ref || message.event_id().empty() || message.customer_id().empty()) return Resolution::kNever;
  return NamedEvent{message.customer_id(), ref->kind, std::string(ref->id), message.event_id()};
}

// `shard`: that of its account.
bool was_accepted(const ShardSnapshot& shard, const domain::Rules& rules, const NamedEvent& event) {
  const auto customer = shard.find_customer(event.customer_id);
  if (!customer) return false;
  const domain::DocumentRef ref{event.kind, event.document_id};
  // Nothing needs to have been said about it but this.
  if (!value_or_refuse(shard.reads->get(store::Table::kDocuments, store::DocumentKey{*customer, ref}.bytes()))) {
    return false;
  }
  AccountReader account(shard, *customer, rules, FileChoice::kAsWas);
  return std::ranges::any_of(account.document(ref).facts, [&](const domain::Fact& fact) {
    return account.account().admits(fact) && fact.event.event_id.text() == event.event_id;
  });
}

Resolution resolution_if(bool accepted) { return accepted ? Resolution::kResolved : Resolution::kOpen; }

}  // namespace

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

EventRef FoundAnomaly::event() const {
  EventRef event{partition, at, recorded_ms, {}};
  if (told) event.told = {std::string_view(told->event_id), told->type, told->occurred_at};
  return event;
}

AnomalyCounts find_anomalies(const ShardReader& shard, const AnomaliesWanted& wanted, const Rows& rows,
                             const VisitAnomaly& visit) {
  return Finder(shard, wanted, rows, visit).find();
}

std::int64_t parked_count(const ShardSnapshot& shard) {
  std::int64_t count = 0;
  for_each_parked(shard, {}, [&](const ParkedRecord&) {
    ++count;
    return true;
  });
  return count;
}

void for_each_parked(const ShardReader& shard, domain::Position from,
                     const std::function<bool(const ParkedRecord&)>& visit) {
  if (!shard.question().scope.sees_everything()) return;
  for_each_parked(shard.shard(), from, [&](const ParkedRecord& parked) {
    shard.go_on();
    return visit(parked);
  });
}

void for_each_parked(const ShardReader& shard, const std::function<void(const ParkedRecord&)>& visit) {
  for_each_parked(shard, {}, [&](const ParkedRecord& parked) {
    visit(parked);
    return true;
  });
}

std::variant<Resolution, NamedEvent> resolution_of(const ShardReader& shard, const ParkedRecord& parked) {
  std::variant<Resolution, NamedEvent> told = told_by(parked);
  const auto* event = std::get_if<NamedEvent>(&told);
  // An account that has been told of is of this shard.
  if (event == nullptr || !shard.shard().find_customer(event->customer_id)) return told;
  return resolution_if(was_accepted(shard.shard(), shard.rules(), *event));
}

std::vector<NamedEvent> accepted_of(const ShardReader& shard, std::vector<NamedEvent> events) {
  if (!shard.question().scope.sees_everything()) return {};
  std::erase_if(events, [&](const NamedEvent& event) { return !was_accepted(shard.shard(), shard.rules(), event); });
  return events;
}

Resolution resolution_of(std::span<const std::shared_ptr<const ShardSnapshot>> shards, const domain::Rules& rules,
                         const ParkedRecord& parked) {
  const std::variant<Resolution, NamedEvent> told = told_by(parked);
  const auto* event = std::get_if<NamedEvent>(&told);
  if (event == nullptr) return std::get<Resolution>(told);
  const std::int32_t partition = log::partition_of(event->customer_id, static_cast<std::int32_t>(shards.size()));
  return resolution_if(was_accepted(*shards[static_cast<std::size_t>(partition)], rules, *event));
}

}  // namespace daybook::query
