// What must hold of every history: parts add up to what they are parts of, whatever is asked to be summed.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <fmt/format.h>
#include <boost/json/parse.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "base/int128.h"
#include "support/ask.h"
#include "support/asking.h"
#include "support/cells.h"
#include "support/folding.h"

namespace daybook::test {
namespace {

// What rows come to: by key and column. Amounts in minor units, what is 0 is left out.
using Sums = std::map<std::string, std::map<std::string, Int128>>;

Int128 number(const std::string& text) {
  Int128 value = 0;
  for (const char digit : text) {
    if (digit >= '0' && digit <= '9') value = value * 10 + (digit - '0');
  }
  return text.starts_with('-') ? -value : value;
}

std::string shown(const Sums& sums) {
  std::string text;
  for (const auto& [key, columns] : sums) {
    text += "\n" + key;
    for (const auto& [column, value] : columns) text += fmt::format(" {}={}", column, to_string(value));
  }
  return text;
}

using Key = std::function<std::string(const boost::json::value& row)>;

struct Asking {
  const query::ReadModel& model;

  boost::json::value answer(const Asked& asked) const {
    const auto found = test::ask(model, [] { return Day{19'830}; }, asked.path, asked.parameters);
    if (found.status != 200) RC_FAIL(asked.text() + ": " + found.body);
    return boost::json::parse(found.body);
  }

  // Sums of `columns` over the rows of all pages, by `key`.
  Sums sums(Asked asked, const std::string& list, const std::vector<std::string>& columns, const Key& key) const {
    Sums sums;
    while (true) {
      const boost::json::value page = answer(asked);
      for (const auto& row : page.at(list).as_array()) {
        for (const std::string& column : columns) add(sums, key(row), column, cell_of(row, column));
      }
      const auto* token = page.as_object().if_contains("next_page_token");
      if (token == nullptr || token->is_null()) break;
      asked.parameters.erase("page_token");
      asked.parameters.emplace("page_token", token->as_string());
    }
    for (auto& [by, row] : sums) std::erase_if(row, [](const auto& each) { return each.second == 0; });
    std::erase_if(sums, [](const auto& each) { return each.second.empty(); });
    return sums;
  }

 private:
  // A list is a column for each place in it.
  static void add(Sums& sums, const std::string& key, const std::string& column, const std::string& text) {
    std::size_t place = 0;
    for (std::size_t at = 0; at != std::string::npos; ++place) {
      const std::size_t comma = text.find(',', at);
      sums[key][place == 0 ? column : fmt::format("{}.{}", column, place)] +=
          number(text.substr(at, comma == std::string::npos ? comma : comma - at));
      at = comma == std::string::npos ? comma : comma + 1;
    }
  }
};

// A report whose rows are sums.
struct Summed {
  std::vector<std::string> path;
  std::string list;
  std::vector<std::string> columns;
  bool has_span = true;
  bool has_grain = true;
};
const std::vector<Summed>& reports() {
  static const std::vector<Summed> all = {
      {{"v1", "receivables", "ageing"},
       "rows",
       {"not_due", "buckets", "gross_open", "disputed", "gross_open_undisputed", "unapplied_cash", "open_credits",
        "balance", "items", "proof.ledger_balance", "proof.difference"},
       false,
       false},
      {{"v1", "receivables", "bridge"},
       "rows",
       {"opening", "invoices", "credit_notes", "cash", "reversals", "refunds", "write_offs", "recoveries", "voids",
        "closing"},
       true,
       false},
      {{"v1", "sales"},
       "rows",
       {"ordered", "shipped", "invoiced", "collected", "freight", "orders", "shipments", "invoices"}},
      {{"v1", "order-cycle"}, "rows", {"n", "total_seconds", "out_of_order"}},
      {{"v1", "order-cycle", "on-time"},
       "rows",
       {"due", "early", "on_day", "late", "open_late", "pending", "no_date", "in_full", "otif"}},
  };
  return all;
}

std::string text_of(const boost::json::value& row, const std::string& column) {
  const std::string text = cell_of(row, column);
  return text.starts_with("(no ") ? "" : text;
}

// The first so many parts of a region.
std::string cut(const std::string& region, int level) {
  std::size_t at = 0;
  for (int i = 0; i < level; ++i) {
    at = region.find('/', at);
    if (at == std::string::npos) return region;
    ++at;
  }
  return region.substr(0, at - 1);
}

std::string region_of(const boost::json::value& row) {
  const auto& group = row.at("group");
  return group.is_object() ? std::string(group.at("region").as_string()) : std::string(group.as_string());
}

Asked any_span(const Summed& report, std::mt19937& random) {
  Asked asked{report.path, {{"page_size", random() % 2 == 0 ? "1000" : "7"}}};
  const auto day = [&] {
    return random() % 8 == 0 ? (random() % 2 == 0 ? kFirstDate : kLastDate) : 19'780 + static_cast<Day>(random() % 80);
  };
  if (report.has_span) {
    const Day one = day();
    const Day other = day();
    asked.parameters.emplace("from", format_date(std::min(one, other)));
    asked.parameters.emplace("to", format_date(std::max(one, other)));
  }
  if (report.path.back() != "bridge") asked.parameters.emplace("as_of", format_date(day()));
  if (random() % 2 == 0) asked.parameters.emplace("attributes", "as_now");
  return asked;
}

Asked with(Asked asked, const std::string& name, const std::string& value) {
  asked.parameters.erase(name);
  asked.parameters.emplace(name, value);
  return asked;
}

void expect_same(const Sums& parts, const Sums& whole, const Asked& asked) {
  if (parts != whole) RC_FAIL(asked.text() + "\nparts:" + shown(parts) + "\nwhole:" + shown(whole));
}

// A history that is folded, as asked from its index or from its pages.
struct Folded {
  domain::Rules rules = utc_rules();
  Folding folding{rules};
  std::shared_ptr<index::ShardIndex> index;
  std::optional<OneShard> model;

  explicit Folded(std::mt19937& random) {
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    const auto values = *rc::gen::element(Values::kFew, Values::kFew, Values::kWhole);
    const auto events = static_cast<std::size_t>(*rc::gen::inRange(1, 400));
    const History history(Hostile(seed, values).records(events), 0, 1);
    const bool indexed = random() % 2 == 0;
    if (indexed) {
      index = std::make_shared<index::ShardIndex>(folding.shard().store(), folding.shard().labels(), rules,
                                                  index::IndexOptions{});
      folding.shard().listen(index);
      const std::atomic<bool> stopping = false;
      RC_ASSERT(index->build(stopping).has_value());
    }
    feed(folding, history, random, [&] { folding.commit(); }, [] {});
    model.emplace(folding, index.get());
  }
};

RC_GTEST_PROP(Sums, RegionsOfALevelAddUpToTheLevelAboveAndToTheWhole, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const Folded folded(random);
  const Asking asking{*folded.model};
  for (const Summed& report : reports()) {
    Asked asked = any_span(report, random);
    if (report.has_grain && random() % 2 == 0) asked.parameters.emplace("grain", "month");
    const auto by = [&](const boost::json::value& row, const std::string& group) {
      return text_of(row, "period") + " " + group + " " + text_of(row, "currency");
    };
    const Asked by_region = with(asked, "group_by", "region");
    for (int level = 1; level < 4; ++level) {
      const Sums parts =
          asking.sums(level == 3 ? by_region : with(by_region, "level", std::to_string(level + 1)), report.list,
                      report.columns, [&](const auto& row) { return by(row, cut(region_of(row), level)); });
      const Sums whole = asking.sums(with(by_region, "level", std::to_string(level)), report.list, report.columns,
                                     [&](const auto& row) { return by(row, region_of(row)); });
      expect_same(parts, whole, with(by_region, "level", std::to_string(level)));
    }
    for (const char* group : {"region", "sales_rep", "customer"}) {
      const Sums parts = asking.sums(with(asked, "group_by", group), report.list, report.columns,
                                     [&](const auto& row) { return by(row, ""); });
      const Sums whole = asking.sums(with(asked, "group_by", "none"), report.list, report.columns,
                                     [&](const auto& row) { return by(row, ""); });
      expect_same(parts, whole, with(asked, "group_by", group));
    }
  }
}

RC_GTEST_PROP(Sums, DaysAddUpToEveryLongerPeriod, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const Folded folded(random);
  const Asking asking{*folded.model};
  for (const Summed& report : reports()) {
    if (!report.has_grain) continue;
    const Asked asked = with(any_span(report, random), "group_by", random() % 2 == 0 ? "none" : "region");
    const auto key = [&](const boost::json::value& row, std::optional<Grain> grain) {
      std::string period = text_of(row, "period");
      if (grain) period = *grain == Grain::kNone ? "" : period_label(*grain, *parse_date(period));
      return period + " " + text_of(row, "group") + text_of(row, "group.region") + " " + text_of(row, "currency");
    };
    for (const auto& [name, grain] : std::map<std::string, Grain>{
             {"week", Grain::kWeek}, {"month", Grain::kMonth}, {"quarter", Grain::kQuarter}, {"year", Grain::kYear}}) {
      const Sums parts = asking.sums(with(asked, "grain", "day"), report.list, report.columns,
                                     [&](const auto& row) { return key(row, grain); });
      const Sums whole = asking.sums(with(asked, "grain", name), report.list, report.columns,
                                     [&](const auto& row) { return key(row, std::nullopt); });
      expect_same(parts, whole, with(asked, "grain", name));
    }
  }
}

// Credits laid over items move nothing in the balance; and each cell is what its items come to.
RC_GTEST_PROP(Sums, CreditsLaidOverItemsKeepTheBalanceAndLeadToTheirItems, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const Folded folded(random);
  const Asking asking{*folded.model};
  Asked separate = any_span(reports()[0], random);
  if (random() % 2 == 0) separate = with(separate, "aged_on", format_date(19'780 + static_cast<Day>(random() % 150)));
  if (random() % 2 == 0) separate = with(separate, "basis", "issue_date");
  const Asked laid = with(separate, "credits", "fifo");
  const auto by_customer = [](const boost::json::value& row) {
    return text_of(row, "group") + " " + text_of(row, "currency");
  };
  const std::vector<std::string> kept = {"balance", "proof.ledger_balance", "proof.difference"};
  expect_same(asking.sums(laid, "rows", kept, by_customer), asking.sums(separate, "rows", kept, by_customer), laid);

  const std::vector<std::string> labels = {"1-30", "31-60", "61-90", "91-120", "121+"};
  Sums cells;
  for (const auto& [group, columns] : asking.sums(
           laid, "rows", {"not_due", "buckets", "disputed", "unapplied_cash", "open_credits", "items"}, by_customer)) {
    for (const auto& [column, value] : columns) {
      const std::size_t place = column == "buckets"              ? 0
                                : column.starts_with("buckets.") ? column.back() - '0'
                                                                 : labels.size();
      cells[group][place < labels.size() ? labels[place] : column] = value;
    }
  }
  Asked items = laid;
  items.path.back() = "items";
  const auto of_item = [](const boost::json::value& row) {
    return text_of(row, "customer_id") + " " + text_of(row, "currency");
  };
  Sums from_items = asking.sums(items, "items", {"disputed"}, of_item);
  std::vector<std::string> buckets = labels;
  buckets.push_back("not_due");
  for (const std::string& bucket : buckets) {
    for (const auto& [group, columns] : asking.sums(with(items, "bucket", bucket), "items", {"open"}, of_item)) {
      from_items[group][bucket] = columns.at("open");
    }
  }
  // Credits are in no bucket.
  for (const auto& [key, columns] : asking.sums(items, "items", {"open"}, [&](const boost::json::value& row) {
         from_items[of_item(row)]["items"] += 1;
         return of_item(row) + " " + text_of(row, "kind");
       })) {
    const std::size_t kind = key.rfind(' ');
    if (key.substr(kind) == " ON_ACCOUNT") from_items[key.substr(0, kind)]["unapplied_cash"] = -columns.at("open");
  }
  expect_same(from_items, cells, items);
}

RC_GTEST_PROP(Sums, ATrendIsTheAgeingAtTheEndOfEachPeriod, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const Folded folded(random);
  const Asking asking{*folded.model};
  const auto day = [&] { return 19'780 + static_cast<Day>(random() % 80); };
  const Day one = day();
  const Day other = day();
  const std::vector<std::string> groups = {"customer", "parent_customer", "currency", "none", "region"};
  Asked single{{"v1", "receivables", "ageing"},
               {{"page_size", "1000"}, {"group_by", groups[random() % groups.size()]}}};
  if (random() % 2 == 0) single.parameters.emplace("attributes", "as_now");
  if (random() % 2 == 0) single.parameters.emplace("basis", "issue_date");
  if (single.parameters.find("group_by")->second != "region" && random() % 2 == 0)
    single.parameters.emplace("credits", "fifo");
  if (random() % 3 == 0) single.parameters.emplace("known_at", format_instant_ms(1'700'000'000'000 + random() % 150));
  if (random() % 3 == 0) single.parameters.emplace("parent_customer", random() % 2 == 0 ? "C0" : "C5");
  Asked trend = single;
  trend.path.push_back("trend");
  const Day to = std::max(one, other);
  trend.parameters.emplace("from", format_date(std::min(one, other)));
  trend.parameters.emplace("to", format_date(to));
  trend.parameters.emplace("grain", random() % 2 == 0 ? "week" : "month");
  const Grain grain = *parse_grain(trend.parameters.find("grain")->second);
  const std::vector<std::string>& columns = reports()[0].columns;
  const auto group = [](const boost::json::value& row) {
    return text_of(row, "group") + " " + text_of(row, "currency");
  };
  const Sums found = asking.sums(trend, "rows", columns, [&](const boost::json::value& row) {
    return text_of(row, "period") + " " + text_of(row, "as_of") + " " + group(row);
  });
  Sums expected;
  for (Day at = std::min(one, other); at <= to; ++at) {
    if (at != to && period_start(grain, at) == period_start(grain, at + 1)) continue;
    const std::string front = period_label(grain, at) + " " + format_date(at) + " ";
    for (auto& [key, row] : asking.sums(with(single, "as_of", format_date(at)), "rows", columns, group)) {
      expected[front + key] = row;
    }
  }
  expect_same(found, expected, trend);
}

RC_GTEST_PROP(Sums, StagesAddUpToTheCycle, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const Folded folded(random);
  const Asking asking{*folded.model};
  for (const char* cycle : {"placed..delivered", "placed..paid", "confirmed..invoiced", "ready..dispatched"}) {
    const Asked asked = with(any_span(reports()[3], random), "cycle", cycle);
    const boost::json::value answer = asking.answer(asked);
    for (const auto& row : answer.at("rows").as_array()) {
      Int128 stages = 0;
      for (const auto& stage : row.at("stages").as_array()) stages += number(cell_of(stage, "total_seconds"));
      if (stages != number(cell_of(row, "total_seconds"))) RC_FAIL(asked.text());
      Int128 orders = 0;
      for (const auto& part : row.at("histogram").as_array()) orders += number(cell_of(part, "count"));
      if (orders != number(cell_of(row, "n"))) RC_FAIL(asked.text());
    }
  }
}

RC_GTEST_PROP(Sums, ACustomerMovedYesterdayChangesAsNowAndNotAsWas, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  Folded folded(random);
  const Asking asking{*folded.model};
  const Summed& report = reports()[2];
  Asked asked = with(any_span(report, random), "customer_id", "C0");
  asked.parameters.erase("attributes");
  // The file is of the last day there is: nothing is dated on it or later.
  asked = with(with(asked, "from", "1900-01-01"), "to", "2199-12-30");
  const auto by_region = [](const boost::json::value& row) { return region_of(row) + " " + text_of(row, "currency"); };
  const auto whole = [](const boost::json::value& row) { return text_of(row, "currency"); };
  const Asked was = with(asked, "group_by", "region");
  const Asked now = with(was, "attributes", "as_now");
  const Sums was_before = asking.sums(was, report.list, report.columns, by_region);
  const Sums now_before = asking.sums(now, report.list, report.columns, whole);

  events::v1::Event event;
  event.set_event_id("moved");
  event.set_customer_id("C0");
  event.set_source("test");
  event.mutable_occurred_at()->set_seconds((std::int64_t{kLastDate} + 1) * 86'400 - 1);
  event.mutable_customer_profile_set()->set_region("Moved/Here");
  log::Record record;
  record.topic = log::Topic::kReference;
  record.offset = folded.folding.state().topics[static_cast<std::size_t>(record.topic)].next_offset;
  record.timestamp_ms = 1'800'000'000'000;
  record.key = "C0";
  const std::string value = event.SerializeAsString();
  record.value = value;
  folded.folding.apply(record);
  folded.folding.commit();

  expect_same(asking.sums(was, report.list, report.columns, by_region), was_before, was);
  expect_same(asking.sums(now, report.list, report.columns, whole), now_before, now);
  const Sums now_after = asking.sums(now, report.list, report.columns, by_region);
  for (const auto& [group, columns] : now_after) {
    if (group.starts_with("unassigned")) RC_FAIL(now.text() + shown(now_after));
  }
}

}  // namespace
}  // namespace daybook::test
