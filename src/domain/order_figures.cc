// What an order contributes: ordered and shipped sales, freight, counts, and its milestones over time.
#include <array>

#include "domain/contribute.h"
#include "domain/credit.h"

namespace daybook::domain {
namespace {

Int128 scaled(const Decimal& quantity) { return quantity.scaled(kQuantityPlaces); }

// The order was never placed: everything about it waits.
void contribute_unknown(Picture& picture, const Document& document, Contributions& to) {
  if (!picture.rules().expect.orders) return;
  Lacking lacking;
  std::int64_t waiting = 0;
  for (const Fact& fact : document.facts) {
    if (!picture.admits(fact)) continue;
    lacking.add(fact, document.ref.id);
    ++waiting;
  }
  for (const DocumentRef& link : document.links) {
    if (const Invoice* invoice = picture.invoice(link.id)) {
      lacking.add(*invoice->issued_fact, document.ref.id);
    }
  }
  lacking.report(AnomalyKind::kUnknownOrder, to);
  wait(to, waiting);
}

// How much of each line has been posted so far along a chain of dispatches (or of returns).
class Chain {
 public:
  struct Part {
    std::string_view sku;
    CellValue value;
  };

  // The line's next part: ⌊net × cumulative ÷ quantity⌋ differences, so that parts add up exactly.
  Part next(const Lines& lines, const ShipmentLine& line) {
    const OrderLine* terms = lines.terms(line.line_id);
    const Int128 quantity = scaled(line.quantity);
    if (terms == nullptr) return {{}, {0, quantity}};
    Int128& cumulative = so_far(line.line_id);
    const Int128 ordered = scaled(terms->quantity);
    const Int128 before = part_of(terms->net_minor, cumulative, ordered);
    cumulative += quantity;
    return {terms->sku, {part_of(terms->net_minor, cumulative, ordered) - before, quantity}};
  }

 private:
  Int128& so_far(std::string_view line_id) {
    for (auto& [id, quantity] : so_far_) {
      if (id == line_id) return quantity;
    }
    return so_far_.emplace_back(line_id, 0).second;
  }

  Few<std::pair<std::string_view, Int128>, 4> so_far_;
};

// The skus of an order or a shipment as its lines come, to count it once under each.
class Skus {
 public:
  // 1 for a new one, 0 for one that came before.
  std::int64_t count(std::string_view sku) {
    if (std::ranges::find(seen_, sku) != seen_.end()) return 0;
    seen_.push_back(sku);
    return 1;
  }

 private:
  Few<std::string_view, 8> seen_;
};

// The order's sales while one set of lines stands, handed out as dispatches and returns take effect.
class Sales {
 public:
  // `sign`: −1 takes back what was handed out before.
  Sales(const Order& order, const Lines& lines, Contributions& to, int sign)
      : order_(order), lines_(lines), to_(to), sign_(sign) {}

  void placed(Day counts_from) {
    const Currency currency = order_.placed->currency;
    const Day day = order_.placed_day;
    post(Measure::kOrders, currency, {}, day, {0, 1}, counts_from);
    Skus skus;
    for (const LineState& line : lines_.standing) {
      const Int128 net = part_of(line.terms->net_minor, line.remaining, line.quantity);
      post(Measure::kOrdered, currency, line.terms->sku, day,
           {net, line.remaining, skus.count(line.terms->sku)}, counts_from);
    }
  }

  // What takes effect up to `as_of` and was not handed out yet. Both are in order of their instants,
  // and so of the days from which they count.
  void moved(Day as_of, Day counts_from) {
    for (; dispatch_ < order_.dispatches.size(); ++dispatch_) {
      const Order::Dispatch& dispatch = order_.dispatches[dispatch_];
      if (!order_.counts(dispatch.day, as_of)) break;
      const Currency currency = order_.placed->currency;
      const Int128 freight = dispatch.event->freight_minor.value_or(0);
      const bool same_currency = freight == 0 || dispatch.event->currency == currency;
      post(Measure::kShipments, currency, {}, dispatch.day, {same_currency ? freight : 0, 1}, counts_from);
      if (!same_currency) {
        post(Measure::kShipments, dispatch.event->currency, {}, dispatch.day, {freight, 0}, counts_from);
      }
      Skus skus;
      for (const ShipmentLine& line : dispatch.event->lines) {
        Chain::Part part = shipped_.next(lines_, line);
        part.value.count = skus.count(part.sku);
        ship(part, dispatch.day, counts_from);
      }
    }
    for (; return_ < order_.returns.size(); ++return_) {
      const Order::Return& back = order_.returns[return_];
      if (!order_.counts(back.day, as_of)) break;
      for (const ShipmentLine& line : back.event->lines) {
        Chain::Part part = returned_.next(lines_, line);
        part.value = -part.value;
        ship(part, back.day, counts_from);
      }
    }
  }

