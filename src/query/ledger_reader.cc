#include "query/ledger_reader.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace daybook::query {

using domain::LedgerEntry;
using domain::Measure;

namespace {

// In the order of the columns' names.
constexpr std::array<Measure, kLedgerColumns> kColumns = {
    Measure::kLedgerInvoices,  Measure::kLedgerCreditNotes, Measure::kLedgerCash,
    Measure::kLedgerReversals, Measure::kLedgerRefunds,     Measure::kLedgerWriteOffs,
    Measure::kLedgerRecoveries, Measure::kLedgerVoids,      Measure::kLedgerTransfers};

// Days of a span with how many postings there are at least, and the accounts that have some: by them a page is
// found without evaluating everything.
class PostingDays {
 public:
  // Reads the ledger's pages.
  PostingDays(const ShardReader& shard, const Grouping& grouping, const Period& span, std::optional<Measure> type) {
    if (!shard.has_accounts()) return;
    GroupCursor places(shard, grouping);
    const bool goes = grouping.needs_attributes();
    scan_pages(shard.shard(), store::kLedgerPage, shard.only(), store::span_of(span.from), store::span_of(span.to),
               [&](store::LabelId id, const std::vector<store::Cell>& cells) {
                 for (const store::Cell& cell : cells) {
                   if (!domain::is_ledger(cell.id.measure) || !span.holds(cell.id.day)) continue;
                   if (type && cell.id.measure != *type) continue;
                   if (!grouping.passes(Currency::from_number(cell.id.currency))) continue;
                   if (goes) places.go(id, cell.id.attributes);
                   if (!places.passes()) continue;
                   // Transfers within a group are counted, and not listed.
                   const bool is_listed = cell.id.measure != Measure::kLedgerTransfers;
                   counts_[cell.id.day] += is_listed ? static_cast<std::int64_t>(cell.value.quantity) : 0;
                   const std::pair account(id, cell.id.day);
                   if (accounts_.empty() || accounts_.back() != account) accounts_.push_back(account);
                 }
               });
    std::ranges::sort(accounts_);
  }

  // The day that more than `count` postings reach, counted from `from` on.
  Day reach(Day from, std::size_t count) const {
    std::int64_t sum = 0;
    for (auto at = counts_.lower_bound(from); at != counts_.end(); ++at) {
      sum += at->second;
      if (sum > static_cast<std::int64_t>(count)) return at->first;
    }
    return kNever;
  }
  // Calls visit(account) for accounts with a posting in a span, each once.
  template <typename Visit>
  void for_each_account(Day from, Day to, const Visit& visit) const {
    std::optional<store::LabelId> last;
    for (const auto& [account, day] : accounts_) {
      if (day < from || day > to || account == last) continue;
      last = account;
      visit(account);
    }
  }

 private:
  std::map<Day, std::int64_t> counts_;
  std::vector<std::pair<store::LabelId, Day>> accounts_;  // Rising.
};

}  // namespace

std::size_t ledger_column(Measure measure) {
  return static_cast<std::size_t>(std::ranges::find(kColumns, measure) - kColumns.begin());
}

Measure ledger_measure(std::size_t column) { return kColumns[column]; }

void for_each_ledger_entry(AccountReader& account, const std::function<void(const LedgerEntry&)>& visit) {
  for (const domain::DocumentRef& ref : account.receivable_documents()) {
    domain::for_each_entry(account.account(), account.document(ref), visit);
  }
}

void for_each_posting(AccountReader& account, const Grouping& grouping,
                      const std::function<void(const Posting&)>& visit) {
  std::optional<Posting> from;  // The first half of a transfer: its other half comes next.
  std::int64_t place = 0;
  const auto show = [&](Posting& posting) {
    if (!grouping.passes(posting.entry.currency) || !grouping.passes(posting.region, posting.sales_rep)) return;
    posting.place = ++place;
    visit(posting);
  };
  for_each_ledger_entry(account, [&](const LedgerEntry& entry) {
    Posting posting{entry, account.region(entry.attributes), account.sales_rep(entry.attributes)};
    if (entry.measure != Measure::kLedgerTransfers) return show(posting);
    if (!from) {
      from = posting;
      return;
    }
    if (from->region != posting.region || from->sales_rep != posting.sales_rep) {
      show(*from);
      show(posting);
    }
    from.reset();
  });
}

void for_each_posting(const ShardReader& shard, const Grouping& grouping, const Period& span,
                      std::optional<Measure> type, const PageCut& page,
                      const std::function<void(const Posting&, AccountReader&)>& visit) {
  const PostingDays days(shard, grouping, span, type);
  // The day that the page before ended with may have more; how many is not known.
  const bool begins = page.after.empty();
  const Day first = begins ? span.from : first_day(page.after);
  Day last = std::min(page.count ? days.reach(begins ? first : first + 1, *page.count) : kNever, span.to);
  if (!page.until.empty()) last = std::min(last, first_day(page.until));
  days.for_each_account(first, last, [&](store::LabelId id) {
    shard.go_on();
    AccountReader account = shard.account(id);
    for_each_posting(account, grouping, [&](const Posting& posting) {
      const LedgerEntry& entry = posting.entry;
      if (entry.day < first || entry.day > last || (type && entry.measure != *type)) return;
      visit(posting, account);
    });
  });
}

}  // namespace daybook::query
