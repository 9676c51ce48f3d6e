// Sales: what a document adds to each measure, on which day, and from when on it counts (docs/figures.md, "Sales").
// Cells and lists of postings are made of these entries. What changes a figure afterwards has entries of its own, which
// are posted on the day of that figure.
#pragma once

#include <vector>

#include "domain/breakpoints.h"
#include "domain/credit.h"
#include "domain/figures.h"

namespace daybook::domain {

// As it is handed out: attributes are whoever's who hands it out.
struct SalesEntry {
  Measure measure{};  // kOrdered … kShipments
  // The record that it comes from, which belongs to the document's account; where cash stands with an invoice, that
  // which holds the allocation.
  const Fact* fact = nullptr;
  // The document that the record belongs to; where cash stands with an invoice the allocation (a payment's or credit
  // note's own: the payment or credit note).
  std::string_view document_id;
  Currency currency;
  const Attributes& attributes;
  Dimensions dimensions;
  Day day = 0;
  Day counts_from = 0;
  CellValue value;
};

// Channel and kind of the first known order that the invoice names.
Dimensions dimensions_of(const Invoice& invoice);
// A credit note has those of the invoice that it names; cash has none of its own.
Dimensions dimensions_of(AccountState& account, const Source& source);

// How many lines there are of each sku.
class SkuLines {
 public:
  // Whether there was none before.
  bool add(std::string_view sku) {
    const std::uint32_t number = skus_.add(sku, last_ + 1);
    if (number == lines_.size()) lines_.push_back(0);
    last_ = number;
    return ++lines_[number] == 1;
  }
  // Whether there is none any more.
  bool remove(std::string_view sku) { return --lines_[skus_.find(sku)] == 0; }

 private:
  TextNumbers skus_;
  SmallVector<std::uint32_t, 4> lines_;
  std::size_t last_ = 0;
};

// An order's sales, handed out as dates go by: what each of its records changes, and no more. Calls visit(SalesEntry).
template <typename Visit>
class OrderSales {
 public:
  // Both must outlive it.
  OrderSales(const Order& order, const Visit& visit)
      : order_(order),
        attributes_(order.attributes()),
        numbered_(order.by_number()),
        visit_(visit),
        moves_(order),
        lines_(numbered_.count()) {}

  void place() {
    told_ = order_.placed_fact;
    post(Measure::kOrders, order_.placed->currency, {}, order_.placed_day, {0, 1}, order_.placed_day);
    change(0, order_.placed_day);
  }

  // What takes effect on this date; dates rise.
  void advance(Day day) {
    for (const std::size_t in_effect = order_.changes_by(day); changes_ < in_effect;) {
      told_ = order_.changes[changes_].fact;
      change(++changes_, day);
    }
    moves_.advance(day, [&](std::size_t sent) { send(sent, day); }, [&](std::size_t back) { take_back(back, day); });
  }

 private:
  struct Line {
    OrderLines::State state;
    // As far as it was handed out.
    Int128 shipped = 0;
    Int128 returned = 0;

    std::string_view sku() const { return state.terms == nullptr ? std::string_view() : state.terms->sku; }
  };

  // ⌊net × cumulative ÷ quantity⌋ differences along a chain of dispatches (or of returns), so that parts add up
  // exactly.
  static CellValue next_part(const Line& line, Int128& cumulative, Int128 quantity) {
    const Int128 before = cumulative;
    cumulative += quantity;
    if (line.state.terms == nullptr) return {0, quantity};
    const Int128 net = line.state.terms->net_minor;
    return {part_of(net, cumulative, line.state.quantity) - part_of(net, before, line.state.quantity), quantity};
  }

  void change(std::size_t number, Day day) {
    for (const OrderLines::State& now : numbered_.changed(number)) {
      Line& line = lines_[now.line];
      const OrderLines::State before = line.state;
      const bool is_sold_alike = before.terms != nullptr && before.terms->net_minor == now.terms->net_minor &&
                                 before.terms->sku == now.terms->sku && before.quantity == now.quantity;
      order(before, -1, day);
      const bool is_sold_anew = !is_sold_alike && moves_.dispatches() + moves_.returns() > 0;
      if (is_sold_anew) post_moves(now.line, -1, day);
      line.state = now;
      if (is_sold_anew) post_moves(now.line, 1, day);
      order(now, 1, day);
    }
  }

  void order(const OrderLines::State& state, int sign, Day day) {
    if (!state.stands) return;
    const std::string_view sku = state.terms->sku;
    const bool counts = sign > 0 ? ordered_skus_.add(sku) : ordered_skus_.remove(sku);
    CellValue value{part_of(state.terms->net_minor, state.remaining, state.quantity), state.remaining, counts};
    if (sign < 0) value = -value;
    post(Measure::kOrdered, order_.placed->currency, sku, order_.placed_day, value, day);
  }