 private:
  void ship(const Chain::Part& part, Day day, Day counts_from) {
    post(Measure::kShipped, order_.placed->currency, part.sku, day, part.value, counts_from);
  }

  void post(Measure measure, Currency currency, std::string_view sku, Day day, CellValue value,
            Day counts_from) {
    const Dimensions dimensions{sku, order_.placed->channel,
                                static_cast<std::uint8_t>(order_.placed->kind)};
    to_.cell({measure, currency, order_.attributes(), dimensions, day, 0, counts_from},
             sign_ < 0 ? -value : value);
  }

  const Order& order_;
  const Lines& lines_;
  Contributions& to_;
  int sign_;
  Chain shipped_;
  Chain returned_;
  std::size_t dispatch_ = 0;
  std::size_t return_ = 0;
};

void contribute_sales(const Order& order, Contributions& to) {
  Breakpoints breakpoints;
  breakpoints.add(order.placed_day);
  for (const auto& change : order.changes) breakpoints.add(order.counts_from(change.day));
  for (const auto& dispatch : order.dispatches) breakpoints.add(order.counts_from(dispatch.day));
  for (const auto& back : order.returns) breakpoints.add(order.counts_from(back.day));

  const Lines* standing = nullptr;
  std::optional<Sales> sales;
  Day before = 0;
  for (const Day day : breakpoints.sorted()) {
    const Lines& lines = order.lines(day);
    if (&lines != standing) {
      // Other lines: everything is taken back and posted anew. What is equal cancels out in its cells.
      if (standing != nullptr) {
        Sales old(order, *standing, to, -1);
        old.placed(day);
        old.moved(before, day);
      }
      sales.emplace(order, lines, to, 1);
      sales->placed(day);
      standing = &lines;
    }
    sales->moved(day, day);
    before = day;
  }
}

void set(Milestones& milestones, Milestone milestone, Instant instant) {
  milestones[static_cast<std::size_t>(milestone)] = instant;
}

// The earliest in effect.
void set_first(Milestones& milestones, Milestone milestone, const Order& order,
               std::span<const Order::Moment> moments, Day as_of) {
  for (const Order::Moment& moment : moments) {
    if (order.counts(moment.day, as_of)) {
      return set(milestones, milestone, moment.fact->event.occurred_at);
    }
  }
}

bool came_back_whole(const Order& order, const Order::Dispatch& dispatch, Day as_of) {
  for (const ShipmentLine& line : dispatch.event->lines) {
    Int128 missing = scaled(line.quantity);
    for (const Order::Return& back : order.returns) {
      if (back.event->shipment_id != dispatch.event->shipment_id || !order.counts(back.day, as_of)) {
        continue;
      }
      for (const ShipmentLine& returned : back.event->lines) {
        if (returned.line_id == line.line_id) missing -= scaled(returned.quantity);
      }
    }
    if (missing > 0) return false;
  }
  return true;
}

// The earliest, and so the first that counts; null when there is none.
const Order::Moment* proof_of(const Order& order, const Order::Dispatch& dispatch) {
  const auto proof = std::ranges::find_if(order.proofs, [&](const Order::Moment& moment) {
    return std::get<ShipmentDelivered>(moment.fact->event.payload).shipment_id == dispatch.event->shipment_id;
  });
  return proof == order.proofs.end() ? nullptr : &*proof;
}

// A shipment that neither has its proof nor came back whole so many days after it was dispatched.
void contribute_unproven(const Order& order, Day days, Contributions& to) {
  for (const Order::Dispatch& dispatch : order.dispatches) {
    const Day from = order.counts_from(dispatch.day + days + 1);
    const Order::Moment* proof = proof_of(order, dispatch);
    Day until = proof == nullptr ? kNever : order.counts_from(proof->day);
    for (const Order::Return& back : order.returns) {
      const Day day = order.counts_from(back.day);
      if (day < until && came_back_whole(order, dispatch, day)) until = day;
    }
    if (until <= from) continue;
    Anomaly anomaly =
        anomaly_about(AnomalyKind::kShippedWithoutProofOfDelivery, dispatch.event->shipment_id, *dispatch.fact);
    anomaly.from = from;
    anomaly.until = until;
    to.anomaly(anomaly);
  }
}

// Whether one of the milestones of the goods comes before the one it has before it, or the invoice before
// the order.
bool out_of_order(const Milestones& milestones) {
  const auto at = [&](Milestone milestone) { return milestones[static_cast<std::size_t>(milestone)]; };
  if (at(Milestone::kInvoiced) && *at(Milestone::kInvoiced) < *at(Milestone::kPlaced)) return true;
  Instant last = *at(Milestone::kPlaced);
  for (const Milestone milestone : {Milestone::kConfirmed, Milestone::kReady, Milestone::kFirstDispatched,
                                    Milestone::kDispatched, Milestone::kDelivered}) {
    if (!at(milestone)) continue;
    if (*at(milestone) < last) return true;
    last = *at(milestone);
  }
  return false;
}

// The last of the proofs, when every shipment that left up to the instant at which all was dispatched has its proof;
// one that came back whole without proof is left out. Where that leaves none, the first proof of one that left later.
std::optional<Instant> wholly_delivered(const Order& order, Instant dispatched, Day as_of) {
  std::optional<Instant> last;
  std::optional<Instant> first_later;
  for (const Order::Dispatch& dispatch : order.dispatches) {
    if (!order.counts(dispatch.day, as_of)) break;
    const Order::Moment* proof = proof_of(order, dispatch);
    const bool is_proven = proof != nullptr && order.counts(proof->day, as_of);
    if (dispatch.fact->event.occurred_at > dispatched) {
      if (!is_proven) continue;
      const Instant at = proof->fact->event.occurred_at;
      first_later = std::min(first_later.value_or(at), at);
    } else if (is_proven) {
      const Instant at = proof->fact->event.occurred_at;
      last = std::max(last.value_or(at), at);
    } else if (!came_back_whole(order, dispatch, as_of)) {
      return std::nullopt;
    }
  }
  return last ? last : first_later;
}

// When everything had been dispatched, and delivered, over time. Dates rise.
class GoodsOverTime {
 public:
  explicit GoodsOverTime(const Order& order) : order_(order) {}

