// Totals kept beside a shard's store: how far the journal reaches, what is not believed, and what is found out.
#include "store/totals.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "index/shard_index.h"
#include "query/balances.h"
#include "query/request.h"
#include "store/keys.h"
#include "support/book.h"
#include "support/soon.h"
#include "support/totals.h"

namespace daybook::store {
namespace {

Cell open_cell(Int128 amount) {
  Cell cell;
  cell.id = {.measure = domain::Measure::kOpen,
             .currency = Currency::parse("CNY")->number(),
             .attributes = 3,
             .dimensions = 0,
             .day = 100,
             .day2 = 130,
             .counts_from = 105};
  cell.value = {amount, 1};
  return cell;
}

// A store to which a journal is written, commit by commit; each leaves its number as digest.
class TotalsTest : public ::testing::Test {
 protected:
  TotalsTest() : memory_(8 << 20, 8 << 20) {
    store_ = ShardStore::open(directory_.path(), memory_, ShardStore::Mode::kReadWrite).value();
  }

  void commit(std::size_t cells = 1) {
    const std::vector<Cell> changes(cells, open_cell(1));
    journal_.add(changes);
    WriteBatch set;
    next_entry_ = journal_.write(++state_.digest, set).next_entry;
    ASSERT_TRUE(store_->write(set));
  }
  void commit_often(int times) {
    for (int i = 0; i < times; ++i) commit();
  }
  // What is known now becomes the file.
  void save() {
    Totals totals;
    totals.digest = state_.digest;
    totals.next_entry = next_entry_;
    totals.cells = {*total_of(open_cell(static_cast<Int128>(state_.digest)))};
    ASSERT_TRUE(write_totals(directory_.path(), totals));
  }
  std::optional<Totals> load() const { return load_totals(*store_, directory_.path(), state_).value(); }
  // The amount that all commits came to, where it is known.
  std::optional<Int128> known() const {
    const auto totals = load();
    if (!totals) return std::nullopt;
    Int128 amount = 0;
    for (const Cell& cell : totals->cells) amount += cell.value.amount;
    return amount;
  }

