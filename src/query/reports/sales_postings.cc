// What a cell of the sales is made of: what each record adds to it.
#include <algorithm>
#include <array>
#include <iterator>

#include "base/decimal.h"
#include "query/reports.h"
#include "query/sales_postings.h"

namespace daybook::query {
namespace {

struct SalesPostingsPart {
  Rows rows;
  SalesPostings::Totals totals;  // Over all pages, as the cell has them.

  void add(SalesPostingsPart other) {
    rows.add_all(std::move(other.rows));
    for (const auto& [currency, figures] : other.totals) {
      SalesFigures& sums = totals[currency];
      for (std::size_t i = 0; i < kSalesFigureCount; ++i) sums[i] += figures[i];
    }
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows, totals);
  }
};

// Only days of the period, if one is named.
SalesQuestion asked_of(const Question& question) {
  SalesQuestion asked = SalesQuestion::of(question);
  asked.period = Period::part_of(question);
  asked.only_row = asked.level != 0;
  const auto measure = measure_asked(question);
  asked.quantities = !measure || SalesPostings::quantity_beside(*measure);
  return asked;
}

// An amount, or the quantity beside one; a count is a quantity without an amount.
void write_measure(Row& row, std::size_t measure, const SalesFigures& figures, Currency currency) {
  row.add("currency", Value::text(currency.code()));
  const auto quantity = SalesPostings::quantity_beside(measure);
  if (is_amount(measure)) {
    row.add("amount", Value::amount(figures[measure], currency));
    row.add("quantity", quantity ? Value::quantity(figures[*quantity]) : Value());
  } else {
    row.add("amount", Value());
    row.add("quantity", Value::quantity(figures[measure] * Decimal{.digits = 1}.scaled(kQuantityPlaces)));
  }
}

Row posting_row(const SalesOfRecord& sales, std::size_t measure, const AccountReader& account,
                const ShardReader& shard) {
  Row row = Row::with_room(sales_postings_report().description().row.size());
  row.add("date", Value::date(sales.day));
  row.add("measure", Value::text(kSalesFigureNames[measure]));
  write_measure(row, measure, sales.figures, sales.currency);
  row.add("customer_id", Value::text(account.name()));
  row.add("document_id", Value::text(sales.document_id));
  row.add("sku", text_or_null(sales.sku));
  row.add("region", text_or_null(sales.region));
  row.add("sales_rep", text_or_null(sales.sales_rep));
  row.add("event", Value::object(shard.event_row(*sales.fact)));
  return row;
}

class SalesPostingsReport final : public ReportOf<SalesPostingsPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      const std::vector<Field> measured = {text("measure"), text("currency"), amount("amount").or_null(),
                                           quantity("quantity").or_null()};
      Description of{
          .name = "sales-postings",
          .path = "/v1/sales/postings",
          .meaning = "What a cell of the sales is made of: what each record adds to it.",
          .parameters = {parameters::from(),
                         parameters::to(),
                         parameters::sales_measure("This one alone."),
                         parameters::period("period", "Of these days only those of this period.", false),
                         {"level",
                          Parameter::Type::kInteger,
                          "With region: what stands in its row where paths are cut to so many parts, not all below it.",
                          false,
                          {},
                          {},
                          1,
                          6}},
          .rows_name = "postings",
          .row = {date("date")},
          .tail = {list("totals", measured)}};
      std::ranges::copy(measured, std::back_inserter(of.row));
      for (const char* name : {"customer_id", "document_id"}) of.row.push_back(text(name));
      for (const char* name : {"sku", "region", "sales_rep"}) of.row.push_back(text(name).or_null());
      of.row.push_back(event());
      of.row.push_back(customer_name());
      std::ranges::move(parameters::sales_filters(), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override {
    Period::check(question);
    period_named(question, "period");
    if (question.arguments.integer("level") && !question.filters().region) refuse_parameter("level", "needs region");
  }

  // Of an earlier knowledge all accounts are evaluated for each.
  bool goes_in_rounds(const Question& question) const override { return !question.known_at_ms; }

 protected:
  SalesPostingsPart part_of(const Question& question, const ShardReader& shard) const override {
    SalesPostingsPart part{Rows(question.page), {}};
    const SalesQuestion asked = asked_of(question);
    if (asked.period.to < asked.period.from) return part;
    const SalesPostings postings(shard, asked, measure_asked(question));
    part.totals = postings.for_each(part.rows, [&](const SalesOfRecord& sales, AccountReader& account) {
      const std::string key = SalesPostings::key(sales.day, shard.partition(), sales.fact->at);
      const std::string behind = sort_key({sales.currency.code(), sales.sku, sales.region, sales.sales_rep});
      for (std::size_t i = 0; i < kSalesMeasureCount; ++i) {
        if (!postings.shows(i, sales.figures)) continue;
        part.rows.add(key + sortable(static_cast<std::int64_t>(i)) + behind,
                      [&] { return posting_row(sales, i, account, shard); });
      }
    });
    return part;
  }

  Answer answer_of(const Question& question, SalesPostingsPart whole, Asker&) const override {
    Answer answer;
    answer.rows = std::move(whole.rows);
    const auto measure = measure_asked(question);
    std::vector<Row> totals;
    for (std::size_t i = 0; i < kSalesMeasureCount; ++i) {
      if (measure && i != *measure) continue;
      for (const auto& [currency, figures] : whole.totals) {
        const auto quantity = SalesPostings::quantity_beside(i);
        if (figures[i] == 0 && (!quantity || figures[*quantity] == 0)) continue;
        Row& row = totals.emplace_back();
        row.add("measure", Value::text(kSalesFigureNames[i]));
        write_measure(row, i, figures, currency);
      }
    }
    answer.tail.add("totals", Value::list_of_rows(std::move(totals)));
    return answer;
  }
};

}  // namespace

const Report& sales_postings_report() {
  static const SalesPostingsReport report;
  return report;
}

}  // namespace daybook::query
