// What an order contributes: ordered and shipped sales, freight, counts, and its milestones over time.
#include <array>

#include "domain/contribute.h"

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
  to.waiting(waiting);
}

// A cell of the order's sales on one date, without what all of them share.
struct Posting {
  Measure measure{};
  Currency currency;
  std::string_view sku;
  Day day = 0;
  CellValue value;

  auto key() const { return std::tuple(measure, currency, sku, day); }
};

// Adds up postings of one key; leaves out what is zero.
void merge(std::vector<Posting>& postings) {
  std::ranges::sort(postings, {}, &Posting::key);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < postings.size();) {
    Posting sum = postings[i];
    for (++i; i < postings.size() && postings[i].key() == sum.key(); ++i) sum.value += postings[i].value;
    if (!sum.value.is_zero()) postings[kept++] = sum;
  }
  postings.resize(kept);
}

// How much of each line has been posted so far along a chain of dispatches (or of returns).
class Chain {
 public:
  explicit Chain(const Lines& lines) : lines_(lines) {}

  // The line's next part: ⌊net × cumulative ÷ quantity⌋ differences, so that parts add up exactly.
  Posting next(const ShipmentLine& line, Currency currency, Day day) {
    const OrderLine* terms = lines_.terms(line.line_id);
    const Int128 quantity = scaled(line.quantity);
    Posting posting{Measure::kShipped, currency, {}, day, {0, quantity}};
    if (terms == nullptr) return posting;
    posting.sku = terms->sku;
    Int128& cumulative = so_far(line.line_id);
    const Int128 ordered = scaled(terms->quantity);
    const Int128 before = terms->net_minor * cumulative / ordered;
    cumulative += quantity;
    posting.value.amount = terms->net_minor * cumulative / ordered - before;
    return posting;
  }

 private:
  Int128& so_far(std::string_view line_id) {
    for (auto& [id, quantity] : so_far_) {
      if (id == line_id) return quantity;
    }
    return so_far_.emplace_back(line_id, 0).second;
  }

  const Lines& lines_;
  std::vector<std::pair<std::string_view, Int128>> so_far_;
};

void count_by_sku(std::vector<Posting>& postings, Measure measure, Currency currency, Day day,
                  std::vector<std::string_view> skus) {
  std::ranges::sort(skus);
  skus.erase(std::unique(skus.begin(), skus.end()), skus.end());
  for (const auto& sku : skus) postings.push_back({measure, currency, sku, day, {0, 1}});
}

std::vector<Posting> sales_on(const Order& order, Day as_of) {
  std::vector<Posting> postings;
  const Lines& lines = order.lines(as_of);
  const Currency currency = order.placed->currency;
  const Day placed = order.placed_day;

  postings.push_back({Measure::kOrders, currency, {}, placed, {0, 1}});
  std::vector<std::string_view> skus;
  for (const LineState& line : lines.standing) {
    skus.push_back(line.terms->sku);
    const Int128 net = line.terms->net_minor * line.remaining / line.quantity;
    postings.push_back({Measure::kOrdered, currency, line.terms->sku, placed, {net, line.remaining}});
  }
  count_by_sku(postings, Measure::kOrdersBySku, currency, placed, std::move(skus));

  Chain shipped(lines);
  for (const Order::Dispatch& dispatch : order.dispatches) {
    if (!order.counts(dispatch.day, as_of)) continue;
    postings.push_back({Measure::kShipments, currency, {}, dispatch.day, {0, 1}});
    std::vector<std::string_view> shipped_skus;
    for (const ShipmentLine& line : dispatch.event->lines) {
      postings.push_back(shipped.next(line, currency, dispatch.day));
      shipped_skus.push_back(postings.back().sku);
    }
    count_by_sku(postings, Measure::kShipmentsBySku, currency, dispatch.day, std::move(shipped_skus));
    if (dispatch.event->freight_minor) {
      postings.push_back({Measure::kFreight, dispatch.event->currency, {}, dispatch.day,
                          {*dispatch.event->freight_minor, 0}});
    }
  }
  Chain returned(lines);
  for (const Order::Return& back : order.returns) {
    if (!order.counts(back.day, as_of)) continue;
    for (const ShipmentLine& line : back.event->lines) {
      Posting posting = returned.next(line, currency, back.day);
      posting.value = -posting.value;
      postings.push_back(posting);
    }
  }
  merge(postings);
  return postings;
}

