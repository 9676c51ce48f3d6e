// What must hold for every history: the postings of a cell of the sales add up to it, whatever it is grouped by, and the
// rows to what is kept apart from them; and where that is damaged it is seen.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

#include "index/shard_index.h"
#include "store/cells.h"
#include "store/keys.h"
#include "support/ask.h"
#include "support/asking.h"
#include "support/folding.h"

namespace daybook::test {
namespace {

namespace json = boost::json;

// A decimal × 10^places.
Int128 scaled(std::string text, std::size_t places) {
  const bool negative = text.starts_with('-');
  if (negative) text.erase(0, 1);
  const std::size_t point = text.find('.');
  const std::size_t has = point == std::string::npos ? 0 : text.size() - point - 1;
  std::erase(text, '.');
  text.append(places - has, '0');
  Int128 number = 0;
  for (const char digit : text) number = number * 10 + (digit - '0');
  return negative ? -number : number;
}

// An amount, or a quantity or count; null is 0. Places enough for any currency.
Int128 number_of(const json::value& value) {
  if (value.is_null()) return 0;
  if (value.is_int64()) return scaled(std::to_string(value.as_int64()), 6);
  // A count of a row that was damaged, of those that are kept in larger units.
  if (value.is_number()) return static_cast<Int128>(value.to_number<double>());
  return scaled(std::string(value.as_string()), 6);
}

// By measure: amount, and quantity or count.
using Sums = std::map<std::string, std::pair<Int128, Int128>>;

void add_to(Sums& sums, const json::value& row) {
  auto& [amount, quantity] = sums[std::string(row.at("measure").as_string())];
  amount += number_of(row.at("amount"));
  quantity += number_of(row.at("quantity"));
}

bool is_count(const std::string& measure) {
  return measure == "orders" || measure == "shipments" || measure == "invoices";
}

// What a row of sales says, without what is zero.
Sums sums_of_row(const json::value& row) {
  Sums sums;
  for (const auto& [name, value] : row.as_object()) {
    const std::string measure(name);
    if (measure.ends_with("_quantity")) {
      sums[measure.substr(0, measure.find('_'))].second += number_of(value);
    } else if (is_count(measure)) {
      sums[measure].second += number_of(value);
    } else if (measure != "period" && measure != "group" && measure != "currency" && measure != "customer_name") {
      sums[measure].first += number_of(value);
    }
  }
  std::erase_if(sums, [](const auto& sum) { return sum.second == std::pair<Int128, Int128>(); });
  return sums;
}

class Postings {
 public:
  Postings(const query::ReadModel& model, std::mt19937& random) : model_(model), random_(random) {}

