// Receivables by age: sums over two-date cells, with the proof against the ledger.
#include "query/reports/ageing.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/reports.h"
#include "query/shard_reader.h"

namespace daybook::query {
namespace {

using domain::Measure;

// Limits 30, 60 … as buckets "1-30", "31-60", … and "61+".
struct Buckets {
  std::vector<Day> limits;

  std::vector<std::string> labels() const {
    std::vector<std::string> labels;
    Day from = 1;
    for (const Day limit : limits) {
      labels.push_back(fmt::format("{}-{}", from, limit));
      from = limit + 1;
    }
    labels.push_back(fmt::format("{}+", from));
    return labels;
  }

  // Bucket of an age above 0.
  std::size_t of(std::int64_t days) const {
    return static_cast<std::size_t>(std::ranges::lower_bound(limits, days) - limits.begin());
  }
};

Buckets default_buckets() { return {{30, 60, 90, 120}}; }

struct AgeingSums {
  Int128 not_due = 0;
  std::vector<Int128> buckets;
  Int128 gross_open = 0;
  Int128 disputed = 0;
  Int128 unapplied_cash = 0;
  Int128 open_credits = 0;
  Int128 items = 0;
  Int128 ledger_balance = 0;

  AgeingSums() = default;
  explicit AgeingSums(const Buckets& of) : buckets(of.limits.size() + 1) {}

  Int128 balance() const { return gross_open - unapplied_cash - open_credits; }
  bool is_zero() const {
    return not_due == 0 && gross_open == 0 && disputed == 0 && unapplied_cash == 0 && open_credits == 0 && items == 0 &&
           ledger_balance == 0 && std::ranges::all_of(buckets, [](Int128 bucket) { return bucket == 0; });
  }

  AgeingSums& operator+=(const AgeingSums& other) {
    not_due += other.not_due;
    buckets.resize(std::max(buckets.size(), other.buckets.size()));
    for (std::size_t i = 0; i < other.buckets.size(); ++i) buckets[i] += other.buckets[i];
    gross_open += other.gross_open;
    disputed += other.disputed;
    unapplied_cash += other.unapplied_cash;
    open_credits += other.open_credits;
    items += other.items;
    ledger_balance += other.ledger_balance;
    return *this;
  }

  void write_columns(Row& row, Currency currency, const std::vector<std::string>& labels) const {
    row.add("not_due", Value::amount(not_due, currency));
    std::vector<std::pair<std::string, Value>> parts;
    for (std::size_t i = 0; i < labels.size(); ++i) parts.emplace_back(labels[i], Value::amount(buckets[i], currency));
    row.add("buckets", Value::labelled(std::move(parts)));
    row.add("gross_open", Value::amount(gross_open, currency));
    row.add("disputed", Value::amount(disputed, currency));
    row.add("gross_open_undisputed", Value::amount(gross_open - disputed, currency));
    row.add("unapplied_cash", Value::amount(unapplied_cash, currency));
    row.add("open_credits", Value::amount(open_credits, currency));
    row.add("balance", Value::amount(balance(), currency));
    row.add("items", Value::integer(items));
  }
  void write(Row& row, Currency currency, const std::vector<std::string>& labels) const {
    write_columns(row, currency, labels);
    Row proof;
    proof.add("ledger_balance", Value::amount(ledger_balance, currency));
    proof.add("difference", Value::amount(balance() - ledger_balance, currency));
    row.add("proof", Value::object(std::move(proof)));
  }

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(not_due, buckets, gross_open, disputed, unapplied_cash, open_credits, items, ledger_balance);
  }
};

// Into which column a row goes.
struct Ageing {
  Day aged_on = 0;
  bool by_due_date = true;
  Buckets buckets;

  static Ageing of(const Question& question) {
    const Arguments& given = question.arguments;
    return {.aged_on = given.date("aged_on").value_or(question.as_of),
            .by_due_date = given.choice("basis") == "due_date",
            .buckets = {given.days("buckets")}};
  }

