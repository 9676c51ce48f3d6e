// From the opening to the closing balance of a span, with the proof against what is open.
#include <algorithm>

#include "query/ledger_reader.h"
#include "query/period.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

using domain::Measure;

struct BridgeSums {
  Int128 opening = 0;
  std::array<Int128, kLedgerColumns> columns{};
  // By what is open, against which the closing is proved.
  Int128 balance = 0;

  Int128 closing() const {
    Int128 sum = opening;
    for (const Int128 column : columns) sum += column;
    return sum;
  }
  bool is_zero() const {
    return opening == 0 && balance == 0 && std::ranges::all_of(columns, [](Int128 column) { return column == 0; });
  }
  BridgeSums& operator+=(const BridgeSums& other) {
    opening += other.opening;
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i] += other.columns[i];
    balance += other.balance;
    return *this;
  }
  void write(Row& row, Currency currency) const {
    row.add("currency", Value::text(currency.code()));
    row.add("opening", Value::amount(opening, currency));
    for (std::size_t i = 0; i < columns.size(); ++i) {
      row.add(std::string(kLedgerColumnNames[i]), Value::amount(columns[i], currency));
    }
    row.add("closing", Value::amount(closing(), currency));
    Row proof;
    proof.add("open_balance", Value::amount(balance, currency));
    proof.add("difference", Value::amount(balance - closing(), currency));
    row.add("proof", Value::object(std::move(proof)));
  }

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(opening, columns, balance);
  }
};

std::vector<Field> bridge_fields() {
  using namespace fields;
  std::vector<Field> all = {text("currency"), amount("opening")};
  for (const std::string_view name : kLedgerColumnNames) all.push_back(amount(std::string(name)));
  all.push_back(amount("closing"));
  all.push_back(object("proof", {amount("open_balance"), amount("difference")}));
  return all;
}

struct BridgePart {
  std::map<std::pair<std::string, Currency>, BridgeSums> rows;

  void add(BridgePart other) {
    for (auto& [at, sums] : other.rows) rows[at] += sums;
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows);
  }
};

class Bridge final : public ReportOf<BridgePart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{.name = "bridge",
                     .path = "/v1/receivables/bridge",
                     .meaning = "From the opening to the closing balance, with the proof against what is open.",
                     .parameters = {parameters::from(), parameters::to()},
                     .rows_name = "rows",
                     .row = {text("group")},
                     .head = {date("from"), date("to"), text("group_by")},
                     .tail = {list("totals", bridge_fields())}};
      std::ranges::move(parameters::receivables_grouping("none"), std::back_inserter(of.parameters));
      std::ranges::move(bridge_fields(), std::back_inserter(of.row));
      of.row.push_back(customer_name_of_group());
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override {
    Period::settle_as_of(question);
    Grouping::check(question);
  }

 protected:
  BridgePart part_of(const Question& question, const ShardReader& shard) const override {
    const Period span = Period::of(question);
    const Grouping grouping = Grouping::of(question);
    // Of each pass its own: they go through the groups anew.
    GroupedSums<BridgeSums> opening;
    const Detail detail = grouping.detail();
    shard.receivables(span.from - 1, grouping, detail, [&](const ReceivableRow& row, const GroupCursor& group) {
      if (row.measure != Measure::kLedgerInvoices) return;
      opening.at(group, Currency::from_number(row.currency)).opening += row.amount();
    });
    GroupedSums<BridgeSums> open;
    shard.receivables(span.to, grouping, detail, [&](const ReceivableRow& row, const GroupCursor& group) {
      const Int128 part = balance_part(row.measure, row.amount());
      if (part != 0) open.at(group, Currency::from_number(row.currency)).balance += part;
    });
    GroupedSums<BridgeSums> posted;
    shard.ledger(span, grouping, [&](const LedgerCell& cell, const GroupCursor& group) {
      BridgeSums& sums = posted.at(group, Currency::from_number(cell.id.currency));
      sums.columns[ledger_column(cell.id.measure)] += cell.value.amount;
    });
    BridgePart part{opening.take()};
    part.add({open.take()});
    part.add({posted.take()});
    return part;
  }

  Answer answer_of(const Question& question, BridgePart whole, Asker&) const override {
    const Period span = Period::of(question);
    Answer answer;
    answer.rows = Rows(question.page);
    answer.head.add("from", Value::date(span.from));
    answer.head.add("to", Value::date(span.to));
    answer.head.add("group_by", Value::text(question.arguments.choice("group_by")));
    std::map<Currency, BridgeSums> totals;
    for (const auto& [at, sums] : whole.rows) {
      const auto& [group, currency] = at;
      totals[currency] += sums;
      if (sums.is_zero()) continue;
      answer.rows.add(sort_key({group, currency.code()}), [&] {
        Row row;
        row.add("group", Value::text(group));
        sums.write(row, currency);
        return row;
      });
    }
    std::vector<Row> total_rows;
    for (const auto& [currency, sums] : totals) {
      if (!sums.is_zero()) sums.write(total_rows.emplace_back(), currency);
    }
    answer.tail.add("totals", Value::list_of_rows(std::move(total_rows)));
    return answer;
  }
};

}  // namespace

const Report& bridge_report() {
  static const Bridge report;
  return report;
}

}  // namespace daybook::query
