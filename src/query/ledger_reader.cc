#include "query/ledger_reader.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "query/document_scan.h"
#include "query/posting_place.h"
#include "query/question_memory.h"

namespace daybook::query {

using domain::DocumentKind;
using domain::LedgerEntry;
using domain::Measure;

namespace {

// In the order of the columns' names.
constexpr std::array<Measure, kLedgerColumns> kColumns = {
    Measure::kLedgerInvoices,   Measure::kLedgerCreditNotes, Measure::kLedgerCash,
    Measure::kLedgerReversals,  Measure::kLedgerRefunds,     Measure::kLedgerWriteOffs,
    Measure::kLedgerRecoveries, Measure::kLedgerVoids,       Measure::kLedgerTransfers};

// That a round looks over at first.
constexpr Day kPostingDaysAtOnce = 32;
constexpr PostingPlace kLastPlace = {kNever, log::Topic::kDeadLetter};

// That of the records which post this. A transfer is posted by what allocates: what a credit note applies by itself
// stays within the invoice's group.
log::Topic topic_of(Measure measure) {
  switch (measure) {
    case Measure::kLedgerCash:
    case Measure::kLedgerReversals:
    case Measure::kLedgerRefunds:
    case Measure::kLedgerTransfers: return log::Topic::kPayments;
    default: return log::Topic::kInvoices;
  }
}

bool may_post(DocumentKind kind, Measure measure) {
  switch (measure) {
    case Measure::kLedgerInvoices:
    case Measure::kLedgerWriteOffs:
    case Measure::kLedgerRecoveries: return kind == DocumentKind::kInvoice;
    case Measure::kLedgerCash:
    case Measure::kLedgerReversals: return kind == DocumentKind::kPayment;
    case Measure::kLedgerCreditNotes: return kind == DocumentKind::kCreditNote;
    case Measure::kLedgerVoids: return kind == DocumentKind::kInvoice || kind == DocumentKind::kCreditNote;
    case Measure::kLedgerTransfers: return kind == DocumentKind::kPayment || kind == DocumentKind::kCreditNote;
    default: return kind != DocumentKind::kInvoice;
  }
}

// The date that an event gives what it posts.
std::optional<Day> date_of(const domain::Fact& fact) {
  return std::visit(
      []<typename Event>(const Event& event) -> std::optional<Day> {
        if constexpr (requires { event.issue_date; }) {
          return event.issue_date;
        } else if constexpr (requires { event.value_date; }) {
          return event.value_date;
        } else if constexpr (requires { event.date; }) {
          return event.date;
        } else {
          return std::nullopt;
        }
      },
      fact.event.payload);
}

// Postings of an account, as its pages count them.
struct Counted {
  store::LabelId account = 0;
  PostingPlace place;
  Measure measure{};
  std::int64_t count = 0;
};

// What a shard's pages say of where the postings stand that a page of a list needs: so it is found without evaluating
// everything.
class PageOfPostings {
 public:
  // Reads the ledger's pages.
  PageOfPostings(const ShardReader& shard, const Grouping& grouping, const Period& span, std::optional<Measure> type,
                 const Rows& rows)
      : rows_(rows), partition_(shard.partition()) {
    GroupCursor group(shard, grouping);
    const bool goes = grouping.needs_accounts();
    const index::Postings kinds = type ? index::posted(*type) : index::kLedgerPostings;
    scan_posted(shard.shard(), store::kLedgerPage, shard.only(), span.from, span.to, kinds,
                [&](store::LabelId id, const std::vector<store::Cell>& cells) {
                  for (const store::Cell& cell : cells) {
                    const Measure measure = cell.id.measure;
                    if (!domain::is_ledger(measure) || !span.holds(cell.id.day) || (type && measure != *type)) continue;
                    if (!grouping.passes(Currency::from_number(cell.id.currency))) continue;
                    if (goes) group.go(id, cell.id.attributes);
                    if (!group.passes()) continue;
                    const PostingPlace place{cell.id.day, topic_of(measure)};
                    add({id, place, measure, static_cast<std::int64_t>(cell.value.quantity)});
                  }
                });
    prune();
  }