  void add(AgeingSums& sums, const ReceivableRow& row) const {
    switch (row.measure) {
      case Measure::kOpen: {
        const std::int64_t age = static_cast<std::int64_t>(aged_on) - (by_due_date ? row.day2 : row.day);
        (age <= 0 ? sums.not_due : sums.buckets[buckets.of(age)]) += row.amount();
        sums.gross_open += row.amount();
        sums.items += row.quantity;
        return;
      }
      case Measure::kDisputed:
        sums.disputed += row.amount();
        return;
      case Measure::kUnapplied:
        sums.unapplied_cash += row.amount();
        sums.items += row.quantity;
        return;
      case Measure::kOpenCredits:
        sums.open_credits += row.amount();
        sums.items += row.quantity;
        return;
      default:
        sums.ledger_balance += row.amount();
    }
  }
};

Row total_row(const AgeingSums& sums, Currency currency, const std::vector<std::string>& labels) {
  Row row;
  row.add("currency", Value::text(currency.code()));
  sums.write(row, currency, labels);
  return row;
}

// Totals of all currencies in one, each column of each currency converted by itself.
Row base_totals(const std::map<Currency, AgeingSums>& totals, Currency base, Day as_of, const RateTable& rates,
                const Buckets& buckets) {
  AgeingSums sums(buckets);
  std::vector<Currency> unconverted;
  for (const auto& [currency, total] : totals) {
    if (total.is_zero()) continue;
    if (!rates.on(as_of, currency, base)) {
      unconverted.push_back(currency);
      continue;
    }
    const auto convert = [&](Int128 minor) { return *rates.convert(minor, currency, base, as_of); };
    AgeingSums converted = total;
    converted.not_due = convert(total.not_due);
    converted.gross_open = converted.not_due;
    for (Int128& bucket : converted.buckets) converted.gross_open += bucket = convert(bucket);
    converted.disputed = convert(total.disputed);
    converted.unapplied_cash = convert(total.unapplied_cash);
    converted.open_credits = convert(total.open_credits);
    sums += converted;
  }
  Row row;
  row.add("currency", Value::text(base.code()));
  sums.write_columns(row, base, buckets.labels());
  row.add("unconverted", Value::list_of_texts(unconverted, &Currency::code));
  return row;
}

struct AgeingPart {
  std::map<std::pair<std::string, Currency>, AgeingSums> rows;

  void add(AgeingPart other) {
    rows.merge(other.rows);
    for (const auto& [at, sums] : other.rows) rows[at] += sums;
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows);
  }
};

std::vector<Field> column_fields() {
  using namespace fields;
  return {text("currency"),
          amount("not_due"),
          list_of(amount("buckets")),
          amount("gross_open"),
          amount("disputed"),
          amount("gross_open_undisputed"),
          amount("unapplied_cash"),
          amount("open_credits"),
          amount("balance"),
          integer("items")};
}

