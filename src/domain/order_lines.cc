#include "domain/order_lines.h"

#include <algorithm>
#include <utility>

#include "domain/account_state.h"
#include "domain/credit.h"

namespace daybook::domain {

std::uint32_t TextNumbers::add(std::string_view text, std::size_t near) {
  const std::uint32_t known = find(text, near);
  if (known != kNone) return known;
  const auto number = static_cast<std::uint32_t>(texts_.size());
  texts_.push_back(text);
  if (texts_.size() == kFew + 1) {
    numbers_ = std::make_unique<Numbers>();
    for (std::uint32_t i = 0; i < number; ++i) numbers_->emplace(texts_[i], i);
  }
  if (numbers_) numbers_->emplace(text, number);
  return number;
}

std::uint32_t TextNumbers::find(std::string_view text, std::size_t near) const {
  if (near < texts_.size() && texts_[near] == text) return static_cast<std::uint32_t>(near);
  if (numbers_) {
    const auto known = numbers_->find(text);
    return known == numbers_->end() ? kNone : known->second;
  }
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    if (texts_[i] == text) return static_cast<std::uint32_t>(i);
  }
  return kNone;
}

// Lines as the order's changes leave them, one after the other.
class OrderLines::Changing {
 public:
  Changing(const Order& order, OrderLines& to) : order_(order), to_(to), lines_(to.count()) {}

  void set(std::span<const OrderLine> all) {
    ++sets_;
    const SmallVector<std::uint32_t, 4> before = std::exchange(standing_, {});
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::uint32_t number = to_.ids_.find(all[i].line_id, i);
      Line& line = lines_[number];
      line.set = sets_;
      line.is_candidate = true;
      const Int128 quantity = all[i].quantity.scaled(kQuantityPlaces);
      become({number, &all[i], true, quantity, quantity});
      standing_.push_back(number);
    }
    for (const std::uint32_t number : before) {
      const State& state = lines_[number].state;
      if (lines_[number].set != sets_) become({number, state.terms, false, state.quantity, 0});
    }
    candidates_ = standing_;
  }

  // What is not dispatched by its instant will not be.
  void cancel(const OrderCancelled& cancelled, Instant instant) {
    move_until(instant);
    if (!cancelled.line_ids.empty()) {
      for (const std::string_view id : cancelled.line_ids) {
        const std::uint32_t number = to_.ids_.find(id);
        if (number != TextNumbers::kNone) cut(number);
      }
      return;
    }
    for (const std::uint32_t number : candidates_) {
      lines_[number].is_candidate = false;
      cut(number);
    }
    candidates_.clear();
  }

  void end() {
    to_.changed_ends_.push_back(static_cast<std::uint32_t>(to_.changed_.size()));
    to_.values_.push_back(value_);
  }

 private:
  struct Line {
    State state;
    Int128 out = 0;  // Dispatched, less what came back to be resent.
    std::size_t set = 0;
    bool is_candidate = false;
  };

  void become(const State& now) {
    Line& line = lines_[now.line];
    add(line.state, -1);
    line.state = now;
    add(now, 1);
    to_.changed_.push_back(now);
  }
  void add(const State& state, int sign) {
    if (!state.stands) return;
    value_.net += sign * part_of(state.terms->net_minor, state.remaining, state.quantity);
    value_.with_tax += sign * part_of(Int128(state.terms->net_minor) + state.terms->tax_minor.value_or(0),
                                      state.remaining, state.quantity);
  }
  void cut(std::uint32_t number) {
    const Line& line = lines_[number];
    const Int128 out = std::max<Int128>(0, line.out);
    if (!line.state.stands || line.state.remaining <= out) return;
    State state = line.state;
    state.remaining = out;
    become(state);
  }
  // Both up to an instant, that one included: all that had left by then is spared.
  void move_until(Instant instant) {
    for (; sent_ < order_.dispatches.size() && order_.dispatches[sent_].fact->event.occurred_at <= instant; ++sent_) {
      for (const Move& move : to_.dispatched(sent_)) lines_[move.line].out += move.quantity;
    }
    for (; back_ < order_.returns.size() && order_.returns[back_].fact->event.occurred_at <= instant; ++back_) {
      if (!order_.returns[back_].event->to_be_resent) continue;
      for (const Move& move : to_.returned(back_)) {
        Line& line = lines_[move.line];
        line.out -= move.quantity;
        if (line.is_candidate) continue;
        line.is_candidate = true;
        candidates_.push_back(move.line);
      }
    }
  }

  const Order& order_;
  OrderLines& to_;
  SmallVector<Line, 4> lines_;
  SmallVector<std::uint32_t, 4> standing_;
  // Among them are all of which more may remain than is out.
  SmallVector<std::uint32_t, 4> candidates_;
  std::size_t sets_ = 0;
  std::size_t sent_ = 0;
  std::size_t back_ = 0;
  Value value_;
};

