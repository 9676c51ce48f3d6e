// Ratios of receivables over a span, each with its inputs (docs/figures.md, "Ratios").
#include <algorithm>
#include <array>

#include "query/grouping.h"
#include "query/ledger.h"
#include "query/receivables.h"
#include "query/views.h"

namespace daybook::query {
namespace {

using domain::Measure;

constexpr std::size_t kLargestDebtors = 10;
constexpr std::int64_t kLongOverdue = 91;
// How far back the ledger is read at first for the count-back; then twice as far, as long as balances remain.
constexpr Day kFirstLookBack = 400;

// numerator ÷ denominator × factor to 2 decimals; null where the denominator is not above 0.
Value ratio(Int128 numerator, Int128 denominator, Int128 factor = 1) {
  if (denominator <= 0) return {};
  return Value::ratio(divide_rounded(numerator * factor * 100, denominator));
}

// Invoices less credit notes and voids by the first day of their month.
using MonthlySales = std::map<Day, Int128>;

struct Countback {
  Value value;
  bool more_than = false;
};

// How many days of sales the balance holds, from the newest month on; nothing while months before `known_from`
// may matter. `first_invoice`: the month of the first one read; kNever when there is none. Sales may lie before it:
// what the void of a credit note gives back.
std::optional<Countback> count_back(Int128 balance, const MonthlySales& sales, Day to, Day first_invoice,
                                    Day known_from) {
  if (balance <= 0) return Countback{ratio(0, 1), false};
  Int128 rest = balance;
  Int128 days = 0;
  Day end = to;
  const bool all_read = known_from == std::numeric_limits<Day>::min();
  while (!all_read || first_invoice <= end) {
    const Day month = period_start(Grain::kMonth, end);
    if (month < known_from) return std::nullopt;
    const auto at = sales.find(month);
    const Int128 sold = at == sales.end() ? 0 : at->second;
    const Int128 length = end - month + 1;
    if (sold > 0 && rest <= sold && !all_read && first_invoice > month) return std::nullopt;
    if (sold > 0 && rest <= sold) return Countback{ratio(days * sold + rest * length, sold), false};
    if (sold > 0) rest -= sold;
    days += length;
    end = month - 1;
  }
  return Countback{ratio(days, 1), true};
}

struct RatioRow {
  Int128 opening = 0;
  Int128 closing = 0;
  Int128 sales = 0;
  Int128 collected = 0;
  Int128 not_due = 0;
  Int128 over_90 = 0;
  Int128 gross_open = 0;
  Int128 settled = 0;
  Int128 settled_days = 0;  // Σ amount × days.
  std::map<std::pair<std::int32_t, store::LabelId>, Int128> debtors;
  MonthlySales months;
  Day first_invoice = kNever;  // The first day of its month.
  std::optional<Countback> countback;

  bool is_zero() const {
    return opening == 0 && closing == 0 && sales == 0 && collected == 0 && not_due == 0 && gross_open == 0 &&
           settled == 0;
  }

  Int128 of_largest() const {
    std::vector<Int128> amounts;
    for (const auto& [debtor, amount] : debtors) amounts.push_back(amount);
    std::ranges::sort(amounts, std::ranges::greater());
    Int128 sum = 0;
    for (std::size_t i = 0; i < std::min(amounts.size(), kLargestDebtors); ++i) sum += amounts[i];
    return sum;
  }

