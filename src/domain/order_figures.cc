// What an order contributes: its sales (sales.h), and its milestones over time.
#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "domain/contribute.h"
#include "domain/credit.h"
#include "domain/settlement.h"

namespace daybook::domain {
namespace {

// The order was never placed: everything about it waits.
void contribute_unknown(AccountState& account, const Document& document, Contributions& to) {
  if (!account.rules().expect.orders) return;
  MissingReferences lacking;
  std::int64_t waiting = 0;
  for (const Fact& fact : document.facts) {
    if (!account.admits(fact)) continue;
    lacking.add(fact, document.ref.id);
    ++waiting;
  }
  for (const DocumentRef& link : document.links) {
    if (const Invoice* invoice = account.invoice(link.id)) {
      lacking.add(*invoice->issued_fact, document.ref.id);
    }
  }
  lacking.report(AnomalyKind::kUnknownOrder, to);
  wait(to, waiting);
}

void set(Milestones& milestones, Milestone milestone, Instant instant) {
  milestones[static_cast<std::size_t>(milestone)] = instant;
}

// The earliest, where it is in effect: it is the first to be.
void set_first(Milestones& milestones, Milestone milestone, const Order& order, const auto& told, Day as_of) {
  if (told.empty() || !order.counts(told.front().day, as_of)) return;
  set(milestones, milestone, told.front().fact->event.occurred_at);
}

// A shipment that neither has its proof nor came back whole so many days after it was dispatched.
void contribute_unproven(const Order& order, Day days, Contributions& to) {
  for (const Order::Dispatch& dispatch : order.dispatches) {
    const Day from = order.counts_from(dispatch.day + days + 1);
    Day until = dispatch.proof == Order::kNone ? kNever : order.counts_from(order.proofs[dispatch.proof].day);
    if (dispatch.whole_return != Order::kNone) {
      until = std::min(until, order.counts_from(order.returns[dispatch.whole_return].day));
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

// The greatest of values that change, each at its place.
class Greatest {
 public:
  static constexpr Instant kNone = std::numeric_limits<Instant>::min();

  explicit Greatest(std::size_t places) : places_(places), tree_(2 * std::max<std::size_t>(places, 1), kNone) {}
  void set(std::size_t place, Instant value) {
    tree_[places_ + place] = value;
    for (std::size_t at = (places_ + place) / 2; at > 0; at /= 2)
      tree_[at] = std::max(tree_[2 * at], tree_[2 * at + 1]);
  }
  Instant top() const { return tree_[1]; }
  // Of the places in [begin, end).
  Instant of(std::size_t begin, std::size_t end) const {
    Instant greatest = kNone;
    for (begin += places_, end += places_; begin < end; begin /= 2, end /= 2) {
      if (begin % 2 == 1) greatest = std::max(greatest, tree_[begin++]);
      if (end % 2 == 1) greatest = std::max(greatest, tree_[--end]);
    }
    return greatest;
  }

 private:
  std::size_t places_;
  SmallVector<Instant, 8> tree_;  // Places from `places_` on; above each two of them the greater.
};

// When everything had been dispatched, over time. Dates rise.
class DispatchedOverTime {
 public:
  explicit DispatchedOverTime(const Order& order)
      : order_(order),
        numbered_(order.by_number()),
        moves_(order),
        lines_(numbered_.count()),
        filled_(numbered_.count()) {
    change(0);
  }

  void advance(Day as_of) {
    moves_.advance(
        as_of,
        [&](std::size_t sent) {
          const Instant instant = order_.dispatches[sent].fact->event.occurred_at;
          for (const OrderLines::Move& move : numbered_.dispatched(sent)) fill(move.line, move.quantity, instant);
        },
        [&](std::size_t back) {
          if (!order_.returns[back].event->to_be_resent) return;
          for (const OrderLines::Move& move : numbered_.returned(back)) fill(move.line, -move.quantity, 0);
        });
    for (const std::size_t in_effect = order_.changes_by(as_of); changes_ < in_effect;) change(++changes_);
  }

  // The dispatch from which on every line that remains has been dispatched in full, less what came back to be resent.
  std::optional<Instant> dispatched() const {
    if (remaining_lines_ == 0 || short_lines_ > 0) return std::nullopt;
    return filled_.top();
  }
  // Whether a line does.
  bool remains() const { return remaining_lines_ > 0; }

 private:
  struct Line {
    Int128 remaining = 0;
    Int128 out = 0;

    bool is_short() const { return remaining > 0 && out < remaining; }
  };

  // What went out at an instant, or came back to go out again.
  void fill(std::uint32_t number, Int128 quantity, Instant instant) {
    Line& line = lines_[number];
    const bool was_short = line.is_short();
    line.out += quantity;
    if (line.is_short() == was_short) return;
    short_lines_ += line.is_short() ? 1 : -1;
    filled_.set(number, was_short ? instant : Greatest::kNone);
  }

  // Another quantity remains: the line may have been filled at another instant.
  void change(std::size_t number) {
    for (const OrderLines::State& now : numbered_.changed(number)) {
      Line& line = lines_[now.line];
      if (line.remaining == now.remaining) continue;
      short_lines_ -= line.is_short();
      remaining_lines_ -= line.remaining > 0;
      line.remaining = now.remaining;
      short_lines_ += line.is_short();
      remaining_lines_ += line.remaining > 0;
      if (moves_.dispatches() + moves_.returns() > 0) filled_.set(now.line, filled_at(now.line));
    }
  }

  Instant filled_at(std::uint32_t number) const {
    Line line{lines_[number].remaining};
    Instant filled = Greatest::kNone;
    for (const OrderLines::LineMove& move : numbered_.moves(number)) {
      if (move.event >= (move.returned ? moves_.returns() : moves_.dispatches())) break;
      const bool was_short = line.is_short();
      if (!move.returned) {
        line.out += move.quantity;
      } else if (order_.returns[move.event].event->to_be_resent) {
        line.out -= move.quantity;
      }
      if (was_short && !line.is_short()) filled = order_.dispatches[move.event].fact->event.occurred_at;
    }
    return line.is_short() ? Greatest::kNone : filled;
  }

  const Order& order_;
  const OrderLines& numbered_;
  Moves moves_;
  std::size_t changes_ = 0;  // In effect.
  SmallVector<Line, 4> lines_;
  std::int64_t remaining_lines_ = 0;  // Of which something remains,
  std::int64_t short_lines_ = 0;      // and of these, which are not dispatched in full.
  Greatest filled_;                   // When each was last filled.
};

// When everything had been delivered, over time. Dates rise.
class DeliveredOverTime {
 public:
  explicit DeliveredOverTime(const Order& order)
      : order_(order), latest_(order.dispatches.size()), earliest_(order.dispatches.size()) {}

  // Calls delivered(i) for each dispatch once it and its proof are in effect, and returned(i) for each return once it is.
  template <typename Delivered, typename Returned>
  void advance(Day as_of, const Delivered& delivered, const Returned& returned) {
    const auto prove = [&](std::size_t dispatch) {
      this->prove(dispatch);
      delivered(dispatch);
    };
    // In order of their instants, and so of the days from which they count.
    for (; sent_ < order_.dispatches.size() && order_.counts(order_.dispatches[sent_].day, as_of); ++sent_) {
      if (order_.dispatches[sent_].proof < proofs_) prove(sent_);
    }
    for (; proofs_ < order_.proofs.size() && order_.counts(order_.proofs[proofs_].day, as_of); ++proofs_) {
      const std::uint32_t dispatch = order_.proofs[proofs_].dispatch;
      if (dispatch < sent_ && order_.dispatches[dispatch].proof == proofs_) prove(dispatch);
    }
    for (; back_ < order_.returns.size() && order_.counts(order_.returns[back_].day, as_of); ++back_) returned(back_);
    // None is open again.
    while (first_open_ < sent_ && is_settled(order_.dispatches[first_open_])) ++first_open_;
  }

  // The last of the proofs, when every shipment that left up to the instant at which all was dispatched has its proof;
  // one that came back whole without proof is left out. Where that leaves none, the first proof of one that left later.
  std::optional<Instant> delivered(Instant dispatched) const {
    const auto later =
        std::ranges::upper_bound(order_.dispatches.begin(), order_.dispatches.begin() + sent_, dispatched, {},
                                 [](const Order::Dispatch& dispatch) { return dispatch.fact->event.occurred_at; });
    const auto until = static_cast<std::size_t>(later - order_.dispatches.begin());
    if (first_open_ < until) return std::nullopt;
    const Instant last = latest_.of(0, until);
    if (last != Greatest::kNone) return last;
    const Instant first = earliest_.of(until, sent_);
    return first == Greatest::kNone ? std::nullopt : std::optional(-first);
  }

 private:
  bool is_settled(const Order::Dispatch& dispatch) const {
    return dispatch.proof < proofs_ || dispatch.whole_return < back_;
  }
  void prove(std::size_t dispatch) {
    const Instant proven = order_.proofs[order_.dispatches[dispatch].proof].fact->event.occurred_at;
    latest_.set(dispatch, proven);
    earliest_.set(dispatch, -proven);
  }

  const Order& order_;
  // In effect.
  std::size_t sent_ = 0;
  std::size_t proofs_ = 0;
  std::size_t back_ = 0;
  std::size_t first_open_ = 0;  // The first dispatch that neither has its proof nor came back whole.
  // The proofs' instants, and the same below zero.
  Greatest latest_;
  Greatest earliest_;
};

// Whether all had been delivered that the lines which remain had before any cancellation, over time: what has its proof,
// less what came back of that, or of no named shipment, to be resent.
class InFullOverTime {
 public:
  explicit InFullOverTime(const Order& order) : order_(order) {
    // Nothing is delivered without a proof: most orders ask no more than that for long.
    if (order.proofs.empty()) return;
    numbered_ = &order.by_number();
    lines_.resize(numbered_->count());
    delivered_.resize(order.dispatches.size());
    change(0);
  }

  // A dispatch has its proof.
  void deliver(std::size_t dispatch) {
    move(numbered_->dispatched(dispatch), 1);
    delivered_[dispatch] = true;
    if (early_.empty()) return;
    for (std::uint32_t back = early_[dispatch]; back != Order::kNone; back = next_early_[back]) {
      move(numbered_->returned(back), -1);
    }
  }
  void take_back(std::size_t number) {
    const Order::Return& back = order_.returns[number];
    if (numbered_ == nullptr || !back.event->to_be_resent) return;
    if (back.dispatch == Order::kNone || delivered_[back.dispatch]) return move(numbered_->returned(number), -1);
    // It lowers what its shipment delivers.
    if (early_.empty()) {
      early_.assign(order_.dispatches.size(), Order::kNone);
      next_early_.resize(order_.returns.size());
    }
    next_early_[number] = std::exchange(early_[back.dispatch], static_cast<std::uint32_t>(number));
  }
  // Dates rise.
  void advance(Day as_of) {
    if (numbered_ == nullptr) return;
    for (const std::size_t in_effect = order_.changes_by(as_of); changes_ < in_effect;) change(++changes_);
  }

  bool in_full() const { return numbered_ != nullptr && short_lines_ == 0; }

 private:
  struct Line {
    Int128 wanted = 0;  // 0: it is gone.
    Int128 delivered = 0;

    bool is_short() const { return wanted > 0 && delivered < wanted; }
  };

  void move(std::span<const OrderLines::Move> moves, int sign) {
    for (const OrderLines::Move& move : moves) {
      Line& line = lines_[move.line];
      short_lines_ -= line.is_short();
      line.delivered += sign * move.quantity;
      short_lines_ += line.is_short();
    }
  }
  void change(std::size_t number) {
    for (const OrderLines::State& now : numbered_->changed(number)) {
      Line& line = lines_[now.line];
      short_lines_ -= line.is_short();
      line.wanted = now.remaining > 0 ? now.quantity : 0;
      short_lines_ += line.is_short();
    }
  }

  const Order& order_;
  const OrderLines* numbered_ = nullptr;  // Null: there is no proof.
  SmallVector<Line, 4> lines_;
  SmallVector<bool, 4> delivered_;  // By dispatch.
  // Of each dispatch that is not delivered the return that came last, and of each such return the one before it; empty
  // while there is none.
  std::vector<std::uint32_t> early_;
  std::vector<std::uint32_t> next_early_;
  std::size_t changes_ = 0;       // In effect.
  std::int64_t short_lines_ = 0;  // Of which less is delivered than is wanted.
};

// When the order had been invoiced, and its invoices settled, over time.
class InvoicedOverTime {
 public:
  InvoicedOverTime(AccountState& account, const Order& order)
      : order_(order), earliest_(account.invoices_of(order).size()), settled_(account.invoices_of(order).size()) {
    const std::span<const Invoice* const> invoices = account.invoices_of(order);
    invoices_.reserve(invoices.size());
    for (const Invoice* invoice : invoices) {
      if (invoice->issued->kind != InvoiceKind::kInvoice) continue;
      const auto number = static_cast<std::uint32_t>(invoices_.size());
      const auto add = [&](Day day) {
        if (day != kNever) changes_.emplace_back(order.counts_from(day), number);
      };
      const Day issued_on = account.day_of(invoice->issued_fact->event.occurred_at);
      const Marking& marking = invoices_.emplace_back(account, *invoice, issued_on);
      add(issued_on);
      add(invoice->void_day);
      for (const Settlement::Step& step : marking.settlement.subspan(1)) add(step.from);
    }
    std::ranges::sort(changes_);
    changes_.erase(std::unique(changes_.begin(), changes_.end()), changes_.end());
  }

  // The dates on which something may change.
  template <typename Visit>
  void for_each_day(const Visit& visit) const {
    for (const auto& [day, invoice] : changes_) visit(day);
  }

  // Dates rise.
  void advance(Day as_of) {
    for (; next_ < changes_.size() && changes_[next_].first <= as_of; ++next_) look(changes_[next_].second, as_of);
  }

  std::optional<Instant> invoiced() const { return marking_ == 0 ? std::nullopt : std::optional(-earliest_.top()); }
  // The last of them, when all are settled.
  std::optional<Instant> settled() const {
    return marking_ == 0 || open_ > 0 ? std::nullopt : std::optional(settled_.top());
  }

 private:
  enum class Mark : std::uint8_t { kNone, kOpen, kSettled };
  struct Marking {
    Marking(AccountState& account, const Invoice& marks, Day day)
        : invoice(marks), issued_on(day), settlement(account.settlement(marks).steps()) {}

    const Invoice& invoice;
    Day issued_on = 0;
    std::span<const Settlement::Step> settlement;  // From the one in effect on.
    Mark mark = Mark::kNone;
  };

  // What one of them says on a date.
  void look(std::uint32_t number, Day as_of) {
    Marking& invoice = invoices_[number];
    marking_ -= invoice.mark != Mark::kNone;
    open_ -= invoice.mark == Mark::kOpen;
    while (invoice.settlement.size() > 1 && invoice.settlement[1].from <= as_of)
      invoice.settlement = invoice.settlement.subspan(1);
    const bool marks = as_of < invoice.invoice.void_day && order_.counts(invoice.issued_on, as_of);
    const bool is_settled = marks && invoice.settlement.front().since.has_value();
    invoice.mark = !marks ? Mark::kNone : is_settled ? Mark::kSettled : Mark::kOpen;
    marking_ += invoice.mark != Mark::kNone;
    open_ += invoice.mark == Mark::kOpen;
    earliest_.set(number, marks ? -invoice.invoice.issued_fact->event.occurred_at : Greatest::kNone);
    settled_.set(number, is_settled ? *invoice.settlement.front().since : Greatest::kNone);
  }

  const Order& order_;
  SmallVector<Marking, 1> invoices_;
  SmallVector<std::pair<Day, std::uint32_t>, 8> changes_;  // By day.
  std::size_t next_ = 0;
  std::int64_t marking_ = 0;  // How many mark the order,
  std::int64_t open_ = 0;     // and of these, how many are not settled.
  Greatest earliest_;         // Their instants below zero.
  Greatest settled_;
};

std::string_view first_warehouse(const Order& order, Day as_of) {
  if (order.dispatches.empty() || !order.counts(order.dispatches.front().day, as_of)) return {};
  return order.dispatches.front().event->warehouse;
}

// When everything had been dispatched, and delivered, over time. Dates rise.
class FulfilmentOverTime {
 public:
  explicit FulfilmentOverTime(const Order& order) : dispatched_(order), delivered_(order), in_full_(order) {}

  void advance(Day as_of) {
    dispatched_.advance(as_of);
    delivered_.advance(
        as_of, [&](std::size_t dispatch) { in_full_.deliver(dispatch); },
        [&](std::size_t back) { in_full_.take_back(back); });
    in_full_.advance(as_of);
  }
  bool remains() const { return dispatched_.remains(); }
  bool in_full() const { return remains() && in_full_.in_full(); }
  std::optional<Instant> dispatched() const { return dispatched_.dispatched(); }
  std::optional<Instant> delivered() const {
    const std::optional<Instant> dispatched = dispatched_.dispatched();
    return dispatched ? delivered_.delivered(*dispatched) : std::nullopt;
  }

 private:
  DispatchedOverTime dispatched_;
  DeliveredOverTime delivered_;
  InFullOverTime in_full_;
};

// What a confirmation or a delay promises.
std::optional<Day> promise_of(const Order::Moment& moment) {
  const Payload& payload = moment.fact->event.payload;
  if (const auto* confirmed = std::get_if<OrderConfirmed>(&payload)) return confirmed->promised_date;
  return std::get<OrderDelayed>(payload).promised_date;
}

// When the order was wanted, and what was promised, over time. Dates rise.
class DatesOverTime {
 public:
  explicit DatesOverTime(const Order& order) : order_(order) { dates_.requested = order.placed->requested_date; }

  void advance(Day as_of) {
    for (const std::size_t in_effect = order_.changes_by(as_of); changes_ < in_effect; ++changes_) {
      const auto* changed = std::get_if<OrderChanged>(&order_.changes[changes_].fact->event.payload);
      if (changed != nullptr && changed->requested_date) dates_.requested = changed->requested_date;
    }
    while (const Order::Moment* moment = next_promise(as_of)) {
      const std::optional<Day> promised = promise_of(*moment);
      if (!promised) continue;
      if (!dates_.first_promise) dates_.first_promise = promised;
      dates_.last_promise = promised;
    }
  }
  const OrderDates& dates() const { return dates_; }

 private:
  // The next confirmation or delay in effect, by instant; null when there is none.
  const Order::Moment* next_promise(Day as_of) {
    const auto next = [&](const SmallVector<Order::Moment, 1>& told, std::size_t at) {
      return at < told.size() && order_.counts(told[at].day, as_of) ? &told[at] : nullptr;
    };
    const Order::Moment* confirmation = next(order_.confirmations, confirmations_);
    const Order::Moment* delay = next(order_.delays, delays_);
    if (delay == nullptr ||
        (confirmation != nullptr && place_in_time(*confirmation->fact) < place_in_time(*delay->fact))) {
      if (confirmation != nullptr) ++confirmations_;
      return confirmation;
    }
    ++delays_;
    return delay;
  }

  const Order& order_;
  OrderDates dates_;
  // In effect.
  std::size_t changes_ = 0;
  std::size_t confirmations_ = 0;
  std::size_t delays_ = 0;
};

// `milestones` are none yet.
void set_milestones(const FulfilmentOverTime& goods, const InvoicedOverTime& invoices, const Order& order, Day as_of,
                    Milestones& milestones) {
  set(milestones, Milestone::kPlaced, order.placed_fact->event.occurred_at);
  set_first(milestones, Milestone::kConfirmed, order, order.confirmations, as_of);
  set_first(milestones, Milestone::kReady, order, order.ready, as_of);
  set_first(milestones, Milestone::kFirstDispatched, order, order.dispatches, as_of);
  const std::optional<Instant> dispatched = goods.dispatched();
  if (dispatched) set(milestones, Milestone::kDispatched, *dispatched);
  if (const auto delivered = goods.delivered()) set(milestones, Milestone::kDelivered, *delivered);
  if (const auto invoiced = invoices.invoiced()) set(milestones, Milestone::kInvoiced, *invoiced);
  const std::optional<Instant> settled = invoices.settled();
  if (dispatched && settled) set(milestones, Milestone::kPaid, *settled);
}

std::vector<CycleDelays> delays_of(const Order& order) {
  std::vector<CycleDelays> delays;
  for (const Order::Moment& moment : order.delays) {
    const auto& told = std::get<OrderDelayed>(moment.fact->event.payload);
    delays.push_back({order.counts_from(moment.day), told.stage, told.reason_code, 1});
  }
  std::ranges::sort(delays, {}, &CycleDelays::key);
  // One for those that are alike.
  std::size_t kept = 0;
  for (const CycleDelays& one : delays) {
    if (kept > 0 && delays[kept - 1].key() == one.key()) {
      ++delays[kept - 1].events;
    } else {
      delays[kept++] = one;
    }
  }
  delays.resize(kept);
  return delays;
}

void contribute_cycle(AccountState& account, const Order& order, Contributions& to) {
  Breakpoints breakpoints;
  const auto add = [&](Day day) {
    if (day != kNever) breakpoints.add(order.counts_from(day));
  };
  add(order.placed_day);
  for (const auto& moment : order.confirmations) add(moment.day);
  for (const auto& moment : order.delays) {
    if (promise_of(moment)) add(moment.day);
  }
  for (const auto& moment : order.ready) add(moment.day);
  for (const auto& moment : order.changes) add(moment.day);
  for (const auto& moment : order.proofs) add(moment.day);
  for (const auto& dispatch : order.dispatches) add(dispatch.day);
  for (const auto& back : order.returns) add(back.day);
  InvoicedOverTime invoices(account, order);
  invoices.for_each_day(add);
  CycleRow row{order.ref.id, order.attributes(), order.placed->kind, order.placed->channel, delays_of(order), {}};
  AnomalyIntervals disordered(AnomalyKind::kMilestonesOutOfOrder, order.ref.id, *order.placed_fact, to);
  AnomalyIntervals not_invoiced(AnomalyKind::kDeliveredNotInvoiced, order.ref.id, *order.placed_fact, to);
  const Rules& rules = account.rules();
  const std::span<const Day> days = breakpoints.sorted();
  row.changes.reserve(days.size());
  FulfilmentOverTime goods(order);
  DatesOverTime dates(order);
  for (std::size_t i = 0; i < days.size(); ++i) {
    const Day day = days[i];
    goods.advance(day);
    invoices.advance(day);
    dates.advance(day);
    CycleState& state = row.changes.emplace_back(day).state;
    set_milestones(goods, invoices, order, day, state.milestones);
    state.warehouse = first_warehouse(order, day);
    state.dates = dates.dates();
    state.remains = goods.remains();
    state.in_full = goods.in_full();
    disordered.holds(day, out_of_order(state.milestones));
    const auto delivered = state.milestones[static_cast<std::size_t>(Milestone::kDelivered)];
    const bool invoiced = state.milestones[static_cast<std::size_t>(Milestone::kInvoiced)].has_value();
    Day overdue = kNever;
    if (delivered && !invoiced && rules.expect.invoices) {
      overdue = std::max(day, account.day_of(*delivered) + rules.anomaly_days.delivered_not_invoiced + 1);
    }
    const bool missed =
        overdue < (i + 1 < days.size() ? days[i + 1] : kNever) && order_value(order, day, Price::kWithTax) > 0;
    // Delivered anew it is missed some days later again.
    not_invoiced.holds(day, missed && overdue == day);
    if (missed) not_invoiced.holds(overdue, true);
    if (row.changes.size() > 1 && row.changes[row.changes.size() - 2].state == state) row.changes.pop_back();
  }
  to.cycle_row(row);
}

}  // namespace

Milestones milestones_on(AccountState& account, const Order& order, Day as_of) {
  FulfilmentOverTime goods(order);
  goods.advance(as_of);
  InvoicedOverTime invoices(account, order);
  invoices.advance(as_of);
  Milestones milestones;
  set_milestones(goods, invoices, order, as_of, milestones);
  return milestones;
}

OrderDates dates_on(const Order& order, Day as_of) {
  DatesOverTime dates(order);
  dates.advance(as_of);
  return dates.dates();
}

namespace {

// A record was read before its order, or before its shipment.
bool has_waited(const AccountState& account, const Order& order) {
  const auto waited_for_dispatch = [&](const auto& told) {
    return told.dispatch != Order::kNone && is_later(*order.dispatches[told.dispatch].fact, *told.fact);
  };
  return told_before(account, *order.document, *order.placed_fact) ||
         std::ranges::any_of(order.proofs, waited_for_dispatch) ||
         std::ranges::any_of(order.returns, waited_for_dispatch);
}

// What waits for a shipment, and shipments that wait for their proof.
void contribute_shipments(const Rules& rules, const Order& order, Contributions& to) {
  MissingReferences shipments;
  for (const auto& [fact, id] : order.waiting) shipments.add(*fact, id);
  shipments.report(AnomalyKind::kUnknownShipment, to);
  wait(to, static_cast<std::int64_t>(order.waiting.size()));
  contribute_unproven(order, rules.anomaly_days.shipped_without_proof_of_delivery, to);
}

}  // namespace

void contribute_order(AccountState& account, const Document& document, Contributions& to, Extent extent) {
  const Order* order = account.order(document);
  if (order == nullptr) return contribute_unknown(account, document, to);
  if (extent.own) {
    if (account.rules().expect.shipments) contribute_shipments(account.rules(), *order, to);
    if (has_waited(account, *order)) to.waited();
  }
  if (extent.sales) {
    for_each_sales_entry(*order, [&](const SalesEntry& entry) { post(entry, to); });
  }
  if (extent.credit) contribute_credit(account, *order, to);
  contribute_cycle(account, *order, to);
}

}  // namespace daybook::domain