OrderLines::OrderLines(const Order& order) {
  const auto number = [&](std::span<const OrderLine> lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) ids_.add(lines[i].line_id, i);
  };
  number(order.placed->lines);
  for (const Order::Moment& change : order.changes) {
    if (const auto* changed = std::get_if<OrderChanged>(&change.fact->event.payload)) number(changed->lines);
  }
  const auto move = [&](std::span<const ShipmentLine> lines, SmallVector<Move, 4>& moved, Ends& ends) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      moved.push_back({ids_.add(lines[i].line_id, i), lines[i].quantity.scaled(kQuantityPlaces)});
    }
    ends.push_back(static_cast<std::uint32_t>(moved.size()));
  };
  for (const Order::Dispatch& dispatch : order.dispatches) move(dispatch.event->lines, dispatched_, dispatched_ends_);
  for (const Order::Return& back : order.returns) move(back.event->lines, returned_, returned_ends_);
  if (order.changes.empty()) {
    place(order);
    return;
  }
  sort_by_line(order);

  Changing changing(order, *this);
  changing.set(order.placed->lines);
  changing.end();
  for (const Order::Moment& change : order.changes) {
    const Event& event = change.fact->event;
    if (const auto* changed = std::get_if<OrderChanged>(&event.payload)) {
      changing.set(changed->lines);
    } else {
      changing.cancel(std::get<OrderCancelled>(event.payload), event.occurred_at);
    }
    changing.end();
  }
}

// Most orders stay as they are placed.
void OrderLines::place(const Order& order) {
  Value value;
  for (const OrderLine& line : order.placed->lines) {
    const Int128 quantity = line.quantity.scaled(kQuantityPlaces);
    changed_.push_back({static_cast<std::uint32_t>(changed_.size()), &line, true, quantity, quantity});
    value.net += line.net_minor;
    value.with_tax += Int128(line.net_minor) + line.tax_minor.value_or(0);
  }
  changed_ends_.push_back(static_cast<std::uint32_t>(changed_.size()));
  values_.push_back(value);
}

void OrderLines::sort_by_line(const Order& order) {
  moves_ends_.assign(count() + 1, 0);  // First where each begins, and one more.
  for (const Move& move : dispatched_) ++moves_ends_[move.line + 1];
  for (const Move& move : returned_) ++moves_ends_[move.line + 1];
  for (std::size_t i = 1; i < moves_ends_.size(); ++i) moves_ends_[i] += moves_ends_[i - 1];
  moves_.resize(dispatched_.size() + returned_.size());
  // Each beginning moves up to its end as the line's moves come.
  Moves(order).advance(
      kNever,
      [&](std::size_t at) {
        for (const Move& move : dispatched(at)) {
          moves_[moves_ends_[move.line]++] = {move.quantity, static_cast<std::uint32_t>(at), false};
        }
      },
      [&](std::size_t at) {
        for (const Move& move : returned(at)) {
          moves_[moves_ends_[move.line]++] = {move.quantity, static_cast<std::uint32_t>(at), true};
        }
      });
}

}  // namespace daybook::domain
