#include "domain/credit.h"

#include "domain/contribute.h"

namespace daybook::domain {
namespace {

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

using Invoices = SmallVector<const Invoice*, 2>;

Invoices invoices_of(AccountState& account, const Order& order) {
  Invoices all;
  for (const Invoice* invoice : account.invoices_of(order)) {
    if (invoices(*invoice, order)) all.push_back(invoice);
  }
  return all;
}

// Calls visit(Source) for each credit note in the invoice's currency that names it.
template <typename Visit>
void for_each_credit_note(AccountState& account, const Invoice& invoice, const Visit& visit) {
  for (const DocumentRef& link : invoice.document->links) {
    if (link.kind != DocumentKind::kCreditNote) continue;
    const Source* note = account.source(link);
    if (note == nullptr || note->credit_note->invoice_id != invoice.ref.id) continue;
    if (note->currency == invoice.issued->currency) visit(*note);
  }
}

struct Share {
  Int128 with_tax = 0;
  Int128 net = 0;
  Int128 less_credited = 0;  // Of the gross less the credit notes that exist, not below 0.
};

// An order's share of the invoices that name it, as dates go by.
class ShareOverTime {
 public:
  ShareOverTime(AccountState& account, const Invoices& invoices, const Order& order)
      : account_(account), order_(order), invoices_(invoices), parts_(invoices.size()) {
    for (std::uint32_t i = 0; i < invoices.size(); ++i) {
      const auto add = [&](Day day, Int128 credited = 0) {
        if (day != kNever) changes_.push_back({day, i, credited});
      };
      add(invoices[i]->issued->issue_date);
      add(invoices[i]->void_day);
      for_each_credit_note(account, *invoices[i], [&](const Source& note) {
        add(note.day, note.amount);
        add(note.ended_day, -note.amount);
      });
      if (shared(*invoices[i])) account.split(*invoices[i]).for_each_change(add);
    }
    std::ranges::sort(changes_, {}, &Change::day);
  }

  // The dates on which it may change.
  template <typename Visit>
  void for_each_day(const Visit& visit) const {
    for (const Change& change : changes_) visit(change.day);
  }

  // Dates rise.
  void advance(Day as_of) {
    const std::size_t first = next_;
    for (; next_ < changes_.size() && changes_[next_].day <= as_of; ++next_) {
      parts_[changes_[next_].invoice].credited += changes_[next_].credited;
    }
    for (std::size_t i = first; i < next_; ++i) {
      Part& part = parts_[changes_[i].invoice];
      add(part.share, -1);
      part.share = share_of(*invoices_[changes_[i].invoice], part.credited, as_of);
      add(part.share, 1);
    }
  }

  const Share& share() const { return sum_; }

 private:
  struct Change {
    Day day = 0;
    std::uint32_t invoice = 0;
    Int128 credited = 0;
  };
  struct Part {
    Int128 credited = 0;
    Share share;
  };

  void add(const Share& share, int sign) {
    sum_.with_tax += sign * share.with_tax;
    sum_.net += sign * share.net;
    sum_.less_credited += sign * share.less_credited;
  }

  Share share_of(const Invoice& invoice, Int128 credited, Day as_of) const {
    if (!invoice.in_force(as_of)) return {};
    const Int128 gross = whole(*invoice.issued, Price::kWithTax);
    const Int128 rest = std::max<Int128>(0, gross - credited);
    if (!shared(invoice)) return {gross, whole(*invoice.issued, Price::kNet), rest};
    const Split& split = account_.split(invoice);
    const Int128 with_tax = split.share(order_, as_of, Price::kWithTax);
    return {with_tax, split.share(order_, as_of, Price::kNet),
            rest == gross ? with_tax : split.share_of(rest, order_, as_of)};
  }

  AccountState& account_;
  const Order& order_;
  const Invoices& invoices_;
  SmallVector<Part, 2> parts_;
  SmallVector<Change, 4> changes_;  // By day.
  std::size_t next_ = 0;
  Share sum_;
};

// What is open and out of an order's lines, with tax, as dates go by.
class GoodsOverTime {
 public:
  explicit GoodsOverTime(const Order& order)
      : order_(order), numbered_(order.by_number()), moves_(order), lines_(numbered_.count()) {
    change(0);
  }

  // Takes what is in effect by this date; dates rise.
  void advance(Day as_of) {
    moves_.advance(
        as_of,
        [&](std::size_t sent) {
          for (const OrderLines::Move& move : numbered_.dispatched(sent)) {
            update(move.line, [&](Line& line) { line.dispatched += move.quantity; });
          }
        },
        [&](std::size_t back) {
          const bool to_be_resent = order_.returns[back].event->to_be_resent;
          for (const OrderLines::Move& move : numbered_.returned(back)) {
            update(move.line, [&](Line& line) {
              line.returned += move.quantity;
              if (to_be_resent) line.to_be_resent += move.quantity;
            });
          }
        });
    for (const std::size_t in_effect = order_.changes_by(as_of); changes_ < in_effect;) change(++changes_);
  }

  Int128 open() const { return open_; }
  Int128 dispatched() const { return dispatched_; }
  bool shipped_over_ordered() const { return over_shipped_ > 0; }
  bool returned_over_dispatched() const { return over_returned_ > 0; }

 private:
  struct Line {
    OrderLines::State state;
    Int128 dispatched = 0;
    Int128 returned = 0;
    Int128 to_be_resent = 0;  // Of what was returned.