  void write(Row& row, Currency currency, std::int64_t days) const {
    const auto add = [&](std::string name, Value value, std::initializer_list<std::pair<const char*, Value>> inputs) {
      Row ratio;
      ratio.add("value", std::move(value));
      for (const auto& [input, given] : inputs) ratio.add(input, given);
      row.add(std::move(name), Value::object(std::move(ratio)));
    };
    const auto minor = [&](Int128 amount) { return Value::amount(amount, currency); };
    const Value span = Value::integer(days);
    add("dso", ratio(closing, sales, days), {{"closing_balance", minor(closing)}, {"sales", minor(sales)}, {"days", span}});
    add("countback_dso", countback->value,
        {{"more_than", Value::boolean(countback->more_than)}, {"closing_balance", minor(closing)}});
    add("best_possible_dso", ratio(not_due, sales, days),
        {{"not_due", minor(not_due)}, {"sales", minor(sales)}, {"days", span}});
    add("average_days_delinquent", ratio(gross_open - not_due, sales, days),
        {{"overdue", minor(gross_open - not_due)}, {"sales", minor(sales)}, {"days", span}});
    add("collection_effectiveness", ratio(opening + sales - closing, opening + sales - not_due, 100),
        {{"opening", minor(opening)},
         {"sales", minor(sales)},
         {"closing", minor(closing)},
         {"closing_not_due", minor(not_due)}});
    add("collection_rate", ratio(collected, sales, 100), {{"collected", minor(collected)}, {"sales", minor(sales)}});
    add("days_to_pay", ratio(settled_days, settled), {{"settled", minor(settled)}});
    add("share_over_90", ratio(over_90, gross_open, 100),
        {{"over_90", minor(over_90)}, {"gross_open", minor(gross_open)}});
    const Int128 top_10 = of_largest();
    add("share_top_10", ratio(top_10, gross_open, 100), {{"top_10", minor(top_10)}, {"gross_open", minor(gross_open)}});
  }
};

class Ratios {
 public:
  Ratios(Question& question, const Grouping& grouping, const Period& span, Day aged_on)
      : question_(question), grouping_(grouping), span_(span), aged_on_(aged_on),
        scope_(question.scope(grouping.filters)) {}

  void read() {
    const Recalled opening = recall_receivables(scope_.shards, scope_.customer, span_.from - 1);
    const Recalled closing = recall_receivables(scope_.shards, scope_.customer, span_.to);
    for (const ShardSnapshot* shard : scope_.shards) read_balances(*shard);
    Day look_back = std::max(kFirstLookBack, span_.to - span_.from + 32);
    Day from = period_start(Grain::kMonth, span_.to - look_back);
    read_ledger(from, span_.to);
    while (!count_back_all(from)) {
      look_back *= 2;
      const Day before = from - 1;
      // Nothing is dated before 1900.
      from = look_back > span_.to - kFirstDate ? std::numeric_limits<Day>::min()
                                              : period_start(Grain::kMonth, span_.to - look_back);
      read_ledger(from, before);
    }
  }

  const std::map<std::pair<std::string, Currency>, RatioRow>& rows() const { return rows_; }

 private:

  RatioRow* row_of(GroupCursor& places, store::LabelId customer, store::LabelId attributes, Currency currency) {
    if (grouping_.filters.currency && currency != *grouping_.filters.currency) return nullptr;
    places.go(customer, attributes);
    return places.passes() ? &rows_[{places.group(currency), currency}] : nullptr;
  }

  void read_balances(const ShardSnapshot& shard) {
    GroupCursor places(question_, shard, grouping_);
    const auto row_at = [&](const index::ReceivableRow& cell) {
      return row_of(places, cell.customer, cell.attributes, Currency::from_number(cell.currency));
    };
    receivables_at(shard, scope_.customer, span_.from - 1, Detail::kAccounts, [&](const index::ReceivableRow& cell) {
      if (cell.measure != Measure::kLedgerInvoices) return;
      if (RatioRow* row = row_at(cell)) row->opening += cell.amount();
    });
    receivables_at(shard, scope_.customer, span_.to, Detail::kAccounts, [&](const index::ReceivableRow& cell) {
      if (cell.measure != Measure::kLedgerInvoices && cell.measure != Measure::kOpen) return;
      RatioRow* row = row_at(cell);
      if (row == nullptr) return;
      if (cell.measure == Measure::kLedgerInvoices) {
        row->closing += cell.amount();
        return;
      }
      const std::int64_t age = static_cast<std::int64_t>(aged_on_) - cell.day2;
      row->gross_open += cell.amount();
      if (age <= 0) row->not_due += cell.amount();
      if (age >= kLongOverdue) row->over_90 += cell.amount();
      row->debtors[{shard.partition, cell.customer}] += cell.amount();
    });
  }