void contribute_sales(const Order& order, Contributions& to) {
  Breakpoints breakpoints;
  breakpoints.add(order.placed_day);
  for (const auto& change : order.changes) breakpoints.add(order.counts_from(change.day));
  for (const auto& dispatch : order.dispatches) breakpoints.add(order.counts_from(dispatch.day));
  for (const auto& back : order.returns) breakpoints.add(order.counts_from(back.day));

  const Attributes attributes = order.attributes();
  std::vector<Posting> before;
  for (const Day day : breakpoints.sorted()) {
    std::vector<Posting> now = sales_on(order, day);
    std::vector<Posting> change = now;
    for (Posting posting : before) {
      posting.value = -posting.value;
      change.push_back(posting);
    }
    merge(change);
    for (const Posting& posting : change) {
      const Dimensions dimensions{posting.sku, order.placed->channel,
                                  static_cast<std::uint8_t>(order.placed->kind)};
      to.cell({posting.measure, posting.currency, attributes, dimensions, posting.day, 0, day},
              posting.value);
    }
    before = std::move(now);
  }
}

void set(Milestones& milestones, Milestone milestone, Instant instant) {
  milestones[static_cast<std::size_t>(milestone)] = instant;
}

// The earliest in effect.
void set_first(Milestones& milestones, Milestone milestone, const Order& order,
               const std::vector<Order::Moment>& moments, Day as_of) {
  for (const Order::Moment& moment : moments) {
    if (order.counts(moment.day, as_of)) {
      return set(milestones, milestone, moment.fact->event.occurred_at);
    }
  }
}

// The dispatch after which every line that remains has been dispatched in full.
std::optional<Instant> wholly_dispatched(const Order& order, Day as_of) {
  std::vector<LineState> open;
  for (const LineState& line : order.lines(as_of).standing) {
    if (line.remaining > 0) open.push_back(line);
  }
  if (open.empty()) return std::nullopt;
  for (const Order::Dispatch& dispatch : order.dispatches) {
    if (!order.counts(dispatch.day, as_of)) continue;
    for (const ShipmentLine& shipped : dispatch.event->lines) {
      for (LineState& line : open) {
        if (line.line_id == shipped.line_id) line.remaining -= scaled(shipped.quantity);
      }
    }
    std::erase_if(open, [](const LineState& line) { return line.remaining <= 0; });
    if (open.empty()) return dispatch.fact->event.occurred_at;
  }
  return std::nullopt;
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

// The last of the proofs, when every shipment has its proof; one that came back whole without proof
// is left out.
std::optional<Instant> wholly_delivered(const Order& order, Day as_of) {
  std::optional<Instant> last;
  for (const Order::Dispatch& dispatch : order.dispatches) {
    if (!order.counts(dispatch.day, as_of)) continue;
    std::optional<Instant> proof;
    for (const Order::Moment& moment : order.proofs) {
      if (!order.counts(moment.day, as_of)) continue;
      const auto& delivered = std::get<ShipmentDelivered>(moment.fact->event.payload);
      if (delivered.shipment_id == dispatch.event->shipment_id) {
        proof = moment.fact->event.occurred_at;
        break;
      }
    }
    if (proof) {
      last = std::max(last.value_or(*proof), *proof);
    } else if (!came_back_whole(order, dispatch, as_of)) {
      return std::nullopt;
    }
  }
  return last;
}

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
      add(application.item->from);
      add(application.item->until);
    }
    for (const auto& write_off : invoice->write_offs) add(write_off.day);
    for (const auto& recovery : invoice->recoveries) {
      if (recovery.counts) add(recovery.day);
    }
  }
  CycleRow row{order.ref.id, order.attributes(), order.placed->kind, order.placed->channel, {}};
  for (const Day day : breakpoints.sorted()) {
    CycleChange change{day, milestones_on(picture, order, day), first_warehouse(order, day)};
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
  Milestones milestones;
  set(milestones, Milestone::kPlaced, order.placed_fact->event.occurred_at);
  set_first(milestones, Milestone::kConfirmed, order, order.confirmations, as_of);
  set_first(milestones, Milestone::kReady, order, order.ready, as_of);
  for (const Order::Dispatch& dispatch : order.dispatches) {
    if (!order.counts(dispatch.day, as_of)) continue;
    set(milestones, Milestone::kFirstDispatched, dispatch.fact->event.occurred_at);
    break;
  }
  const std::optional<Instant> dispatched = wholly_dispatched(order, as_of);
  if (dispatched) {
    set(milestones, Milestone::kDispatched, *dispatched);
    if (const auto delivered = wholly_delivered(order, as_of)) {
      set(milestones, Milestone::kDelivered, *delivered);
    }
  }
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
  if (dispatched && invoiced && all_settled) set(milestones, Milestone::kPaid, *settled);
  return milestones;
}

void contribute_order(Picture& picture, const Document& document, Contributions& to) {
  const Order* order = picture.order(document.ref.id);
  if (order == nullptr) return contribute_unknown(picture, document, to);
  if (picture.rules().expect.shipments) {
    Lacking shipments;
    for (const auto& [fact, id] : order->waiting) shipments.add(*fact, id);
    shipments.report(AnomalyKind::kUnknownShipment, to);
    if (!order->waiting.empty()) to.waiting(static_cast<std::int64_t>(order->waiting.size()));
  }
  contribute_sales(*order, to);
  contribute_cycle(picture, *order, to);
}

}  // namespace daybook::domain