  // Calls visit(account, what it has on the page) for those that have something, while they may.
  template <typename Visit>
  void for_each_account(const Visit& visit) const {
    for (auto first = counted_.begin(); first != counted_.end();) {
      const auto is_of_another = [&](const Counted& one) { return one.account != first->account; };
      const auto may_be_shown = [&](const Counted& one) { return rows_.may_hold(one.place.prefix(partition_)); };
      const auto last = std::find_if(first, counted_.end(), is_of_another);
      if (std::any_of(first, last, may_be_shown)) visit(first->account, std::span(first, last));
      first = last;
    }
  }

 private:
  // What a page may show of a place, at least. Where the page before ended there may be more; how many is not known.
  struct Shown {
    bool may_be = false;
    bool is_known = false;
    std::int64_t count = 0;
  };

  void add(const Counted& counted) {
    if (last_ < counted.place) return;
    const auto [at, is_new] = shown_.try_emplace(counted.place);
    Shown& shown = at->second;
    if (is_new) {
      const std::string prefix = counted.place.prefix(partition_);
      shown.may_be = rows_.may_hold(prefix);
      shown.is_known = !rows_.cut().after.starts_with(prefix);
    }
    if (!shown.may_be) return;
    // Of a whole list it is enough to know the accounts.
    if (!rows_.cut().count && !counted_.empty() && counted_.back().account == counted.account) return;
    // Transfers within a group are counted, and not listed.
    if (shown.is_known && counted.measure != Measure::kLedgerTransfers) shown.count += counted.count;
    if (counted_.size() == counted_.capacity()) memory_.add(counted_.size() * sizeof counted);
    counted_.push_back(counted);
    if (counted_.size() >= prune_at_) prune();
  }

  // Forgets what stands behind the place with which the page is full.
  void prune() {
    if (!rows_.cut().count) return;
    std::int64_t sum = 0;
    for (const auto& [place, shown] : shown_) {
      sum += shown.count;
      if (sum <= static_cast<std::int64_t>(*rows_.cut().count)) continue;
      last_ = place;
      break;
    }
    std::erase_if(counted_, [&](const Counted& one) { return last_ < one.place; });
    prune_at_ = std::max(prune_at_, 2 * counted_.size());
  }

