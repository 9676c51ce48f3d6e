// What to remind of: a proposal an account and currency, with its open undisputed items.
#include <algorithm>
#include <iterator>

#include "query/caller_notes.h"
#include "query/overdue.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

// Those that are not wholly disputed.
Value dunning_items(std::span<const OpenItem> items, Currency currency, Day aged_on) {
  std::vector<Row> rows;
  for (const OpenItem& item : items) {
    if (item.open <= item.disputed) continue;
    Row& one = rows.emplace_back();
    one.add("document_id", Value::text(item.document_id));
    one.add("instalment", Value::integer(item.instalment));
    one.add("due_date", Value::date(*item.due_date));
    one.add("days_overdue", Value::integer(aged_on - *item.due_date));
    one.add("amount", Value::amount(item.open - item.disputed, currency));
  }
  return Value::list_of_rows(std::move(rows));
}

class Dunning final : public ReportOf<RowsPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{
          .name = "dunning",
          .path = "/v1/receivables/dunning",
          .meaning = "What to remind of: a proposal an account and currency, with its open undisputed items.",
          .parameters = {parameters::aged_on(),
                         {"levels", Parameter::Type::kRisingDays, "Days overdue from which each level begins, rising.",
                          false, "1,15,30,60"},
                         parameters::minimum()},
          .rows_name = "rows",
          .row = {text("customer_id"), text("currency"), integer("level"), amount("amount"),
                  integer("oldest_days_overdue"),
                  list("items", {text("document_id"), integer("instalment"), date("due_date"), integer("days_overdue"),
                                 amount("amount")})},
          .head = {date("aged_on"), text("credits")}};
      std::ranges::move(caller_note_fields(), std::back_inserter(of.row));
      of.row.push_back(customer_name());
      of.parameters.push_back(parameters::credits());
      of.parameters.push_back(parameters::details());
      std::ranges::move(parameters::receivables_filters(), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override { check_credits(question); }

 protected:
  RowsPart part_of(const Question& question, const ShardReader& shard) const override {
    const Day aged_on = aged_on_of(question);
    const std::vector<Day> levels = question.arguments.days("levels");
    OverdueReader reader(shard);
    RowsPart part{Rows(question.page)};
    for (const Overdue& overdue : reader.find()) {
      const auto level = std::ranges::upper_bound(levels, overdue.oldest_undisputed) - levels.begin();
      if (level == 0) continue;
      part.rows.add(sort_key({overdue.customer_id, overdue.currency.code()}), [&] {
        AccountReader account = shard.account(overdue.account);
        Row row;
        row.add("customer_id", Value::text(overdue.customer_id));
        row.add("currency", Value::text(overdue.currency.code()));
        row.add("level", Value::integer(level));
        row.add("amount", Value::amount(overdue.open - overdue.disputed, overdue.currency));
        row.add("oldest_days_overdue", Value::integer(overdue.oldest_undisputed));
        row.add("items", dunning_items(reader.items(account, overdue.currency), overdue.currency, aged_on));
        if (asks_details(question)) {
          std::ranges::move(caller_notes(shard, account, overdue.currency, question.as_of).values,
                            std::back_inserter(row.values));
        }
        return row;
      });
    }
    return part;
  }

  Answer answer_of(const Question& question, RowsPart whole, Asker&) const override {
    Answer answer;
    answer.rows = std::move(whole.rows);
    answer.head.add("aged_on", Value::date(aged_on_of(question)));
    answer.head.add("credits", Value::text(question.arguments.choice("credits")));
    if (asks_details(question)) answer.columns = columns_with_notes(description());
    return answer;
  }
};

}  // namespace

const Report& dunning_report() {
  static const Dunning report;
  return report;
}

}  // namespace daybook::query
