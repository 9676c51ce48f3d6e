// Receivables by age: sums over two-date cells, with the proof against the ledger.
#include "query/reports/ageing.h"

#include <fmt/format.h>

#include <algorithm>

#include "query/reports.h"
#include "query/shard_reader.h"

namespace daybook::query {

using domain::Measure;

std::vector<std::string> Buckets::labels() const {
  std::vector<std::string> labels;
  Day from = 1;
  for (const Day limit : limits) {
    labels.push_back(fmt::format("{}-{}", from, limit));
    from = limit + 1;
  }
  labels.push_back(fmt::format("{}+", from));
  return labels;
}

bool AgeingSums::is_zero() const {
  return not_due == 0 && gross_open == 0 && disputed == 0 && unapplied_cash == 0 && open_credits == 0 && items == 0 &&
         ledger_balance == 0 && std::ranges::all_of(buckets, [](Int128 bucket) { return bucket == 0; });
}

AgeingSums& AgeingSums::operator+=(const AgeingSums& other) {
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

void AgeingSums::write_columns(Row& row, Currency currency, const std::vector<std::string>& labels) const {
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

void AgeingSums::write(Row& row, Currency currency, const std::vector<std::string>& labels) const {
  write_columns(row, currency, labels);
  Row proof;
  proof.add("ledger_balance", Value::amount(ledger_balance, currency));
  proof.add("difference", Value::amount(balance() - ledger_balance, currency));
  row.add("proof", Value::object(std::move(proof)));
}

Ageing Ageing::of(const Question& question, Day as_of) {
  const Arguments& given = question.arguments;
  return {.aged_on = given.date("aged_on").value_or(as_of),
          .by_due_date = given.choice("basis") == "due_date",
          .buckets = {given.days("buckets")}};
}

void Ageing::add(AgeingSums& sums, const ReceivableRow& row) const {
  switch (row.measure) {
    case Measure::kOpen: {
      const std::int64_t age = static_cast<std::int64_t>(aged_on) - (by_due_date ? row.day2 : row.day);
      (age <= 0 ? sums.not_due : sums.buckets[buckets.of(age)]) += row.amount();
      sums.gross_open += row.amount();
      sums.items += row.quantity;
      return;
    }
    case Measure::kDisputed: sums.disputed += row.amount(); return;
    case Measure::kUnapplied:
      sums.unapplied_cash += row.amount();
      sums.items += row.quantity;
      return;
    case Measure::kOpenCredits:
      sums.open_credits += row.amount();
      sums.items += row.quantity;
      return;
    default: sums.ledger_balance += row.amount();
  }
}

namespace {

Buckets default_buckets() { return {{30, 60, 90, 120}}; }

Row total_row(Row row, const AgeingSums& sums, Currency currency, const std::vector<std::string>& labels) {
  row.add("currency", Value::text(currency.code()));
  sums.write(row, currency, labels);
  return row;
}

Row group_row(Row row, const std::string& group, const AgeingSums& sums, Currency currency,
              const std::vector<std::string>& labels) {
  row.add("group", Value::text(group));
  return total_row(std::move(row), sums, currency, labels);
}

// Totals of all currencies in one, each column of each currency converted by itself.
Row base_totals(Row row, const std::map<Currency, AgeingSums>& totals, Currency base, Day as_of, const RateTable& rates,
                const Buckets& buckets) {
  AgeingSums sums(buckets);
  std::vector<Currency> unconverted;
  for (const auto& [currency, total] : totals) {
    if (total.is_zero()) continue;
    if (!rates.on(as_of, currency, base)) {
      unconverted.push_back(currency);
      continue;
    }
    // Whatever is owed, at whatever rate: it would take 10^7 invoices of the largest amount to need more.
    const auto convert = [&](Int128 minor) {
      return static_cast<Int128>(*rates.convert(minor, currency, base, as_of));
    };
    AgeingSums converted = total;
    converted.not_due = convert(total.not_due);
    converted.gross_open = converted.not_due;
    for (Int128& bucket : converted.buckets) converted.gross_open += bucket = convert(bucket);
    converted.disputed = convert(total.disputed);
    converted.unapplied_cash = convert(total.unapplied_cash);
    converted.open_credits = convert(total.open_credits);
    sums += converted;
  }
  row.add("currency", Value::text(base.code()));
  sums.write_columns(row, base, buckets.labels());
  row.add("unconverted", Value::list_of_texts(unconverted, &Currency::code));
  return row;
}

std::vector<Field> column_fields() {
  using namespace fields;
  return {text("currency"),         amount("not_due"),      list_of(amount("buckets")),
          amount("gross_open"),     amount("disputed"),     amount("gross_open_undisputed"),
          amount("unapplied_cash"), amount("open_credits"), amount("balance"),
          integer("items")};
}

class AgeingReport final : public ReportOf<AgeingPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{
          .name = "ageing",
          .path = "/v1/receivables/ageing",
          .meaning = "Who owes what and how late, with the proof against the ledger.",
          .parameters = {parameters::aged_on()},
          .rows_name = "rows",
          .row = {text("group")},
          .head = {date("aged_on"), text("basis"), text("credits"), text("group_by"), list_of(text("buckets"))}};
      std::ranges::move(ageing_parameters("customer"), std::back_inserter(of.parameters));
      std::ranges::copy(ageing_fields(), std::back_inserter(of.row));
      of.row.push_back(customer_name_of_group());
      of.tail = {list("totals", ageing_fields()), object("base_totals", base_total_fields()).where_asked()};
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
    const Ageing ageing = Ageing::of(question, question.as_of);
    GroupedSums<AgeingSums> sums{AgeingSums(ageing.buckets)};
    shard.receivables(question.as_of, grouping, ageing.detail(grouping),
                      [&](const ReceivableRow& row, const GroupCursor& group) {
                        ageing.add(sums.at(group, Currency::from_number(row.currency)), row);
                      });
    return {sums.take()};
  }

  Answer answer_of(const Question& question, AgeingPart whole, Asker&) const override {
    const Ageing ageing = Ageing::of(question, question.as_of);
    Answer answer;
    answer.rows = Rows(question.page);
    answer.columns = ageing_columns({}, ageing.buckets);
    answer.head.add("aged_on", Value::date(ageing.aged_on));
    write_ageing_head(question, answer.head);
    AgeingTotals totals;
    write_ageing(question, question.as_of, whole, {}, {}, answer.rows, totals);
    answer.tail.add("totals", Value::list_of_rows(std::move(totals.by_currency)));
    if (totals.in_base) answer.tail.add("base_totals", Value::object(*std::move(totals.in_base)));
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

const std::vector<Field>& base_total_fields() {
  static const std::vector<Field> all = [] {
    std::vector<Field> of = column_fields();
    of.push_back(fields::list_of(fields::text("unconverted")));
    return of;
  }();
  return all;
}

std::vector<Parameter> ageing_parameters(std::string group_by) {
  std::vector<Parameter> all = {
      parameters::basis(),
      {"buckets", Parameter::Type::kRisingDays, "Days that end each bucket, rising.", false, "30,60,90,120"},
      {"base_currency", Parameter::Type::kCurrency,
       "Adds totals of all currencies in this one, at the last rates on or before as_of."},
      parameters::credits()};
  std::ranges::move(parameters::receivables_grouping(std::move(group_by)), std::back_inserter(all));
  return all;
}

void write_ageing_head(const Question& question, Row& head) {
  head.add("basis", Value::text(question.arguments.choice("basis")));
  head.add("credits", Value::text(question.arguments.choice("credits")));
  head.add("group_by", Value::text(question.arguments.choice("group_by")));
  head.add("buckets", Value::list_of_texts(Buckets{question.arguments.days("buckets")}.labels()));
}

std::vector<std::string> ageing_columns(const Row& front, const Buckets& buckets) {
  return column_names(group_row(front, "", AgeingSums(buckets), {}, buckets.labels()));
}

void write_ageing(const Question& question, Day as_of, const AgeingPart& part, const std::string& key, const Row& front,
                  Rows& rows, AgeingTotals& to) {
  const Buckets buckets{question.arguments.days("buckets")};
  const std::vector<std::string> labels = buckets.labels();
  std::map<Currency, AgeingSums> totals;
  for (const auto& [at, sums] : part.rows) {
    const auto& [group, currency] = at;
    totals.try_emplace(currency, buckets).first->second += sums;
    if (sums.is_zero()) continue;
    rows.add(key + sort_key({group, currency.code()}), [&] { return group_row(front, group, sums, currency, labels); });
  }
  for (const auto& [currency, sums] : totals) {
    if (!sums.is_zero()) to.by_currency.push_back(total_row(front, sums, currency, labels));
  }
  if (const auto base = question.arguments.currency("base_currency")) {
    to.in_base = base_totals(front, totals, *base, as_of, question.rates, buckets);
  }
}

std::map<Currency, Row> account_ageing(const ShardReader& shard, AccountNumber account, Day as_of) {
  const Ageing ageing{.aged_on = as_of, .by_due_date = true, .buckets = default_buckets()};
  std::map<Currency, AgeingSums> sums;
  shard.receivables_of(account, as_of, [&](const ReceivableRow& row) {
    ageing.add(sums.try_emplace(Currency::from_number(row.currency), ageing.buckets).first->second, row);
  });
  std::map<Currency, Row> rows;
  for (const auto& [currency, row] : sums) {
    if (!row.is_zero()) rows[currency] = total_row({}, row, currency, ageing.buckets.labels());
  }
  return rows;
}

Row empty_ageing(Currency currency) {
  return total_row({}, AgeingSums(default_buckets()), currency, default_buckets().labels());
}

const Report& ageing_report() {
  static const AgeingReport report;
  return report;
}

}  // namespace daybook::query