  void read_ledger(Day from, Day to) {
    for (const ShardSnapshot* shard : scope_.shards) {
      GroupCursor places(question_, *shard, grouping_);
      scan_pages(*shard, store::kLedgerPage, scope_.customer, store::span_of(std::max(from, kFirstDate)),
                 store::span_of(to), [&](store::LabelId id, const std::vector<store::Cell>& cells) {
                   for (const store::Cell& cell : cells) {
                     if (cell.id.day < from || cell.id.day > to) continue;
                     RatioRow* row = row_of(places, id, cell.id.attributes, Currency::from_number(cell.id.currency));
                     if (row != nullptr) add(*row, cell);
                   }
                 });
    }
  }

  void add(RatioRow& row, const store::Cell& cell) const {
    const bool in_span = span_.holds(cell.id.day);
    switch (cell.id.measure) {
      case Measure::kLedgerInvoices:
      case Measure::kLedgerCreditNotes:
      case Measure::kLedgerVoids:
        if (in_span) row.sales += cell.value.amount;
        row.months[period_start(Grain::kMonth, cell.id.day)] += cell.value.amount;
        if (cell.id.measure == Measure::kLedgerInvoices) {
          row.first_invoice = std::min(row.first_invoice, period_start(Grain::kMonth, cell.id.day));
        }
        return;
      case Measure::kLedgerCash:
      case Measure::kLedgerReversals:
      case Measure::kLedgerRefunds:
        if (in_span) row.collected -= cell.value.amount;
        return;
      case Measure::kSettled:
        if (!in_span || cell.id.counts_from > span_.to) return;
        row.settled += cell.value.amount;
        row.settled_days += cell.value.quantity;
        return;
      default:
        return;
    }
  }

  // False while the ledger before `known_from` is needed.
  bool count_back_all(Day known_from) {
    bool done = true;
    for (auto& [at, row] : rows_) {
      if (row.countback) continue;
      row.countback = count_back(row.closing, row.months, span_.to, row.first_invoice, known_from);
      done = done && row.countback.has_value();
    }
    return done;
  }

  Question& question_;
  const Grouping& grouping_;
  const Period span_;
  const Day aged_on_;
  const Question::Scope scope_;
  std::map<std::pair<std::string, Currency>, RatioRow> rows_;
};

}  // namespace

Answer receivable_ratios(Question& question) {
  const Period span = read_span(question);
  const Day aged_on = question.parameters().date("aged_on").value_or(span.to);
  const Grouping grouping = Grouping::read(question, "none");
  Ratios ratios(question, grouping, span, aged_on);
  ratios.read();
  const std::int64_t days = span.to - span.from + 1;
  const auto make_row = [&](const std::string& group, Currency currency, const RatioRow& sums) {
    Row row;
    row.add("group", Value::text(group));
    row.add("currency", Value::text(currency.code()));
    sums.write(row, currency, days);
    return row;
  };
  RatioRow empty;
  empty.countback.emplace();
  Answer answer = question.list("rows", column_names(make_row("", {}, empty)));
  answer.head.add("from", Value::date(span.from));
  answer.head.add("to", Value::date(span.to));
  answer.head.add("aged_on", Value::date(aged_on));
  answer.head.add("group_by", Value::text(grouping.by));
  for (const auto& [at, sums] : ratios.rows()) {
    const auto& [group, currency] = at;
    if (sums.is_zero()) continue;
    answer.rows.add(sort_key({group, currency.code()}), [&] { return make_row(group, currency, sums); });
  }
  return answer;
}

}  // namespace daybook::query
