// An order's lines by number, and what each of its records says of them by these numbers: whoever follows an order
// over time does for each record what that record says, however many lines the order has and however often they
// changed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>

#include "base/date.h"
#include "base/hash.h"
#include "base/int128.h"
#include "base/small_vector.h"
#include "domain/event.h"

namespace daybook::domain {

struct Order;

// Texts numbered 0, 1 … as they first come.
class TextNumbers {
 public:
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  // `near`: the number that it may well have.
  std::uint32_t add(std::string_view text, std::size_t near = 0);
  // kNone: it never came.
  std::uint32_t find(std::string_view text, std::size_t near = 0) const;
  std::size_t size() const { return texts_.size(); }

 private:
  using Numbers = std::unordered_map<std::string_view, std::uint32_t, TextHash>;
  static constexpr std::size_t kFew = 8;

  SmallVector<std::string_view, 4> texts_;
  std::unique_ptr<Numbers> numbers_;  // Of more than a few; null before.
};

// Quantities are scaled by 10^6. Points into the order's facts.
class OrderLines {
 public:
  // A line as a record leaves it.
  struct State {
    std::uint32_t line = 0;
    // Before any cancellation. Of a line that was dropped the last ones; null: the order never had it.
    const OrderLine* terms = nullptr;
    bool stands = false;
    Int128 quantity = 0;   // Of the terms.
    Int128 remaining = 0;  // 0 of one that does not stand.
  };
  // What one dispatch or return moves of a line.
  struct Move {
    std::uint32_t line = 0;
    Int128 quantity = 0;
  };
  // The same as the line sees it.
  struct LineMove {
    Int128 quantity = 0;
    std::uint32_t event = 0;  // Which of the order's dispatches, or of its returns.
    bool returned = false;
  };
  // What remains of all lines, at their terms.
  struct Value {
    Int128 net = 0;
    Int128 with_tax = 0;
  };

  explicit OrderLines(const Order& order);

  // All that any record names.
  std::size_t count() const { return ids_.size(); }
  // TextNumbers::kNone: no record names it. `near`: the number that it may well have.
  std::uint32_t find(std::string_view line_id, std::size_t near = 0) const { return ids_.find(line_id, near); }
  // What the placing (0) and each of the order's changes (from 1 on) leave otherwise than it was.
  std::span<const State> changed(std::size_t change) const { return part(changed_, changed_ends_, change); }
  // What remains after so many changes.
  const Value& value(std::size_t changes) const { return values_[changes]; }
  std::span<const Move> dispatched(std::size_t dispatch) const { return part(dispatched_, dispatched_ends_, dispatch); }
  std::span<const Move> returned(std::size_t back) const { return part(returned_, returned_ends_, back); }
  // Of one line of an order with changes, by instant and position.
  std::span<const LineMove> moves(std::uint32_t line) const { return part(moves_, moves_ends_, line); }

 private:
  using Ends = SmallVector<std::uint32_t, 4>;
  class Changing;

  template <typename T>
  static std::span<const T> part(const SmallVector<T, 4>& all, const Ends& ends, std::size_t at) {
    const std::size_t begin = at == 0 ? 0 : ends[at - 1];
    return std::span(all.data() + begin, ends[at] - begin);
  }
  void place(const Order& order);
  void sort_by_line(const Order& order);

  TextNumbers ids_;
  SmallVector<State, 4> changed_;
  Ends changed_ends_;
  SmallVector<Value, 4> values_;
  SmallVector<Move, 4> dispatched_;
  Ends dispatched_ends_;
  SmallVector<Move, 4> returned_;
  Ends returned_ends_;
  SmallVector<LineMove, 4> moves_;
  Ends moves_ends_;
};

}  // namespace daybook::domain
