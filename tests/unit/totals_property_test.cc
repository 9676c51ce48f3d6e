// What must hold whatever came before a start, and wherever the process ended: totals that are known are those of
// the pages.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "index/shard_index.h"
#include "store/totals.h"
#include "support/book.h"
#include "support/folding.h"
#include "support/totals.h"

namespace daybook::test {
namespace {

namespace fs = std::filesystem;

query::ShardSnapshot pages_of(Folding& folding) {
  query::ShardSnapshot pages;
  pages.reads = folding.shard().store().snapshot();
  pages.labels = &folding.shard().labels();
  return pages;
}

constexpr Day kDays[] = {kFirstDate, kLastDate, 19'799, 19'805, 19'818, 19'830, 19'850, kNever - 1};

void check(Folding& folding, const store::Totals& totals) {
  const query::ShardSnapshot pages = pages_of(folding);
  for (const Day day : kDays) {
    if (day >= totals.from) RC_ASSERT(sums_on(totals, day) == sums_on(pages, day));
  }
}

void check(Folding& folding, const index::ShardIndex& index) {
  const query::ShardSnapshot pages = pages_of(folding);
  query::ShardSnapshot known = pages_of(folding);
  known.totals = index.totals();
  RC_ASSERT(known.totals->commit == index::commit_number(folding.state()));
  // Dates that are given up are read from pages.
  for (const Day day : kDays) RC_ASSERT(sums_on(known, day) == sums_on(pages, day));
}

// What may become of the file while nobody looks.
class File {
 public:
  explicit File(const std::string& folder) : path_(folder + "/totals") {}

  void remember() {
    if (fs::exists(path_)) before_ = read_file(path_).value();
  }
  void bring_back() const {
    if (!before_.empty()) put(before_);
  }
  void lose() const { fs::remove(path_); }
  // False where there is none.
  bool damage(std::mt19937& random) const {
    if (!fs::exists(path_)) return false;
    std::string bytes = read_file(path_).value();
    const std::size_t at = random() % bytes.size();
    if (random() % 2 == 0) {
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    } else {
      bytes.resize(at);
    }
    put(bytes);
    return true;
  }
  // As a kill leaves it that comes between the bytes and their name.
  void leave_draft() const {
    RC_ASSERT(write_file_durably(fs::path(path_).parent_path(), "totals.new", "half").has_value());
  }

 private:
  void put(const std::string& bytes) const {
    RC_ASSERT(write_file_durably(fs::path(path_).parent_path(), "totals", bytes).has_value());
  }
  std::string path_;
  std::string before_;
};

RC_GTEST_PROP(Totals, AreThoseOfThePagesAfterAnyStart, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const auto values = *rc::gen::element(Values::kFew, Values::kFew, Values::kWhole);
  const auto events = static_cast<std::size_t>(*rc::gen::inRange(1, 400));
  index::IndexOptions options;
  // Room for all dates, for few, and for none.
  options.bytes = *rc::gen::element<std::size_t>(1 << 30, 1 << 30, 40'000, 15'000, 0);
  options.save_commits = *rc::gen::element<std::size_t>(1, 5, 1'000);
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const domain::Rules rules = utc_rules();
  const History history(Hostile(seed, values).records(events), 0, 1);
  Folding folding(rules);
  File file(folding.shard().store().path());
  std::shared_ptr<index::ShardIndex> index;
  const std::atomic<bool> stopping = false;
  const auto begin = [&] {
    index = std::make_shared<index::ShardIndex>(folding.shard().store(), folding.shard().labels(), rules, options);
    folding.shard().listen(index);
  };
  const auto load = [&] {
    auto totals = store::load_totals(folding.shard().store(), folding.shard().store().path(), folding.state());
    RC_ASSERT(totals.has_value());
    return std::move(totals).value();
  };
  begin();
  feed(
      folding, history, random,
      [&] {
        folding.commit();
        if (index->totals() != nullptr) check(folding, *index);
        if (index->wants_save()) index->save();
        if (random() % 10 == 0) file.remember();
        if (random() % 10 != 0) return;
        RC_ASSERT(index->build(stopping).has_value());
        RC_ASSERT(index->totals_faults() == 0);
        if (index->totals() != nullptr) check(folding, *index);
        // As the keeper does. A kill before it leaves the file as it was.
        if (index->wants_save()) index->save();
      },
      [&] {
        if (random() % 20 != 0) return;
        bool whole = index->totals() != nullptr;
        switch (random() % 6) {
          case 0:
            file.lose();
            whole = false;
            break;
          case 1: whole = !file.damage(random) && whole; break;
          case 2:
            file.bring_back();
            whole = false;
            break;
          case 3: file.leave_draft(); break;
          default: break;
        }
        folding.crash();
        const auto totals = load();
        RC_ASSERT(totals.has_value() || !whole);
        if (totals) check(folding, *totals);
        begin();
        if (index->totals() != nullptr) check(folding, *index);
      });
}

}  // namespace
}  // namespace daybook::test
