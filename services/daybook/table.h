// Answers as tables for people.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "query/description.h"

namespace daybook::cli {

struct TableOptions {
  // Of the screen: a table that is wider comes in parts.
  std::size_t width = static_cast<std::size_t>(-1);
  // Columns in which nothing stands, proofs that hold, histograms and every field of an event as well.
  bool everything = false;
  // The rows in the order of a column, from the least up; behind a '-' from the most down. Empty: as they are.
  std::string sort = {};
  // The first so many of them.
  std::optional<std::size_t> top = {};
};

// An answer of `report`: its rows, what else it lists, lists within rows below them, and of when it is. Amounts and
// counts have their thousands apart, seconds become days and hours, an event is topic:partition:offset. Where the answer
// has no rows there are none. kInvalidArgument where no column has the name to sort by; what is no such answer throws as
// Boost.JSON does.
Result<std::string> tables_of(boost::json::object answer, const query::Description& report,
                              const TableOptions& options);

// 1234567.89 with its thousands apart.
std::string with_thousands(std::string_view number);
// Whole seconds, or with decimals, in the two largest units that say something: "2 d 4 h", "5 min 3 s".
std::string duration_words(double seconds);

}  // namespace daybook::cli
