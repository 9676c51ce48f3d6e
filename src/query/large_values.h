// Values that may need more than 128 bits: what amounts come to at exchange rates, shares of that, sums of other
// people's figures.
#pragma once

#include "base/int256.h"
#include "query/value.h"

namespace daybook::query {

// Minor units.
Value amount_of(const Int256& minor, Currency currency);
// part ÷ whole, to 4 decimals, half away from zero; null where the whole is not above 0.
Value rate_of(const Int256& part, Int128 whole);

}  // namespace daybook::query
