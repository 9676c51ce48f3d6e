// Entries of the ledger, each with the event behind it.
#include <algorithm>

#include "query/ledger_reader.h"
#include "query/period.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

class EntriesReport final : public RowsReport {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{
          .name = "entries",
          .path = "/v1/receivables/entries",
          .meaning = "Entries of the ledger, each with the event behind it.",
          .parameters = {parameters::from(), parameters::to(),
                         parameters::choice("type", {kLedgerColumnNames.begin(), kLedgerColumnNames.end()}, {},
                                            "Of this column of the bridge.")},
          .rows_name = "entries",
          .row = {text("customer_id"), text("currency"), text("document_id"), text("type"), date("effective_date"),
                  amount("amount"), text("region").or_null(), text("sales_rep").or_null(), event(), customer_name()}};
      std::ranges::move(parameters::receivables_filters(), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override { Period::settle_as_of(question); }

  // Of an earlier knowledge all accounts are evaluated for each.
  bool goes_in_rounds(const Question& question) const override { return !question.known_at_ms; }

 protected:
  RowsPart part_of(const Question& question, const ShardReader& shard) const override {
    std::optional<domain::Measure> type;
    if (const auto given = question.arguments.text("type")) {
      const auto column = std::ranges::find(kLedgerColumnNames, *given) - kLedgerColumnNames.begin();
      type = ledger_measure(static_cast<std::size_t>(column));
    }
    RowsPart part{Rows(question.page)};
    for_each_posting(shard, Grouping::of(question), Period::of(question), type, part.rows,
                     [&](const Posting& posting, AccountReader& account) {
                       part.rows.add(posting_key(shard.partition(), posting),
                                     [&] { return row_of(posting, account, shard); });
                     });
    return part;
  }

 private:
  static Row row_of(const Posting& posting, const AccountReader& account, const ShardReader& shard) {
    const domain::LedgerEntry& entry = posting.entry;
    Row row = Row::with_room(entries_report().description().row.size());
    row.add("customer_id", Value::text(account.name()));
    row.add("currency", Value::text(entry.currency.code()));
    row.add("document_id", Value::text(entry.document_id));
    row.add("type", Value::text(kLedgerColumnNames[ledger_column(entry.measure)]));
    row.add("effective_date", Value::date(entry.day));
    row.add("amount", Value::amount(entry.amount, entry.currency));
    row.add("region", text_or_null(posting.region));
    row.add("sales_rep", text_or_null(posting.sales_rep));
    row.add("event", Value::object(shard.event_row(*entry.fact)));
    return row;
  }
};

}  // namespace

const Report& entries_report() {
  static const EntriesReport report;
  return report;
}

}  // namespace daybook::query
