#include "query/change_note.h"

#include <algorithm>

#include "base/json_writer.h"
#include "query/value.h"

namespace daybook::query {
const std::vector<ReportDependence>& report_dependences() {
  using domain::Family;
  using domain::News;
  // Families are written as they are, less what matters nothing, so that an event that is new in one is in all of these.
  constexpr News kProfile = News::of<domain::CustomerProfileSet>();
  constexpr News kRate = News::of<domain::ExchangeRatePublished>();
  constexpr News kTarget = News::of<domain::SalesTargetSet>();
  constexpr News kCash = News::of(Family::kPayments).without(News::of<domain::PromiseMade, domain::PromiseWithdrawn>());
  constexpr News kBilled = News::of(Family::kInvoices).without(News::of<domain::InvoiceDelivered>());
  constexpr News kGoods = News::of(Family::kOrders) | News::of(Family::kShipments) | kProfile;
  // What is owed. Invoices may have their region and rep of their orders, and every row has the customer's name.
  constexpr News kLedger = kBilled | kCash | News::of<domain::OrderPlaced>() | kProfile | kRate;
  // The same where it says something of every account, owed or not.
  constexpr News kLedgerOfEach = kLedger | News::kNewAccount;
  // How far orders have come: paid is the last milestone.
  constexpr News kOrderCycle = kGoods | kBilled | kCash;
  constexpr News kInvoices = News::of(Family::kInvoices) | kCash | News::of<domain::OrderPlaced>() | kProfile;
  constexpr News kSales = kGoods | kBilled | kCash | kRate | kTarget;
  // Whatever a customer has, and what it may owe.
  constexpr News kAccounts = News::any_fact().without(kTarget);
  static const std::vector<ReportDependence> all = {
      {"ageing", kLedger},
      {"ageing-trend", kLedger},
      // So is a record that is parked, until what it tells is accepted.
      {"anomalies", News::any_fact() | News::kConflict | News::kParked},
      {"bridge", kLedger},
      {"credit-note", kInvoices},
      {"credit-notes", kInvoices},
      {"customer", kAccounts},
      {"customers", kAccounts},
      {"cycle-orders", kOrderCycle},
      {"dunning", kLedger},
      {"entries", kLedger},
      // Every record has one.
      {"event", News::any_fact() | News::kDuplicate | News::kConflict | News::kParked},
      {"factors", kOrderCycle},
      {"invoice", kInvoices},
      {"invoices", kInvoices},
      {"items", kLedger},
      {"on-time", kOrderCycle},
      {"open-orders", kOrderCycle},
      {"order", kOrderCycle},
      {"order-cycle", kOrderCycle},
      {"orders", kOrderCycle},
      {"parked", News::any_fact() | News::kParked},
      {"payment", kInvoices},
      {"payments", kInvoices},
      {"ratios", kLedger},
      {"reconciliation", kLedgerOfEach},
      {"restatement", kLedger},
      {"sales", kSales},
      {"sales-postings", kSales},
      {"search", kAccounts},
      {"shipment", kGoods},
      {"shipments", kGoods},
      {"statement", kLedgerOfEach},
      {"worklist", kLedger | News::of(Family::kPayments)},
  };
  return all;
}

std::vector<std::string_view> changed_reports(domain::News news) {
  std::vector<std::string_view> names;
  for (const auto& [report, on] : report_dependences()) {
    if (on.meets(news)) names.push_back(report);
  }
  return names;
}

void ChangedCustomers::add(std::string_view name) {
  if (is_any_) return;
  const auto at = std::ranges::lower_bound(names_, name);
  if (at != names_.end() && *at == name) return;
  if (names_.size() == kNamedMax) return add_any();
  names_.emplace(at, name);
}

void ChangedCustomers::add_all(const ChangedCustomers& others) {
  if (others.is_any_) return add_any();
  for (const std::string& name : others.names_) add(name);
}

void ChangedCustomers::add_any() {
  is_any_ = true;
  names_.clear();
}

void ChangeNote::add(const ChangeNote& next) {
  next_offsets = next.next_offsets;
  newest_recorded_ms = std::max(newest_recorded_ms, next.newest_recorded_ms);
  news |= next.news;
  customers.add_all(next.customers);
}

bool ChangeNote::is_ahead_of(const std::array<std::int64_t, log::kEventTopicCount>& offsets) const {
  for (std::size_t topic = 0; topic < offsets.size(); ++topic) {
    if (next_offsets[topic] > offsets[topic]) return true;
  }
  return false;
}

std::string ChangeNote::to_json(std::string_view topic_prefix, const AccessScope& scope) const {
  JsonWriter json;
  json.begin_object();
  json.field("partition", std::int64_t{partition});
  json.key("positions");
  json.begin_array();
  for (const log::Topic topic : log::kEventTopics) {
    json.begin_object();
    json.field("topic", log::topic_name(topic_prefix, topic));
    json.field("partition", std::int64_t{partition});
    json.field("next_offset", next_offsets[static_cast<std::size_t>(topic)]);
    json.end_object();
  }
  json.end_array();
  json.field("newest_recorded_at", newest_recorded_ms == 0 ? Value() : Value::instant_ms(newest_recorded_ms));
  json.key("reports");
  json.begin_array();
  for (const std::string_view report : changed_reports(news)) json.text(report);
  json.end_array();
  json.key("customers");
  if (customers.is_any() || !scope.sees_everything()) {
    json.text("many");
  } else {
    json.begin_array();
    for (const std::string& name : customers.names()) json.text(name);
    json.end_array();
  }
  json.end_object();
  return json.take();
}

}  // namespace daybook::query
