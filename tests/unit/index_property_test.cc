// What must hold for every history, whatever the batches, merges, restarts and budgets: an answer from
// the index is the answer from the pages.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "index/shard_index.h"
#include "support/ask.h"
#include "support/asking.h"
#include "support/folding.h"

namespace daybook::test {
namespace {

void compare(Folding& folding, const index::ShardIndex& index, std::mt19937& random) {
  const OneShard with(folding, &index);
  const OneShard with_totals(folding, &index, false);
  const OneShard without(folding, nullptr);
  const auto snapshot = with.open(0);
  RC_ASSERT(snapshot.has_value());
  auto accounts = (*snapshot)->customers_after("", SIZE_MAX);
  std::ranges::sort(accounts);
  RC_ASSERT(query::untold_postings(**snapshot, accounts) == 0);
  const query::Today today = [] { return Day{19'830}; };
  for (int i = 0; i < 20; ++i) {
    const Asked asked = any_question(random);
    const auto expected = test::ask(without, today, asked.path, asked.parameters);
    for (const OneShard* model : {&with, &with_totals}) {
      const auto found = test::ask(*model, today, asked.path, asked.parameters);
      if (expected.body == found.body && expected.status == 200) continue;
      RC_FAIL(asked.text() + "\npages:  " + expected.body + "\nindex:  " + found.body);
    }
  }
}

RC_GTEST_PROP(Index, AnswersAsThePagesDo, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const auto values = *rc::gen::element(Values::kFew, Values::kFew, Values::kWhole);
  const auto events = static_cast<std::size_t>(*rc::gen::inRange(1, 400));
  index::IndexOptions options;
  options.bytes = *rc::gen::element<std::size_t>(1 << 30, 1 << 30, 1 << 30, 100'000, 40'000, 20'000, 0);
  options.follow_rows = *rc::gen::element<std::size_t>(1 << 20, 1 << 20, 100);
  options.build_rows = *rc::gen::element<std::size_t>(1 << 20, 10);
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());

  const domain::Rules rules = utc_rules();
  const History history(Hostile(seed, values).records(events), 0, 1);
  Folding folding(rules);
  std::shared_ptr<index::ShardIndex> index;
  const std::atomic<bool> stopping = false;
  const auto build = [&] {
    const auto built = index->build(stopping);
    RC_ASSERT(built.has_value());
    RC_ASSERT(index->snapshot() != nullptr);
    RC_ASSERT(index->totals_faults() == 0);
  };
  const auto begin = [&] {
    index = std::make_shared<index::ShardIndex>(folding.shard().store(), folding.shard().labels(), rules, options);
    folding.shard().listen(index);
    build();
  };
  begin();
  const auto commit = [&] {
    folding.commit();
    // A commit that was too large leaves it off.
    if (index->snapshot() == nullptr) build();
    RC_ASSERT(index->snapshot()->commit == index::commit_number(folding.state()));
    if (random() % 3 == 0) index->merge();
    if (random() % 5 == 0) index->save();
    compare(folding, *index, random);
  };
  feed(folding, history, random, commit, [&] {
    if (random() % 20 != 0) return;
    folding.crash();
    begin();
  });
  index->merge();
  compare(folding, *index, random);
}

}  // namespace
}  // namespace daybook::test
