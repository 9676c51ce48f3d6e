// The index's columns: sums stay exact beyond their bits, what was taken back is gone, an index that is
// off is built again, and commits that come meanwhile are not lost.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "index/cycles.h"
#include "index/days.h"
#include "index/keeper.h"
#include "index/receivables.h"
#include "index/runs.h"
#include "index/sales.h"
#include "query/receivables.h"
#include "support/book.h"
#include "support/hostile.h"
#include "support/soon.h"

namespace daybook::index {
namespace {

using domain::Measure;
using query::Detail;

store::Cell open_cell(Day counts_from, Int128 amount, Int128 quantity) {
  store::Cell cell;
  cell.id = {.measure = Measure::kOpen,
             .currency = 7,
             .attributes = 3,
             .dimensions = 0,
             .day = 100,
             .day2 = 130,
             .counts_from = counts_from};
  cell.value = {amount, quantity};
  return cell;
}

std::pair<Int128, Int128> sum(const PeriodSums& sums, Day as_of) {
  std::pair<Int128, Int128> total;
  sums.for_each(as_of, [&](const ReceivableRow& row) {
    EXPECT_EQ(row.customer, 5u);
    EXPECT_EQ(row.attributes, 3u);
    EXPECT_EQ(row.currency, 7u);
    EXPECT_EQ(row.measure, Measure::kOpen);
    EXPECT_EQ(row.day, 100);
    EXPECT_EQ(row.day2, 130);
    total.first += row.amount();
    total.second += row.quantity;
  });
  return total;
}

TEST(PeriodSums, StayExactBeyondTheirBits) {
  std::vector<ReceivableRow> rows;
  const Int128 amount = Int128{1} << 64;
  add_receivable_rows(5, open_cell(100, amount, 100'000), rows);
  add_receivable_rows(5, open_cell(200, -amount + 1, -99'999), rows);
  const PeriodSums sums = PeriodSums(Grain::kMonth).merged(rows);
  EXPECT_EQ(sum(sums, 99), std::pair(Int128{0}, Int128{0}));
  EXPECT_TRUE(sum(sums, 150) == std::pair(amount, Int128{100'000}));
  EXPECT_TRUE(sum(sums, 200) == std::pair(Int128{1}, Int128{1}));
  EXPECT_TRUE(sum(sums.coarser(Grain::kYear), 150) == std::pair(amount, Int128{100'000}));
}

TEST(PeriodSums, TakeFewRowsWhateverTheValues) {
  const Int128 most = std::numeric_limits<Int128>::max();
  const Int128 least = std::numeric_limits<Int128>::min();
  for (const Int128 amount : {most, least, most / 3, Int128{1} << 47, -(Int128{1} << 47) - 1, Int128{-1}}) {
    std::vector<ReceivableRow> rows;
    add_receivable_rows(5, open_cell(100, amount, 20'000'000), rows);
    EXPECT_LE(rows.size(), 3U);
    const PeriodSums sums = PeriodSums(Grain::kMonth).merged(rows);
    EXPECT_TRUE(sum(sums, 100) == std::pair(amount, Int128{20'000'000})) << to_string(amount);
    EXPECT_LE(sums.rows().size(), 4U);
    rows = sums.rows();
    add_receivable_rows(5, open_cell(100, -amount, -20'000'000), rows);
    EXPECT_TRUE(PeriodSums(Grain::kMonth).merged(rows).rows().empty());
  }
}

TEST(PeriodSums, HoldEveryDayThatFiguresCanHave) {
  for (const Day day : {kFirstFigureDay, kFirstDate, Day{0}, kLastDate, kLastFigureDay}) {
    for (const Day day2 : {kFirstFigureDay, kLastFigureDay}) {
      store::Cell cell = open_cell(day, 1, 1);
      cell.id.day = day;
      cell.id.day2 = day2;
      std::vector<ReceivableRow> rows;
      add_receivable_rows(5, cell, rows);
      rows = PeriodSums(Grain::kYear).merged(rows).rows();
      ASSERT_EQ(rows.size(), 1U);
      EXPECT_EQ(rows[0].day, day);
      EXPECT_EQ(rows[0].day2, day2);
      EXPECT_EQ(rows[0].counts_from, day);
    }
  }
}

TEST(PeriodSums, AreTheSameHoweverTheRowsCome) {
  std::mt19937 random(3);
  std::vector<ReceivableRow> all;
  PeriodSums piecemeal(Grain::kWeek);
  for (int i = 0; i < 50; ++i) {
    std::vector<ReceivableRow> some;
    for (int j = 0; j < 20; ++j) {
      const Day day = static_cast<Day>(random() % 500) - 250;
      add_receivable_rows(5, open_cell(day, static_cast<Int128>(random() % 9) - 4, 1), some);
    }
    all.insert(all.end(), some.begin(), some.end());
    piecemeal = piecemeal.merged(std::move(some));
  }
  const PeriodSums at_once = PeriodSums(Grain::kWeek).merged(all);
  EXPECT_EQ(piecemeal.bytes(), at_once.bytes());
  for (Day day = -260; day < 260; ++day) {
    std::pair<Int128, Int128> expected;
    for (const ReceivableRow& row : all) {
      if (row.counts_from > day) continue;
      expected.first += row.amount();
      expected.second += row.quantity;
    }
    EXPECT_TRUE(sum(piecemeal, day) == expected) << day;
    EXPECT_TRUE(sum(at_once, day) == expected) << day;
  }
}

TEST(PeriodSums, ForgetWhatWasSettled) {
  std::vector<ReceivableRow> rows;
  add_receivable_rows(5, open_cell(100, 50, 1), rows);
  const PeriodSums one = PeriodSums(Grain::kMonth).merged(rows);
  rows.clear();
  add_receivable_rows(5, open_cell(100, -50, -1), rows);
  int left = 0;
  one.merged(rows).for_each(kNever - 1, [&](const ReceivableRow&) { ++left; });
  EXPECT_EQ(left, 0);
}

TEST(Sales, KnowWhichMonthsTheyAnswerFor) {
  const Day start = day_from_civil({2024, 3, 1});
  SalesRow on_time{.group = {.currency = 7}, .day = start + 4, .counts_from = start + 9, .column = 0, .part = 10};
  SalesRow late = on_time;
  late.counts_from = start + 40;
  late.part = 3;
  const Sales sales = Sales().merged({on_time, late});
  ASSERT_EQ(sales.months().size(), 1u);
  const Sales::Month& month = *sales.months().front();
  EXPECT_TRUE(month.answers(start, start + 30, start + 9));
  EXPECT_FALSE(month.answers(start, start + 30, start + 8));
  EXPECT_TRUE(month.answers(start + 4, start + 4, start + 9));
  EXPECT_FALSE(month.answers(start + 5, start + 30, start + 9));
  ASSERT_EQ(month.by_region.months.size(), 2u);
  EXPECT_EQ(month.by_region.months[0].late, SalesSums::kOnTime);
  EXPECT_EQ(month.by_region.months[1].late, day_from_civil({2024, 4, 1}));
  ASSERT_EQ(month.by_region.days.size(), 1u);
  EXPECT_EQ(month.by_region.days[0].late, start + 40);
}

TEST(Sales, CountAsOfEachDay) {
  const Day start = day_from_civil({2024, 2, 1});
  const Day end = day_from_civil({2024, 5, 31});
  std::vector<SalesRow> rows;
  for (Day counts_from = start; counts_from < end - 1; counts_from += 1 + counts_from % 4) {
    const auto part = std::int64_t{1} << (counts_from - start) % 60;
    rows.push_back({.group = {.currency = 7, .region = 1},
                    .day = start + 3,
                    .counts_from = counts_from,
                    .column = 0,
                    .sku = static_cast<TextId>(counts_from % 3),
                    .part = part,
                    .quantity_part = -part});
  }
  // Built at once, and in two goes.
  const std::vector<SalesRow> some(rows.begin() + 7, rows.begin() + 20);
  std::vector<SalesRow> others(rows.begin(), rows.begin() + 7);
  others.insert(others.end(), rows.begin() + 20, rows.end());
  for (const Sales& sales : {Sales().merged(rows), Sales().merged(some).merged(others)}) {
    EXPECT_TRUE(sales.faults().empty());
    const Sales::Month& month = *sales.months().front();
    for (Day as_of = day_from_civil({2024, 2, 29}); as_of <= end; ++as_of) {
      Int128 expected = 0;
      for (const SalesRow& row : rows) expected += row.counts_from <= as_of ? row.part : 0;
      const auto sum = [&](const auto& kept, const auto& value) {
        Int128 all = 0;
        kept.for_each(as_of, [&](const auto& sums) { all += value(sums); });
        return all;
      };
      const auto ordered = [](const SalesSums& sums) { return sums.value(0); };
      EXPECT_TRUE(sum(month.by_all, ordered) == expected) << format_date(as_of);
      EXPECT_TRUE(sum(month.by_region, ordered) == expected) << format_date(as_of);
      EXPECT_TRUE(sum(month.by_rep, ordered) == expected) << format_date(as_of);
      EXPECT_TRUE(sum(month.by_sku, [](const SkuSums& sums) { return sums.goods(0).amount; }) == expected);
      EXPECT_TRUE(sum(month.by_sku, [](const SkuSums& sums) { return -sums.goods(0).quantity; }) == expected);
    }
  }
}

TEST(Sales, KnowWhichOfTheirSumsAreWrong) {
  const Day start = day_from_civil({2024, 2, 1});
  SalesRow row{.group = {.currency = 7}, .day = start, .counts_from = start + 70, .column = 1, .part = 5};
  const Sales sales = Sales().merged({row});
  // A month's tables are its own: nobody else reads them meanwhile.
  auto& month = const_cast<Sales::Month&>(*sales.months().front());
  const auto faults_with = [&](auto& part) {
    part += 1;
    std::vector<Int128> differences;
    for (const SalesFault& fault : sales.faults()) differences.push_back(fault.difference);
    part -= 1;
    return differences;
  };
  for (auto* kept : {&month.by_all, &month.by_region, &month.by_rep}) {
    EXPECT_EQ(faults_with(kept->months.at(0).parts[1]), std::vector<Int128>{1});
    EXPECT_EQ(faults_with(kept->days.at(0).parts[1]), std::vector<Int128>{1});
  }
  EXPECT_EQ(faults_with(month.by_sku.months.at(0).parts[3]), std::vector<Int128>{1});
  EXPECT_EQ(faults_with(month.by_sku.days.at(0).parts[3]), std::vector<Int128>{1});
  EXPECT_TRUE(sales.faults().empty());
}

TEST(Sales, GiveBackTheMemoryOfWhatTheyNoLongerKeep) {
  std::vector<SalesRow> rows;
  for (TextId i = 0; i < 1'000; ++i)
    rows.push_back({.group = {.channel = i}, .day = 1, .counts_from = 1, .sku = i, .part = 1});
  Sales sales = Sales().merged(rows);
  const std::size_t before = sales.bytes();
  const std::size_t of_skus = sales.sku_bytes();
  EXPECT_GE(of_skus, 1'000 * sizeof(SkuSums));
  sales.give_up_skus();
  EXPECT_EQ(sales.bytes(), before - of_skus);
  EXPECT_EQ(sales.merged(rows).sku_bytes(), 0u);
  sales.give_up_all();
  EXPECT_LT(sales.bytes(), before / 100);
}

TEST(Sales, StayExactBeyondTheirBits) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 2;
  const SalesRow row{.group = {}, .day = 1, .counts_from = 1, .column = 1, .part = kMost};
  const Sales sales = Sales().merged({row, row, row});
  Int128 sum = 0;
  for (const SalesSums& sums : sales.months().front()->by_all.months) sum += sums.value(1);
  EXPECT_TRUE(sum == Int128{3} * kMost);
}

TEST(Sales, KeepGoodsBySku) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 2;
  const SalesRow one{.group = {.currency = 7, .region = 1},
                     .day = 1,
                     .counts_from = 1,
                     .column = 0,
                     .sku = 3,
                     .part = 10,
                     .quantity_part = kMost,
                     .count_part = 1};
  SalesRow elsewhere = one;
  elsewhere.group.region = 2;
  SalesRow late = one;
  late.counts_from = 50;
  SalesRow of_other = one;
  of_other.sku = 4;
  // What is no goods stands under no sku.
  const SalesRow cash{.group = {.currency = 7}, .day = 1, .counts_from = 1, .column = 4, .part = 9};
  const Sales sales = Sales().merged({one, elsewhere, late}).merged({elsewhere, of_other, cash});
  std::map<std::pair<TextId, Day>, domain::CellValue> sums;
  sales.months().front()->by_sku.for_each(50, [&](const SkuSums& sum) { sums[{sum.sku, sum.late}] += sum.goods(0); });
  EXPECT_TRUE((
      sums == std::map<std::pair<TextId, Day>, domain::CellValue>{{{3, SalesSums::kOnTime}, {30, Int128{3} * kMost, 3}},
                                                                  {{3, 50}, {10, kMost, 1}},
                                                                  {{4, SalesSums::kOnTime}, {10, kMost, 1}}}));
  EXPECT_TRUE(sales.faults().empty());
}

std::vector<DayRow> rows_of(const Days& days, Day first, Day last) {
  std::vector<DayRow> rows;
  days.for_each(first, last, [&](const DayRow& row) { rows.push_back(row); });
  return rows;
}

TEST(Days, AreTheSameHoweverTheRowsCome) {
  std::mt19937 random(4);
  std::map<std::pair<Day, store::LabelId>, Postings> expected;
  std::vector<DayRow> all;
  Days piecemeal;
  for (int i = 0; i < 40; ++i) {
    std::vector<DayRow> some;
    for (int j = 0; j < 25; ++j) {
      // Before 1970 too, and more accounts than two bytes count.
      const Day day = static_cast<Day>(random() % 200) - 100;
      const auto customer = static_cast<store::LabelId>(random() % 5 * 0x3333'3333);
      const Postings postings = Postings{1} << random() % 14;
      some.push_back({day, customer, postings});
      expected[{day, customer}] |= postings;
    }
    all.insert(all.end(), some.begin(), some.end());
    piecemeal = piecemeal.merged(std::move(some));
  }
  const Days at_once = Days().merged(all);
  EXPECT_EQ(piecemeal.bytes(), at_once.bytes());
  for (const auto& [first, last] : {std::pair{-200, 200}, {-40, -40}, {-31, 0}, {3, 59}, {60, 40}, {150, 300}}) {
    std::vector<DayRow> of_span;
    for (const auto& [at, postings] : expected) {
      if (first <= at.first && at.first <= last) of_span.push_back({at.first, at.second, postings});
    }
    EXPECT_EQ(rows_of(piecemeal, first, last), of_span) << first << " " << last;
    EXPECT_EQ(rows_of(at_once, first, last), of_span) << first << " " << last;
  }
}

TEST(Days, KnowWhatStandsOnThem) {
  std::vector<DayRow> rows;
  const auto add = [&](Measure measure, Day day) {
    store::Cell cell;
    cell.id.measure = measure;
    cell.id.day = day;
    add_day_row(5, cell, rows);
  };
  add(Measure::kOpen, 10);
  add(Measure::kLedgerCash, 10);
  add(Measure::kLedgerInvoices, 10);
  add(Measure::kOrders, 11);
  add(Measure::kShipments, 11);
  add(Measure::kLedgerTransfers, 10);
  const std::vector<DayRow> found = rows_of(Days().merged(rows), 0, 20);
  ASSERT_EQ(found.size(), 2U);
  const Postings of_ledger =
      posted(Measure::kLedgerCash) | posted(Measure::kLedgerInvoices) | posted(Measure::kLedgerTransfers);
  EXPECT_EQ(found[0], (DayRow{10, 5, of_ledger}));
  EXPECT_EQ(of_ledger & ~kLedgerPostings, 0U);
  // What was ordered is found by how many orders there are, for sums of it may be nothing.
  EXPECT_EQ(found[1], (DayRow{11, 5, posted(Measure::kOrdered) | posted(Measure::kShipped)}));
}

TEST(Runs, AreFewAndDropWhatWasSealed) {
  Runs<int> runs;
  for (int i = 0; i < 100; ++i) runs.append({i});
  runs.seal();
  Runs<int> copy = runs;
  for (int i = 100; i < 200; ++i) copy.append({i});
  EXPECT_EQ(copy.size(), 200u);
  copy.drop_sealed();
  std::vector<int> left = copy.rows();
  ASSERT_EQ(left.size(), 100u);
  EXPECT_EQ(left.front(), 100);
  EXPECT_EQ(left.back(), 199);
  EXPECT_EQ(runs.size(), 100u);
}

constexpr Day kPlacedDay = 19'800;
constexpr Instant kPlaced = kPlacedDay * 86'400LL + 3600;

// An order-cycle row of two changes.
domain::CycleRow cycle_row(Day confirmed_from) {
  domain::CycleRow row;
  row.attributes.file_day = kPlacedDay;
  domain::CycleChange change;
  change.counts_from = kPlacedDay;
  change.state.remains = true;
  change.state.milestones[0] = kPlaced;
  row.changes.push_back(change);
  change.counts_from = confirmed_from;
  change.state.milestones[1] = kPlaced + 7200;
  row.changes.push_back(change);
  return row;
}

// The next change of a row.
domain::CycleState& changed(domain::CycleRow& row, Day counts_from) {
  row.changes.push_back({counts_from, row.changes.back().state});
  return row.changes.back().state;
}

TEST(Cycles, OrdersThatMovedAreKeptAsTheyAreStored) {
  Dictionary dictionary;
  const BusinessZone zone = BusinessZone::find("UTC").value();
  domain::CycleRow row = cycle_row(19'802);
  const auto plain = make_cycle(1, row, "bytes", 1, zone, dictionary).row;
  ASSERT_TRUE(std::holds_alternative<PlainCycle>(plain));
  EXPECT_EQ(std::get<PlainCycle>(plain).counts_from(1), 19'802);
  EXPECT_EQ(std::get<PlainCycle>(plain).at(1) - std::get<PlainCycle>(plain).at(0), 7200);
  // Confirmed at another time, as of a later day.
  changed(row, 19'810).milestones[1] = kPlaced + 7260;
  EXPECT_TRUE(std::holds_alternative<OtherCycle>(make_cycle(1, row, "bytes", 1, zone, dictionary).row));
  // Counted too late for a byte, even where what is left of it looks like a day soon after.
  for (const Day late : {20'000, 19'800 + 258}) {
    EXPECT_TRUE(std::holds_alternative<OtherCycle>(make_cycle(1, cycle_row(late), "bytes", 1, zone, dictionary).row))
        << late;
  }
  // Another file than that of its day.
  domain::CycleRow other_file = cycle_row(19'802);
  other_file.attributes.file_day = 19'799;
  EXPECT_TRUE(std::holds_alternative<OtherCycle>(make_cycle(1, other_file, "bytes", 1, zone, dictionary).row));
}

// Whatever an order went through: kept in columns it says on every date what is stored, or it is kept as stored.
TEST(Cycles, WhatIsKeptInColumnsSaysWhatIsStored) {
  using State = domain::CycleState;
  constexpr auto kDelivered = static_cast<std::size_t>(domain::Milestone::kDelivered);
  const auto promise = [](State& state, std::optional<Day> first, std::optional<Day> last) {
    state.dates.first_promise = first;
    state.dates.last_promise = last;
  };
  const struct {
    const char* what;
    bool in_columns;
    std::function<void(domain::CycleRow&)> tell;
  } cases[] = {
      {"wanted on a day", true,
       [](auto& row) {
         for (auto& change : row.changes) change.state.dates.requested = 19'830;
       }},
      {"wanted before it was placed", true,
       [](auto& row) {
         for (auto& change : row.changes) change.state.dates.requested = 19'700;
       }},
      {"wanted in two hundred years", false,
       [](auto& row) {
         for (auto& change : row.changes) change.state.dates.requested = kLastDate;
       }},
      {"wanted on the day that would stand for none", false,
       [](auto& row) {
         for (auto& change : row.changes) change.state.dates.requested = kPlacedDay + INT16_MIN;
       }},
      {"wanted on another day later", false,
       [](auto& row) {
         for (auto& change : row.changes) change.state.dates.requested = 19'830;
         changed(row, 19'805).dates.requested = 19'831;
       }},
      {"promised with the confirmation", true, [&](auto& row) { promise(row.changes.back().state, 19'815, 19'815); }},
      {"promised behind the confirmation", true, [&](auto& row) { promise(changed(row, 19'804), 19'815, 19'815); }},
      {"promised before the confirmation", true,
       [&](auto& row) {
         promise(row.changes.front().state, 19'815, 19'815);
         promise(row.changes.back().state, 19'815, 19'815);
       }},
      {"delayed once", true,
       [&](auto& row) {
         promise(row.changes.back().state, 19'815, 19'815);
         promise(changed(row, 19'810), 19'815, 19'820);
       }},
      {"promised and delayed at once", true, [&](auto& row) { promise(row.changes.back().state, 19'815, 19'820); }},
      {"promised behind the confirmation, and delayed", false,
       [&](auto& row) {
         promise(changed(row, 19'804), 19'815, 19'815);
         promise(changed(row, 19'810), 19'815, 19'820);
       }},
      {"delayed twice", false,
       [&](auto& row) {
         promise(row.changes.back().state, 19'815, 19'815);
         promise(changed(row, 19'810), 19'815, 19'820);
         promise(changed(row, 19'811), 19'815, 19'825);
       }},
      {"delayed and back", false,
       [&](auto& row) {
         promise(row.changes.back().state, 19'815, 19'815);
         promise(changed(row, 19'810), 19'815, 19'820);
         promise(changed(row, 19'811), 19'815, 19'815);
       }},
      {"cancelled", true, [](auto& row) { changed(row, 19'807).remains = false; }},
      {"cancelled and ordered anew", false,
       [](auto& row) {
         changed(row, 19'807).remains = false;
         changed(row, 19'808).remains = true;
       }},
      {"delivered in full", true,
       [](auto& row) {
         State& delivered = changed(row, 19'809);
         delivered.milestones[kDelivered] = 19'809 * 86'400LL;
         delivered.in_full = true;
       }},
      {"delivered, and not in full", true,
       [](auto& row) { changed(row, 19'809).milestones[kDelivered] = 19'809 * 86'400LL; }},
      {"in full before it is delivered", false,
       [](auto& row) {
         changed(row, 19'808).in_full = true;
         changed(row, 19'809).milestones[kDelivered] = 19'809 * 86'400LL;
       }},
      {"in full after it was delivered", false,
       [](auto& row) {
         changed(row, 19'809).milestones[kDelivered] = 19'809 * 86'400LL;
         changed(row, 19'812).in_full = true;
       }},
      {"in full until goods came back", false,
       [](auto& row) {
         State& delivered = changed(row, 19'809);
         delivered.milestones[kDelivered] = 19'809 * 86'400LL;
         delivered.in_full = true;
         changed(row, 19'812).in_full = false;
       }},
  };
  const BusinessZone zone = BusinessZone::find("UTC").value();
  for (const auto& [what, in_columns, tell] : cases) {
    SCOPED_TRACE(what);
    Dictionary dictionary;
    domain::CycleRow row = cycle_row(19'802);
    tell(row);
    const auto made = make_cycle(1, row, "bytes", 1, zone, dictionary).row;
    const auto* plain = std::get_if<PlainCycle>(&made);
    EXPECT_EQ(plain != nullptr, in_columns);
    if (plain == nullptr) continue;
    for (Day day = kPlacedDay; day < kPlacedDay + 40; ++day) {
      const auto after = std::ranges::upper_bound(row.changes, day, {}, &domain::CycleChange::counts_from);
      const State& stored = std::prev(after)->state;
      EXPECT_EQ(plain->dates(day), stored.dates) << day;
      EXPECT_EQ(plain->remains(day), stored.remains) << day;
      EXPECT_EQ(plain->is_in_full(day), stored.in_full) << day;
    }
  }
}

TEST(Cycles, WhatWentIsGone) {
  Dictionary dictionary;
  const BusinessZone zone = BusinessZone::find("UTC").value();
  const auto row = make_cycle(1, cycle_row(19'802), "", 1, zone, dictionary).row;
  const Cycles twice = Cycles().merged({{row, 1}, {row, 1}});
  ASSERT_EQ(twice.months().size(), 1u);
  EXPECT_EQ(twice.months().front()->rows.size(), 2u);
  EXPECT_EQ(twice.merged({{row, -1}}).months().front()->rows.size(), 1u);
  EXPECT_EQ(twice.merged({{row, -1}, {row, 1}, {row, -1}, {row, -1}}).months().front()->rows.size(), 0u);
}

TEST(Cycles, KeepDelayedOnesOnceMoreWithWhatWasReported) {
  Dictionary dictionary;
  const BusinessZone zone = BusinessZone::find("UTC").value();
  const std::string long_reason(64, 'x');
  const std::vector<domain::CycleDelays> delays = {
      {kPlacedDay - 3, domain::DelayStage::kProduce, long_reason, 1},
      {kPlacedDay + 40'000, domain::DelayStage::kProduce, "no steel", 10'000}};
  domain::CycleRow row = cycle_row(19'802);
  const auto punctual = make_cycle(1, row, "punctual", 1, zone, dictionary);
  row.delays = delays;
  const auto delayed = make_cycle(1, row, "delayed", 1, zone, dictionary);
  changed(row, kPlacedDay + 5).milestones[0] = kPlaced + 60;
  const auto other = make_cycle(1, row, "other", 1, zone, dictionary);
  ASSERT_TRUE(std::holds_alternative<OtherCycle>(other.row));
  const Cycles cycles = Cycles().merged({punctual, delayed, other});
  const Cycles::Month& month = *cycles.months().back();
  EXPECT_EQ(month.rows.size(), 2u);
  ASSERT_EQ(month.delayed.size(), 1u);
  EXPECT_EQ(month.delayed.front().row, std::get<PlainCycle>(delayed.row));
  EXPECT_EQ(delays_of(month.delayed.front().row, month.delayed.front().delays), delays);
  EXPECT_GT(cycles.bytes(), Cycles().merged({punctual, punctual, other}).bytes());
  CycleRowChange gone = delayed;
  gone.sign = -1;
  EXPECT_TRUE(cycles.merged({gone}).months().back()->delayed.empty());
}

// Commits, questions, builds and merges at once; in the end the index holds what the pages hold.
TEST(Keeper, KeepsUpWithCommitsWhileQuestionsAreAsked) {
  const domain::Rules rules = test::utc_rules();
  test::TempDir directory;
  store::SharedMemory memory(8 << 20, 8 << 20);
  log::MemoryLog log(2);
  auto projector = engine::Projector::open(rules, directory.path(), 2, memory, {});
  ASSERT_TRUE(projector);
  IndexOptions options;
  options.merge_rows = 20;
  options.follow_rows = 400;
  std::vector<std::shared_ptr<ShardIndex>> indexes;
  for (std::int32_t i = 0; i < 2; ++i) {
    const auto shard = (*projector)->shard(i);
    indexes.push_back(std::make_shared<ShardIndex>(shard->store(), shard->labels(), rules, options));
    shard->listen(indexes.back());
  }
  ASSERT_TRUE((*projector)->start(log));
  Keeper keeper([&] { return indexes; }, [] { return true; }, [] {});

  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      for (const auto& index : indexes) {
        const auto entries = index->snapshot();
        if (entries == nullptr || entries->receivables.table == nullptr) continue;
        Int128 sum = 0;
        const auto add = [&](const ReceivableRow& row) { sum += row.amount(); };
        entries->receivables.table->totals->for_each(20'000, add);
        entries->receivables.tail.for_each(add);
      }
    }
  });
  for (int i = 0; i < 60; ++i) {
    std::vector<log::NewRecord> records;
    const auto batch = test::Hostile(static_cast<std::uint32_t>(i)).records(20);
    for (const auto& record : batch) {
      log::NewRecord next;
      next.topic = record.topic;
      next.key = record.key;
      next.value = record.value;
      next.partition = log::partition_of(record.key, 2);
      records.push_back(std::move(next));
    }
    ASSERT_TRUE(log::append_and_wait(log, std::move(records)));
    std::this_thread::sleep_for(std::chrono::milliseconds(i % 7));
  }
  const auto ends = log.end_offsets(log::kEventTopics);
  ASSERT_TRUE(ends);
  for (const log::EndOffset& end : *ends) {
    if (end.end == 0) continue;
    EXPECT_TRUE(test::soon([&] { return (*projector)->has_committed(end.at, end.end - 1); }));
  }
  const bool all = test::soon([&] {
    for (std::int32_t i = 0; i < 2; ++i) {
      const auto entries = indexes[static_cast<std::size_t>(i)]->snapshot();
      if (entries == nullptr || entries->commit != commit_number((*projector)->committed(i))) return false;
    }
    return true;
  });
  done = true;
  reader.join();
  ASSERT_TRUE(all);
  for (std::int32_t i = 0; i < 2; ++i) {
    query::ShardSnapshot pages;
    pages.reads = (*projector)->shard(i)->store().snapshot();
    pages.labels = &(*projector)->shard(i)->labels();
    query::ShardSnapshot indexed;
    indexed.reads = (*projector)->shard(i)->store().snapshot();
    indexed.labels = pages.labels;
    indexed.index = indexes[static_cast<std::size_t>(i)]->snapshot();
    for (const Detail detail : {Detail::kAccounts, Detail::kTotals}) {
      for (const Day day : {19'805, 19'820, 19'900}) {
        const auto sums = [&](const query::ShardSnapshot& snapshot) {
          std::map<std::tuple<int, std::uint16_t, Day>, Int128> sums_of;
          query::receivables_at(snapshot, {}, day, detail, [&](const ReceivableRow& row) {
            sums_of[{static_cast<int>(row.measure), row.currency, row.day2}] += row.amount();
          });
          std::erase_if(sums_of, [](const auto& entry) { return entry.second == 0; });
          return sums_of;
        };
        EXPECT_TRUE(sums(pages) == sums(indexed)) << day;
      }
    }
  }
}

}  // namespace
}  // namespace daybook::index
