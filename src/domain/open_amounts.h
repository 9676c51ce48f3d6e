// What is open of an invoice's instalments, and disputed of that, as dates go by: what its cells of kOpen and
// kDisputed are made of.
//
// Each instalment that changes on a date is a cell, so that a record which concerns them all, as a change of the due
// date does, comes to as many cells as there are instalments. Many of both are kept as a line of instalments and a
// state for each date. Cells are made one after the other, and of what an invoice was and is now only those that
// differ.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "base/small_vector.h"
#include "domain/cell.h"

namespace daybook::domain {

class OpenAmounts {
 public:
  // On the line of the instalments one after the other, from 0 to the gross, in the order in which they are settled:
  // what is open is its end, and what is disputed begins where that does.
  struct State {
    Int128 open = 0;
    Int128 disputed = 0;
    Day shift = 0;  // By which due dates have been moved.

    bool operator==(const State&) const = default;
  };

  // Of no invoice.
  OpenAmounts() = default;
  void clear() {
    currency_ = {};
    attributes_ = {};  // Whose texts may go.
    ever_open_ = false;
    line_.clear();
    steps_.clear();
  }
  OpenAmounts(Currency currency, const Attributes& attributes, Day issue_day)
      : currency_(currency), attributes_(attributes), issue_day_(issue_day) {}

  // Due dates as issued; they rise.
  void add_instalment(Day due_date, Int128 amount) {
    const Int128 begin = line_.empty() ? 0 : line_.back().end;
    line_.push_back({begin, begin + amount, due_date});
  }
  // Its state from this day on. Days rise.
  void add_state(Day day, const State& state) {
    if (state != (steps_.empty() ? State{} : steps_.back().state)) steps_.push_back({day, state});
    ever_open_ |= state.open > 0;
  }

  Day issue_day() const { return issue_day_; }
  bool ever_open() const { return ever_open_; }

  // Calls visit(const CellKey&, const CellValue&) for what the cells of `now` are otherwise than those of `before`;
  // a key may come more than once.
  template <typename Visit>
  static void for_each_difference(const OpenAmounts& before, const OpenAmounts& now, const Visit& visit) {
    if (before.has_same_keys(now)) return now.compare(before.steps_, now.steps_, visit);
    before.compare(before.steps_, {}, visit);
    now.compare({}, now.steps_, visit);
  }
  template <typename Visit>
  void for_each_cell(const Visit& visit) const {
    compare({}, steps_, visit);
  }

 private:
  struct Stretch {
    Int128 begin = 0;
    Int128 end = 0;

    bool operator==(const Stretch&) const = default;
  };
  // An instalment on the line.
  struct Part {
    Int128 begin = 0;
    Int128 end = 0;
    Day due_date = 0;  // As issued.

    bool operator==(const Part&) const = default;
    Int128 of(const Stretch& stretch) const {
      return std::max<Int128>(0, std::min(end, stretch.end) - std::max(begin, stretch.begin));
    }
  };
  struct Step {
    Day day = 0;
    State state;
  };
  // A stretch that comes to the cells of a day or goes from them.
  struct Term {
    Stretch stretch;
    Day shift = 0;
    int sign = 0;
  };
  // The cells of a day hold what is from it on less what was until then. What they are otherwise has four terms, of
  // the invoice as it is and, the other way round, as it was; mostly some of them are the same.
  class Terms {
   public:
    void add(const Stretch& stretch, Day shift, int sign) {
      for (Term& term : all()) {
        if (term.sign == sign || term.shift != shift || term.stretch != stretch) continue;
        term = terms_[--size_];
        return;
      }
      terms_[size_++] = {stretch, shift, sign};
    }
    std::span<Term> all() { return std::span(terms_).first(size_); }

   private:
    std::array<Term, 4> terms_;
    std::size_t size_ = 0;
  };

  bool has_same_keys(const OpenAmounts& other) const {
    return currency_ == other.currency_ && attributes_ == other.attributes_ && issue_day_ == other.issue_day_ &&
           std::ranges::equal(line_, other.line_);
  }

