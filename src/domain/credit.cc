#include "domain/credit.h"

#include "domain/contribute.h"

namespace daybook::domain {
namespace {

Int128 scaled(const Decimal& quantity) { return quantity.scaled(kQuantityPlaces); }

Int128 price_of(const OrderLine& terms, Price price) {
  return Int128(terms.net_minor) + (price == Price::kWithTax ? terms.tax_minor.value_or(0) : 0);
}

Int128 whole(const InvoiceIssued& issued, Price price) {
  return price == Price::kWithTax ? issued.gross_minor() : issued.net_minor;
}

bool shared(const Invoice& invoice) { return invoice.issued->order_ids.size() > 1; }

// Whether the invoice counts as one of this order's.
bool invoices(const Invoice& invoice, const Order& order) {
  return invoice.issued->kind == InvoiceKind::kInvoice && invoice.issued->currency == order.placed->currency;
}

using Invoices = Few<const Invoice*, 2>;

Invoices invoices_of(Picture& picture, const Order& order) {
  Invoices all;
  for (const Invoice* invoice : picture.invoices_of(order)) {
    if (invoices(*invoice, order)) all.push_back(invoice);
  }
  return all;
}

// Calls visit(Source) for each credit note in the invoice's currency that names it.
template <typename Visit>
void for_each_credit_note(Picture& picture, const Invoice& invoice, const Visit& visit) {
  for (const DocumentRef& link : invoice.document->links) {
    if (link.kind != DocumentKind::kCreditNote) continue;
    const Source* note = picture.source(link);
    if (note == nullptr || note->credit_note->invoice_id != invoice.ref.id) continue;
    if (note->currency == invoice.issued->currency) visit(*note);
  }
}

struct Share {
  Int128 with_tax = 0;
  Int128 net = 0;
  Int128 less_credited = 0;  // Of the gross less the credit notes that exist, not below 0.
};

Share share(Picture& picture, const Invoices& invoices, const Order& order, Day as_of) {
  Share sum;
  for (const Invoice* invoice : invoices) {
    if (!invoice->in_force(as_of)) continue;
    const Int128 gross = whole(*invoice->issued, Price::kWithTax);
    Int128 rest = gross;
    for_each_credit_note(picture, *invoice, [&](const Source& note) {
      if (note.exists(as_of)) rest -= note.amount;
    });
    rest = std::max<Int128>(0, rest);
    if (!shared(*invoice)) {
      sum.with_tax += gross;
      sum.net += whole(*invoice->issued, Price::kNet);
      sum.less_credited += rest;
      continue;
    }
    const Split& split = picture.split(*invoice);
    const Int128 with_tax = split.share(order, as_of, Price::kWithTax);
    sum.with_tax += with_tax;
    sum.net += split.share(order, as_of, Price::kNet);
    sum.less_credited += rest == gross ? with_tax : split.share_of(rest, order, as_of);
  }
  return sum;
}

// What was dispatched and came back of each line, as it adds up over time.
class Moved {
 public:
  struct Line {
    std::string_view line_id;
    Int128 dispatched = 0;
    Int128 returned = 0;
    Int128 to_be_resent = 0;  // Of what was returned.

    Int128 out() const { return dispatched - returned; }
    // What need not be dispatched any more.
    Int128 net() const { return std::max<Int128>(0, dispatched - to_be_resent); }
  };

  explicit Moved(const Order& order) : order_(order) {}

  // Takes what is in effect by this date; dates rise. Whether there was any. Dispatches and returns are in
  // order of their instants, and so of the days from which they count.
  bool advance(Day as_of) {
    const std::size_t before = dispatch_ + return_;
    for (; dispatch_ < order_.dispatches.size(); ++dispatch_) {
      const Order::Dispatch& dispatch = order_.dispatches[dispatch_];
      if (!order_.counts(dispatch.day, as_of)) break;
      for (const ShipmentLine& line : dispatch.event->lines) at(line.line_id).dispatched += scaled(line.quantity);
    }
    for (; return_ < order_.returns.size(); ++return_) {
      const Order::Return& back = order_.returns[return_];
      if (!order_.counts(back.day, as_of)) break;
      for (const ShipmentLine& line : back.event->lines) {
        Line& moved = at(line.line_id);
        moved.returned += scaled(line.quantity);
        if (back.event->to_be_resent) moved.to_be_resent += scaled(line.quantity);
      }
    }
    return dispatch_ + return_ > before;
  }

