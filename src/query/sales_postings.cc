#include "query/sales_postings.h"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "query/instants_of_days.h"
#include "query/known_at.h"
#include "query/posting_place.h"
#include "store/document_codec.h"

namespace daybook::query {

using domain::DocumentKind;
using domain::DocumentRef;
using domain::Measure;
using domain::SalesEntry;

namespace {

constexpr std::uint32_t bit(DocumentKind kind) { return std::uint32_t{1} << static_cast<unsigned>(kind); }
constexpr std::array kKinds = {DocumentKind::kOrder, DocumentKind::kInvoice, DocumentKind::kCreditNote,
                               DocumentKind::kPayment, DocumentKind::kRefund};
// What in the ledger leads to sales.
constexpr std::array kLedger = {Measure::kLedgerInvoices, Measure::kLedgerCreditNotes, Measure::kLedgerVoids,
                                Measure::kLedgerCash,     Measure::kLedgerReversals,   Measure::kLedgerRefunds};
// On which sales are told, in their order.
constexpr std::array kTopics = {log::Topic::kInvoices, log::Topic::kOrders, log::Topic::kPayments,
                                log::Topic::kShipments};

// On which topics a document of this kind is told what has sales.
std::span<const log::Topic> topics_of(DocumentKind kind) {
  using log::Topic;
  static constexpr std::array kGoods = {Topic::kOrders, Topic::kShipments};
  static constexpr std::array kInvoices = {Topic::kInvoices};
  // Those of a credit note are told what is paid back of it on the other.
  static constexpr std::array kCredits = {Topic::kInvoices, Topic::kPayments};
  static constexpr std::array kPayments = {Topic::kPayments};
  if (kind == DocumentKind::kOrder) return kGoods;
  if (kind == DocumentKind::kInvoice) return kInvoices;
  if (kind == DocumentKind::kCreditNote) return kCredits;
  return kPayments;
}

// The kinds of documents that are told what has sales on this topic.
std::uint32_t told_on(log::Topic topic) {
  std::uint32_t kinds = 0;
  for (const DocumentKind kind : kKinds) {
    if (std::ranges::find(topics_of(kind), topic) != topics_of(kind).end()) kinds |= bit(kind);
  }
  return kinds;
}

template <typename... Events>
constexpr std::uint64_t types() {
  return ((std::uint64_t{1} << domain::event_types::index_of<Events>()) | ...);
}

// Whether one of its dates is among these days: what it is posted on is that of one of its facts, also where it is put
// off to the date of another.
bool is_dated(const domain::Document& document, Day first, Day last) {
  const auto is_dated = [&]<typename P>(const P& payload) {
    const auto is_among = [&](Day day) { return first <= day && day <= last; };
    if constexpr (requires { payload.issue_date; })
      return is_among(payload.issue_date);
    else if constexpr (requires { payload.value_date; })
      return is_among(payload.value_date);
    else if constexpr (requires { payload.date; })
      return is_among(payload.date);
    else
      return false;
  };
  return std::ranges::any_of(document.facts,
                             [&](const domain::Fact& fact) { return std::visit(is_dated, fact.event.payload); });
}

constexpr Day kDaysAtOnce = 32;

// Adds up what the cells say.
struct AddedUp {
  void at(const SalesPosting& posting) { sums = &by_currency[posting.currency]; }
  void add(Measure measure, const domain::CellValue& value) { query::add(*sums, measure, value, counts); }
  void keep(Currency, Measure, const domain::CellValue&) {}  // The cell has its proof.