    Int128 out() const { return dispatched - returned; }
    // What need not be dispatched any more.
    Int128 net() const { return std::max<Int128>(0, dispatched - to_be_resent); }
  };

  void change(std::size_t number) {
    for (const OrderLines::State& now : numbered_.changed(number)) {
      update(now.line, [&](Line& line) { line.state = now; });
    }
  }

  template <typename Change>
  void update(std::uint32_t number, const Change& change) {
    Line& line = lines_[number];
    add(line, -1);
    change(line);
    add(line, 1);
  }

  // Lines that the order no longer has stand at their last terms; those that it never had have no value.
  void add(const Line& line, int sign) {
    const OrderLines::State& state = line.state;
    if (state.terms != nullptr) {
      const Int128 price = price_of(*state.terms, Price::kWithTax);
      if (state.stands) {
        open_ += sign * (part_of(price, state.remaining, state.quantity) -
                         part_of(price, std::min(state.remaining, line.net()), state.quantity));
      }
      dispatched_ += sign * part_of(price, std::max<Int128>(0, line.out()), state.quantity);
    }
    over_shipped_ += line.out() > state.remaining ? sign : 0;
    over_returned_ += line.out() < 0 ? sign : 0;
  }

  const Order& order_;
  const OrderLines& numbered_;
  Moves moves_;
  SmallVector<Line, 4> lines_;
  std::size_t changes_ = 0;  // In effect.
  // Sums over the lines, and how many of them there are too many of.
  Int128 open_ = 0;
  Int128 dispatched_ = 0;
  std::int64_t over_shipped_ = 0;
  std::int64_t over_returned_ = 0;
};

Breakpoints credit_breakpoints(const ShareOverTime& share, const Order& order) {
  Breakpoints days;
  const auto add = [&](Day day) { days.add(order.counts_from(day)); };
  add(order.placed_day);
  for (const auto& change : order.changes) add(change.day);
  for (const auto& dispatch : order.dispatches) add(dispatch.day);
  for (const auto& back : order.returns) add(back.day);
  share.for_each_day(add);
  return days;
}

}  // namespace

Int128 order_value(const Order& order, Day as_of, Price price) {
  if (as_of < order.placed_day) return 0;
  const OrderLines::Value& value = order.by_number().value(order.changes_by(as_of));
  return price == Price::kWithTax ? value.with_tax : value.net;
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
  SmallVector<Int128, 8> values;
  Sums sums;
  for (const Order* order : orders_) sums.values += values.emplace_back(order_value(*order, day, price));
  sums.on_last = whole(issued_, price);
  values.pop_back();
  for (const Int128 value : values) {
    if (value != 0) sums.on_last -= part_of(whole(issued_, price), value, sums.values);
  }
  return sums;
}

const Split::Step& Split::step_on(Day day) const {
  const auto after = std::ranges::upper_bound(steps_, day, {}, &Step::from);
  return after == steps_.begin() ? *after : *std::prev(after);
}

Int128 Split::share(const Order& order, Day as_of, Price price) const {
  if (steps_.empty()) return whole(issued_, price);
  const Step& step = step_on(as_of);
  const Sums& sums = price == Price::kWithTax ? step.with_tax : step.net;
  if (orders_.back()->ref == order.ref) return sums.on_last;
  return part_of(whole(issued_, price), order_value(order, as_of, price), sums.values);
}

Int128 Split::share_of(Int128 amount, const Order& order, Day as_of) const {
  if (steps_.empty()) return amount;
  const Day day = std::max(as_of, steps_.front().from);
  const Int128 values = step_on(day).with_tax.values;
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

OrderCredit credit_on(AccountState& account, const Order& order, Day as_of) {
  if (as_of < order.placed_day) return {};
  GoodsOverTime goods(order);
  goods.advance(as_of);
  const Invoices invoices = invoices_of(account, order);
  ShareOverTime share(account, invoices, order);
  share.advance(as_of);
  return {goods.open(), goods.dispatched(), share.share().with_tax, share.share().less_credited};
}

void contribute_credit(AccountState& account, const Order& order, Contributions& to) {
  const auto about_order = [&](AnomalyKind kind) {
    return AnomalyIntervals(kind, order.ref.id, *order.placed_fact, to);
  };
  AnomalyIntervals over_invoiced = about_order(AnomalyKind::kInvoicedOverOrdered);
  AnomalyIntervals over_shipped = about_order(AnomalyKind::kShippedOverOrdered);
  AnomalyIntervals over_returned = about_order(AnomalyKind::kReturnedOverDispatched);
  const Invoices invoices = invoices_of(account, order);
  OrderCredit before;
  OrderCredit now;
  GoodsOverTime goods(order);
  ShareOverTime share(account, invoices, order);
  Breakpoints breakpoints = credit_breakpoints(share, order);
  for (const Day day : breakpoints.sorted()) {
    goods.advance(day);
    now.undispatched = goods.open();
    now.dispatched = goods.dispatched();
    over_shipped.holds(day, goods.shipped_over_ordered());
    over_returned.holds(day, goods.returned_over_dispatched());
    if (!invoices.empty()) {
      share.advance(day);
      now.invoiced = share.share().with_tax;
      now.invoiced_less_credited = share.share().less_credited;
      over_invoiced.holds(day, share.share().net > 0 && share.share().net > order_value(order, day, Price::kNet));
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