  const Rows& rows_;
  const std::int32_t partition_;
  PostingPlace last_ = kLastPlace;
  std::map<PostingPlace, Shown> shown_;
  std::vector<Counted> counted_;  // Those of an account stand together.
  std::size_t prune_at_ = 1'024;
  TakenMemory memory_;
};

// Calls seen(posting) for what of a document passes, and visit(posting) for those of it that are listed.
template <typename Seen, typename Visit>
void for_each_posting_of(AccountReader& account, domain::DocumentRef ref, const Grouping& grouping, const Seen& seen,
                         const Visit& visit) {
  std::optional<Posting> from;  // The first half of a transfer: its other half comes next.
  std::int64_t place = 0;
  const auto passes = [&](const Posting& posting) {
    return grouping.passes(posting.entry.currency) && grouping.passes(posting.region, posting.sales_rep);
  };
  const auto show = [&](Posting& posting) {
    if (!passes(posting)) return;
    posting.place = ++place;
    visit(posting);
  };
  domain::for_each_entry(account.account(), account.document(ref), [&](const LedgerEntry& entry) {
    Posting posting{entry, account.region(entry.attributes), account.sales_rep(entry.attributes)};
    if (passes(posting)) seen(posting);
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

// Finds what is counted of an account, and evaluates no more documents than that takes.
class CountedPostings {
 public:
  using Visit = std::function<void(const Posting&, AccountReader&)>;

  CountedPostings(const ShardSnapshot& shard, AccountReader& account, const Grouping& grouping,
                  std::span<const Counted> counted, const Visit& visit)
      : shard_(shard), account_(account), grouping_(grouping), visit_(visit) {
    for (const Counted& one : counted) {
      missing_[{one.place, one.measure}] += one.count;
      days_.push_back(one.place.day);
    }
    std::ranges::sort(days_);
    days_.erase(std::unique(days_.begin(), days_.end()), days_.end());
  }

  // What was opened on its days first, then what was told of them. The day of a transfer may be another document's.
  void find() {
    evaluate(account_.opened_on(days_));
    for (const DocumentKind kind :
         {DocumentKind::kInvoice, DocumentKind::kCreditNote, DocumentKind::kPayment, DocumentKind::kRefund}) {
      if (!may_have(kind)) continue;
      evaluate(told_of_days(kind));
    }
    if (std::ranges::any_of(missing_, [](const auto& one) { return one.second > 0; })) {
      evaluate(account_.receivable_documents());
    }
  }

 private:
  using At = std::pair<PostingPlace, Measure>;

  // Whether documents of this kind may have something that is missing.
  bool may_have(DocumentKind kind) const {
    return std::ranges::any_of(missing_, [&](const auto& one) {
      const auto& [at, count] = one;
      return count > 0 && may_post(kind, at.second);
    });
  }

  std::vector<domain::DocumentRef> told_of_days(DocumentKind kind) {
    std::vector<domain::DocumentRef> refs;
    for_each_document(
        shard_, account_.id(), kind, kind, [](std::string_view) { return true; },
        [&](const domain::Document& document) {
          const bool is_told_of = std::ranges::any_of(document.facts, [&](const domain::Fact& fact) {
            const auto date = date_of(fact);
            return date && std::ranges::binary_search(days_, *date);
          });
          if (is_told_of) refs.push_back({kind, ids_.emplace_back(document.ref.id)});
        });
    return refs;
  }

  void evaluate(std::span<const domain::DocumentRef> refs) {
    for (const domain::DocumentRef& ref : refs) {
      if (!may_have(ref.kind) || !evaluated_.insert(ref).second) continue;
      for_each_posting_of(
          account_, ref, grouping_,
          [&](const Posting& posting) {
            if (const auto at = missing_.find(at_of(posting)); at != missing_.end()) --at->second;
          },
          [&](const Posting& posting) {
            if (missing_.contains(at_of(posting))) visit_(posting, account_);
          });
    }
  }
  static At at_of(const Posting& posting) {
    return {{posting.entry.day, static_cast<log::Topic>(posting.entry.fact->at.topic)}, posting.entry.measure};
  }

  const ShardSnapshot& shard_;
  AccountReader& account_;
  const Grouping& grouping_;
  const Visit& visit_;
  std::deque<std::string> ids_;  // Which evaluated_ points to.
  std::map<At, std::int64_t> missing_;
  std::vector<Day> days_;  // Rising, each once.
  std::set<domain::DocumentRef> evaluated_;
};

}  // namespace

std::string posting_key(std::int32_t partition, const Posting& posting) {
  const LedgerEntry& entry = posting.entry;
  return sort_key({sortable(entry.day)}) + position_key(partition, entry.fact->at) + sortable(posting.place);
}

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
  for (const domain::DocumentRef& ref : account.receivable_documents()) {
    for_each_posting_of(account, ref, grouping, [](const Posting&) {}, visit);
  }
}

void for_each_posting(const ShardReader& shard, const Grouping& grouping, const Period& span,
                      std::optional<Measure> type, const Rows& rows,
                      const std::function<void(const Posting&, AccountReader&)>& visit) {
  if (!shard.has_accounts()) return;
  const PageCut& cut = rows.cut();
  // What a page shows stands between where it begins and ends.
  Period rest = span;
  if (!cut.after.empty()) rest.from = std::max(rest.from, first_day(cut.after));
  if (!cut.until.empty()) rest.to = std::min(rest.to, first_day(cut.until));
  // Of a page or a round it is not known how many days it takes. Where it is not told whose pages have them, a page looks
  // over all of them once.
  Day length = rest.to - rest.from + 1;
  if (cut.is_round && cut.until.empty()) length = kPostingDaysAtOnce;
  if (cut.count && !cut.is_round && !shard.only() && tells_of_days(shard.shard())) length = 1;
  for (Day from = rest.from; from <= rest.to; from += length, length *= 2) {
    Period days = rest;
    days.from = from;
    days.to = std::min(rest.to, from + length - 1);
    const PageOfPostings page(shard, grouping, days, type, rows);
    page.for_each_account([&](store::LabelId id, std::span<const Counted> counted) {
      shard.go_on();
      AccountReader account = shard.account(id);
      if (cut.count) return CountedPostings(shard.shard(), account, grouping, counted, visit).find();
      // Of all days most documents have something.
      for_each_posting(account, grouping, [&](const Posting& posting) {
        const LedgerEntry& entry = posting.entry;
        if (days.holds(entry.day) && (!type || entry.measure == *type)) visit(posting, account);
      });
    });
    if (!rows.until().empty() && first_day(rows.until()) <= days.to) break;
  }
}

}  // namespace daybook::query
