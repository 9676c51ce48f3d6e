// Which of several forms an HTTP client is given (RFC 9110, section 12.5).
#include "base/accept.h"

#include <gtest/gtest.h>

#include <array>

namespace daybook {
namespace {

constexpr std::array<std::string_view, 4> kTypes = {"application/json", "text/csv", "application/sheet", "text/html"};
constexpr std::array<std::string_view, 1> kPacked = {"gzip"};

std::string_view type_for(std::string_view header) {
  const auto best = preferred(parse_accept(header), kTypes);
  return best ? kTypes[*best] : "none";
}

TEST(Accept, TheHeaviestIsGiven) {
  struct Case {
    std::string_view header;
    std::string_view given;
  };
  for (const auto& [header, given] : {
           Case{"", "none"},
           Case{" ,, ;q=1, ", "none"},
           Case{"*/*", "application/json"},
           Case{"text/csv", "text/csv"},
           Case{"Text/CSV; charset=utf-8", "text/csv"},
           Case{"text/csv;q=0.1, application/json", "application/json"},
           Case{"text/csv;q=0.1, application/json;q=0.09", "text/csv"},
           Case{"application/json, text/csv;q=0.9", "application/json"},
           // As heavy: what is named more closely, then what is named first.
           Case{"*/*, text/csv", "text/csv"},
           Case{"text/*, application/sheet", "application/sheet"},
           Case{"text/csv, application/json", "text/csv"},
           Case{"application/json, text/csv", "application/json"},
           Case{"text/*", "text/csv"},
           // A browser.
           Case{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"},
           // A weight of nothing refuses, and what is named more closely counts.
           Case{"text/csv;q=0", "none"},
           Case{"text/csv; Q=0.000", "none"},
           Case{"*/*, application/json;q=0", "text/csv"},
           Case{"text/*;q=0, */*;q=0.5, text/html;q=0.1", "application/json"},
           // A weight that is none.
           Case{"text/csv;q=, application/json;q=0.9", "text/csv"},
           Case{"text/csv;q=2, application/json;q=0.9", "text/csv"},
           Case{"text/csv;q=0.x, application/json;q=0.9", "text/csv"},
           Case{"text/csv;q=0.0009, application/json;q=0", "none"},
           // Others' parameters.
           Case{"text/csv;header=absent;q=0.2, text/html;level=1;q=0.4", "text/html"},
           Case{"application/x-protobuf", "none"},
       }) {
    EXPECT_EQ(type_for(header), given) << header;
  }
}

TEST(Accept, CodingsHaveOneStarAlone) {
  for (const auto& [header, given] : {std::pair("gzip", true),
                                      {"br, gzip;q=0.5", true},
                                      {"*", true},
                                      {"", false},
                                      {"identity", false},
                                      {"gzip;q=0", false},
                                      {"*, gzip;q=0", false},
                                      {"*;q=0", false},
                                      {"GZIP", true}}) {
    EXPECT_EQ(preferred(parse_accept(header), kPacked).has_value(), given) << header;
  }
}

TEST(Accept, AnyBytesHaveAnAnswer) {
  std::string header;
  for (int i = 0; i < 3000; ++i) header += static_cast<char>(i * 37 % 256);
  EXPECT_EQ(type_for(header), "none");
}

}  // namespace
}  // namespace daybook
