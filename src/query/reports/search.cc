// What is found by a text: customers, and documents of every kind.
#include <algorithm>

#include "base/text.h"
#include "query/reports.h"
#include "query/search_reader.h"

namespace daybook::query {
namespace {

constexpr std::size_t kResultsMax = 20;

class SearchReport final : public RowsReport {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{
          .name = "search",
          .path = "/v1/search",
          .meaning = "Customers and documents whose ids begin so, and customers with a word of their name that does.",
          .parameters = {{.name = "q",
                          .meaning = "What ids or words begin with, without regard to case.",
                          .required = true},
                         parameters::customer_id()},
          .rows_name = "results",
          .row = {text("kind"), text("customer_id"), customer_name(), text("document_id").or_null()}};
    }();
    return description;
  }

  void settle(Question& question) const override {
    const std::string text = *question.arguments.text("q");
    if (text.empty()) refuse_parameter("q", "must not be empty");
    if (const auto fault = free_text_fault(text)) refuse_parameter("q", *fault);
    question.page.count = std::min(question.page.count.value_or(kResultsMax), kResultsMax);
  }

 protected:
  RowsPart part_of(const Question& question, const ShardReader& shard) const override {
    RowsPart part{Rows(question.page)};
    for_each_found(shard, *question.arguments.text("q"), part.rows, [&](const Found& found, AccountReader& account) {
      part.rows.add(found.key, [&] {
        Row row;
        row.add("kind", Value::text(found.kind));
        row.add("customer_id", Value::text(account.name()));
        row.add("document_id", text_or_null(found.document_id));
        return row;
      });
    });
    return part;
  }
};

}  // namespace

const Report& search_report() {
  static const SearchReport report;
  return report;
}

}  // namespace daybook::query
