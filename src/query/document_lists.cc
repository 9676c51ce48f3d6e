#include "query/document_lists.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "domain/event_types.h"
#include "query/instants_of_days.h"
#include "store/document_codec.h"

namespace daybook::query {
namespace {

// An account's documents lead to others, so that what was read grows with each.
constexpr std::size_t kDocumentsAtOnce = 1'000;

// From so many days on a span leaves most accounts.
constexpr Day kFewDaysMax = 100;

ListedBy listed_by(domain::DocumentKind kind) {
  using enum domain::DocumentKind;
  return kind == kInvoice ? ListedBy::kInvoice : kind == kPayment ? ListedBy::kPayment : ListedBy::kCreditNote;
}

// By which cells of their days are found, whatever else is filtered by.
domain::Measure measure_of(ListedBy by) {
  switch (by) {
    case ListedBy::kInvoice: return domain::Measure::kInvoiced;
    case ListedBy::kPayment: return domain::Measure::kLedgerCash;
    case ListedBy::kCreditNote: return domain::Measure::kLedgerCreditNotes;
    case ListedBy::kDispatch: return domain::Measure::kShipped;
    case ListedBy::kLine: break;
  }
  return domain::Measure::kOrdered;
}

// Whether a text that is filtered by may stand in a document.
bool may_stand(const std::optional<std::string>& filter, std::string_view bytes) {
  return !filter || *filter == "unassigned" || bytes.find(*filter) != std::string_view::npos;
}

}  // namespace

std::vector<Parameter> list_parameters(std::vector<std::string> states, std::vector<Parameter> filters) {
  Parameter from = parameters::from();
  Parameter to = parameters::to();
  from.required = to.required = false;
  std::vector<Parameter> all = {std::move(from), std::move(to),
                                parameters::choice("state", std::move(states), "", "Only what is in this state.")};
  std::ranges::move(filters, std::back_inserter(all));
  return all;
}

void DocumentList::settle(Question& question) const {
  const ListWanted wanted = ListWanted::of(question);
  if (wanted.from && wanted.to && *wanted.from > *wanted.to) refuse_parameter("from", "is after to");
}

ListWanted ListWanted::of(const Question& question) {
  const Arguments& given = question.arguments;
  return {given.date("from"), given.date("to"), given.choice("state")};
}

std::unordered_set<AccountNumber> accounts_with_ended(const ShardReader& shard, domain::DocumentKind kind) {
  std::unordered_set<AccountNumber> accounts;
  const auto take = [&](std::string_view bytes, std::string_view) -> Result<store::StoreReader::Next> {
    ASSIGN_OR_RETURN(const store::EndedKey key, store::EndedKey::parse(bytes));
    if (key.document.ref.kind == kind) accounts.insert(key.document.customer);
    return store::StoreReader::Next::kGoOn;
  };
  const auto only = shard.only();
  const std::string prefix = only ? store::EndedKey::prefix(*only, kind) : std::string(1, store::kEndedPrefix);
  const auto scanned = shard.shard().reads->scan(store::Table::kMeta, prefix, "", take);
  if (!scanned) refuse(scanned.error());
  return accounts;
}

Parameter line_sku_parameter() {
  return {"sku", Parameter::Type::kText, "A line of it is of this sku; unassigned for none."};
}

Candidates::Candidates(const ShardReader& shard, ListedBy by, const ListWanted& wanted, const Grouping& grouping)
    : shard_(shard),
      by_(by),
      wanted_(wanted),
      grouping_(grouping),
      first_(wanted.from.value_or(store::kCellDayMin)),
      last_(std::min(wanted.to.value_or(shard.question().as_of), shard.question().as_of)) {
  // Known at an instant, the days are those of now and the rest may have been another.
  const bool is_now = shard.shard().known_at == nullptr;
  // Orders are found by their days and attributes without it, by currencies and lines are they not.
  const bool is_line = by == ListedBy::kLine;
  const Filters& filters = grouping.filters;
  const bool is_few_days = !is_line && wanted.from && last_ - *wanted.from <= kFewDaysMax;
  const bool is_few_figures =
      filters.sku || (!is_line && grouping.needs_attributes()) || (by != ListedBy::kDispatch && filters.currency);
  tells_ = is_few_days || (is_now && is_few_figures);
  if (is_few_days) having_ = accounts_posting(shard.shard(), first_, last_, index::posted(measure_of(by)));
}

bool Candidates::is_one(const store::CellId& id, const domain::CellValue& value) const {
  using domain::Measure;
  const bool is_now = shard_.shard().known_at == nullptr;
  const auto has_sku = [&] {
    return !is_now ||
           query::passes(grouping_.filters.sku, shard_.shard().figure_labels().get(id.dimensions).dimensions.sku);
  };
  switch (by_) {
    // Invoices are counted, as some are of nothing; payments and credit notes never are.
    case ListedBy::kInvoice: return id.measure == Measure::kInvoiced && value.quantity != 0;
    case ListedBy::kPayment: return id.measure == Measure::kLedgerCash;
    case ListedBy::kCreditNote: return id.measure == Measure::kLedgerCreditNotes;
    case ListedBy::kDispatch:
      return grouping_.filters.sku && is_now ? id.measure == Measure::kShipped && has_sku()
                                             : id.measure == Measure::kShipments;
    case ListedBy::kLine: return id.measure == Measure::kOrdered && has_sku();
  }
  return true;
}

bool Candidates::may_have(AccountNumber account) {
  if (!tells_) return true;
  days_.clear();
  invoices_.reset();
  if (first_ > last_ || (having_ && !std::ranges::binary_search(*having_, account))) return false;
  const bool is_now = shard_.shard().known_at == nullptr;
  const bool has_currency = by_ != ListedBy::kDispatch;  // Of freight: that of the order may be another.
  const bool is_ledger = by_ == ListedBy::kPayment || by_ == ListedBy::kCreditNote;
  GroupCursor group(shard_, grouping_);
  std::map<Day, Int128> issued;  // Of invoices, whether they pass or not.
  scan_pages(shard_.shard(), is_ledger ? store::kLedgerPage : store::kSalesPage, account, store::span_of(first_),
             store::span_of(last_), [&](AccountNumber id, const std::vector<store::Cell>& cells) {
               for (const store::Cell& cell : cells) {
                 if (cell.id.day < first_ || cell.id.day > last_ || !is_one(cell.id, cell.value)) continue;
                 if (by_ == ListedBy::kInvoice) issued[cell.id.day] += cell.value.quantity;
                 if (is_now && has_currency && !grouping_.passes(Currency::from_number(cell.id.currency))) continue;
                 if (is_now && grouping_.needs_attributes()) {
                   group.go(id, cell.id.attributes);
                   if (!group.passes()) continue;
                 }
                 days_.push_back(cell.id.day);
               }
             });
  std::ranges::sort(days_);
  days_.erase(std::unique(days_.begin(), days_.end()), days_.end());
  if (by_ == ListedBy::kInvoice && is_now) {
    invoices_ = 0;
    for (const Day day : days_) *invoices_ += static_cast<std::size_t>(issued[day]);
  }
  return !days_.empty();
}

bool Candidates::may_be(const domain::DocumentRef& ref, std::string_view bytes) {
  if (by_ == ListedBy::kDispatch) {
    constexpr std::uint64_t kDispatched = std::uint64_t{1}
                                          << domain::event_types::index_of<domain::ShipmentDispatched>();
    if (tells_) {
      const InstantSpan span = instants_of(days_.front(), days_.back());
      if (!store::may_have_occurred(bytes, kDispatched, span.first, span.last)) return false;
    }
    return may_stand(grouping_.filters.warehouse, bytes) && may_stand(grouping_.filters.sku, bytes);
  }
  if (!tells_ && !wanted_.from && !wanted_.to && !grouping_.filters.currency && !grouping_.filters.kind) return true;
  arena_.reset();
  const auto decoded = store::decode_document(ref, bytes, bytes.size(), arena_);
  // Whoever needs it is told what is wrong with it.
  return !decoded || passes(*decoded);
}

bool Candidates::passes(const domain::Document& document) const {
  const auto is_wanted = [&](Day day, Currency currency) {
    return wanted_.takes(day) && grouping_.passes(currency) && may_stand_on(day);
  };
  return std::ranges::any_of(document.facts, [&](const domain::Fact& fact) {
    if (const auto* invoice = std::get_if<domain::InvoiceIssued>(&fact.event.payload)) {
      return is_wanted(invoice->issue_date, invoice->currency) &&
             query::passes(grouping_.filters.kind, domain::enumerator_name(invoice->kind));
    }
    if (const auto* payment = std::get_if<domain::PaymentReceived>(&fact.event.payload)) {
      return is_wanted(payment->value_date, payment->currency);
    }
    const auto* note = std::get_if<domain::CreditNoteIssued>(&fact.event.payload);
    return note != nullptr && is_wanted(note->issue_date, note->currency);
  });
}

bool Candidates::may_stand_on(Day day) const { return !tells_ || std::ranges::binary_search(days_, day); }

std::vector<Day> Candidates::days_of(std::span<const Day> days) const {
  std::vector<Day> some;
  // Invoices alone stand under their own dates.
  std::ranges::copy_if(days, std::back_inserter(some),
                       [&](Day day) { return by_ != ListedBy::kInvoice || wanted_.takes(day); });
  return some;
}

ListedAccount::ListedAccount(const ShardReader& shard, const Rows& rows, AccountNumber account)
    : shard_(shard), rows_(rows), id_(account), account_(shard.new_account(account)) {}

void ListedAccount::for_each(domain::DocumentKind kind, Candidates& candidates, const Visit& visit) {
  if (for_each_found(kind, candidates, visit)) return;
  const std::string prefix = sort_key({name()});
  const std::string& after = rows_.cut().after;
  scan(kind, after.starts_with(prefix) ? std::string_view(after).substr(prefix.size()) : std::string_view(), true,
       candidates, visit);
}

bool ListedAccount::for_each_found(domain::DocumentKind kind, const Candidates& candidates, const Visit& visit) {
  if (!candidates.invoices()) return false;
  // They point into the reader that found them.
  const std::unique_ptr<AccountReader> finder = shard_.new_account(id_);
  std::vector<domain::DocumentRef> refs = finder->opened_on(candidates.days());
  std::erase_if(refs, [&](const domain::DocumentRef& ref) { return ref.kind != kind; });
  // Those that were paid on their own day were never open.
  if (refs.size() != *candidates.invoices()) return false;
  for (const domain::DocumentRef& ref : refs) {
    if (rows_.may_hold(sort_key({name(), ref.id}))) visit_one(ref.id, visit);
  }
  return true;
}

void ListedAccount::for_each_of_all(domain::DocumentKind kind, Candidates& candidates, const Visit& visit) {
  scan(kind, {}, false, candidates, visit);
}

void ListedAccount::for_each_open(domain::DocumentKind kind, std::span<const Day> days, const Visit& visit) {
  // They point into the reader that found them.
  const std::unique_ptr<AccountReader> finder = shard_.new_account(id_);
  for (const domain::DocumentRef& ref : finder->opened_on(days)) {
    if (ref.kind == kind && rows_.may_hold(sort_key({name(), ref.id}))) visit_one(ref.id, visit);
  }
}

void ListedAccount::scan(domain::DocumentKind kind, std::string_view from_id, bool stops, Candidates& candidates,
                         const Visit& visit) {
  using store::DocumentKey;
  using Next = store::StoreReader::Next;
  const std::string prefix = sort_key({name()});
  const auto take = [&](std::string_view bytes, std::string_view value) -> Result<Next> {
    ASSIGN_OR_RETURN(const DocumentKey key, DocumentKey::parse(bytes));
    if (stops && !rows_.until().empty() && prefix + std::string(key.ref.id) >= rows_.until()) return Next::kStop;
    shard_.go_on();
    if (candidates.may_be(key.ref, value)) visit_one(key.ref.id, visit, std::pair(bytes, value));
    return Next::kGoOn;
  };
  const auto scanned = shard_.shard().reads->scan(store::Table::kDocuments, DocumentKey::prefix(id_, kind),
                                                  DocumentKey{id_, {kind, from_id}}.bytes(), take);
  if (!scanned) refuse(scanned.error());
}

void ListedAccount::visit_one(std::string_view id, const Visit& visit, std::optional<Scanned> scanned) {
  shard_.go_on();
  if (visited_++ == kDocumentsAtOnce) {
    account_ = shard_.new_account(id_);
    visited_ = 1;
  }
  if (scanned) account_->take_bytes(scanned->first, scanned->second);
  visit(*account_, id);
}

void ListedAccount::for_each_ended(domain::DocumentKind kind, const Visit& visit) { scan_ended(kind, false, visit); }

void ListedAccount::for_each_ended_of_all(domain::DocumentKind kind, const Visit& visit) {
  scan_ended(kind, true, visit);
}

void ListedAccount::scan_ended(domain::DocumentKind kind, bool of_all, const Visit& visit) {
  const auto take = [&](std::string_view bytes, std::string_view) -> Result<store::StoreReader::Next> {
    ASSIGN_OR_RETURN(const store::EndedKey key, store::EndedKey::parse(bytes));
    const std::string_view id = key.document.ref.id;
    if (of_all || rows_.may_hold(sort_key({name(), id}))) visit_one(id, visit);
    return store::StoreReader::Next::kGoOn;
  };
  const auto scanned = shard_.shard().reads->scan(store::Table::kMeta, store::EndedKey::prefix(id_, kind), "", take);
  if (!scanned) refuse(scanned.error());
}

void ListedAccount::for_each_order_of(std::string_view shipment_id, const Visit& visit) {
  const auto take = [&](std::string_view bytes, std::string_view) -> Result<store::StoreReader::Next> {
    ASSIGN_OR_RETURN(const store::ShipmentKey key, store::ShipmentKey::parse(bytes));
    visit_one(key.order_id, visit);
    return store::StoreReader::Next::kGoOn;
  };
  const auto scanned =
      shard_.shard().reads->scan(store::Table::kMeta, store::ShipmentKey::prefix(shipment_id, id_), "", take);
  if (!scanned) refuse(scanned.error());
}

void for_each_listed_account(const ShardReader& shard, const Rows& rows,
                             const std::function<bool(AccountNumber)>& may_have,
                             const std::function<void(ListedAccount&)>& visit) {
  shard.for_each_account(rows, [&](AccountNumber id) {
    shard.go_on();
    if (!may_have(id)) return;
    ListedAccount account(shard, rows, id);
    visit(account);
  });
}

void for_each_listed(const ShardReader& shard, const Rows& rows, domain::DocumentKind kind, const ListWanted& wanted,
                     const Grouping& grouping, ListOf of, const ListedAccount::Visit& visit) {
  if (!shard.has_accounts()) return;
  Candidates candidates(shard, listed_by(kind), wanted, grouping);
  const auto may_have = [&](AccountNumber id) { return candidates.may_have(id); };
  switch (of) {
    case ListOf::kAll:
      return for_each_listed_account(shard, rows, may_have,
                                     [&](ListedAccount& account) { account.for_each(kind, candidates, visit); });
    case ListOf::kOpen: {
      const OpenDaysOf open(shard.shard(), shard.only(), shard.question().as_of, rows.cut());
      std::vector<Day> of_account;
      return for_each_listed_account(
          shard, rows,
          [&](AccountNumber id) {
            of_account = open.of(id);
            return !of_account.empty() && may_have(id);
          },
          [&](ListedAccount& account) { account.for_each_open(kind, candidates.days_of(of_account), visit); });
    }
    case ListOf::kEnded: {
      const std::unordered_set<AccountNumber> ended = accounts_with_ended(shard, kind);
      return for_each_listed_account(
          shard, rows, [&](AccountNumber id) { return ended.contains(id) && may_have(id); },
          [&](ListedAccount& account) { account.for_each_ended(kind, visit); });
    }
  }
}

}  // namespace daybook::query
