// What the figures depend on besides facts and dates: settings of a read model, fixed in its manifest.
#pragma once

#include <string>
#include <string_view>

#include "base/date.h"
#include "base/result.h"

namespace daybook::domain {

// The families of events that upstream systems publish at all. What needs a family that is not
// expected neither waits nor is an anomaly.
struct Expect {
  bool orders = true;
  bool shipments = true;
  bool invoices = true;
  bool payments = true;
};

// After how many days something that has not come is an anomaly.
struct AnomalyDays {
  Day delivered_not_invoiced = 7;              // Since the order was delivered.
  Day shipped_without_proof_of_delivery = 14;  // Since the dispatch.
  Day invoice_not_received = 14;               // Since the issue date.

  bool operator==(const AnomalyDays&) const = default;
};

// "orders,payments" in a fixed order.
std::string format_expect(const Expect& expect);
Result<Expect> parse_expect(std::string_view text);

// The rules as they are set and kept.
struct FoldSettings {
  std::string business_time_zone = "UTC";  // By its IANA name.
  Expect expect;
  AnomalyDays anomaly_days;
};

struct Rules {
  BusinessZone zone;
  Expect expect;
  AnomalyDays anomaly_days = {};
};

// kInvalidArgument where the zone is not known here.
Result<Rules> make_rules(const FoldSettings& settings);

}  // namespace daybook::domain
