// What must hold for every history, whatever the batches, merges, restarts and budgets: an answer from
// the mirror is the answer from the pages.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "mirror/shard_mirror.h"
#include "support/book.h"
#include "support/folding.h"

namespace daybook::test {
namespace {

// One shard as views see it, with its mirror or without.
class OneShard : public views::ReadModel {
 public:
  OneShard(Folding& folding, const mirror::ShardMirror* mirror) : folding_(folding), mirror_(mirror) {}

  std::int32_t partition_count() const override { return 1; }
  const domain::Rules& rules() const override { return folding_.rules(); }
  const std::string& topic_prefix() const override { return prefix_; }
  Result<std::shared_ptr<const views::ShardPicture>> open(std::int32_t) const override {
    auto picture = std::make_shared<views::ShardPicture>();
    picture->reads = folding_.shard().store().snapshot();
    picture->labels = &folding_.shard().labels();
    ASSIGN_OR_RETURN(picture->state, engine::read_state(*picture->reads));
    if (mirror_ != nullptr) {
      picture->image = mirror_->image();
      picture->dictionary = &mirror_->dictionary();
    }
    return std::shared_ptr<const views::ShardPicture>(std::move(picture));
  }
  bool wait_for(log::TopicPartition, std::int64_t, std::chrono::steady_clock::time_point) const override {
    return true;
  }

