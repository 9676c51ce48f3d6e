// Questions to one shard, for property tests: any view over any date, asked of any model.
#pragma once

#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "index/shard_index.h"
#include "query/model.h"
#include "query/router.h"
#include "store/shard_state.h"
#include "support/book.h"
#include "support/folding.h"

namespace daybook::test {

// One shard as views see it, with its index or without; or with the totals alone, as before it is built.
class OneShard : public query::ReadModel {
 public:
  OneShard(Folding& folding, const index::ShardIndex* index, bool is_built = true)
      : folding_(folding), index_(index), is_built_(is_built) {}

  std::int32_t partition_count() const override { return 1; }
  const domain::Rules& rules() const override { return folding_.rules(); }
  const std::string& topic_prefix() const override { return prefix_; }
  Result<std::shared_ptr<const query::ShardSnapshot>> open(std::int32_t) const override {
    auto snapshot = std::make_shared<query::ShardSnapshot>();
    snapshot->reads = folding_.shard().store().snapshot();
    snapshot->labels = &folding_.shard().labels();
    ASSIGN_OR_RETURN(snapshot->state, store::read_state(*snapshot->reads));
    if (index_ != nullptr) {
      if (is_built_) snapshot->index = index_->snapshot();
      snapshot->totals = index_->totals();
      snapshot->dictionary = &index_->dictionary();
    }
    return std::shared_ptr<const query::ShardSnapshot>(std::move(snapshot));
  }
  bool has_folded(log::TopicPartition, std::int64_t) const override { return true; }

 private:
  Folding& folding_;
  const index::ShardIndex* index_;
  bool is_built_;
  std::string prefix_;
};

struct Asked {
  std::vector<std::string> path;
  query::ParameterMap parameters;