  const Counts counts{};
  SalesPostings::Totals by_currency = {};
  SalesFigures* sums = nullptr;
};

// The same of every sku: what orders have of one and give back of it on a day may leave nothing of it in the pages.
SalesQuestion of_any_sku(SalesQuestion asked) {
  asked.filters.sku.reset();
  return asked;
}

auto place_of(const SalesOfRecord& sales) {
  return std::tuple(sales.day, sales.fact->at, sales.currency, sales.sku, sales.region, sales.sales_rep);
}

}  // namespace

SalesPostings::SalesPostings(const ShardReader& shard, const SalesQuestion& asked, std::optional<std::size_t> measure)
    : shard_(shard),
      asked_(asked),
      reader_(shard, asked),
      of_any_sku_(of_any_sku(asked)),
      measure_(measure),
      counts_(asked.filters.sku ? Counts::kBySku : Counts::kOnce) {}

std::string SalesPostings::key(Day day, std::int32_t partition, domain::Position at) {
  return sort_key({sortable(day)}) + position_key(partition, at);
}

std::optional<std::size_t> SalesPostings::quantity_beside(std::size_t measure) {
  if (measure == kOrdered) return kOrderedQuantity;
  if (measure == kShipped) return kShippedQuantity;
  return std::nullopt;
}

bool SalesPostings::shows(std::size_t measure, const SalesFigures& figures) const {
  if (measure_ && measure != *measure_) return false;
  const auto quantity = quantity_beside(measure);
  return figures[measure] != 0 || (quantity && figures[*quantity] != 0);
}

bool SalesPostings::asks(Measure measure) const {
  SalesFigures figures{};
  add(figures, measure, {1, 1, 1}, counts_);
  for (std::size_t i = 0; i < kSalesMeasureCount; ++i) {
    if (shows(i, figures)) return true;
  }
  return false;
}

Day SalesPostings::FoundDays::reach(Day from, std::size_t count) const {
  std::size_t sum = 0;
  for (auto at = counts.lower_bound(from); at != counts.end(); ++at) {
    sum += at->second;
    if (sum > count) return at->first;
  }
  return kNever;
}

SalesPostings::FoundDays SalesPostings::find(Day first, Day last, Totals* totals) const {
  FoundDays days;
  if (shard_.shard().known_at != nullptr) {
    for (const AccountNumber id : shard_.accounts()) days.found.push_back({id, first, last, ~Kinds{0}});
    return days;
  }
  find_orders(first, last, days, totals);
  if (asks(Measure::kInvoiced) || asks(Measure::kCollected)) find_receivables(first, last, days);
  std::ranges::sort(days.found, {}, [](const Found& found) { return std::pair(found.account, found.first); });
  return days;
}

bool SalesPostings::filters_orders() const {
  const Filters& filters = asked_.filters;
  return filters.region || filters.sales_rep || filters.channel || filters.kind || filters.sku || filters.currency ||
         !asked_.scope.sees_everything();
}

SalesPostings::Kinds SalesPostings::kinds_of(Measure ledger) const {
  const bool is_cash =
      ledger == Measure::kLedgerCash || ledger == Measure::kLedgerReversals || ledger == Measure::kLedgerRefunds;
  if (!asks(is_cash ? Measure::kCollected : Measure::kInvoiced)) return 0;
  switch (ledger) {
    case Measure::kLedgerInvoices: return bit(DocumentKind::kInvoice);
    case Measure::kLedgerCreditNotes: return bit(DocumentKind::kCreditNote);
    case Measure::kLedgerVoids: return bit(DocumentKind::kInvoice) | bit(DocumentKind::kCreditNote);
    case Measure::kLedgerCash:
    case Measure::kLedgerReversals: return bit(DocumentKind::kPayment);
    case Measure::kLedgerRefunds:
      return bit(DocumentKind::kPayment) | bit(DocumentKind::kCreditNote) | bit(DocumentKind::kRefund);
    default: return 0;
  }
}

// What is found may have been taken back since: the documents say so.
void SalesPostings::find_told(Day first, Day last, FoundDays& days) const {
  std::vector<std::pair<index::Postings, Kinds>> kinds_by;
  const auto add = [&](Measure measure, Kinds kinds) {
    if (kinds != 0) kinds_by.emplace_back(index::posted(measure), kinds);
  };
  if (filters_orders()) {
    find_orders(first, last, days, nullptr);
  } else {
    const Kinds orders = bit(DocumentKind::kOrder);
    add(Measure::kOrdered, asks(Measure::kOrdered) || asks(Measure::kOrders) ? orders : 0);
    add(Measure::kShipped, asks(Measure::kShipped) || asks(Measure::kShipments) ? orders : 0);
  }
  if (asked_.filters.currency) {
    find_receivables(first, last, days);
  } else {
    for (const Measure measure : kLedger) add(measure, kinds_of(measure));
  }
  index::Postings wanted = 0;
  for (const auto& [postings, kinds] : kinds_by) wanted |= postings;
  for_each_posting_day(shard_.shard(), first, last, wanted, [&](const index::DayRow& row) {
    Found found{row.customer, row.day, row.day, 0, (row.postings & index::posted(Measure::kLedgerVoids)) == 0};
    for (const auto& [postings, kinds] : kinds_by) found.kinds |= (row.postings & postings) != 0 ? kinds : 0;
    days.found.push_back(found);
  });
}

// Where an order has a posting, its count or that of a dispatch stands, or what came back: these do not go against each
// other. With them what passes is counted.
void SalesPostings::find_orders(Day first, Day last, FoundDays& days, Totals* totals) const {
  std::optional<AccountNumber> account;
  // Of one account: where the sums of a day are not zero, something makes them so.
  std::map<Day, SalesFigures> sums;
  const auto close_account = [&] {
    for (const auto& [day, figures] : sums) {
      for (std::size_t i = 0; i < kSalesMeasureCount; ++i) days.counts[day] += shows(i, figures) ? 1 : 0;
    }
    sums.clear();
  };
  // The days of an order's placing, and of what left and came back.
  const bool asks_placed = asks(Measure::kOrdered) || asks(Measure::kOrders);
  const bool asks_moved = asks(Measure::kShipped) || asks(Measure::kShipments);
  const bool asks_invoiced = asks(Measure::kInvoiced);
  const bool asks_collected = asks(Measure::kCollected);
  const auto wanted = [&](Measure measure) {
    switch (measure) {
      case Measure::kOrdered:
      case Measure::kOrders: return asks_placed;
      case Measure::kShipped:
      case Measure::kShipments: return asks_moved;
      case Measure::kInvoiced: return asks_invoiced;
      default: return asks_collected;
    }
  };
  SalesReader(shard_, of_any_sku_)
      .for_each_cell(first, last, wanted, [&](AccountNumber id, const SalesPosting& posting, const store::Cell& cell) {
        if (account != id) close_account();
        account = id;
        if (cell.id.measure != Measure::kInvoiced && cell.id.measure != Measure::kCollected) {
          const Found* before = days.found.empty() ? nullptr : &days.found.back();
          if (before == nullptr || before->account != id || before->first != posting.day) {
            days.found.push_back({id, posting.day, posting.day, bit(DocumentKind::kOrder)});
          }
        }
        if (asked_.filters.sku && !reader_.passes(posting)) return;
        add(sums[posting.day], cell.id.measure, cell.value, counts_);
        if (totals != nullptr) add((*totals)[posting.currency], cell.id.measure, cell.value, counts_);
      });
  close_account();
}

// By the ledger, in which each entry is counted: cash that came and bounced on a day leaves nothing of sales in the
// pages. Cash may stand under any invoice's attributes.
void SalesPostings::find_receivables(Day first, Day last, FoundDays& days) const {
  const auto& currency = asked_.filters.currency;
  index::Postings wanted = 0;
  for (const Measure measure : kLedger) wanted |= kinds_of(measure) == 0 ? 0 : index::posted(measure);
  scan_posted(shard_.shard(), store::kLedgerPage, shard_.only(), first, last, wanted,
              [&](AccountNumber id, const std::vector<store::Cell>& cells) {
                for (const store::Cell& cell : cells) {
                  const Kinds kinds = kinds_of(cell.id.measure);
                  if (kinds == 0 || cell.id.day < first || cell.id.day > last) continue;
                  if (currency && Currency::from_number(cell.id.currency) != *currency) continue;
                  days.found.push_back({id, cell.id.day, cell.id.day, kinds, cell.id.measure != Measure::kLedgerVoids});
                }
              });
}

SalesPostings::Totals SalesPostings::for_each(const Rows& rows, const Visit& visit) const {
  if (!shard_.has_accounts()) return {};
  const PageCut& page = rows.cut();
  const Period& period = asked_.period;
  const bool is_known_at = shard_.shard().known_at != nullptr;
  // A page is made place by place, as far as it goes.
  const bool is_page = page.count && !page.is_round && !is_known_at;
  const bool is_told = is_page && !shard_.only() && tells_of_days(shard_.shard());
  // The totals of so many days come with what is found of them.
  const bool at_once = !page.is_round && !is_known_at && !is_told && period.to - period.from < kDaysAtOnce;
  AddedUp totals{counts_};
  FoundDays whole;
  if (at_once) {
    whole = find(period.from, period.to, &totals.by_currency);
  } else if (!page.is_round) {
    reader_.read(totals);
  }
  const Day first = page.after.empty() ? period.from : first_day(page.after);
  const Day last = page.until.empty() ? period.to : std::min(period.to, first_day(page.until));
  // Of a page it is not known how many days it takes. Known at an instant, all of them cost the same.
  Day length = is_told ? 1 : page.count && !at_once && !is_known_at ? kDaysAtOnce : last - first + 1;
  for (Day from = first; from <= last; from += length, length *= 2) {
    const Day to = std::min(last, from + length - 1);
    FoundDays days;
    if (is_told) {
      find_told(from, to, days);
    } else {
      days = at_once ? std::move(whole) : find(from, to, nullptr);
    }
    if (is_page) {
      std::erase_if(days.found, [&](const Found& found) { return found.first < from || found.last > to; });
      list_places(std::move(days), rows, visit);
    } else {
      // The day that the page before ended with may have more; how many is not known.
      const Day counted_from = page.after.empty() ? from : std::max(from, first + 1);
      const Day reached = page.count ? days.reach(counted_from, *page.count) : kNever;
      list(days, from, std::min(to, reached), rows, visit);
    }
    if (!rows.until().empty() && first_day(rows.until()) <= to) break;
  }
  return std::move(totals.by_currency);
}

bool SalesPostings::may_hold(const Rows& rows, const Found& found) const {
  if (found.first != found.last) return true;
  return std::ranges::any_of(kKinds, [&](DocumentKind kind) {
    return (found.kinds & bit(kind)) != 0 && std::ranges::any_of(topics_of(kind), [&](log::Topic topic) {
             return rows.may_hold(PostingPlace{found.first, topic}.prefix(shard_.partition()));
           });
  });
}

void SalesPostings::list(const FoundDays& days, Day first, Day last, const Rows& rows, const Visit& visit) const {
  for (auto at = days.found.begin(); at != days.found.end();) {
    const AccountNumber id = at->account;
    Kinds kinds = 0;
    Span span{kNever, std::numeric_limits<Day>::min()};
    for (; at != days.found.end() && at->account == id; ++at) {
      if (at->first > last || at->last < first || !may_hold(rows, *at)) continue;
      kinds |= at->kinds;
      span.first = std::min(span.first, std::max(at->first, first));
      span.last = std::max(span.last, std::min(at->last, last));
    }
    if (kinds != 0) visit_account(id, kinds, false, span, visit);
  }
}

// Who may have something at a place is evaluated for it; nobody for what the page does not come to.
void SalesPostings::list_places(FoundDays days, const Rows& rows, const Visit& visit) const {
  std::ranges::sort(days.found, {}, [](const Found& found) { return std::pair(found.first, found.account); });
  for (auto first = days.found.begin(); first != days.found.end();) {
    const Day day = first->first;
    const auto is_later = [&](const Found& found) { return found.first != day; };
    const auto end = std::find_if(first, days.found.end(), is_later);
    for (const log::Topic topic : kTopics) {
      const std::string prefix = PostingPlace{day, topic}.prefix(shard_.partition());
      if (!rows.until().empty() && prefix >= rows.until()) return;
      for (auto at = first; at != end && rows.may_hold(prefix);) {
        const AccountNumber id = at->account;
        Kinds kinds = 0;
        bool issues = true;
        for (; at != end && at->account == id; ++at) {
          kinds |= at->kinds;
          issues &= at->issues;
        }
        if ((kinds & told_on(topic)) != 0) visit_account(id, kinds & told_on(topic), issues, {day, day, topic}, visit);
      }
    }
    first = end;
  }
}

void SalesPostings::visit_account(AccountNumber id, Kinds kinds, bool issues, const Span& span,
                                  const Visit& visit) const {
  shard_.go_on();
  AccountReader account = shard_.account(id);
  for (const DocumentRef& ref : documents(account, kinds, issues, span)) visit_document(account, ref, span, visit);
}

std::vector<DocumentRef> SalesPostings::documents(AccountReader& account, Kinds kinds, bool issues,
                                                  const Span& span) const {
  constexpr std::uint64_t kMoves = types<domain::OrderPlaced, domain::ShipmentDispatched, domain::ShipmentReturned>();
  const InstantSpan instants = instants_of(span.first, span.last);
  Arena arena;
  std::vector<DocumentRef> all;
  for (const DocumentKind kind : kKinds) {
    if ((kinds & bit(kind)) == 0) continue;
    if (kind == DocumentKind::kInvoice && issues) {
      if (const auto found = issued(account, span.first)) {
        all.insert(all.end(), found->begin(), found->end());
        continue;
      }
    }
    const auto some = account.documents(kind, [&](const DocumentRef& ref, std::string_view bytes) {
      if (kind == DocumentKind::kOrder) return store::may_have_occurred(bytes, kMoves, instants.first, instants.last);
      arena.reset();
      const auto decoded = store::decode_document(ref, bytes, bytes.size(), arena);
      return !decoded || is_dated(*decoded, span.first, span.last);
    });
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::optional<std::vector<DocumentRef>> SalesPostings::issued(AccountReader& account, Day day) const {
  Int128 count = 0;
  scan_posted(shard_.shard(), store::kLedgerPage, account.id(), day, day, index::posted(Measure::kLedgerInvoices),
              [&](AccountNumber, const std::vector<store::Cell>& cells) {
                for (const store::Cell& cell : cells) {
                  if (cell.id.measure == Measure::kLedgerInvoices && cell.id.day == day) count += cell.value.quantity;
                }
              });
  std::vector<DocumentRef> found = account.opened_on(std::span(&day, 1));
  std::erase_if(found, [](const DocumentRef& ref) { return ref.kind != DocumentKind::kInvoice; });
  // Those that were paid before were never open.
  if (static_cast<Int128>(found.size()) != count) return std::nullopt;
  return found;
}

void SalesPostings::visit_document(AccountReader& account, const DocumentRef& ref, const Span& span,
                                   const Visit& visit) const {
  std::vector<SalesOfRecord> sales;
  domain::for_each_sales_entry(account.account(), account.document(ref), [&](const SalesEntry& entry) {
    if (!span.holds(entry) || !asked_.period.holds(entry.day) || entry.counts_from > asked_.as_of) return;
    const SalesPosting posting{.currency = entry.currency,
                               .day = entry.day,
                               .region = account.region(entry.attributes),
                               .sales_rep = account.sales_rep(entry.attributes),
                               .dimensions = entry.dimensions,
                               .customer = account.name()};
    if (!reader_.passes(posting)) return;
    SalesOfRecord& of_record = sales.emplace_back(entry.fact, entry.document_id, entry.day, entry.currency,
                                                  entry.dimensions.sku, posting.region, posting.sales_rep);
    add(of_record.figures, entry.measure, entry.value, counts_);
  });
  std::ranges::sort(sales, {}, place_of);
  for (auto at = sales.begin(); at != sales.end();) {
    SalesOfRecord& whole = *at;
    for (++at; at != sales.end() && place_of(*at) == place_of(whole); ++at) {
      for (std::size_t i = 0; i < kSalesFigureCount; ++i) whole.figures[i] += at->figures[i];
    }
    visit(whole, account);
  }
}

}  // namespace daybook::query
