// Exact arithmetic with the signed decimals of spreadsheets. Nothing is rounded unless asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/int128.h"

namespace daybook::tools {

// units / 10^places.
struct Exact {
  Int128 units = 0;
  int places = 0;
};

// "-12.50", ".5", "+3": at most 30 digits.
std::optional<Exact> parse_exact(std::string_view text);
// Shortest form: "-12.5".
std::string format_exact(Exact value);

// Each gives nothing when the result does not fit.
std::optional<Exact> add(Exact a, Exact b);
std::optional<Exact> subtract(Exact a, Exact b);
std::optional<Exact> multiply(Exact a, Exact b);
// a - b has this sign: -1, 0 or 1.
std::optional<int> compare(Exact a, Exact b);

// The nearest value with this many places, halves away from zero.
std::optional<Exact> rounded(Exact value, int places);

}  // namespace daybook::tools
