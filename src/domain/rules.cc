#include "domain/rules.h"

namespace daybook::domain {

std::string format_expect(const Expect& expect) {
  std::string text;
  const auto add = [&](bool is_expected, const char* name) {
    if (!is_expected) return;
    if (!text.empty()) text += ',';
    text += name;
  };
  add(expect.orders, "orders");
  add(expect.shipments, "shipments");
  add(expect.invoices, "invoices");
  add(expect.payments, "payments");
  return text;
}

Result<Expect> parse_expect(std::string_view text) {
  Expect expect{false, false, false, false};
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    if (name == "orders") {
      expect.orders = true;
    } else if (name == "shipments") {
      expect.shipments = true;
    } else if (name == "invoices") {
      expect.invoices = true;
    } else if (name == "payments") {
      expect.payments = true;
    } else {
      return unexpected(ErrorCode::kInvalidArgument,
                        "a list of orders, shipments, invoices, payments, with commas between");
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return expect;
}

Result<Rules> make_rules(const FoldSettings& settings) {
  ASSIGN_OR_RETURN(auto zone, BusinessZone::find(settings.business_time_zone));
  return Rules{std::move(zone), settings.expect, settings.anomaly_days};
}

}  // namespace daybook::domain
