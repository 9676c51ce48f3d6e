// How facts make an order: lines as they stand, dispatches, proofs and returns.
#include <algorithm>
#include <array>
#include <vector>

#include "domain/account_state.h"

namespace daybook::domain {
namespace {

constexpr std::array<std::string_view, kMilestoneCount> kMilestoneNames = {
    "placed", "confirmed", "ready", "first_dispatched", "dispatched", "delivered", "invoiced", "paid"};

constexpr auto kByInstant = [](const auto& told) { return place_in_time(*told.fact); };

// The order's dispatches by the shipments' ids.
class Shipments {
 public:
  explicit Shipments(const Order& order) {
    for (const Order::Dispatch& dispatch : order.dispatches) ids_.add(dispatch.event->shipment_id, ids_.size());
  }
  // kNone: it was never dispatched.
  std::uint32_t find(std::string_view shipment_id) const { return ids_.find(shipment_id); }

 private:
  static_assert(Order::kNone == TextNumbers::kNone);
  TextNumbers ids_;
};

// Finds for each dispatch the return after which all of it had come back.
void find_whole_returns(Order& order, const OrderLines& lines) {
  const auto is_named = [](const Order::Return& back) { return back.dispatch != Order::kNone; };
  if (std::ranges::none_of(order.returns, is_named)) return;
  // What is missing of each line of each dispatch, and of how many lines something is.
  std::vector<std::pair<std::uint64_t, Int128>> missing;
  std::vector<std::size_t> short_lines(order.dispatches.size());
  const auto key = [](std::size_t dispatch, std::uint32_t line) { return std::uint64_t{dispatch} << 32 | line; };
  for (std::size_t i = 0; i < order.dispatches.size(); ++i) {
    for (const OrderLines::Move& move : lines.dispatched(i)) missing.emplace_back(key(i, move.line), move.quantity);
    short_lines[i] = lines.dispatched(i).size();
  }
  std::ranges::sort(missing);
  for (std::size_t i = 0; i < order.returns.size(); ++i) {
    const std::uint32_t dispatch = order.returns[i].dispatch;
    if (dispatch == Order::kNone) continue;
    for (const OrderLines::Move& move : lines.returned(i)) {
      const std::uint64_t wanted = key(dispatch, move.line);
      const auto found = std::ranges::lower_bound(missing, wanted, {}, &std::pair<std::uint64_t, Int128>::first);
      if (found == missing.end() || found->first != wanted || found->second <= 0) continue;
      found->second -= move.quantity;
      if (found->second <= 0 && --short_lines[dispatch] == 0) {
        order.dispatches[dispatch].whole_return = static_cast<std::uint32_t>(i);
      }
    }
  }
}

}  // namespace

std::string_view milestone_name(Milestone milestone) { return kMilestoneNames[static_cast<std::size_t>(milestone)]; }

std::optional<Milestone> parse_milestone(std::string_view name) {
  const auto at = std::ranges::find(kMilestoneNames, name);
  if (at == kMilestoneNames.end()) return std::nullopt;
  return static_cast<Milestone>(at - kMilestoneNames.begin());
}

std::unique_ptr<Order> AccountState::make_order(const Document& document) {
  auto order = std::make_unique<Order>();
  order->ref = document.ref;
  order->document = &document;
  for (const Fact& fact : document.facts) {
    if (!known_.admits(fact)) continue;
    if (const auto* placed = std::get_if<OrderPlaced>(&fact.event.payload)) {
      order->placed_fact = &fact;
      order->placed = placed;
      order->placed_day = day_of(fact.event.occurred_at);
    }
  }
  if (order->placed == nullptr) return nullptr;
  for (const Fact& fact : document.facts) {
    if (!known_.admits(fact)) continue;
    const Day day = day_of(fact.event.occurred_at);
    const Payload& payload = fact.event.payload;
    if (std::holds_alternative<OrderChanged>(payload) || std::holds_alternative<OrderCancelled>(payload)) {
      order->changes.push_back({&fact, day});
    } else if (std::holds_alternative<OrderConfirmed>(payload)) {
      order->confirmations.push_back({&fact, day});
    } else if (std::holds_alternative<OrderDelayed>(payload)) {
      order->delays.push_back({&fact, day});
    } else if (std::holds_alternative<OrderReady>(payload)) {
      order->ready.push_back({&fact, day});
    } else if (const auto* dispatched = std::get_if<ShipmentDispatched>(&payload)) {
      order->dispatches.push_back({&fact, dispatched, day});
    } else if (std::holds_alternative<ShipmentDelivered>(payload)) {
      order->proofs.push_back({&fact, day});
    } else if (const auto* returned = std::get_if<ShipmentReturned>(&payload)) {
      order->returns.push_back({&fact, returned, day});
    }
  }
  std::ranges::sort(order->changes, {}, kByInstant);
  std::ranges::sort(order->confirmations, {}, kByInstant);
  std::ranges::sort(order->delays, {}, kByInstant);
  std::ranges::sort(order->ready, {}, kByInstant);
  std::ranges::sort(order->dispatches, {}, kByInstant);
  std::ranges::sort(order->proofs, {}, kByInstant);
  std::ranges::sort(order->returns, {}, kByInstant);
  if (order->proofs.empty() && order->returns.empty()) return order;
  // What names a shipment that was never dispatched waits as a whole.
  const Shipments shipments(*order);
  const auto take_out = [](auto& told, auto&& is_waiting) {
    told.erase(std::remove_if(told.begin(), told.end(), is_waiting), told.end());
  };
  take_out(order->proofs, [&](Order::Proof& proof) {
    const auto& id = std::get<ShipmentDelivered>(proof.fact->event.payload).shipment_id;
    proof.dispatch = shipments.find(id);
    if (proof.dispatch != Order::kNone) return false;
    order->waiting.emplace_back(proof.fact, id);
    return true;
  });
  take_out(order->returns, [&](Order::Return& returned) {
    const auto& id = returned.event->shipment_id;
    if (id.empty()) return false;
    returned.dispatch = shipments.find(id);
    if (returned.dispatch != Order::kNone) return false;
    order->waiting.emplace_back(returned.fact, id);
    return true;
  });
  for (std::size_t i = order->proofs.size(); i-- > 0;) {
    order->dispatches[order->proofs[i].dispatch].proof = static_cast<std::uint32_t>(i);
  }
  if (!order->returns.empty()) find_whole_returns(*order, order->by_number());
  return order;
}

const OrderLines& Order::by_number() const {
  if (!by_number_) by_number_.emplace(*this);
  return *by_number_;
}

std::size_t Order::changes_among(Day as_of) const {
  if (as_of < placed_day) return 0;
  return static_cast<std::size_t>(std::ranges::upper_bound(changes, as_of, {}, &Moment::day) - changes.begin());
}

std::vector<LineOnDate> Order::lines(Day as_of) const {
  const OrderLines& numbered = by_number();
  std::vector<OrderLines::State> states(numbered.count());
  std::vector<LineOnDate> moved(numbered.count());
  std::span<const OrderLine> listed = placed->lines;
  for (std::size_t i = 0; i <= changes_by(as_of); ++i) {
    for (const OrderLines::State& state : numbered.changed(i)) states[state.line] = state;
    const auto* changed = i == 0 ? nullptr : std::get_if<OrderChanged>(&changes[i - 1].fact->event.payload);
    if (changed != nullptr) listed = changed->lines;
  }
  for (std::size_t i = 0; i < dispatches.size() && counts(dispatches[i].day, as_of); ++i) {
    const bool is_proven = dispatches[i].proof != kNone && counts(proofs[dispatches[i].proof].day, as_of);
    for (const OrderLines::Move& move : numbered.dispatched(i)) {
      moved[move.line].dispatched += move.quantity;
      if (is_proven) moved[move.line].delivered += move.quantity;
    }
  }
  for (std::size_t i = 0; i < returns.size() && counts(returns[i].day, as_of); ++i) {
    for (const OrderLines::Move& move : numbered.returned(i)) moved[move.line].returned += move.quantity;
  }
  std::vector<LineOnDate> lines;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const std::uint32_t number = numbered.find(listed[i].line_id, i);
    LineOnDate line = moved[number];
    line.line_id = listed[i].line_id;
    line.terms = states[number].terms;
    line.quantity = states[number].quantity;
    line.remaining = states[number].remaining;
    lines.push_back(line);
  }
  return lines;
}

}  // namespace daybook::domain
