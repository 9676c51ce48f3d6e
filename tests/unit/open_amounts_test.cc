// What is open of an invoice's instalments over time, as cells: against the obvious calculation, and how many cells
// what is told anew comes to.
#include "domain/open_amounts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>
#include <vector>

namespace daybook::domain {
namespace {

const Currency kCny = Currency::parse("CNY").value();

struct Instalments {
  struct Part {
    Day due_date = 0;
    int amount = 0;
  };
  Day issue_day = 0;
  std::vector<Part> parts;
  std::map<Day, OpenAmounts::State> states;

  Int128 gross() const {
    Int128 sum = 0;
    for (const Part& part : parts) sum += part.amount;
    return sum;
  }
  OpenAmounts amounts() const {
    OpenAmounts amounts(kCny, {"north", "ann", issue_day}, issue_day);
    for (const Part& part : parts) amounts.add_instalment(part.due_date, part.amount);
    for (const auto& [day, state] : states) amounts.add_state(day, state);
    return amounts;
  }
};

using Cells = std::map<std::tuple<Measure, Day, Day, Day>, CellValue>;

void add(Cells& cells, const CellKey& key, const CellValue& value) {
  CellValue& sum = cells[{key.measure, key.day, key.day2, key.counts_from}];
  sum += value;
  if (sum.is_zero()) cells.erase({key.measure, key.day, key.day2, key.counts_from});
}

// Each instalment on each day: what is open is the end of them, what is disputed the beginning of that.
void add_obvious(Cells& cells, const Instalments& invoice, int sign) {
  static const Attributes kAttributes;
  static const Dimensions kNone;
  OpenAmounts::State before;
  for (const auto& [day, state] : invoice.states) {
    const auto add_all = [&](const OpenAmounts::State& of, int its_sign) {
      Int128 settled = invoice.gross() - of.open;
      Int128 disputed = of.disputed;
      for (const Instalments::Part& part : invoice.parts) {
        const Int128 open = std::max<Int128>(0, part.amount - settled);
        settled = std::max<Int128>(0, settled - part.amount);
        const Int128 in_dispute = std::min(open, disputed);
        disputed -= in_dispute;
        const Day due = part.due_date + of.shift;
        add(cells, {Measure::kOpen, kCny, kAttributes, kNone, invoice.issue_day, due, day},
            {its_sign * open, its_sign * (open > 0)});
        add(cells, {Measure::kDisputed, kCny, kAttributes, kNone, 0, due, day}, {its_sign * in_dispute, 0});
      }
    };
    add_all(before, -sign);
    add_all(state, sign);
    before = state;
  }
}

TEST(OpenAmounts, DifferAsTheCellsOfEachDayDo) {
  std::mt19937 random(11);
  const auto below = [&](int end) { return static_cast<int>(random() % static_cast<unsigned>(end)); };
  const auto any_state = [&](const Instalments& invoice) {
    const int gross = static_cast<int>(invoice.gross());
    OpenAmounts::State state;
    state.open = below(3) == 0 ? gross : below(gross + 1);
    state.disputed = below(2) == 0 ? 0 : below(static_cast<int>(state.open) + 1);
    state.shift = below(3) * 7;
    return state;
  };
  for (int round = 0; round < 5'000; ++round) {
    Instalments before;
    Day due = 0;
    for (int i = below(6); i >= 0; --i) before.parts.push_back({due += below(3), 1 + below(5)});
    for (int i = below(6); i > 0; --i) before.states[below(10)] = any_state(before);
    Instalments now = before;
    for (int i = below(4); i > 0; --i) now.states[below(10)] = any_state(now);
    if (below(8) == 0) now.issue_day = 1;
    if (below(8) == 0) now.parts.front().due_date -= 1;
    if (below(8) == 0) before.states.clear();

    Cells expected;
    add_obvious(expected, now, 1);
    Cells cells;
    now.amounts().for_each_cell([&](const CellKey& key, const CellValue& value) { add(cells, key, value); });
    ASSERT_EQ(cells, expected) << "round " << round;

    add_obvious(expected, before, -1);
    Cells difference;
    OpenAmounts::for_each_difference(before.amounts(), now.amounts(),
                                     [&](const CellKey& key, const CellValue& value) { add(difference, key, value); });
    ASSERT_EQ(difference, expected) << "round " << round;
  }
}

TEST(OpenAmounts, WhatIsToldAnewHandsOutItsOwnCellsAlone) {
  constexpr int kInstalments = 100;
  constexpr int kDays = 50;
  Instalments before;
  for (int i = 0; i < kInstalments; ++i) before.parts.push_back({i, 10});
  const Int128 gross = before.gross();
  // Their due dates move every day, and all is disputed every second.
  for (Day day = 0; day < kDays; ++day) before.states[2 * day] = {gross, day % 2 == 0 ? gross : 0, day};
  const auto handed_out = [&](const Instalments& now) {
    std::size_t cells = 0;
    OpenAmounts::for_each_difference(before.amounts(), now.amounts(),
                                     [&](const CellKey&, const CellValue&) { ++cells; });
    return cells;
  };
  EXPECT_EQ(handed_out(before), 0U);
  // They move once more: open and disputed go there.
  Instalments moved = before;
  moved.states[2 * kDays] = {gross, gross, 1'000};
  EXPECT_EQ(handed_out(moved), 3U * kInstalments);
  // They move between two of the days: there and on.
  Instalments between = before;
  between.states[51] = {gross, 0, 1'000};
  EXPECT_LE(handed_out(between), 4U * kInstalments);
  // A payment on the first day settles one instalment: there it is on each of the days.
  Instalments paid = before;
  for (auto& [day, state] : paid.states) {
    state.open -= 10;
    state.disputed = std::min(state.open, state.disputed);
  }
  EXPECT_LE(handed_out(paid), 4U * kDays);
}

}  // namespace
}  // namespace daybook::domain