  void advance(Day as_of) {
    const bool changed = count(changes_, order_.changes, as_of);
    const bool sent = count(dispatches_, order_.dispatches, as_of);
    const bool moved = count(proofs_, order_.proofs, as_of) | count(returns_, order_.returns, as_of);
    if (changed || lines_ == nullptr) begin(order_.lines(as_of));
    while (sent_ < dispatches_ || back_ < returns_) {
      if (back_ == returns_ || (sent_ < dispatches_ && is_before(order_.dispatches[sent_], order_.returns[back_]))) {
        send(order_.dispatches[sent_++]);
      } else {
        take_back(order_.returns[back_++]);
      }
    }
    if (changed || sent || moved) {
      delivered_ = dispatched_ ? wholly_delivered(order_, *dispatched_, as_of) : std::nullopt;
    }
  }

  // The dispatch from which on every line that remains has been dispatched in full, less what came back to be resent.
  std::optional<Instant> dispatched() const { return dispatched_; }
  std::optional<Instant> delivered() const { return delivered_; }

 private:
  // What is left to dispatch of a line; below 0 where more was.
  struct Left {
    std::string_view line_id;
    Int128 quantity;
  };

  // They are in order of their instants, and so of the days from which they count. Whether one came.
  template <typename All>
  bool count(std::size_t& in_effect, const All& all, Day as_of) const {
    const std::size_t before = in_effect;
    while (in_effect < all.size() && order_.counts(all[in_effect].day, as_of)) ++in_effect;
    return in_effect > before;
  }

  void begin(const Lines& lines) {
    if (lines_ == &lines) return;
    lines_ = &lines;
    left_.clear();
    for (const LineState& line : lines.standing) {
      if (line.remaining > 0) left_.push_back({line.line_id, line.remaining});
    }
    short_ = left_.size();
    sent_ = 0;
    back_ = 0;
    dispatched_.reset();
  }

  static bool is_before(const Order::Dispatch& dispatch, const Order::Return& back) {
    const auto when = [](const Fact& fact) { return std::pair(fact.event.occurred_at, fact.at); };
    return when(*dispatch.fact) < when(*back.fact);
  }

