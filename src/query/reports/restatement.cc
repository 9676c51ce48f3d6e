// Entries that count at one knowledge and not at another.
#include <algorithm>

#include "query/reports.h"
#include "query/restatement_reader.h"

namespace daybook::query {
namespace {

// The two instants of recorded time, in milliseconds.
struct Knowledge {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;

  static Knowledge of(const Question& question) {
    const auto limited = [&](std::string_view name) {
      const std::int64_t ms = *question.arguments.instant_ms(name);
      // What is not known counts nowhere.
      return std::min(ms, question.known_at_ms.value_or(ms));
    };
    return {limited("known_from"), limited("known_to")};
  }
};

struct RestatementPart {
  Rows rows;
  std::map<Currency, Int128> balances_from;
  std::map<Currency, Int128> balances_to;

  void add(RestatementPart other) {
    rows.add_all(std::move(other.rows));
    for (const auto& [currency, balance] : other.balances_from) balances_from[currency] += balance;
    for (const auto& [currency, balance] : other.balances_to) balances_to[currency] += balance;
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows, balances_from, balances_to);
  }
};

class Restatement final : public ReportOf<RestatementPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      using Type = Parameter::Type;
      Description of{
          .name = "restatement",
          .path = "/v1/receivables/restatement",
          .meaning = "Entries that count at one knowledge and not at another.",
          .parameters = {{"known_from", Type::kInstant, "The earlier instant, or a date, which means its end.", true},
                         {"known_to", Type::kInstant, "The later one.", true}},
          .rows_name = "rows",
          .row = {text("customer_id"), text("currency"), text("document_id"), date("effective_date"), amount("amount"),
                  event(), customer_name()},
          .head = {instant("known_from"), instant("known_to")},
          .tail = {list("totals", {text("currency"), amount("balance_from"), amount("balance_to"), amount("change")})}};
      std::ranges::move(parameters::receivables_filters(), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override {
    const Knowledge knowledge = Knowledge::of(question);
    if (knowledge.from_ms > knowledge.to_ms) refuse_parameter("known_from", "is after known_to");
  }

  bool evaluates_anew() const override { return true; }

 protected:
  RestatementPart part_of(const Question& question, const ShardReader& shard) const override {
    const Knowledge knowledge = Knowledge::of(question);
    RestatementPart part{Rows(question.page), {}, {}};
    RestatedBalances balances = for_each_restated(
        shard, Grouping::of(question), question.as_of, knowledge.from_ms, knowledge.to_ms,
        [&](const Restated& restated, std::string_view customer) {
          std::string key = sortable(restated.fact->recorded_ms) + position_key(shard.partition(), restated.fact->at) +
                            restated.currency.code();
          part.rows.add(std::move(key), [&] {
            Row row;
            row.add("customer_id", Value::text(customer));
            row.add("currency", Value::text(restated.currency.code()));
            row.add("document_id", Value::text(restated.document_id));
            row.add("effective_date", Value::date(restated.day));
            row.add("amount", Value::amount(restated.amount, restated.currency));
            row.add("event", Value::object(shard.event_row(*restated.fact)));
            return row;
          });
        });
    part.balances_from = std::move(balances.from);
    part.balances_to = std::move(balances.to);
    return part;
  }

  Answer answer_of(const Question& question, RestatementPart whole, Asker&) const override {
    const Knowledge knowledge = Knowledge::of(question);
    Answer answer;
    answer.rows = std::move(whole.rows);
    answer.head.add("known_from", Value::instant_ms(knowledge.from_ms));
    answer.head.add("known_to", Value::instant_ms(knowledge.to_ms));
    for (const auto& [currency, balance] : whole.balances_from) whole.balances_to.try_emplace(currency, 0);
    std::vector<Row> totals;
    for (const auto& [currency, balance_to] : whole.balances_to) {
      const Int128 balance_from = whole.balances_from[currency];
      if (balance_to == 0 && balance_from == 0) continue;
      Row& row = totals.emplace_back();
      row.add("currency", Value::text(currency.code()));
      row.add("balance_from", Value::amount(balance_from, currency));
      row.add("balance_to", Value::amount(balance_to, currency));
      row.add("change", Value::amount(balance_to - balance_from, currency));
    }
    answer.tail.add("totals", Value::list_of_rows(std::move(totals)));
    return answer;
  }
};

}  // namespace

const Report& restatement_report() {
  static const Restatement report;
  return report;
}

}  // namespace daybook::query
