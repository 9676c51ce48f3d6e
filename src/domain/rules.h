// What the figures depend on besides facts and dates: settings of a read model, fixed in its manifest.
#pragma once

#include "base/date.h"

namespace daybook::domain {

// The families of events that upstream systems publish at all. What needs a family that is not
// expected neither waits nor is an anomaly.
struct Expect {
  bool orders = true;
  bool shipments = true;
  bool invoices = true;
  bool payments = true;
};

struct Rules {
  BusinessZone zone;
  Expect expect;
};

}  // namespace daybook::domain
