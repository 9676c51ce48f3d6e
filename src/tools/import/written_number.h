// A number as people write it in spreadsheets and bank files.
#pragma once

#include <optional>
#include <string_view>

#include "tools/import/exact.h"

namespace daybook::tools {

// Digits, which blanks, apostrophes or the sign that is not the decimal one may group (the last group of three, the
// others of two or three), then the decimal sign and digits; one minus or plus in front or behind, or brackets around
// all for a negative one; a currency's sign or ISO code in front or behind. Blanks may stand between these. Nothing
// where any of it is anything else: a number that is not wholly understood is none.
std::optional<Exact> parse_written_number(std::string_view text, char decimal_sign);

}  // namespace daybook::tools
