// A question: a value, which can be written down and sent. Everything in it is settled: dates, defaults, who asks, and
// what a shard cannot know by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/date.h"
#include "base/decimal.h"
#include "base/money.h"
#include "query/access_scope.h"
#include "query/description.h"
#include "query/rate_table.h"
#include "query/request.h"

namespace daybook::query {

// Which customer file gives what a document lacks: the one in force on the document's own date, or the last one known.
enum class FileChoice : std::uint8_t { kAsWas, kAsNow };

// Filters by whatever a report can be grouped by; absent: everything.
struct Filters {
  std::optional<std::string> region;
  std::optional<std::string> sales_rep;
  std::optional<std::string> customer_id;
  std::optional<std::string> parent_customer;
  std::optional<Currency> currency;
  std::optional<std::string> sku;
  std::optional<std::string> channel;
  std::optional<std::string> kind;
  std::optional<std::string> warehouse;
  std::optional<std::string> grade;
};

// True when `value` (empty: none) passes the filter; `unassigned` asks for what has none.
bool passes(const std::optional<std::string>& filter, std::string_view value);
// The same for region paths: a filter takes the subtree.
bool passes_region(const std::optional<std::string>& filter, std::string_view region);

// A question's own parameters, as its report describes them: checked, with what counts where nothing is given.
class Arguments {
 public:
  Arguments() = default;
  // Refuses what is missing or ill-formed, and what the report does not have (but for the common parameters).
  Arguments(const Description& description, const ParameterMap& given, const BusinessZone& zone);

  // By the type of the parameter, which must be one of the report's.
  std::optional<std::string> text(std::string_view name) const { return get<std::string>(name); }
  std::optional<Day> date(std::string_view name) const;
  std::optional<std::int64_t> instant_ms(std::string_view name) const { return get<std::int64_t>(name); }
  std::optional<std::int64_t> integer(std::string_view name) const { return get<std::int64_t>(name); }
  std::optional<Decimal> decimal(std::string_view name) const { return get<Decimal>(name); }
  std::optional<Currency> currency(std::string_view name) const { return get<Currency>(name); }
  // Of a choice with a fallback; empty without.
  std::string choice(std::string_view name) const { return text(name).value_or(""); }
  std::vector<std::string> choices(std::string_view name) const;
  std::vector<Day> days(std::string_view name) const;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(values_);
  }

 private:
  // A date is an integer; an instant is in milliseconds.
  using Argument =
      std::variant<std::string, std::int64_t, Decimal, Currency, std::vector<std::string>, std::vector<std::int64_t>>;

  template <typename T>
  std::optional<T> get(std::string_view name) const {
    const auto at = values_.find(name);
    if (at == values_.end()) return std::nullopt;
    return std::get<T>(at->second);
  }
  static Argument read(const Parameter& parameter, Parameters& given, const BusinessZone& zone);

  std::map<std::string, Argument, std::less<>> values_;
};

class RowsAside;

// The rows of a list that are asked for: of those behind the key `after` the first `count`, or all.
struct PageCut {
  std::string after;
  std::optional<std::size_t> count;
  // From this key on there is no need of more: other shards have filled the page. Empty: they have not.
  std::string until = {};
  // It is one of many that follow each other until all rows are there: about `count` of them, and nothing beside them,
  // for what is over all pages is asked for by itself. Who reads it reads on where it begins, and does not look over all
  // that there is.
  bool is_round = false;
  // Where all are asked for, for a file: they are put there as they are made, instead of being kept. Null: they are kept.
  // Not sent: who is asked elsewhere gives them, and they are put there when they come.
  std::shared_ptr<RowsAside> aside = {};

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(after, count, until, is_round);
  }
};

struct Question {
  std::string report;   // Its name.
  std::string subject;  // What it is about, where its path says so (Route).
  Day today = 0;
  Day as_of = 0;
  bool as_of_given = false;
  // Recorded time up to which records count; none: all.
  std::optional<std::int64_t> known_at_ms;
  FileChoice file_choice = FileChoice::kAsWas;
  AccessScope scope;
  PageCut page;
  Arguments arguments;
  // What the one who coordinates has found out for the shards.
  RateTable rates;
  // What came along, as its report writes it down for a shard.
  std::string enclosed;
  // The same where each shard has its own: only these are asked, and each is given what is its. Null, or not empty; not
  // sent.
  std::shared_ptr<const std::map<std::int32_t, std::string>> enclosed_by_partition;

  Filters filters() const;
  // Another report asked for the same answer: by the same, as of the same day and knowledge.
  Question of_same_moment(std::string other_report) const;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(report, subject, today, as_of, as_of_given, known_at_ms, file_choice, scope, page, arguments, rates,
          enclosed);
  }
};

}  // namespace daybook::query