  std::span<const Line> lines() const { return lines_; }
  // Null where nothing of the line moved. `near`: where it may stand.
  const Line* find(std::string_view line_id, std::size_t near) const {
    if (near < lines_.size() && lines_[near].line_id == line_id) return &lines_[near];
    const auto line = std::ranges::find(lines_, line_id, &Line::line_id);
    return line == lines_.end() ? nullptr : &*line;
  }

 private:
  Line& at(std::string_view line_id) {
    const auto line = std::ranges::find(lines_, line_id, &Line::line_id);
    return line != lines_.end() ? *line : lines_.emplace_back(Line{line_id, 0, 0, 0});
  }

  const Order& order_;
  Few<Line, 4> lines_;
  std::size_t dispatch_ = 0;
  std::size_t return_ = 0;
};

struct Goods {
  Int128 open = 0;
  Int128 dispatched = 0;
  bool shipped_over_ordered = false;
  bool returned_over_dispatched = false;
};

Goods goods(const Lines& lines, const Moved& moved) {
  Goods goods;
  std::size_t standing_moved = 0;
  for (std::size_t i = 0; i < lines.standing.size(); ++i) {
    const LineState& line = lines.standing[i];
    const Int128 price = price_of(*line.terms, Price::kWithTax);
    const Moved::Line* out = moved.find(line.line_id, i);
    const Int128 dispatched = out == nullptr ? 0 : out->net();
    goods.open += part_of(price, line.remaining, line.quantity) -
                  part_of(price, std::min(line.remaining, dispatched), line.quantity);
    if (out == nullptr) continue;
    ++standing_moved;
    goods.dispatched += part_of(price, std::max<Int128>(0, out->out()), line.quantity);
    goods.shipped_over_ordered |= out->out() > line.remaining;
    goods.returned_over_dispatched |= out->out() < 0;
  }
  if (standing_moved == moved.lines().size()) return goods;
  // Lines that the order no longer has, at their last terms, or never had.
  for (const Moved::Line& line : moved.lines()) {
    if (std::ranges::find(lines.standing, line.line_id, &LineState::line_id) != lines.standing.end()) continue;
    if (const OrderLine* terms = lines.terms(line.line_id)) {
      goods.dispatched +=
          part_of(price_of(*terms, Price::kWithTax), std::max<Int128>(0, line.out()), scaled(terms->quantity));
    }
    goods.shipped_over_ordered |= line.out() > 0;
    goods.returned_over_dispatched |= line.out() < 0;
  }
  return goods;
}

Breakpoints credit_breakpoints(Picture& picture, const Invoices& invoices, const Order& order) {
  Breakpoints days;
  const auto add = [&](Day day) {
    if (day != kNever) days.add(order.counts_from(day));
  };
  add(order.placed_day);
  for (const auto& change : order.changes) add(change.day);
  for (const auto& dispatch : order.dispatches) add(dispatch.day);
  for (const auto& back : order.returns) add(back.day);
  for (const Invoice* invoice : invoices) {
    add(invoice->issued->issue_date);
    add(invoice->void_day);
    for_each_credit_note(picture, *invoice, [&](const Source& note) {
      add(note.day);
      add(note.ended_day);
    });
    if (shared(*invoice)) picture.split(*invoice).for_each_change(add);
  }
  return days;
}

}  // namespace

Int128 order_value(const Order& order, Day as_of, Price price) {
  if (as_of < order.placed_day) return 0;
  Int128 sum = 0;
  for (const LineState& line : order.lines(as_of).standing) {
    sum += part_of(price_of(*line.terms, price), line.remaining, line.quantity);
  }
  return sum;
}

Split::Split(const Invoice& invoice) : issued_(*invoice.issued) {
  Breakpoints days;
  days.add(issued_.issue_date);
  for (const Order* order : invoice.orders) {
    if (order->placed->currency != issued_.currency) continue;
    orders_.push_back(order);
    const auto add = [&](Day day) {
      if (order->counts_from(day) > issued_.issue_date) days.add(order->counts_from(day));
    };
    add(order->placed_day);
    for (const auto& change : order->changes) add(change.day);
  }
  if (orders_.size() < 2) return;
  for (const Day day : days.sorted()) {
    steps_.push_back({day, sums(day, Price::kWithTax), sums(day, Price::kNet)});
  }
}

Split::Sums Split::sums(Day day, Price price) const {
  Few<Int128, 8> values;
  Sums sums;
  for (const Order* order : orders_) sums.values += values.emplace_back(order_value(*order, day, price));
  sums.on_last = whole(issued_, price);
  values.pop_back();
  for (const Int128 value : values) {
    if (value != 0) sums.on_last -= part_of(whole(issued_, price), value, sums.values);
  }
  return sums;
}

Int128 Split::share(const Order& order, Day as_of, Price price) const {
  if (steps_.empty()) return whole(issued_, price);
  const auto after = std::ranges::upper_bound(steps_, as_of, {}, &Step::from);
  const Step& step = after == steps_.begin() ? *after : *std::prev(after);
  const Sums& sums = price == Price::kWithTax ? step.with_tax : step.net;
  if (orders_.back()->ref == order.ref) return sums.on_last;
  return part_of(whole(issued_, price), order_value(order, as_of, price), sums.values);
}

Int128 Split::share_of(Int128 amount, const Order& order, Day as_of) const {
  if (steps_.empty()) return amount;
  const Day day = std::max(as_of, steps_.front().from);
  Int128 values = 0;
  for (const Order* each : orders_) values += order_value(*each, day, Price::kWithTax);
  const auto part = [&](const Order& of) {
    return values == 0 ? 0 : part_of(amount, order_value(of, day, Price::kWithTax), values);
  };
  if (orders_.back()->ref != order.ref) return part(order);
  Int128 rest = amount;
  for (const Order* each : orders_) {
    if (each != orders_.back()) rest -= part(*each);
  }
  return rest;
}

OrderCredit credit_on(Picture& picture, const Order& order, Day as_of) {
  if (as_of < order.placed_day) return {};
  Moved moved(order);
  moved.advance(as_of);
  const Goods now = goods(order.lines(as_of), moved);
  const Share invoiced = share(picture, invoices_of(picture, order), order, as_of);
  return {now.open, now.dispatched, invoiced.with_tax, invoiced.less_credited};
}

void contribute_credit(Picture& picture, const Order& order, Contributions& to) {
  const auto about_order = [&](AnomalyKind kind) { return Stretches(kind, order.ref.id, *order.placed_fact, to); };
  Stretches over_invoiced = about_order(AnomalyKind::kInvoicedOverOrdered);
  Stretches over_shipped = about_order(AnomalyKind::kShippedOverOrdered);
  Stretches over_returned = about_order(AnomalyKind::kReturnedOverDispatched);
  const Invoices invoices = invoices_of(picture, order);
  OrderCredit before;
  OrderCredit now;
  Moved moved(order);
  const Lines* lines = nullptr;
  Breakpoints breakpoints = credit_breakpoints(picture, invoices, order);
  for (const Day day : breakpoints.sorted()) {
    const bool is_moved = moved.advance(day);
    const Lines& standing = order.lines(day);
    if (is_moved || lines != &standing) {
      const Goods there = goods(standing, moved);
      now.undispatched = there.open;
      now.dispatched = there.dispatched;
      over_shipped.holds(day, there.shipped_over_ordered);
      over_returned.holds(day, there.returned_over_dispatched);
      lines = &standing;
    }
    if (!invoices.empty()) {
      const Share share_now = share(picture, invoices, order, day);
      now.invoiced = share_now.with_tax;
      now.invoiced_less_credited = share_now.less_credited;
      over_invoiced.holds(day, share_now.net > 0 && share_now.net > order_value(order, day, Price::kNet));
    }
    const auto add = [&](Measure measure, Int128 amount) {
      if (amount != 0) to.cell({measure, order.placed->currency, {}, {}, day, 0, day}, {amount, 0});
    };
    add(Measure::kOpenOrders, now.open() - before.open());
    add(Measure::kNotInvoiced, now.not_invoiced() - before.not_invoiced());
    before = now;
  }
}

}  // namespace daybook::domain