  template <typename Visit>
  void compare(std::span<const Step> before, std::span<const Step> now, const Visit& visit) const {
    const State none;
    // Of the invoice as it was, and as it is.
    const State* was = &none;
    const State* is = &none;
    while (!before.empty() || !now.empty()) {
      const auto next_day = [](std::span<const Step> steps) { return steps.empty() ? kNever : steps.front().day; };
      const Day day = std::min(next_day(before), next_day(now));
      const auto next_state = [&](std::span<const Step>& steps, const State* last) {
        if (next_day(steps) != day) return last;
        const State* const next = &steps.front().state;
        steps = steps.subspan(1);
        return next;
      };
      const State* const was_until = std::exchange(was, next_state(before, was));
      const State* const is_until = std::exchange(is, next_state(now, is));
      if (*was_until == *is_until && *was == *is) continue;
      const auto hand_out = [&](Int128 State::* length, const auto& cell) {
        Terms terms;
        const auto add = [&](const State& state, int sign) {
          if (state.*length == 0) return;
          const Int128 begin = line_.back().end - state.open;
          terms.add({begin, begin + state.*length}, state.shift, sign);
        };
        add(*is, 1);
        add(*is_until, -1);
        add(*was, -1);
        add(*was_until, 1);
        add_up(terms.all(), cell);
      };
      hand_out(&State::open, [&](Day due, Int128 amount, int items) {
        visit(CellKey{Measure::kOpen, currency_, attributes_, {}, issue_day_, due, day}, CellValue{amount, items});
      });
      if (is->disputed == 0 && is_until->disputed == 0 && was->disputed == 0 && was_until->disputed == 0) continue;
      hand_out(&State::disputed, [&](Day due, Int128 amount, int) {
        visit(CellKey{Measure::kDisputed, currency_, attributes_, {}, 0, due, day}, CellValue{amount, 0});
      });
    }
  }

  // Calls cell(due date, amount, how many instalments) for what the terms come to.
  template <typename Cell>
  void add_up(std::span<Term> terms, const Cell& cell) const {
    // As nearly all are.
    if (line_.size() == 1) {
      for (auto term = terms.begin(); term != terms.end();) {
        const Day shift = term->shift;
        Int128 amount = 0;
        int items = 0;
        for (; term != terms.end() && term->shift == shift; ++term) {
          amount += term->sign * (term->stretch.end - term->stretch.begin);
          items += term->sign;
        }
        if (amount != 0 || items != 0) cell(line_.front().due_date + shift, amount, items);
      }
      return;
    }
    while (!terms.empty()) {
      const Day shift = terms.front().shift;
      const auto others = std::ranges::partition(terms, [&](const Term& term) { return term.shift == shift; });
      const std::span<const Term> alike(terms.begin(), others.begin());
      terms = {others.begin(), others.end()};
      for_each_part(alike, [&](const Part& part) {
        Int128 amount = 0;
        int items = 0;
        for (const Term& term : alike) {
          const Int128 its = part.of(term.stretch);
          amount += term.sign * its;
          items += its > 0 ? term.sign : 0;
        }
        if (amount != 0 || items != 0) cell(part.due_date + shift, amount, items);
      });
    }
  }

  // Calls visit(part), rising, for each of which terms of one shift come to something: between two of their ends they
  // come to all of the line or to nothing. Where amounts are nothing, so are counts, as all that is open ends together.
  template <typename Visit>
  void for_each_part(std::span<const Term> terms, const Visit& visit) const {
    struct End {
      Int128 at = 0;
      int sign = 0;
    };
    SmallVector<End, 8> ends;
    for (const Term& term : terms) {
      ends.push_back({term.stretch.begin, term.sign});
      ends.push_back({term.stretch.end, -term.sign});
    }
    std::ranges::sort(ends, {}, &End::at);
    auto part = line_.begin();
    int sum = 0;
    for (auto end = ends.begin(); end != ends.end(); ++end) {
      sum += end->sign;
      if (sum == 0) continue;
      part = std::ranges::upper_bound(part, line_.end(), end->at, {}, &Part::end);
      for (; part != line_.end() && part->begin < std::next(end)->at; ++part) visit(*part);
    }
  }

  Currency currency_;
  Attributes attributes_;
  Day issue_day_ = 0;
  bool ever_open_ = false;
  SmallVector<Part, 2> line_;   // Without gaps.
  SmallVector<Step, 4> steps_;  // By day.
};

}  // namespace daybook::domain