  json::value ask(const Asked& asked) const {
    const auto answer = test::ask(model_, [] { return Day{19'830}; }, asked.path, asked.parameters);
    if (answer.status != 200) RC_FAIL(asked.text() + ": " + answer.body);
    return json::parse(answer.body);
  }

  // The sums of the postings over all pages, which are in order and none of which is zero; the totals say the same.
  Sums sums(Asked asked) const {
    Sums sums;
    std::vector<std::tuple<std::string, std::string, std::int64_t>> places;
    asked.parameters.erase("page_size");
    asked.parameters.emplace("page_size", random_() % 3 == 0 ? "7" : "1000");
    for (;;) {
      const json::value page = ask(asked);
      for (const auto& row : page.at("postings").as_array()) {
        RC_ASSERT(number_of(row.at("amount")) != 0 || number_of(row.at("quantity")) != 0);
        const auto& event = row.at("event");
        places.emplace_back(row.at("date").as_string(), event.at("topic").as_string(), event.at("offset").as_int64());
        add_to(sums, row);
      }
      Sums totals;
      for (const auto& row : page.at("totals").as_array()) add_to(totals, row);
      if (page.at("next_page_token").is_null()) {
        std::erase_if(sums, [](const auto& sum) { return sum.second == std::pair<Int128, Int128>(); });
        if (totals != sums) RC_FAIL(asked.text() + ": totals are not the sums\n" + json::serialize(page));
        RC_ASSERT(std::ranges::is_sorted(places));
        return sums;
      }
      asked.parameters.erase("page_token");
      asked.parameters.emplace("page_token", std::string(page.at("next_page_token").as_string()));
    }
  }

 private:
  const query::ReadModel& model_;
  std::mt19937& random_;
};

constexpr const char* kGroups[] = {"region", "sales_rep", "customer", "sku", "channel", "kind"};

// A question for sales by some groups.
Asked any_sales(std::mt19937& random) {
  const auto chance = [&](unsigned in) { return random() % in == 0; };
  const auto day = [&] { return format_date(19'790 + static_cast<Day>(random() % 70)); };
  Asked asked{{"v1", "sales"}, {}};
  std::string by;
  for (const char* group : kGroups) {
    if (chance(3)) by += (by.empty() ? "" : ",") + std::string(group);
  }
  if (!by.empty()) asked.parameters.emplace("group_by", by);
  if (by.starts_with("region") && chance(2)) asked.parameters.emplace("level", std::to_string(1 + random() % 3));
  std::string from = chance(4) ? format_date(kFirstDate) : day();
  std::string to = chance(4) ? format_date(kLastDate) : day();
  if (from > to) std::swap(from, to);
  asked.parameters.emplace("from", from);
  asked.parameters.emplace("to", to);
  asked.parameters.emplace("as_of", chance(3) ? format_date(kLastDate) : day());
  asked.parameters.emplace("page_size", "1000");
  if (chance(3)) asked.parameters.emplace("attributes", "as_now");
  if (chance(2)) asked.parameters.emplace("grain", std::array{"day", "week", "month", "quarter", "year"}[random() % 5]);
  return asked;
}

// The postings that a row is made of.
Asked opened(const Asked& sales, const json::value& row) {
  Asked asked{{"v1", "sales", "postings"}, {}};
  for (const char* name : {"from", "to", "as_of", "attributes"}) {
    if (const auto at = sales.parameters.find(name); at != sales.parameters.end()) asked.parameters.insert(*at);
  }
  if (sales.parameters.contains("grain")) asked.parameters.emplace("period", std::string(row.at("period").as_string()));
  asked.parameters.emplace("currency", std::string(row.at("currency").as_string()));
  for (const auto& [name, value] : row.at("group").as_object()) {
    const std::string group(name);
    asked.parameters.emplace(group == "customer" ? "customer_id" : group, std::string(value.as_string()));
    if (group != "region") continue;
    const auto level = sales.parameters.find("level");
    asked.parameters.emplace("level", level == sales.parameters.end() ? "6" : level->second);
  }
  return asked;
}

// Quantities of goods are in rows by sku alone.
bool agree(const Sums& row, const Sums& postings, bool has_quantities) {
  const auto of = [&](const Sums& sums, const std::string& measure) {
    const auto at = sums.find(measure);
    std::pair<Int128, Int128> sum;
    if (at != sums.end()) sum = at->second;
    if (!is_count(measure) && !has_quantities) sum.second = 0;
    return sum;
  };
  const auto is_same = [&](const auto& sum) { return of(row, sum.first) == of(postings, sum.first); };
  return std::ranges::all_of(row, is_same) && std::ranges::all_of(postings, is_same);
}

// A shard that has folded some history, with its index.
struct Folded {
  domain::Rules rules = utc_rules();
  Folding folding{rules};
  std::shared_ptr<index::ShardIndex> index;

  explicit Folded(std::mt19937& random, index::IndexOptions options = {}) {
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    const auto values = *rc::gen::element(Values::kFew, Values::kFew, Values::kWhole);
    const auto events = static_cast<std::size_t>(*rc::gen::inRange(1, 400));
    index = std::make_shared<index::ShardIndex>(folding.shard().store(), folding.shard().labels(), rules, options);
    folding.shard().listen(index);
    const History history(Hostile(seed, values).records(events), 0, 1);
    const std::atomic<bool> stopping = false;
    feed(
        folding, history, random,
        [&] {
          folding.commit();
          if (index->snapshot() == nullptr) RC_ASSERT(index->build(stopping).has_value());
        },
        [] {});
    if (random() % 2 == 0) index->merge();
  }
};

RC_GTEST_PROP(SalesPostings, AddUpToEachCell, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  Folded folded(random);
  const OneShard model(folded.folding, random() % 3 == 0 ? nullptr : folded.index.get());
  const Postings postings(model, random);
  for (int i = 0; i < 5; ++i) {
    const Asked asked = any_sales(random);
    const json::value answer = postings.ask(asked);
    const json::array& rows = answer.at("rows").as_array();
    const auto by = asked.parameters.find("group_by");
    const bool by_sku = by != asked.parameters.end() && by->second.find("sku") != std::string::npos;
    for (std::size_t shown = 0; shown < std::min<std::size_t>(rows.size(), 4); ++shown) {
      const json::value& row = rows[random() % rows.size()];
      Asked cell = opened(asked, row);
      const Sums expected = sums_of_row(row);
      const Sums found = postings.sums(cell);
      if (!agree(expected, found, by_sku)) RC_FAIL(asked.text() + "\n" + json::serialize(row) + "\n" + cell.text());
      // One measure has the same of it, and nothing else.
      if (found.empty()) continue;
      const auto& [measure, sum] = *std::next(found.begin(), static_cast<std::ptrdiff_t>(random() % found.size()));
      cell.parameters.emplace("measure", measure);
      RC_ASSERT(postings.sums(cell) == (Sums{{measure, sum}}));
    }
  }
}

// Differences that are not zero, as "currency measure".
std::vector<std::string> differences(const json::value& answer) {
  std::vector<std::string> all;
  for (const auto& row : answer.at("proof").as_array()) {
    for (const auto& [measure, difference] : row.at("difference").as_object()) {
      if (number_of(difference) != 0)
        all.push_back(std::string(row.at("currency").as_string()) + " " + std::string(measure));
    }
  }
  return all;
}

RC_GTEST_PROP(SalesProof, HoldsForEveryQuestion, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  index::IndexOptions options;
  options.bytes = *rc::gen::element<std::size_t>(1 << 30, 1 << 30, 100'000, 40'000);
  Folded folded(random, options);
  const OneShard model(folded.folding, folded.index.get());
  const OneShard of_pages(folded.folding, nullptr);
  const Postings sales(model, random);
  if (const auto& table = folded.index->snapshot()->sales.table) RC_ASSERT(table->faults().empty());
  for (int i = 0; i < 10; ++i) {
    Asked asked = any_sales(random);
    const auto maybe = [&](const char* name, std::vector<const char*> values) {
      if (random() % 5 == 0) asked.parameters.emplace(name, values[random() % values.size()]);
    };
    maybe("region", {"CN", "CN/North", "unassigned"});
    maybe("sales_rep", {"R0", "unassigned"});
    maybe("customer_id", {"C0", "C9"});
    maybe("currency", {"CNY", "JPY"});
    maybe("sku", {"S0", "unassigned"});
    maybe("channel", {"web"});
    maybe("kind", {"STANDARD", "unassigned"});
    maybe("measure", {"ordered", "collected", "shipments"});
    maybe("base_currency", {"CNY", "JPY"});
    maybe("known_at", {"2023-11-14T22:13:20.050Z"});
    const json::value answer = sales.ask(asked);
    if (!differences(answer).empty()) RC_FAIL(asked.text() + "\n" + json::serialize(answer));
    const json::value again = Postings(of_pages, random).ask(asked);
    if (again != answer)
      RC_FAIL(asked.text() + "\npages: " + json::serialize(again) + "\nindex: " + json::serialize(answer));
    if (asked.parameters.contains("base_currency")) continue;
    // What was kept is what the totals say, and nothing that they say is left out.
    std::map<std::string, json::object> kept;
    for (const auto& row : answer.at("proof").as_array()) {
      kept[std::string(row.at("currency").as_string())] = row.at("kept").as_object();
    }
    for (const auto& total : answer.at("totals").as_array()) {
      const json::object& of_currency = kept[std::string(total.at("currency").as_string())];
      for (const auto& [measure, value] : total.as_object()) {
        const bool is_by_sku = asked.parameters.contains("sku") && (measure == "orders" || measure == "shipments");
        if (measure == "currency" || measure.ends_with("_quantity") || is_by_sku || number_of(value) == 0) continue;
        if (!of_currency.contains(measure) || of_currency.at(measure) != value) {
          RC_FAIL(asked.text() + "\n" + json::serialize(answer));
        }
      }
    }
  }
}

// By place in index::kSalesColumns.
constexpr const char* kMeasures[] = {"ordered",   "shipped", "invoiced", "invoices",
                                     "collected", "orders",  "freight",  "shipments"};

RC_GTEST_PROP(SalesProof, FailsWhereOneOfTheTablesIsDamaged, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  Folded folded(random);
  folded.index->merge();
  const OneShard model(folded.folding, folded.index.get());
  const Postings sales(model, random);
  const auto snapshot = folded.index->snapshot();
  const auto& months = snapshot->sales.table->months();
  RC_PRE(!months.empty());
  // A month's tables are its own: nobody else reads them meanwhile.
  auto& month = const_cast<index::Sales::Month&>(*months[random() % months.size()]);
  RC_PRE(month.answers(kFirstDate, kLastDate, kLastDate));
  Asked asked{{"v1", "sales"},
              {{"from", format_date(kFirstDate)}, {"to", format_date(kLastDate)}, {"as_of", format_date(kLastDate)}}};
  const std::size_t column = random() % std::size(kMeasures);
  const auto damage = [&](index::SumsByLateness<index::SalesSums>& kept) {
    std::vector<index::SalesSums>& groups = kept.months;
    RC_PRE(!groups.empty());
    index::SalesSums& sums = groups[random() % groups.size()];
    sums.parts[column] += 7;
    const Currency currency = Currency::from_number(sums.group.currency);
    return std::vector{currency.code() + " " + kMeasures[column]};
  };
  std::vector<std::string> expected;
  switch (random() % 5) {
    case 3:
      asked.parameters.emplace("group_by", "sales_rep");
      expected = damage(month.by_rep);
      break;
    case 4: {
      std::vector<index::SkuSums>& skus = month.by_sku.months;
      RC_PRE(!skus.empty());
      asked.parameters.emplace("group_by", "sku");
      index::SkuSums& sums = skus[random() % skus.size()];
      sums.parts[0] += 7;
      expected = {Currency::from_number(sums.currency).code() + " ordered"};
      break;
    }
    case 0:
      asked.parameters.emplace("group_by", "region");
      expected = damage(month.by_region);
      break;
    case 1:
      asked.parameters.emplace("group_by", "channel,kind");
      expected = damage(month.by_all);
      break;
    default: {
      // Of what is read from pages too.
      asked.parameters.emplace("group_by", random() % 2 == 0 ? "customer" : "region");
      RC_PRE(!month.whole.empty());
      index::SalesWhole& whole = month.whole[random() % month.whole.size()];
      whole.columns[column] -= 7;
      expected = {Currency::from_number(whole.currency).code() + " " + kMeasures[column]};
    }
  }
  RC_ASSERT(differences(sales.ask(asked)) == expected);
  // Also where what is damaged is no part of what is asked for: these read the same sums, or pages, for a channel.
  if (const std::string by = asked.parameters.find("group_by")->second; by == "channel,kind" || by == "customer") {
    asked.parameters.emplace("channel", "none of them");
    RC_ASSERT(differences(sales.ask(asked)) == expected);
  }
  RC_ASSERT(!snapshot->sales.table->faults().empty());
}

RC_GTEST_PROP(SalesProof, FailsWhereAPageIsDamaged, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  Folded folded(random);
  const OneShard model(folded.folding, folded.index.get());
  const Postings sales(model, random);
  store::ShardStore& store = folded.folding.shard().store();
  std::string found_key;
  std::vector<store::Cell> cells;
  const auto take = [&](std::string_view key, std::string_view page) -> Result<store::StoreReader::Next> {
    RETURN_IF_ERROR(store::decode_page(page, cells));
    found_key = key;
    return random() % 4 == 0 ? store::StoreReader::Next::kStop : store::StoreReader::Next::kGoOn;
  };
  RC_ASSERT(store.scan(store::Table::kCells, std::string(1, store::kSalesPage), "", take).has_value());
  const auto invoiced =
      std::ranges::find(cells, domain::Measure::kInvoiced, [](const auto& cell) { return cell.id.measure; });
  RC_PRE(invoiced != cells.end());
  invoiced->value.amount += 7;
  RC_PRE(!invoiced->value.is_zero());
  std::string page;
  store::encode_page(cells, page);
  store::WriteBatch set;
  set.put(store::Table::kCells, found_key, page);
  RC_ASSERT(store.write(set).has_value());
  const Asked asked{{"v1", "sales"},
                    {{"from", format_date(kFirstDate)},
                     {"to", format_date(kLastDate)},
                     {"as_of", format_date(kLastDate)},
                     {"group_by", "customer"}}};
  RC_ASSERT(differences(sales.ask(asked)) ==
            std::vector{Currency::from_number(invoiced->id.currency).code() + " invoiced"});
}

}  // namespace
}  // namespace daybook::test
