// How facts make an order: lines as they stand, dispatches, proofs and returns.
#include <algorithm>
#include <array>

#include "domain/picture.h"

namespace daybook::domain {
namespace {

constexpr std::array<std::string_view, kMilestoneCount> kMilestoneNames = {
    "placed", "confirmed", "ready", "first_dispatched", "dispatched", "delivered", "invoiced", "paid"};

constexpr auto kByInstant = [](const auto& told) {
  return std::pair(told.fact->event.occurred_at, told.fact->at);
};

Int128 scaled(const Decimal& quantity) { return quantity.scaled(kQuantityPlaces); }

// A line stands once in an event.
Int128 quantity_of(std::span<const ShipmentLine> lines, std::string_view line_id) {
  const auto line = std::ranges::find(lines, line_id, &ShipmentLine::line_id);
  return line == lines.end() ? 0 : scaled(line->quantity);
}

}  // namespace

std::string_view milestone_name(Milestone milestone) {
  return kMilestoneNames[static_cast<std::size_t>(milestone)];
}

std::optional<Milestone> parse_milestone(std::string_view name) {
  const auto at = std::ranges::find(kMilestoneNames, name);
  if (at == kMilestoneNames.end()) return std::nullopt;
  return static_cast<Milestone>(at - kMilestoneNames.begin());
}

std::unique_ptr<Order> Picture::make_order(const Document& document) {
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
    if (std::holds_alternative<OrderChanged>(payload) ||
        std::holds_alternative<OrderCancelled>(payload)) {
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
  // What names a shipment that was never dispatched waits as a whole.
  const auto is_unknown = [&](std::string_view shipment_id) {
    return std::ranges::none_of(order->dispatches, [&](const Order::Dispatch& dispatch) {
      return dispatch.event->shipment_id == shipment_id;
    });
  };
  const auto take_out = [](auto& told, auto&& is_waiting) {
    told.erase(std::remove_if(told.begin(), told.end(), is_waiting), told.end());
  };
  take_out(order->proofs, [&](const Order::Moment& proof) {
    const auto& id = std::get<ShipmentDelivered>(proof.fact->event.payload).shipment_id;
    if (!is_unknown(id)) return false;
    order->waiting.emplace_back(proof.fact, id);
    return true;
  });
  take_out(order->returns, [&](const Order::Return& returned) {
    const auto& id = returned.event->shipment_id;
    if (id.empty() || !is_unknown(id)) return false;
    order->waiting.emplace_back(returned.fact, id);
    return true;
  });
  std::ranges::sort(order->changes, {}, kByInstant);
  std::ranges::sort(order->confirmations, {}, kByInstant);
  std::ranges::sort(order->delays, {}, kByInstant);
  std::ranges::sort(order->ready, {}, kByInstant);
  std::ranges::sort(order->dispatches, {}, kByInstant);
  std::ranges::sort(order->proofs, {}, kByInstant);
  std::ranges::sort(order->returns, {}, kByInstant);
  return order;
}

const OrderLine* Lines::terms(std::string_view line_id) const {
  for (const LineState& line : standing) {
    if (line.line_id == line_id) return line.terms;
  }
  for (const OrderLine* terms : dropped) {
    if (terms->line_id == line_id) return terms;
  }
  return nullptr;
}

Int128 Order::dispatched(std::string_view line_id, Day as_of) const {
  Int128 sum = 0;
  for (const Dispatch& dispatch : dispatches) {
    if (!counts(dispatch.day, as_of)) break;
    sum += quantity_of(dispatch.event->lines, line_id);
  }
  return sum;
}

Int128 Order::dispatched_net(std::string_view line_id, Instant until) const {
  Int128 sum = 0;
  for (const Dispatch& dispatch : dispatches) {
    if (dispatch.fact->event.occurred_at > until) break;
    sum += quantity_of(dispatch.event->lines, line_id);
  }
  for (const Return& returned : returns) {
    if (returned.fact->event.occurred_at > until) break;
    if (returned.event->to_be_resent) sum -= quantity_of(returned.event->lines, line_id);
  }
  return std::max<Int128>(0, sum);
}

Int128 Order::returned(std::string_view line_id, Day as_of) const {
  Int128 sum = 0;
  for (const Return& returned : returns) {
    if (!counts(returned.day, as_of)) break;
    sum += quantity_of(returned.event->lines, line_id);
  }
  return sum;
}

const Lines& Order::lines(Day as_of) const {
  std::size_t count = 0;  // Changes are in order of their instants, and so of their days.
  while (count < changes.size() && counts(changes[count].day, as_of)) ++count;
  lines_.resize(changes.size() + 1);
  if (!lines_[count]) lines_[count] = lines_after(count);
  return *lines_[count];
}

Lines Order::lines_after(std::size_t changes_count) const {
  Lines lines;
  const auto set = [&](std::span<const OrderLine> terms) {
    const auto before = std::move(lines.standing);
    lines.standing.clear();
    lines.standing.reserve(terms.size());
    for (const OrderLine& line : terms) {
      const Int128 quantity = scaled(line.quantity);
      lines.standing.push_back({line.line_id, &line, quantity, quantity});
      lines.dropped.erase(
          std::remove_if(lines.dropped.begin(), lines.dropped.end(),
                         [&](const OrderLine* old) { return old->line_id == line.line_id; }),
          lines.dropped.end());
    }
    for (const LineState& old : before) {
      const bool stays = std::ranges::any_of(
          terms, [&](const OrderLine& line) { return line.line_id == old.line_id; });
      if (!stays) lines.dropped.push_back(old.terms);
    }
  };
  set(placed->lines);
  for (const Moment& change : std::span(changes).first(changes_count)) {
    const Event& event = change.fact->event;
    if (const auto* changed = std::get_if<OrderChanged>(&event.payload)) {
      set(changed->lines);
      continue;
    }
    const auto& cancelled = std::get<OrderCancelled>(event.payload);
    for (LineState& line : lines.standing) {
      const bool named = cancelled.line_ids.empty() ||
                         std::ranges::find(cancelled.line_ids, line.line_id) != cancelled.line_ids.end();
      if (!named) continue;
      line.remaining = std::min(line.remaining, dispatched_net(line.line_id, event.occurred_at));
    }
  }
  return lines;
}

}  // namespace daybook::domain