  std::string text() const {
    std::string text;
    for (const std::string& segment : path) text += "/" + segment;
    for (const auto& [name, value] : parameters) text += " " + name + "=" + value;
    return text;
  }
};

// A question at random, of those that sum over accounts.
inline Asked any_question(std::mt19937& random) {
  const auto one_of = [&](std::initializer_list<const char*> texts) {
    return std::string(*(texts.begin() + random() % texts.size()));
  };
  const auto chance = [&](unsigned in) { return random() % in == 0; };
  const auto day = [&] {
    if (chance(20)) return format_date(chance(2) ? kFirstDate : kLastDate);
    return format_date(19'790 + static_cast<Day>(random() % 70));
  };
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
  const auto span = [&] {
    std::string from = day();
    std::string to = day();
    if (from > to) std::swap(from, to);
    given.emplace("from", from);
    given.emplace("to", to);
  };
  const auto of_orders = [&] {
    maybe("grade", {"A", "B", "unassigned"});
    maybe("warehouse", {"W0", "W1", "unassigned"});
    maybe("channel", {"web", "unassigned"});
    maybe("kind", {"STANDARD", "SAMPLE"});
  };
  const auto by_orders = [&] {
    given.emplace("group_by",
                  one_of({"none", "none", "region", "sales_rep", "grade", "warehouse", "customer", "kind", "channel"}));
    of_orders();
  };
  const auto by_periods = [&] {
    span();
    by_orders();
    if (chance(2)) given.emplace("grain", one_of({"day", "week", "month", "quarter", "year"}));
  };
  const auto of_cycle = [&] {
    given.emplace("cycle", one_of({"placed..delivered", "placed..paid", "placed..confirmed", "confirmed..ready",
                                   "first_dispatched..invoiced", "placed..dispatched"}));
  };
  // Of whole accounts.
  const auto credits = [&] {
    const auto by = given.find("group_by");
    const bool is_whole = by == given.end() || (by->second != "region" && by->second != "sales_rep");
    if (is_whole && !given.contains("region") && !given.contains("sales_rep") && chance(2))
      given.emplace("credits", "fifo");
  };
  const auto label = [&] {
    constexpr Grain kGrains[] = {Grain::kDay, Grain::kWeek, Grain::kMonth, Grain::kQuarter, Grain::kYear};
    return period_label(kGrains[random() % std::size(kGrains)], *parse_date(day()));
  };
  switch (random() % 12) {
    case 11:
      asked.path = {"v1", "sales", "postings"};
      span();
      if (chance(3)) given.emplace("period", label());
      if (given.contains("region") && chance(2)) given.emplace("level", one_of({"1", "2", "6"}));
      maybe("currency", {"CNY", "JPY"});
      maybe("channel", {"web", "unassigned"});
      maybe("kind", {"STANDARD", "SAMPLE", "unassigned"});
      maybe("sku", {"S0", "unassigned"});
      if (chance(2))
        given.emplace("measure", one_of({"ordered", "shipped", "collected", "orders", "shipments", "invoiced"}));
      given.find("page_size")->second = one_of({"1000", "3"});
      break;
    case 10:
      asked.path = {"v1", "order-cycle", "orders"};
      span();
      of_cycle();
      of_orders();
      if (chance(3)) given.emplace("period", label());
      given.find("page_size")->second = one_of({"1000", "3"});
      break;
    case 9:
      asked.path = {"v1", "order-cycle", "factors"};
      by_orders();
      given.emplace("period", label());
      given.emplace("baseline", label());
      of_cycle();
      break;
    case 8:
      asked.path = {"v1", "order-cycle", "open"};
      of_orders();
      break;
    case 7:
      asked.path = {"v1", "order-cycle", "on-time"};
      by_periods();
      given.emplace("promise", one_of({"requested", "first", "last"}));
      break;
    case 6:
      asked.path = {"v1", "receivables", one_of({"bridge", "ratios"})};
      given.erase("as_of");
      span();
      given.emplace("group_by", one_of({"customer", "parent_customer", "region", "sales_rep", "currency", "none"}));
      maybe("currency", {"CNY", "JPY"});
      break;
    case 5:
      asked.path = {"v1", "receivables", one_of({"items", "entries"})};
      if (asked.path.back() == "entries") {
        given.erase("as_of");
        span();
        maybe("type", {"invoices", "cash", "transfers"});
        given.find("page_size")->second = one_of({"1000", "3"});
      }
      maybe("currency", {"CNY", "JPY"});
      if (asked.path.back() == "items") credits();
      break;
    case 3:
      asked.path = {"v1", "receivables", one_of({"worklist", "dunning"})};
      if (chance(2)) given.emplace("aged_on", day());
      maybe("currency", {"CNY", "JPY"});
      credits();
      break;
    case 4:
      given.erase("region");
      given.erase("sales_rep");
      asked.path = {"v1", one_of({"anomalies", "customers"})};
      break;
    case 0:
      asked.path = {"v1", "receivables", "ageing"};
      given.emplace("group_by",
                    one_of({"customer", "parent_customer", "region", "sales_rep", "currency", "none", "none"}));
      if (chance(3)) {
        asked.path.push_back("trend");
        given.erase("as_of");
        do {
          given.erase("from");
          given.erase("to");
          span();
        } while (given.find("from")->second < "2024-01-01" || given.find("to")->second > "2024-12-31");
        given.emplace("grain", one_of({"week", "month", "quarter"}));
      } else if (chance(2)) {
        given.emplace("aged_on", day());
      }
      if (chance(2)) given.emplace("basis", one_of({"due_date", "issue_date"}));
      maybe("buckets", {"5,10", "1", "30,60"});
      maybe("currency", {"CNY", "JPY"});
      credits();
      break;
    case 1: {
      asked.path = {"v1", "sales"};
      std::string from = day();
      std::string to = day();
      if (chance(2)) from = "2024-03-01", to = one_of({"2024-04-30", "2024-05-31", "2024-03-31"});
      if (from > to) std::swap(from, to);
      given.emplace("from", from);
      given.emplace("to", to);
      given.emplace("group_by", one_of({"none", "region", "sales_rep", "region,channel", "kind", "sku", "customer",
                                        "channel,kind,region,sales_rep"}));
      if (chance(2)) given.emplace("grain", one_of({"day", "week", "month", "month", "quarter", "year"}));
      maybe("currency", {"CNY", "JPY"});
      maybe("channel", {"web", "unassigned"});
      maybe("kind", {"STANDARD", "SAMPLE", "unassigned"});
      maybe("sku", {"S0", "unassigned"});
      maybe("measure", {"ordered", "collected", "orders", "invoiced"});
      maybe("compare", {"previous_period", "previous_year"});
      maybe("base_currency", {"CNY", "JPY"});
      break;
    }
    default: {
      asked.path = {"v1", "order-cycle"};
      by_periods();
      of_cycle();
    }
  }
  return asked;
}

}  // namespace daybook::test
