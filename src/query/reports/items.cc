// Open items: what the cells of the ageing are made of, one row an instalment or credit.
#include <fmt/format.h>

#include <limits>

#include "query/open_items.h"
#include "query/reports.h"
#include "query/shard_reader.h"

namespace daybook::query {
namespace {

// The ages that a bucket's label means: "not_due", "31-60", "121+".
struct Ages {
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();

  bool hold(std::int64_t age) const { return least <= age && age <= most; }

  static Ages of(std::string_view bucket) {
    Ages ages;
    if (bucket == "not_due") {
      ages.most = 0;
      return ages;
    }
    const bool open_ended = bucket.ends_with('+');
    const std::size_t dash = bucket.find('-');
    const auto days = [&](std::string_view text) {
      std::int64_t value = 0;
      if (text.empty() || text.size() > 6) refuse_bucket();
      for (const char c : text) {
        if (c < '0' || c > '9') refuse_bucket();
        value = value * 10 + (c - '0');
      }
      return value;
    };
    ages.least = days(bucket.substr(0, open_ended ? bucket.size() - 1 : dash));
    if (!open_ended) ages.most = days(dash == std::string_view::npos ? std::string_view() : bucket.substr(dash + 1));
    if (ages.least < 1 || ages.most < ages.least) refuse_bucket();
    return ages;
  }

 private:
  [[noreturn]] static void refuse_bucket() { refuse_parameter("bucket", "is not_due, 31-60 or 121+"); }
};

class Items final : public ReportOf<RowsPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      Description of{.name = "items",
                     .path = "/v1/receivables/items",
                     .meaning = "Open items: instalments and credits, each with its age.",
                     .parameters = {parameters::aged_on(),
                                    parameters::basis(),
                                    {.name = "bucket",
                                     .meaning = "Only this bucket: not_due, 31-60, 121+.",
                                     .pattern = "^(not_due|[0-9]{1,6}-[0-9]{1,6}|[0-9]{1,6}[+])$",
                                     .example = "31-60"}},
                     .rows_name = "items",
                     .row = item_fields(),
                     .head = {fields::date("aged_on"), fields::text("credits")}};
      of.parameters.push_back(parameters::credits());
      std::ranges::move(parameters::receivables_filters(), std::back_inserter(of.parameters));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override {
    check_credits(question);
    if (const auto bucket = question.arguments.text("bucket")) Ages::of(*bucket);
  }

  bool goes_in_rounds(const Question&) const override { return true; }

 protected:
  RowsPart part_of(const Question& question, const ShardReader& shard) const override {
    const Grouping grouping = Grouping::of(question);
    const Day aged_on = question.arguments.date("aged_on").value_or(question.as_of);
    const bool by_due_date = question.arguments.choice("basis") == "due_date";
    const auto bucket = question.arguments.text("bucket");
    const Ages ages = bucket ? Ages::of(*bucket) : Ages();
    RowsPart part{Rows(question.page)};
    shard.for_each_open_item(question.as_of, grouping, part.rows, [&](const OpenItem& item, AccountReader& account) {
      if (bucket && !(item.due_date && ages.hold(aged_on - (by_due_date ? *item.due_date : item.date)))) return;
      part.rows.add(item_key(item, account.name()), [&] { return item_row(item, account, aged_on); });
    });
    return part;
  }

  Answer answer_of(const Question& question, RowsPart whole, Asker&) const override {
    Answer answer;
    answer.rows = std::move(whole.rows);
    answer.head.add("aged_on", Value::date(question.arguments.date("aged_on").value_or(question.as_of)));
    answer.head.add("credits", Value::text(question.arguments.choice("credits")));
    return answer;
  }
};

}  // namespace

const Report& items_report() {
  static const Items report;
  return report;
}

}  // namespace daybook::query
