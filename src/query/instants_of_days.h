// From business days to instants, without a zone.
#pragma once

#include "base/date.h"

namespace daybook::query {

// Seconds since 1970, both inclusive.
struct InstantSpan {
  Instant first = 0;
  Instant last = 0;
};

// Between which all instants of these business days lie, and some of others: a day begins at most a day from its UTC
// midnight.
inline InstantSpan instants_of(Day first, Day last) {
  return {(static_cast<Instant>(first) - 2) * 86'400, (static_cast<Instant>(last) + 3) * 86'400};
}

}  // namespace daybook::query