class AgeingReport final : public ReportOf<AgeingPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{.name = "ageing",
                     .path = "/v1/receivables/ageing",
                     .meaning = "Who owes what and how late, with the proof against the ledger.",
                     .parameters = {parameters::aged_on(),
                                    parameters::basis(),
                                    {"buckets", Parameter::Type::kRisingDays, "Days that end each bucket, rising.", false,
                                     "30,60,90,120"},
                                    {"base_currency", Parameter::Type::kCurrency,
                                     "Adds totals of all currencies in this one, at the last rates on or before as_of."}},
                     .rows_name = "rows",
                     .row = {text("group")},
                     .head = {date("aged_on"), text("basis"), text("group_by"), list_of(text("buckets"))}};
      std::ranges::move(parameters::receivables_grouping("customer"), std::back_inserter(of.parameters));
      std::ranges::copy(ageing_fields(), std::back_inserter(of.row));
      of.row.push_back(customer_name_of_group());
      std::vector<Field> base = column_fields();
      base.push_back(list_of(text("unconverted")));
      of.tail = {list("totals", ageing_fields()), object("base_totals", std::move(base)).where_asked()};
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override { Grouping::check(question); }

  std::optional<RatesWanted> rates(const Question& question) const override {
    if (!question.arguments.currency("base_currency")) return std::nullopt;
    return RatesWanted{question.as_of, question.as_of};
  }

 protected:
  AgeingPart part_of(const Question& question, const ShardReader& shard) const override {
    const Grouping grouping = Grouping::of(question);
    const Ageing ageing = Ageing::of(question);
    GroupedSums<AgeingSums> sums{AgeingSums(ageing.buckets)};
    // Totals do not know issue dates.
    shard.receivables(question.as_of, grouping, ageing.by_due_date ? grouping.detail() : Detail::kAccounts,
                      [&](const ReceivableRow& row, const GroupCursor& group) {
                        ageing.add(sums.at(group, Currency::from_number(row.currency)), row);
                      });
    return {sums.take()};
  }

  Answer answer_of(const Question& question, AgeingPart whole, Asker&) const override {
    const Ageing ageing = Ageing::of(question);
    const std::vector<std::string> labels = ageing.buckets.labels();
    const auto make_row = [&](const std::string& group, Currency currency, const AgeingSums& sums) {
      Row row;
      row.add("group", Value::text(group));
      row.add("currency", Value::text(currency.code()));
      sums.write(row, currency, labels);
      return row;
    };
    Answer answer;
    answer.rows = Rows(question.page);
    answer.columns = column_names(make_row("", {}, AgeingSums(ageing.buckets)));
    answer.head.add("aged_on", Value::date(ageing.aged_on));
    answer.head.add("basis", Value::text(question.arguments.choice("basis")));
    answer.head.add("group_by", Value::text(question.arguments.choice("group_by")));
    answer.head.add("buckets", Value::list_of_texts(labels));
    std::map<Currency, AgeingSums> totals;
    for (const auto& [at, sums] : whole.rows) {
      const auto& [group, currency] = at;
      totals.try_emplace(currency, ageing.buckets).first->second += sums;
      if (sums.is_zero()) continue;
      answer.rows.add(sort_key({group, currency.code()}), [&] { return make_row(group, currency, sums); });
    }
    std::vector<Row> total_rows;
    for (const auto& [currency, sums] : totals) {
      if (!sums.is_zero()) total_rows.push_back(total_row(sums, currency, labels));
    }
    answer.tail.add("totals", Value::list_of_rows(std::move(total_rows)));
    if (const auto base = question.arguments.currency("base_currency")) {
      answer.tail.add("base_totals", Value::object(base_totals(totals, *base, question.as_of, question.rates, ageing.buckets)));
    }
    return answer;
  }
};

}  // namespace

const std::vector<Field>& ageing_fields() {
  static const std::vector<Field> all = [] {
    std::vector<Field> of = column_fields();
    of.push_back(fields::object("proof", {fields::amount("ledger_balance"), fields::amount("difference")}));
    return of;
  }();
  return all;
}

std::map<Currency, Row> account_ageing(const ShardReader& shard, AccountNumber account, Day as_of) {
  const Ageing ageing{.aged_on = as_of, .by_due_date = true, .buckets = default_buckets()};
  std::map<Currency, AgeingSums> sums;
  shard.receivables_of(account, as_of, [&](const ReceivableRow& row) {
    ageing.add(sums.try_emplace(Currency::from_number(row.currency), ageing.buckets).first->second, row);
  });
  std::map<Currency, Row> rows;
  for (const auto& [currency, row] : sums) {
    if (!row.is_zero()) rows[currency] = total_row(row, currency, ageing.buckets.labels());
  }
  return rows;
}

Row empty_ageing(Currency currency) {
  return total_row(AgeingSums(default_buckets()), currency, default_buckets().labels());
}

const Report& ageing_report() {
  static const AgeingReport report;
  return report;
}

}  // namespace daybook::query
