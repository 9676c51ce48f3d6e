// Ratios of receivables over a span, each with its inputs (docs/figures.md, "Ratios").
#include <algorithm>
#include <limits>
#include <numeric>

#include "query/ledger_reader.h"
#include "query/period.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

using domain::Measure;

constexpr std::size_t kLargestDebtors = 10;
constexpr std::int64_t kLongOverdue = 91;
// How far back the ledger is read at first for the count-back; then twice as far, as long as balances remain.
constexpr Day kFirstLookBack = 400;
// From when it is read once nothing is dated before.
constexpr Day kAllRead = std::numeric_limits<Day>::min();

// numerator ÷ denominator × factor to 2 decimals; null where the denominator is not above 0.
Value quotient(Int128 numerator, Int128 denominator, Int128 factor = 1) {
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
  if (balance <= 0) return Countback{quotient(0, 1), false};
  Int128 rest = balance;
  Int128 days = 0;
  Day end = to;
  const bool all_read = known_from == kAllRead;
  while (!all_read || first_invoice <= end) {
    const Day month = period_start(Grain::kMonth, end);
    if (month < known_from) return std::nullopt;
    const auto at = sales.find(month);
    const Int128 sold = at == sales.end() ? 0 : at->second;
    const Int128 length = end - month + 1;
    if (sold > 0 && rest <= sold && !all_read && first_invoice > month) return std::nullopt;
    if (sold > 0 && rest <= sold) return Countback{quotient(days * sold + rest * length, sold), false};
    if (sold > 0) rest -= sold;
    days += length;
    end = month - 1;
  }
  return Countback{quotient(days, 1), true};
}

struct RatioSums {
  Int128 opening = 0;
  Int128 closing = 0;
  Int128 sales = 0;
  Int128 collected = 0;
  Int128 not_due = 0;
  Int128 over_90 = 0;
  Int128 gross_open = 0;
  Int128 settled = 0;
  Int128 settled_days = 0;      // Σ amount × days.
  std::vector<Int128> largest;  // What the largest debtors owe, falling.
  MonthlySales months;
  Day first_invoice = kNever;  // The first day of its month.

  bool is_zero() const {
    return opening == 0 && closing == 0 && sales == 0 && collected == 0 && not_due == 0 && gross_open == 0 &&
           settled == 0;
  }

  // Of debtors that are none of those before: an account is of one shard.
  void add_largest(std::vector<Int128> amounts) {
    largest.insert(largest.end(), amounts.begin(), amounts.end());
    const std::size_t count = std::min(largest.size(), kLargestDebtors);
    std::ranges::partial_sort(largest, largest.begin() + static_cast<std::ptrdiff_t>(count), std::ranges::greater());
    largest.resize(count);
  }
  void operator+=(RatioSums other) {
    opening += other.opening;
    closing += other.closing;
    sales += other.sales;
    collected += other.collected;
    not_due += other.not_due;
    over_90 += other.over_90;
    gross_open += other.gross_open;
    settled += other.settled;
    settled_days += other.settled_days;
    add_largest(std::move(other.largest));
    for (const auto& [month, sold] : other.months) months[month] += sold;
    first_invoice = std::min(first_invoice, other.first_invoice);
  }

  void write(Row& row, Currency currency, std::int64_t days, const Countback& countback) const {
    row.add("currency", Value::text(currency.code()));
    const auto add = [&](std::string name, Value value, std::initializer_list<std::pair<const char*, Value>> inputs) {
      Row ratio;
      ratio.add("value", std::move(value));
      for (const auto& [input, given] : inputs) ratio.add(input, given);
      row.add(std::move(name), Value::object(std::move(ratio)));
    };
    const auto minor = [&](Int128 amount) { return Value::amount(amount, currency); };
    const Value span = Value::integer(days);
    add("dso", quotient(closing, sales, days),
        {{"closing_balance", minor(closing)}, {"sales", minor(sales)}, {"days", span}});
    add("countback_dso", countback.value,
        {{"more_than", Value::boolean(countback.more_than)}, {"closing_balance", minor(closing)}});
    add("best_possible_dso", quotient(not_due, sales, days),
        {{"not_due", minor(not_due)}, {"sales", minor(sales)}, {"days", span}});
    add("average_days_delinquent", quotient(gross_open - not_due, sales, days),
        {{"overdue", minor(gross_open - not_due)}, {"sales", minor(sales)}, {"days", span}});
    add("collection_effectiveness", quotient(opening + sales - closing, opening + sales - not_due, 100),
        {{"opening", minor(opening)},
         {"sales", minor(sales)},
         {"closing", minor(closing)},
         {"closing_not_due", minor(not_due)}});
    add("collection_rate", quotient(collected, sales, 100), {{"collected", minor(collected)}, {"sales", minor(sales)}});
    add("days_to_pay", quotient(settled_days, settled), {{"settled", minor(settled)}});
    add("share_over_90", quotient(over_90, gross_open, 100),
        {{"over_90", minor(over_90)}, {"gross_open", minor(gross_open)}});
    const Int128 top_10 = std::accumulate(largest.begin(), largest.end(), Int128(0));
    add("share_top_10", quotient(top_10, gross_open, 100),
        {{"top_10", minor(top_10)}, {"gross_open", minor(gross_open)}});
  }

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(opening, closing, sales, collected, not_due, over_90, gross_open, settled, settled_days, largest, months,
          first_invoice);
  }
};