  // All that was handed out of a line's moves, at its terms as they are; −1 takes it back.
  void post_moves(std::uint32_t number, int sign, Day day) {
    Line line{lines_[number].state};
    for (const OrderLines::LineMove& move : numbered_.moves(number)) {
      if (move.event >= (move.returned ? moves_.returns() : moves_.dispatches())) continue;
      CellValue value = next_part(line, move.returned ? line.returned : line.shipped, move.quantity);
      if (move.returned != (sign < 0)) value = -value;
      if (!move.returned) value.count = count_again(move.event, line.sku(), sign);
      ship(line, value, move.returned ? order_.returns[move.event].day : order_.dispatches[move.event].day, day);
    }
  }

  // A dispatch counts once under each sku of its lines.
  std::int64_t count_again(std::size_t dispatch, std::string_view sku, int sign) {
    if (dispatch_skus_.empty()) {
      dispatch_skus_.resize(order_.dispatches.size());
      for (std::size_t i = 0; i < moves_.dispatches(); ++i) {
        for (const OrderLines::Move& move : numbered_.dispatched(i)) dispatch_skus_[i].add(lines_[move.line].sku());
      }
    }
    SkuLines& skus = dispatch_skus_[dispatch];
    if (sign > 0) return skus.add(sku) ? 1 : 0;
    return skus.remove(sku) ? -1 : 0;
  }

  void send(std::size_t number, Day counts_from) {
    const Order::Dispatch& dispatch = order_.dispatches[number];
    told_ = dispatch.fact;
    const Currency currency = order_.placed->currency;
    const Int128 freight = dispatch.event->freight_minor.value_or(0);
    const bool same_currency = freight == 0 || dispatch.event->currency == currency;
    post(Measure::kShipments, currency, {}, dispatch.day, {same_currency ? freight : 0, 1}, counts_from);
    if (!same_currency) {
      post(Measure::kShipments, dispatch.event->currency, {}, dispatch.day, {freight, 0}, counts_from);
    }
    SkuLines own;
    SkuLines& skus = dispatch_skus_.empty() ? own : dispatch_skus_[number];
    for (const OrderLines::Move& move : numbered_.dispatched(number)) {
      Line& line = lines_[move.line];
      CellValue value = next_part(line, line.shipped, move.quantity);
      value.count = skus.add(line.sku());
      ship(line, value, dispatch.day, counts_from);
    }
  }

  void take_back(std::size_t number, Day counts_from) {
    told_ = order_.returns[number].fact;
    for (const OrderLines::Move& move : numbered_.returned(number)) {
      Line& line = lines_[move.line];
      ship(line, -next_part(line, line.returned, move.quantity), order_.returns[number].day, counts_from);
    }
  }

  void ship(const Line& line, const CellValue& value, Day day, Day counts_from) {
    post(Measure::kShipped, order_.placed->currency, line.sku(), day, value, counts_from);
  }

  void post(Measure measure, Currency currency, std::string_view sku, Day day, const CellValue& value,
            Day counts_from) {
    const Dimensions dimensions{sku, order_.placed->channel, static_cast<std::uint8_t>(order_.placed->kind)};
    visit_(SalesEntry{measure, told_, order_.ref.id, currency, attributes_, dimensions, day, counts_from, value});
  }

  const Order& order_;
  const Attributes attributes_;
  const OrderLines& numbered_;
  const Visit& visit_;
  const Fact* told_ = nullptr;  // Whose entries are being handed out.
  Moves moves_;
  SmallVector<Line, 4> lines_;
  SkuLines ordered_skus_;
  // Of each dispatch; empty while no line got another sku behind its dispatch.
  std::vector<SkuLines> dispatch_skus_;
  std::size_t changes_ = 0;
};

// What a payment brought and what was paid back, by group: as long as an application holds, its part stands with
// its invoice, and what refunds took back of it likewise, negative; the rest with the source. Calls visit(SalesEntry).
template <typename Visit>
class Collected {
 public:
  // All must outlive it.
  Collected(const Source& source, const Attributes& attributes, const Dimensions& dimensions, const Visit& visit)
      : source_(source), attributes_(attributes), dimensions_(dimensions), visit_(visit) {}

  void post() const {
    if (source_.payment != nullptr) {
      stand(*source_.created, source_.day, source_.currency, source_.amount);
      if (source_.ended_day != kNever) stand(*source_.ended_fact, source_.ended_day, source_.currency, -source_.amount);
    }
    for (const Refund& refund : source_.refunds) {
      stand(*refund.fact, refund.event->value_date, refund.event->currency, -Int128(refund.event->amount_minor));
    }
    for (const Item& item : source_.items) {
      if (item.state == ItemState::kCounts) split(item);
    }
  }

 private:
  // With the source.
  void stand(const Fact& fact, Day day, Currency currency, Int128 amount) const {
    visit_(SalesEntry{
        Measure::kCollected, &fact, source_.ref.id, currency, attributes_, dimensions_, day, day, {amount, 0}});
  }