  test::TempDir directory_;
  SharedMemory memory_;
  std::unique_ptr<ShardStore> store_;
  ShardState state_;
  TotalsJournal journal_;
  std::uint16_t next_entry_ = 0;
};

TEST_F(TotalsTest, TheJournalLeadsFromTheEmptyStoreAndFromTheFile) {
  EXPECT_TRUE(known() == Int128{0});
  commit_often(3);
  EXPECT_TRUE(known() == Int128{3});
  EXPECT_EQ(load()->entries, 3U);
  save();
  EXPECT_EQ(load()->entries, 0U);
  commit_often(2);
  EXPECT_TRUE(known() == Int128{5});
}

TEST_F(TotalsTest, TheJournalGoesRoundAndReachesAsManyCommitsAsItHasPlaces) {
  commit_often(kJournalEntries - 10);
  save();
  commit_often(kJournalEntries);
  EXPECT_TRUE(known() == Int128{2 * kJournalEntries - 10});
  commit();
  EXPECT_FALSE(known());
  save();
  EXPECT_TRUE(known() == Int128{2 * kJournalEntries - 9});
}

TEST_F(TotalsTest, ACommitThatIsTooMuchBreaksTheChainUntilAFileIsWritten) {
  commit();
  commit(20'000);
  EXPECT_FALSE(known());
  commit();
  EXPECT_FALSE(known());
  save();
  commit();
  EXPECT_TRUE(known() == Int128{4});
}

TEST_F(TotalsTest, ACommitThatChangesNothingTakesNoEntry) {
  WriteBatch set;
  EXPECT_EQ(journal_.write(state_.digest, set).next_entry, 0);
  EXPECT_EQ(set.bytes(), 0U);
}

TEST_F(TotalsTest, AFileOfAnotherStateIsNotBelieved) {
  commit_often(3);
  save();
  // The store lost its last commit, as after a power failure, and took another instead.
  state_.digest = 2;
  EXPECT_FALSE(known());
  journal_.begin(2, 2);
  state_.digest = 10;
  commit();
  EXPECT_FALSE(known());
}

TEST_F(TotalsTest, DamagedEntriesAndFilesOfAnotherVersionAreNotBelieved) {
  commit_often(3);
  WriteBatch set;
  const std::string entry = store_->get(Table::kMeta, JournalKey{1}.bytes()).value().value();
  set.put(Table::kMeta, JournalKey{1}.bytes(), entry.substr(0, entry.size() - 1));
  ASSERT_TRUE(store_->write(set));
  EXPECT_FALSE(known());
  save();
  EXPECT_TRUE(known());
  std::string bytes = read_file(directory_.path() + "/totals").value();
  bytes[11] = 2;
  ASSERT_TRUE(write_file_durably(directory_.path(), "totals", bytes));
  EXPECT_FALSE(known());
}

// A shard with one open invoice, told the log's way.
class LyingTotals : public ::testing::Test {
 protected:
  LyingTotals() : memory_(8 << 20, 8 << 20), log_(1) {
    EXPECT_TRUE(open()->start(log_));
    const std::string json =
        R"({"event_id":"e","customer_id":"C","source":"s","occurred_at":"2024-05-01T12:00:00Z","invoice_issued":)"
        R"({"invoice_id":"I","issue_date":"2024-05-01","due_date":"2024-05-31","currency":"CNY","net_minor":500}})";
    events::v1::Event event;
    events::Violations violations;
    EXPECT_TRUE(events::read_event(json, event, violations));
    const std::string value = event.SerializeAsString();
    std::vector<log::NewRecord> records(1);
    records[0].topic = log::Topic::kInvoices;
    records[0].key = "C";
    records[0].value = value;
    EXPECT_TRUE(log::append_and_wait(log_, std::move(records)));
    EXPECT_TRUE(test::soon([&] { return projector_->has_committed({log::Topic::kInvoices, 0}, 0); }));
  }

  engine::Projector* open() {
    projector_.reset();
    projector_ = engine::Projector::open(rules_, directory_.path(), 1, memory_, {}).value();
    return projector_.get();
  }

  const domain::Rules rules_ = test::utc_rules();
  test::TempDir directory_;
  SharedMemory memory_;
  log::MemoryLog log_;
  std::unique_ptr<engine::Projector> projector_;
};

TEST_F(LyingTotals, AreFoundOutByTheBuildThatReadsThePagesAndReplaced) {
  const std::string folder = engine::shard_path(directory_.path(), 0);
  Totals lie = load_totals(projector_->shard(0)->store(), folder, projector_->committed(0)).value().value();
  ASSERT_FALSE(lie.cells.empty());
  for (Cell& cell : lie.cells) {
    if (cell.id.measure == domain::Measure::kOpen) cell.value.amount += 7;
  }
  ASSERT_TRUE(write_totals(folder, lie));

  open();
  const std::atomic<bool> stopping = false;
  const auto index = std::make_shared<index::ShardIndex>(projector_->shard(0)->store(), projector_->shard(0)->labels(),
                                                         rules_, index::IndexOptions());
  projector_->shard(0)->listen(index);
  query::ShardSnapshot pages;
  pages.reads = projector_->shard(0)->store().snapshot();
  pages.labels = &projector_->shard(0)->labels();
  query::ShardSnapshot known = pages;
  known.totals = index->totals();
  ASSERT_NE(known.totals, nullptr);
  const auto faults = query::proof_faults(known, kNever - 1, query::Detail::kTotals);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].customer_id, "");
  EXPECT_TRUE(faults[0].difference == 7);
  EXPECT_EQ(index->totals_faults(), 0);

  ASSERT_TRUE(index->build(stopping));
  EXPECT_EQ(index->totals_faults(), 1);
  known.totals = index->totals();
  EXPECT_EQ(test::sums_on(known, kNever - 1), test::sums_on(pages, kNever - 1));
  EXPECT_TRUE(query::proof_faults(known, kNever - 1, query::Detail::kTotals).empty());
  std::stop_source given_up;
  given_up.request_stop();
  EXPECT_THROW(query::proof_faults(known, kNever - 1, query::Detail::kTotals, given_up.get_token()), query::Refusal);
  EXPECT_THROW(query::proof_faults(pages, kNever - 1, query::Detail::kAccounts, given_up.get_token()), query::Refusal);
  // And not kept for the next start.
  ASSERT_TRUE(index->wants_save());
  index->save();
  const auto saved = load_totals(projector_->shard(0)->store(), folder, projector_->committed(0));
  EXPECT_EQ(test::sums_on(saved->value(), kNever - 1), test::sums_on(pages, kNever - 1));
}

}  // namespace
}  // namespace daybook::store