struct RatioPart {
  std::map<std::pair<std::string, Currency>, RatioSums> rows;

  void add(RatioPart other) {
    for (auto& [at, sums] : other.rows) rows[at] += std::move(sums);
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows);
  }
};

// The days of the ledger that a shard is asked for; a question without one asks for the balances as well, and for the
// first look back.
struct LookBack {
  Day from = 0;
  Day to = 0;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(from, to);
  }
};

// How far the first look goes back.
Day first_look_back(const Period& span) { return std::max(kFirstLookBack, span.to - span.from + 32); }
// The first month of one that goes so far back.
Day look_back_from(const Period& span, Day look_back) {
  // Nothing is dated before 1900.
  return look_back > span.to - kFirstDate ? kAllRead : period_start(Grain::kMonth, span.to - look_back);
}

// Figures of one shard.
class ShardRatios {
 public:
  ShardRatios(const Question& question, const ShardReader& shard)
      : shard_(shard), grouping_(Grouping::of(question)), span_(Period::of(question)), aged_on_(aged_on(question)) {}

  static Day aged_on(const Question& question) { return question.arguments.date("aged_on").value_or(question.as_of); }

  RatioPart balances() const {
    GroupedSums<RatioSums> opening;
    shard_.receivables(span_.from - 1, grouping_, grouping_.detail(),
                       [&](const ReceivableRow& row, const GroupCursor& group) {
                         if (row.measure != Measure::kLedgerInvoices) return;
                         opening.at(group, Currency::from_number(row.currency)).opening += row.amount();
                       });
    struct Closing {
      RatioSums sums;
      std::map<AccountNumber, Int128> debtors;
    };
    GroupedSums<Closing> closing;
    shard_.receivables(span_.to, grouping_, Detail::kAccounts, [&](const ReceivableRow& row, const GroupCursor& group) {
      if (row.measure != Measure::kLedgerInvoices && row.measure != Measure::kOpen) return;
      auto& [sums, debtors] = closing.at(group, Currency::from_number(row.currency));
      if (row.measure == Measure::kLedgerInvoices) {
        sums.closing += row.amount();
        return;
      }
      const std::int64_t age = static_cast<std::int64_t>(aged_on_) - row.day2;
      sums.gross_open += row.amount();
      if (age <= 0) sums.not_due += row.amount();
      if (age >= kLongOverdue) sums.over_90 += row.amount();
      const auto [debtor, is_new] = debtors.try_emplace(row.customer, 0);
      if (is_new) take_memory(kNodeBytes);
      debtor->second += row.amount();
    });
    RatioPart part{opening.take()};
    for (auto& [at, one] : closing.take()) {
      std::vector<Int128> amounts;
      for (const auto& [debtor, amount] : one.debtors) amounts.push_back(amount);
      one.sums.add_largest(std::move(amounts));
      part.rows[at] += std::move(one.sums);
    }
    return part;
  }

  RatioPart ledger(const LookBack& days) const {
    GroupedSums<RatioSums> sums;
    for_each_ledger_cell(shard_, {.from = std::max(days.from, kFirstFigureDay), .to = days.to}, grouping_,
                         [&](const LedgerCell& cell, const GroupCursor& group) {
                           add(sums.at(group, Currency::from_number(cell.id.currency)), cell);
                         });
    return {sums.take()};
  }

 private:
  void add(RatioSums& sums, const LedgerCell& cell) const {
    const bool in_span = span_.holds(cell.id.day);
    switch (cell.id.measure) {
      case Measure::kLedgerInvoices:
      case Measure::kLedgerCreditNotes:
      case Measure::kLedgerVoids: {
        const Day month = period_start(Grain::kMonth, cell.id.day);
        if (in_span) sums.sales += cell.value.amount;
        sums.months[month] += cell.value.amount;
        if (cell.id.measure == Measure::kLedgerInvoices) sums.first_invoice = std::min(sums.first_invoice, month);
        return;
      }
      case Measure::kLedgerCash:
      case Measure::kLedgerReversals:
      case Measure::kLedgerRefunds:
        if (in_span) sums.collected -= cell.value.amount;
        return;
      case Measure::kSettled:
        if (!in_span || cell.id.counts_from > span_.to) return;
        sums.settled += cell.value.amount;
        sums.settled_days += cell.value.quantity;
        return;
      default: return;
    }
  }