 private:
  Folding& folding_;
  const mirror::ShardMirror* mirror_;
  std::string prefix_;
};

struct Asked {
  std::vector<std::string> path;
  views::ParameterMap parameters;
};

// A question at random, of those that the mirror has a part in.
Asked any_question(std::mt19937& random) {
  const auto one_of = [&](std::initializer_list<const char*> texts) {
    return std::string(*(texts.begin() + random() % texts.size()));
  };
  const auto chance = [&](unsigned in) { return random() % in == 0; };
  const auto day = [&] { return format_date(19790 + static_cast<Day>(random() % 70)); };
  Asked asked;
  auto& given = asked.parameters;
  const auto maybe = [&](const char* name, std::initializer_list<const char*> values) {
    if (chance(5)) given.emplace(name, one_of(values));
  };
  given.emplace("as_of", day());
  if (chance(3)) given.emplace("attributes", "as_now");
  given.emplace("page_size", "1000");
  maybe("region", {"CN", "CN/North", "CN/South", "unassigned"});
  maybe("sales_rep", {"R0", "R1", "unassigned"});
  maybe("customer_id", {"C0", "C1", "C2", "C9"});
  switch (random() % 5) {
    case 3:
      asked.path = {"v1", "receivables", one_of({"worklist", "dunning"})};
      if (chance(2)) given.emplace("aged_on", day());
      maybe("currency", {"CNY", "JPY"});
      break;
    case 4:
      given.erase("region");
      given.erase("sales_rep");
      asked.path = {"v1", one_of({"anomalies", "customers"})};
      break;
    case 0:
      asked.path = {"v1", "receivables", "ageing"};
      given.emplace("group_by", one_of({"customer", "parent_customer", "region", "sales_rep", "currency", "none", "none"}));
      if (chance(2)) given.emplace("aged_on", day());
      if (chance(2)) given.emplace("basis", one_of({"due_date", "issue_date"}));
      maybe("buckets", {"5,10", "1", "30,60"});
      maybe("currency", {"CNY", "JPY"});
      break;
    case 1: {
      asked.path = {"v1", "sales"};
      std::string from = day();
      std::string to = day();
      if (chance(2)) from = "2024-03-01", to = one_of({"2024-04-30", "2024-05-31", "2024-03-31"});
      if (from > to) std::swap(from, to);
      given.emplace("from", from);
      given.emplace("to", to);
      given.emplace("group_by", one_of({"none", "region", "sales_rep", "region,channel", "kind", "sku",
                                        "customer", "channel,kind,region,sales_rep"}));
      if (chance(2)) given.emplace("grain", one_of({"day", "week", "month", "month", "quarter", "year"}));
      maybe("currency", {"CNY", "JPY"});
      maybe("channel", {"web", "unassigned"});
      maybe("kind", {"STANDARD", "SAMPLE", "unassigned"});
      maybe("sku", {"S0", "unassigned"});
      maybe("measure", {"ordered", "collected", "orders"});
      break;
    }
    default: {
      asked.path = {"v1", "order-cycle"};
      std::string from = day();
      std::string to = day();
      if (from > to) std::swap(from, to);
      given.emplace("from", from);
      given.emplace("to", to);
      given.emplace("cycle", one_of({"placed..delivered", "placed..paid", "placed..confirmed",
                                     "confirmed..ready", "first_dispatched..invoiced", "placed..dispatched"}));
      given.emplace("group_by", one_of({"none", "none", "region", "sales_rep", "grade", "warehouse",
                                        "customer", "kind", "channel"}));
      if (chance(2)) given.emplace("grain", one_of({"day", "week", "month", "quarter", "year"}));
      maybe("grade", {"A", "B", "unassigned"});
      maybe("warehouse", {"W0", "W1", "unassigned"});
      maybe("channel", {"web", "unassigned"});
    }
  }
  return asked;
}

void compare(Folding& folding, const mirror::ShardMirror& mirror, std::mt19937& random) {
  const OneShard with(folding, &mirror);
  const OneShard without(folding, nullptr);
  const views::Today today = [] { return Day{19'830}; };
  for (int i = 0; i < 20; ++i) {
    const Asked asked = any_question(random);
    const auto expected = views::answer(without, today, asked.path, asked.parameters, "");
    const auto found = views::answer(with, today, asked.path, asked.parameters, "");
    if (expected.body == found.body && expected.status == 200) continue;
    std::string question = asked.path.back();
    for (const auto& [name, value] : asked.parameters) question += " " + name + "=" + value;
    RC_FAIL(question + "\npages:  " + expected.body + "\nmirror: " + found.body);
  }
}

RC_GTEST_PROP(Mirror, AnswersAsThePagesDo, ()) {
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const auto events = static_cast<std::size_t>(*rc::gen::inRange(1, 400));
  mirror::MirrorOptions options;
  options.bytes = *rc::gen::element<std::size_t>(1 << 30, 1 << 30, 1 << 30, 100'000, 40'000, 20'000, 0);
  options.follow_rows = *rc::gen::element<std::size_t>(1 << 20, 1 << 20, 100);
  options.build_rows = *rc::gen::element<std::size_t>(1 << 20, 10);
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());

  const domain::Rules rules = utc_rules();
  const History history(Hostile(seed).records(events), 0, 1);
  Folding folding(rules);
  std::shared_ptr<mirror::ShardMirror> mirror;
  const std::atomic<bool> stopping = false;
  const auto build = [&] {
    const auto built = mirror->build(stopping);
    RC_ASSERT(built.has_value());
    RC_ASSERT(mirror->image() != nullptr);
  };
  const auto begin = [&] {
    mirror = std::make_shared<mirror::ShardMirror>(folding.shard().store(), folding.shard().labels(), rules, options);
    folding.shard().listen(mirror);
    build();
  };
  begin();
  const auto commit = [&] {
    folding.commit();
    // A commit that was too large leaves it off.
    if (mirror->image() == nullptr) build();
    RC_ASSERT(mirror->image()->commit == mirror::commit_number(folding.state()));
    if (random() % 3 == 0) mirror->merge();
    compare(folding, *mirror, random);
  };
  feed(folding, history, random, commit, [&] {
    if (random() % 20 != 0) return;
    folding.crash();
    begin();
  });
  mirror->merge();
  compare(folding, *mirror, random);
}

}  // namespace
}  // namespace daybook::test
