// Adding up the cells of an account: each id once, in the order of pages and ids, whatever its numbers.
#include "evaluation/contribution.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

namespace daybook::engine {
namespace {

// In the order of pages, and in them of ids.
std::pair<store::PageId, store::CellId> place(const store::CellId& id) { return {store::page_of(id), id}; }

TEST(AddUp, SumsByIdInTheOrderOfPagesAlsoWhereNumbersAreLarge) {
  std::mt19937 random(7);
  const auto one_of = [&](std::initializer_list<std::uint32_t> values) {
    return values.begin()[random() % values.size()];
  };
  for (const int count : {0, 1, 20, 100, 4'000}) {
    std::vector<store::Cell> cells;
    std::map<std::pair<store::PageId, store::CellId>, domain::CellValue> expected;
    for (int i = 0; i < count; ++i) {
      store::Cell cell;
      cell.id.measure = static_cast<domain::Measure>(one_of({1, 2, 5, 10, 20, 30, 37}));
      cell.id.currency = static_cast<std::uint16_t>(one_of({1, 2, 1'022, 1'023, 1'024, 20'000}));
      cell.id.attributes = one_of({0, 1, 1'022, 1'023, 1'024, 70'000, 4'000'000'000});
      cell.id.dimensions = one_of({0, 1, 16'382, 16'383, 16'384, 4'000'000'000});
      cell.id.day = static_cast<Day>(one_of({0, 1, 40})) - 20;
      cell.id.day2 = static_cast<Day>(one_of({0, 30}));
      cell.id.counts_from = static_cast<Day>(one_of({0, 33}));
      cell.value = {static_cast<int>(random() % 5) - 2, static_cast<int>(random() % 3) - 1, 0};
      cells.push_back(cell);
      expected[place(cell.id)] += cell.value;
    }
    std::erase_if(expected, [](const auto& sum) { return sum.second.is_zero(); });
    store::add_up(cells);
    ASSERT_EQ(cells.size(), expected.size());
    std::size_t i = 0;
    for (const auto& [at, value] : expected) {
      ASSERT_EQ(place(cells[i].id), at);
      ASSERT_EQ(cells[i].value, value);
      ++i;
    }
  }
}

}  // namespace
}  // namespace daybook::engine