  const ShardReader& shard_;
  const Grouping grouping_;
  const Period span_;
  const Day aged_on_;
};

class Ratios final : public ReportOf<RatioPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      const auto with_inputs = [](std::string name, std::vector<Field> inputs) {
        inputs.insert(inputs.begin(), ratio("value").or_null());
        return object(std::move(name), std::move(inputs));
      };
      Description of{
          .name = "ratios",
          .path = "/v1/receivables/ratios",
          .meaning = "Days sales outstanding and its kin, each with its inputs.",
          .parameters = {parameters::from(), parameters::to(), parameters::aged_on()},
          .rows_name = "rows",
          .row = {text("group"), text("currency"),
                  with_inputs("dso", {amount("closing_balance"), amount("sales"), integer("days")}),
                  with_inputs("countback_dso", {boolean("more_than"), amount("closing_balance")}),
                  with_inputs("best_possible_dso", {amount("not_due"), amount("sales"), integer("days")}),
                  with_inputs("average_days_delinquent", {amount("overdue"), amount("sales"), integer("days")}),
                  with_inputs("collection_effectiveness",
                              {amount("opening"), amount("sales"), amount("closing"), amount("closing_not_due")}),
                  with_inputs("collection_rate", {amount("collected"), amount("sales")}),
                  with_inputs("days_to_pay", {amount("settled")}),
                  with_inputs("share_over_90", {amount("over_90"), amount("gross_open")}),
                  with_inputs("share_top_10", {amount("top_10"), amount("gross_open")}), customer_name_of_group()},
          .head = {date("from"), date("to"), date("aged_on"), text("group_by")}};
      std::ranges::move(parameters::receivables_grouping("none"), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override {
    Period::settle_as_of(question);
    Grouping::check(question);
  }

 protected:
  RatioPart part_of(const Question& question, const ShardReader& shard) const override {
    const ShardRatios ratios(question, shard);
    if (const auto further = query::decode<LookBack>(question.enclosed)) return ratios.ledger(*further);
    const Period span = Period::of(question);
    RatioPart part = ratios.balances();
    part.add(ratios.ledger({look_back_from(span, first_look_back(span)), span.to}));
    return part;
  }

  Answer answer_of(const Question& question, RatioPart whole, Asker& asker) const override {
    const Period span = Period::of(question);
    const auto countbacks = count_back_all(question, whole, asker);
    const std::int64_t days = span.to - span.from + 1;
    Answer answer;
    answer.rows = Rows(question.page);
    answer.head.add("from", Value::date(span.from));
    answer.head.add("to", Value::date(span.to));
    answer.head.add("aged_on", Value::date(ShardRatios::aged_on(question)));
    answer.head.add("group_by", Value::text(question.arguments.choice("group_by")));
    for (const auto& [at, sums] : whole.rows) {
      const auto& [group, currency] = at;
      if (sums.is_zero()) continue;
      answer.rows.add(sort_key({group, currency.code()}), [&] {
        Row row;
        row.add("group", Value::text(group));
        sums.write(row, currency, days, countbacks.at(at));
        return row;
      });
    }
    return answer;
  }

 private:
  // Of every row; reads on as far back as one needs.
  std::map<std::pair<std::string, Currency>, Countback> count_back_all(const Question& question, RatioPart& whole,
                                                                       Asker& asker) const {
    const Period span = Period::of(question);
    std::map<std::pair<std::string, Currency>, Countback> done;
    Day look_back = first_look_back(span);
    Day from = look_back_from(span, look_back);
    while (true) {
      for (const auto& [at, sums] : whole.rows) {
        if (done.contains(at)) continue;
        const auto counted = count_back(sums.closing, sums.months, span.to, sums.first_invoice, from);
        if (counted) done.emplace(at, *counted);
      }
      if (done.size() == whole.rows.size()) return done;
      look_back *= 2;
      const LookBack before{look_back_from(span, look_back), from - 1};
      Question further = question;
      further.enclosed = query::encode(before);
      whole.add(taken(asker.gather(*this, further)));
      from = before.from;
    }
  }
};

}  // namespace

const Report& ratios_report() {
  static const Ratios report;
  return report;
}

}  // namespace daybook::query
