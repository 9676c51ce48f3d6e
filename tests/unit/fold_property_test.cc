// What must hold for every history: whatever the interleaving of topics, the borders of batches, the
// repeats, the crashes and the number of partitions, the read model is the same; every figure follows
// from the facts; the books balance.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <numeric>

#include "base/bytes.h"
#include "base/hash.h"
#include "engine/audit.h"
#include "query/balances.h"
#include "query/open_items.h"
#include "query/receivables.h"
#include "store/keys.h"
#include "store/shard_state.h"
#include "support/book.h"
#include "support/folding.h"

namespace daybook::test {
namespace {

void check_audit(Folding& folding) {
  const auto report = engine::audit(folding.shard().store(), folding.rules(), [](std::uint64_t) {});
  RC_ASSERT(report.has_value());
  if (!report->ok()) RC_FAIL(report->faults.front());
}

void check_proof(Folding& folding, Hostile& hostile) {
  query::ShardSnapshot account;
  account.reads = folding.shard().store().snapshot();
  account.labels = &folding.shard().labels();
  for (const Day day : {hostile.any_day(), hostile.any_day(), hostile.any_day(), kLastFigureDay}) {
    for (const auto& fault : query::proof_faults(account, day, query::Detail::kAccounts)) {
      RC_FAIL("proof of " + fault.customer_id + " differs by " + to_string(fault.difference));
    }
  }
}

// Open items as answers show them, in order.
std::vector<std::string> shown(query::AccountReader& customer, const std::vector<query::OpenItem>& items, Day as_of) {
  std::vector<std::string> rows;
  for (const query::OpenItem& item : items) {
    JsonWriter json;
    query::write_json(query::item_row(item, customer, as_of), json);
    rows.push_back(query::item_key(item, customer.name()) + json.take());
  }
  std::ranges::sort(rows);
  return rows;
}

// Whatever the date, what is open is found by the index as by looking at every document, and few others
// are found.
void check_open_items(Folding& folding, Hostile& hostile) {
  query::ShardSnapshot account;
  account.reads = folding.shard().store().snapshot();
  account.labels = &folding.shard().labels();
  for (const store::LabelId id : account.labels->customers_after("", SIZE_MAX)) {
    std::vector<std::string> keys;
    const auto scanned = account.reads->scan(store::Table::kDocuments, store::DocumentKey::prefix(id), "",
                                             [&](std::string_view key, std::string_view) {
                                               keys.emplace_back(key);
                                               return store::StoreReader::Next::kGoOn;
                                             });
    RC_ASSERT(scanned.has_value());
    std::vector<domain::DocumentRef> all;
    for (const std::string& key : keys) all.push_back(store::DocumentKey::parse(key).value().ref);
    query::AccountReader customer(account, id, folding.rules(), query::FileChoice::kAsWas);
    for (int i = 0; i < 8; ++i) {
      const Day day = i == 0 ? kLastFigureDay : hostile.any_day() + (i - 4);
      const auto days = query::account_on(account, id, day).open_days;
      const auto of_account = customer.opened_on(days);
      RC_ASSERT(shown(customer, query::open_items(customer, of_account, day), day) ==
                shown(customer, query::open_items(customer, all, day), day));
      // Under each of the days something is open.
      for (const Day under : days) {
        RC_ASSERT(!query::open_items(customer, customer.opened_on({&under, 1}), day).empty());
      }
      const auto all_accounts = query::open_days(account, {}, day);
      RC_ASSERT(std::ranges::equal(days, all_accounts.of(id)));
    }
  }
}

// With `check` the books must balance, and every figure follow from the facts, after each batch.
void feed(Folding& folding, const History& history, std::mt19937& random, Values values, bool crashes, bool check) {
  Hostile days(static_cast<std::uint32_t>(random()), values);
  const auto commit = [&] {
    folding.commit();
    if (!check) return;
    check_audit(folding);
    check_proof(folding, days);
    check_open_items(folding, days);
  };
  test::feed(folding, history, random, commit, [&] {
    if (crashes && random() % 10 == 0) folding.crash();
  });
}

store::ShardState total(std::uint32_t seed, Values values, std::size_t events, std::int32_t partitions,
                        std::mt19937& random, bool crashes, bool check) {
  const domain::Rules rules = utc_rules();
  store::ShardState sum;
  for (std::int32_t partition = 0; partition < partitions; ++partition) {
    const History history(Hostile(seed, values).records(events), partition, partitions);
    Folding folding(rules, partition, partitions);
    feed(folding, history, random, values, crashes, check);
    const store::ShardState& state = folding.state();
    sum.digest += state.digest;
    sum.accepted += state.accepted;
    sum.duplicates += state.duplicates;
    sum.conflicts += state.conflicts;
    sum.parked += state.parked;
    sum.waiting += state.waiting;
  }
  return sum;
}

RC_GTEST_PROP(Fold, OneDigestWhateverTheInterleavingBatchesCrashesAndPartitions, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const auto values = *rc::gen::element(Values::kFew, Values::kFew, Values::kWhole);
  const auto events = static_cast<std::size_t>(*rc::gen::inRange(1, 250));
  std::mt19937 plain(1);
  const store::ShardState expected = total(seed, values, events, 1, plain, false, true);
  RC_ASSERT(expected.accepted + expected.duplicates + expected.conflicts + expected.parked == events);
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const store::ShardState crashed = total(seed, values, events, 1, random, true, true);
  RC_ASSERT(to_hex(crashed.digest) == to_hex(expected.digest));
  RC_ASSERT(crashed.waiting == expected.waiting);
  RC_ASSERT(crashed.accepted == expected.accepted);
  RC_ASSERT(crashed.conflicts == expected.conflicts);
  const store::ShardState spread = total(seed, values, events, 3, random, false, false);
  RC_ASSERT(to_hex(spread.digest) == to_hex(expected.digest));
  RC_ASSERT(spread.waiting == expected.waiting);
}

}  // namespace
}  // namespace daybook::test