  void send(const Order::Dispatch& dispatch) {
    const bool was_short = short_ > 0;
    move(dispatch.event->lines, -1);
    if (was_short && short_ == 0) dispatched_ = dispatch.fact->event.occurred_at;
  }

  void take_back(const Order::Return& back) {
    if (!back.event->to_be_resent) return;
    move(back.event->lines, 1);
    if (short_ > 0) dispatched_.reset();
  }

  void move(std::span<const ShipmentLine> lines, int sign) {
    for (const ShipmentLine& moved : lines) {
      const auto line = std::ranges::find(left_, moved.line_id, &Left::line_id);
      if (line == left_.end()) continue;
      const bool was_short = line->quantity > 0;
      line->quantity += sign * scaled(moved.quantity);
      const bool is_short = line->quantity > 0;
      if (is_short != was_short) is_short ? ++short_ : --short_;
    }
  }

  const Order& order_;
  // How many are in effect.
  std::size_t changes_ = 0;
  std::size_t dispatches_ = 0;
  std::size_t proofs_ = 0;
  std::size_t returns_ = 0;
  const Lines* lines_ = nullptr;
  Few<Left, 4> left_;       // Of the lines that remain.
  std::size_t short_ = 0;   // Of those, which are not dispatched in full.
  std::size_t sent_ = 0;    // Dispatches and returns that `left_` knows.
  std::size_t back_ = 0;
  std::optional<Instant> dispatched_;
  std::optional<Instant> delivered_;
};

// An invoice that can mark the order invoiced and paid, as of a date.
bool marks(Picture& picture, const Invoice& invoice, const Order& order, Day as_of) {
  return invoice.issued->kind == InvoiceKind::kInvoice && as_of < invoice.void_day &&
         order.counts(picture.day_of(invoice.issued_fact->event.occurred_at), as_of);
}

std::string_view first_warehouse(const Order& order, Day as_of) {
  for (const Order::Dispatch& dispatch : order.dispatches) {
    if (order.counts(dispatch.day, as_of)) return dispatch.event->warehouse;
  }
  return {};
}

Milestones milestones_with(const GoodsOverTime& goods, Picture& picture, const Order& order, Day as_of) {
  Milestones milestones;
  set(milestones, Milestone::kPlaced, order.placed_fact->event.occurred_at);
  set_first(milestones, Milestone::kConfirmed, order, order.confirmations, as_of);
  set_first(milestones, Milestone::kReady, order, order.ready, as_of);
  for (const Order::Dispatch& dispatch : order.dispatches) {
    if (!order.counts(dispatch.day, as_of)) continue;
    set(milestones, Milestone::kFirstDispatched, dispatch.fact->event.occurred_at);
    break;
  }
  if (goods.dispatched()) set(milestones, Milestone::kDispatched, *goods.dispatched());
  if (goods.delivered()) set(milestones, Milestone::kDelivered, *goods.delivered());
  std::optional<Instant> invoiced;
  std::optional<Instant> settled;
  bool all_settled = true;
  for (const Invoice* invoice : picture.invoices_of(order)) {
    if (!marks(picture, *invoice, order, as_of)) continue;
    const Instant instant = invoice->issued_fact->event.occurred_at;
    invoiced = std::min(invoiced.value_or(instant), instant);
    const auto at = settled_at(picture, *invoice, as_of);
    all_settled = all_settled && at.has_value();
    if (at) settled = std::max(settled.value_or(*at), *at);
  }
  if (invoiced) set(milestones, Milestone::kInvoiced, *invoiced);
  if (goods.dispatched() && invoiced && all_settled) set(milestones, Milestone::kPaid, *settled);
  return milestones;
}

void contribute_cycle(Picture& picture, const Order& order, Contributions& to) {
  Breakpoints breakpoints;
  const auto add = [&](Day day) {
    if (day != kNever) breakpoints.add(order.counts_from(day));
  };
  add(order.placed_day);
  for (const auto& moment : order.confirmations) add(moment.day);
  for (const auto& moment : order.ready) add(moment.day);
  for (const auto& moment : order.changes) add(moment.day);
  for (const auto& moment : order.proofs) add(moment.day);
  for (const auto& dispatch : order.dispatches) add(dispatch.day);
  for (const auto& back : order.returns) add(back.day);
  for (const Invoice* invoice : picture.invoices_of(order)) {
    if (invoice->issued->kind != InvoiceKind::kInvoice) continue;
    add(picture.day_of(invoice->issued_fact->event.occurred_at));
    add(invoice->void_day);
    for (const Application& application : picture.applications(*invoice)) {
      if (application.item->state != ItemState::kCounts) continue;
      application.item->for_each_movement([&](Day day, Int128) { add(day); });
    }
    for (const auto& write_off : invoice->write_offs) add(write_off.day);
    for (const auto& recovery : invoice->recoveries) {
      if (recovery.counts) add(recovery.day);
    }
  }
  CycleRow row{order.ref.id, order.attributes(), order.placed->kind, order.placed->channel, {}};
  Stretches disordered(AnomalyKind::kMilestonesOutOfOrder, order.ref.id, *order.placed_fact, to);
  Stretches not_invoiced(AnomalyKind::kDeliveredNotInvoiced, order.ref.id, *order.placed_fact, to);
  const Rules& rules = picture.rules();
  const std::span<const Day> days = breakpoints.sorted();
  row.changes.reserve(days.size());
  GoodsOverTime goods(order);
  for (std::size_t i = 0; i < days.size(); ++i) {
    const Day day = days[i];
    goods.advance(day);
    CycleChange change{day, milestones_with(goods, picture, order, day), first_warehouse(order, day)};
    disordered.holds(day, out_of_order(change.milestones));
    const auto delivered = change.milestones[static_cast<std::size_t>(Milestone::kDelivered)];
    const bool invoiced = change.milestones[static_cast<std::size_t>(Milestone::kInvoiced)].has_value();
    Day overdue = kNever;
    if (delivered && !invoiced && rules.expect.invoices) {
      overdue = std::max(day, picture.day_of(*delivered) + rules.anomaly_days.delivered_not_invoiced + 1);
    }
    const bool missed =
        overdue < (i + 1 < days.size() ? days[i + 1] : kNever) && order_value(order, day, Price::kWithTax) > 0;
    // Delivered anew it is missed some days later again.
    not_invoiced.holds(day, missed && overdue == day);
    if (missed) not_invoiced.holds(overdue, true);
    if (!row.changes.empty() && row.changes.back().milestones == change.milestones &&
        row.changes.back().warehouse == change.warehouse) {
      continue;
    }
    row.changes.push_back(std::move(change));
  }
  to.cycle_row(row);
}

}  // namespace

Milestones milestones_on(Picture& picture, const Order& order, Day as_of) {
  GoodsOverTime goods(order);
  goods.advance(as_of);
  return milestones_with(goods, picture, order, as_of);
}

namespace {

// A record was read before its order, or before its shipment.
bool has_waited(const Picture& picture, const Order& order) {
  const auto waited_for_dispatch = [&](std::string_view shipment_id, const Fact& fact) {
    const auto dispatch = std::ranges::find(order.dispatches, shipment_id, [](const Order::Dispatch& known) {
      return std::string_view(known.event->shipment_id);
    });
    return dispatch != order.dispatches.end() && is_later(*dispatch->fact, fact);
  };
  return told_before(picture, *order.document, *order.placed_fact) ||
         std::ranges::any_of(order.proofs,
                             [&](const Order::Moment& proof) {
                               const auto& delivered = std::get<ShipmentDelivered>(proof.fact->event.payload);
                               return waited_for_dispatch(delivered.shipment_id, *proof.fact);
                             }) ||
         std::ranges::any_of(order.returns, [&](const Order::Return& back) {
           return waited_for_dispatch(back.event->shipment_id, *back.fact);
         });
}

// What waits for a shipment, and shipments that wait for their proof.
void contribute_shipments(const Rules& rules, const Order& order, Contributions& to) {
  Lacking shipments;
  for (const auto& [fact, id] : order.waiting) shipments.add(*fact, id);
  shipments.report(AnomalyKind::kUnknownShipment, to);
  wait(to, static_cast<std::int64_t>(order.waiting.size()));
  contribute_unproven(order, rules.anomaly_days.shipped_without_proof_of_delivery, to);
}

}  // namespace

void contribute_order(Picture& picture, const Document& document, Contributions& to, Extent extent) {
  const Order* order = picture.order(document);
  if (order == nullptr) return contribute_unknown(picture, document, to);
  if (extent.own) {
    if (picture.rules().expect.shipments) contribute_shipments(picture.rules(), *order, to);
    if (has_waited(picture, *order)) to.waited();
  }
  if (extent.sales) contribute_sales(*order, to);
  if (extent.credit) contribute_credit(picture, *order, to);
  contribute_cycle(picture, *order, to);
}

}  // namespace daybook::domain