  void split(const Item& item) const {
    const Attributes& attributes = item.invoice->attributes;
    const Dimensions dimensions = dimensions_of(*item.invoice);
    if (attributes == attributes_ && dimensions == dimensions_) return;
    const auto move = [&](Day posted, Day counts_from, Int128 amount) {
      const auto post = [&](const Attributes& under, const Dimensions& of, Int128 signed_amount) {
        visit_(SalesEntry{Measure::kCollected,
                          item.fact,
                          item.allocation_id,
                          source_.currency,
                          under,
                          of,
                          posted,
                          counts_from,
                          {signed_amount, 0}});
      };
      post(attributes_, dimensions_, -amount);
      post(attributes, dimensions, amount);
    };
    // Until it is split no longer.
    const auto hold = [&](Day posted, Day from, Int128 amount) {
      move(posted, from, amount);
      if (item.split_until != kNever) move(posted, item.split_until, -amount);
    };
    if (source_.payment != nullptr) {
      hold(source_.day, item.from, item.amount);
      const Day reversed = source_.ended_day;
      if (reversed != kNever && item.split_until == kNever) move(reversed, reversed, -Int128(item.amount));
    }
    for (const Taking& taking : item.taken_back) hold(taking.day, taking.day, -taking.amount);
  }

  const Source& source_;
  const Attributes& attributes_;
  const Dimensions& dimensions_;
  const Visit& visit_;
};

// Each of these calls visit(SalesEntry).

template <typename Visit>
void for_each_sales_entry(const Order& order, const Visit& visit) {
  Breakpoints breakpoints;
  breakpoints.add(order.placed_day);
  for (const auto& change : order.changes) breakpoints.add(order.counts_from(change.day));
  for (const auto& dispatch : order.dispatches) breakpoints.add(order.counts_from(dispatch.day));
  for (const auto& back : order.returns) breakpoints.add(order.counts_from(back.day));
  OrderSales sales(order, visit);
  sales.place();
  for (const Day day : breakpoints.sorted()) sales.advance(day);
}

template <typename Visit>
void for_each_sales_entry(const Invoice& invoice, const Visit& visit) {
  const InvoiceIssued& issued = *invoice.issued;
  const Dimensions dimensions = dimensions_of(invoice);
  const auto post = [&](const Fact& fact, Day day, CellValue value) {
    visit(SalesEntry{Measure::kInvoiced, &fact, invoice.ref.id, issued.currency, invoice.attributes, dimensions, day,
                     day, value});
  };
  post(*invoice.issued_fact, issued.issue_date, {issued.net_minor, 1});
  if (invoice.voided_fact != nullptr) post(*invoice.voided_fact, invoice.void_day, {-Int128(issued.net_minor), 0});
}

// A refund that no known source has. `document_id`: the source it names, or its own.
template <typename Visit>
void for_each_sales_entry(const Fact& refund_fact, std::string_view document_id, const Attributes& attributes,
                          const Dimensions& dimensions, const Visit& visit) {
  const auto& refund = std::get<RefundPaid>(refund_fact.event.payload);
  visit(SalesEntry{Measure::kCollected,
                   &refund_fact,
                   document_id,
                   refund.currency,
                   attributes,
                   dimensions,
                   refund.value_date,
                   refund.value_date,
                   {-Int128(refund.amount_minor), 0}});
}

// What a credit note takes off the sales, and its void gives back; what cash was collected.
template <typename Visit>
void for_each_sales_entry(const Source& source, const Attributes& attributes, const Dimensions& dimensions,
                          const Visit& visit) {
  if (source.credit_note != nullptr) {
    const auto post = [&](const Fact& fact, Day day, Int128 amount) {
      visit(SalesEntry{
          Measure::kInvoiced, &fact, source.ref.id, source.currency, attributes, dimensions, day, day, {amount, 0}});
    };
    post(*source.created, source.day, -Int128(source.credit_note->net_minor));
    if (source.ended_fact != nullptr) post(*source.ended_fact, source.ended_day, source.credit_note->net_minor);
  }
  Collected(source, attributes, dimensions, visit).post();
}

// All sales of a document that the account's moment knows: of an order, invoice, payment, credit note or refund.
template <typename Visit>
void for_each_sales_entry(AccountState& account, const Document& document, const Visit& visit) {
  switch (document.ref.kind) {
    case DocumentKind::kOrder:
      if (const Order* order = account.order(document)) for_each_sales_entry(*order, visit);
      return;
    case DocumentKind::kInvoice:
      if (const Invoice* invoice = account.invoice(document)) for_each_sales_entry(*invoice, visit);
      return;
    case DocumentKind::kPayment:
    case DocumentKind::kCreditNote:
      if (const Source* source = account.source(document)) {
        return for_each_sales_entry(*source, account.attributes(*source), dimensions_of(account, *source), visit);
      }
      break;
    case DocumentKind::kRefund: break;
    default: return;
  }
  // Refunds that name no source, or one that is not known.
  for (const Fact& fact : document.facts) {
    const auto* refund = std::get_if<RefundPaid>(&fact.event.payload);
    if (refund == nullptr || !account.admits(fact)) continue;
    for_each_sales_entry(fact, document.ref.id, {{}, {}, refund->value_date}, {}, visit);
  }
}

}  // namespace daybook::domain
