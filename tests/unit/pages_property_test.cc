// What must hold for every history: the pages of a list, one behind the other, are the list, and so are the rounds that a
// file is made of, and what is put aside for one; and what was restated between two instants is what the entries known at the later come to, less those
// known at the earlier.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <optional>

#include "query/catalog.h"
#include "query/coordinator.h"
#include "query/file_answer.h"
#include "query/local_shards.h"
#include "query/rows_aside.h"
#include "support/asking.h"
#include "support/bytes_shards.h"
#include "support/folding.h"

namespace daybook::test {
namespace {

constexpr std::int64_t kFirstMs = 1'700'000'000'000;  // Of each topic, then a millisecond a record (History).
constexpr Day kToday = 19'830;

// A history folded into several shards, the first of them with an index.
class SeveralShards final : public query::ReadModel {
 public:
  SeveralShards(const std::vector<HostileRecord>& records, std::int32_t count, std::mt19937& random)
      : rules_(utc_rules()) {
    for (std::int32_t partition = 0; partition < count; ++partition) {
      auto& folding = foldings_.emplace_back(std::make_unique<Folding>(rules_, partition, count));
      if (partition == 0) {
        index_ = std::make_shared<index::ShardIndex>(folding->shard().store(), folding->shard().labels(), rules_,
                                                     index::IndexOptions{});
        folding->shard().listen(index_);
      }
      feed(*folding, History(records, partition, count), random, [&] { folding->commit(); }, [] {});
    }
    const std::atomic<bool> stopping = false;
    RC_ASSERT(index_->build(stopping).has_value());
  }

  std::int32_t partition_count() const override { return static_cast<std::int32_t>(foldings_.size()); }
  const domain::Rules& rules() const override { return rules_; }
  const std::string& topic_prefix() const override { return prefix_; }
  Result<std::shared_ptr<const query::ShardSnapshot>> open(std::int32_t partition) const override {
    const OneShard one(*foldings_.at(static_cast<std::size_t>(partition)), partition == 0 ? index_.get() : nullptr);
    ASSIGN_OR_RETURN(const auto opened, one.open(partition));
    auto snapshot = std::make_shared<query::ShardSnapshot>(*opened);
    snapshot->partition = partition;
    return std::shared_ptr<const query::ShardSnapshot>(std::move(snapshot));
  }
  bool has_folded(log::TopicPartition, std::int64_t) const override { return true; }

 private:
  const domain::Rules rules_;
  std::vector<std::unique_ptr<Folding>> foldings_;
  std::shared_ptr<index::ShardIndex> index_;
  std::string prefix_;
};

struct ListAsked {
  std::string report;
  query::ParameterMap parameters;
  std::optional<std::int64_t> known_at_ms;
  query::FileChoice file_choice = query::FileChoice::kAsWas;
  query::AccessScope scope = query::AccessScope::everything();

  std::string text() const {
    std::string text = report;
    for (const auto& [name, value] : parameters) text += " " + name + "=" + value;
    if (known_at_ms) text += " known_at=" + format_instant_ms(*known_at_ms);
    if (!scope.sees_everything()) text += " of a scope";
    return text + (file_choice == query::FileChoice::kAsNow ? " as_now" : "");
  }
};

struct List {
  std::vector<query::SortedRow> rows;
  query::Row tail;
};

class Lists {
 public:
  // `shards` must outlive it.
  explicit Lists(const query::ShardSource& shards) : shards_(shards) {}

  List whole(const ListAsked& asked) const { return ask(asked, {}); }
  // Through to the end.
  List in_pages(const ListAsked& asked, std::size_t size) const {
    List all;
    for (bool more = true; more;) {
      List page = ask(asked, {.after = all.rows.empty() ? "" : all.rows.back().key, .count = size});
      RC_ASSERT(page.rows.size() <= size || size == 0);
      more = page.rows.size() == size && more_;
      RC_ASSERT(more || !more_);
      if (!all.rows.empty()) RC_ASSERT(all.tail == page.tail);
      all.tail = std::move(page.tail);
      std::ranges::move(page.rows, std::back_inserter(all.rows));
    }
    return all;
  }
  // In rounds of about so many, as a file is made; nothing where that is not made so.
  std::optional<std::vector<query::SortedRow>> in_rounds(const ListAsked& asked, std::size_t size) const {
    const query::Report& report = *query::find_report(asked.report);
    query::Question question = question_of(asked, {});
    if (!query::goes_in_rounds(report, question)) return std::nullopt;
    query::Coordinator coordinator(shards_, asked.known_at_ms, {}, query::Lasting::kFile);
    coordinator.settle(report, question);
    coordinator.prepare_rounds(report, question);
    std::vector<query::SortedRow> all;
    for (bool more = true; more;) {
      question.page = {.after = all.empty() ? "" : all.back().key, .count = size, .until = {}, .is_round = true};
      query::Rows::Page round = coordinator.answer(report, question).rows.take();
      RC_ASSERT(round.rows.size() <= size);
      RC_ASSERT(!round.rows.empty() || !round.more);
      more = round.more;
      std::ranges::move(round.rows, std::back_inserter(all));
    }
    return all;
  }
  // Made at once and put aside, so many bytes of it in memory.
  List put_aside(const ListAsked& asked, std::size_t bytes_max) const {
    const query::Report& report = *query::find_report(asked.report);
    query::Question question = question_of(asked, {});
    query::Coordinator coordinator(shards_, asked.known_at_ms, {}, query::Lasting::kFile);
    coordinator.settle(report, question);
    const auto aside = question.page.aside = std::make_shared<query::RowsAside>(bytes_max);
    query::Answer answer = coordinator.answer(report, question);
    RC_ASSERT(answer.rows.take().rows.empty());
    aside->close();
    List all;
    all.tail = std::move(answer.tail);
    while (aside->has_more()) {
      query::Answer round;
      round.rows = query::Rows(aside->next());
      coordinator.name(report, question, round);
      std::vector<query::SortedRow> rows = round.rows.take().rows;
      RC_ASSERT(!rows.empty());
      std::ranges::move(rows, std::back_inserter(all.rows));
    }
    return all;
  }

 private:
  query::Question question_of(const ListAsked& asked, query::PageCut page) const {
    const query::Report& report = *query::find_report(asked.report);
    query::Question question;
    question.report = asked.report;
    question.today = kToday;
    const auto as_of = asked.parameters.find("as_of");
    question.as_of = as_of == asked.parameters.end() ? kToday : *parse_date(as_of->second);
    question.known_at_ms = asked.known_at_ms;
    question.file_choice = asked.file_choice;
    question.scope = asked.scope;
    question.page = std::move(page);
    question.arguments = query::Arguments(report.description(), asked.parameters, shards_.rules().zone);
    return question;
  }
  List ask(const ListAsked& asked, query::PageCut page) const {
    const query::Report& report = *query::find_report(asked.report);
    query::Question question = question_of(asked, std::move(page));
    query::Coordinator coordinator(shards_, asked.known_at_ms, {});
    coordinator.settle(report, question);
    query::Answer answer = coordinator.answer(report, question);
    query::Rows::Page rows = answer.rows.take();
    more_ = rows.more;
    return {std::move(rows.rows), std::move(answer.tail)};
  }

  const query::ShardSource& shards_;
  mutable bool more_ = false;
};

std::string text_of(const query::SortedRow& row) {
  JsonWriter json;
  query::write_json(row.row, json);
  return json.take();
}

void check_pages(const Lists& lists, const ListAsked& asked, std::mt19937& random) {
  const List whole = lists.whole(asked);
  // Long lists in fewer pages.
  const std::size_t size = std::max(std::size_t{1} + random() % 3, whole.rows.size() / 30);
  const List pages = lists.in_pages(asked, size);
  RC_ASSERT(whole.tail == pages.tail);
  for (std::size_t i = 0; i < std::max(whole.rows.size(), pages.rows.size()); ++i) {
    const std::string expected = i < whole.rows.size() ? text_of(whole.rows[i]) : "nothing";
    const std::string found = i < pages.rows.size() ? text_of(pages.rows[i]) : "nothing";
    if (expected != found || whole.rows[i].key != pages.rows[i].key) {
      RC_FAIL(asked.text() + " in pages of " + std::to_string(size) + ", row " + std::to_string(i) +
              "\nwhole: " + expected + "\npages: " + found);
    }
  }
}

void check_rounds(const Lists& lists, const ListAsked& asked, std::mt19937& random) {
  const List whole = lists.whole(asked);
  const std::size_t size = std::max(std::size_t{1} + random() % 7, whole.rows.size() / 20);
  const auto rounds = lists.in_rounds(asked, size);
  if (!rounds) return;
  for (std::size_t i = 0; i < std::max(whole.rows.size(), rounds->size()); ++i) {
    const std::string expected = i < whole.rows.size() ? text_of(whole.rows[i]) : "nothing";
    const std::string found = i < rounds->size() ? text_of((*rounds)[i]) : "nothing";
    if (expected != found) {
      RC_FAIL(asked.text() + " in rounds of " + std::to_string(size) + ", row " + std::to_string(i) +
              "\nwhole: " + expected + "\nrounds: " + found);
    }
  }
}

void check_put_aside(const Lists& lists, const Lists& through_bytes, const ListAsked& asked, std::mt19937& random) {
  const List whole = lists.whole(asked);
  const std::size_t bytes_max = random() % 20'000;
  for (const Lists* each : {&lists, &through_bytes}) {
    const List aside = each->put_aside(asked, bytes_max);
    RC_ASSERT(whole.tail == aside.tail);
    for (std::size_t i = 0; i < std::max(whole.rows.size(), aside.rows.size()); ++i) {
      const std::string expected = i < whole.rows.size() ? text_of(whole.rows[i]) : "nothing";
      const std::string found = i < aside.rows.size() ? text_of(aside.rows[i]) : "nothing";
      if (expected != found) {
        RC_FAIL(asked.text() + " of which " + std::to_string(bytes_max) + " bytes are kept, row " + std::to_string(i) +
                "\nwhole: " + expected + "\nput aside: " + found);
      }
    }
  }
}

const std::vector<std::string_view> kOfReceivables = {"region", "sales_rep", "customer_id", "parent_customer",
                                                      "currency"};

// Of every list, over all that it may be asked for.
class AnyList {
 public:
  AnyList(std::mt19937& random, std::size_t events) : random_(random), events_(events) {}

  ListAsked entries() {
    ListAsked asked = any("entries", kOfReceivables);
    std::string from = day();
    std::string to = day();
    if (from > to) std::swap(from, to);
    asked.parameters.emplace("from", from);
    asked.parameters.emplace("to", to);
    maybe(
        asked, "type",
        {"invoices", "credit_notes", "cash", "reversals", "refunds", "write_offs", "recoveries", "voids", "transfers"});
    if (chance(4)) asked.known_at_ms = instant();
    return asked;
  }
  // Any that a file may be made of in rounds.
  ListAsked list() {
    static const std::array kDocuments = {"invoices", "payments", "credit-notes", "orders", "shipments"};
    switch (random_() % 9) {
      case 8: return with_as_of(any("parked", {}));
      case 0: return entries();
      case 1: return anomalies();
      case 2: return with_as_of(any("items", kOfReceivables));
      case 3: return with_as_of(any("customers", {"region", "sales_rep", "customer_id"}));
      case 4: return with_as_of(any("open-orders", {"region", "sales_rep", "customer_id"}));
      case 5: return with_period(any("cycle-orders", {"region", "sales_rep", "customer_id"}));
      case 6: return postings();
      default: {
        const std::string report = kDocuments[random_() % kDocuments.size()];
        ListAsked asked = any(report.c_str(), {"customer_id", "currency"});
        if (report == "invoices") maybe(asked, "state", {"void", "settled", "overdue", "open"});
        if (report == "payments") maybe(asked, "state", {"reversed", "unapplied", "applied"});
        if (report == "credit-notes") maybe(asked, "state", {"void", "open", "applied"});
        if (report == "orders") maybe(asked, "state", {"complete", "cancelled", "late", "open"});
        if (report == "shipments") maybe(asked, "state", {"returned", "delivered", "on_the_way"});
        return with_as_of(asked);
      }
    }
  }
  // Any of which the rows are made at once: in another order than theirs, of sums, or by what they come to.
  ListAsked made_at_once() {
    static const std::array kByCustomer = {"bridge", "ratios", "order-cycle", "on-time"};
    switch (random_() % 8) {
      case 0: return restatement();
      case 1: return known_earlier(entries());
      case 2: return known_earlier(anomalies());
      case 3: return known_earlier(postings());
      case 4: return with_details(any("worklist", kOfReceivables));
      case 5: return with_details(any("dunning", kOfReceivables));
      case 6: {
        ListAsked asked = with_as_of(any("ageing", kOfReceivables));
        maybe(asked, "group_by", {"customer", "region", "parent_customer"});
        return asked;
      }
      default: {
        ListAsked asked =
            with_period(any(kByCustomer[random_() % kByCustomer.size()], {"region", "sales_rep", "customer_id"}));
        asked.parameters.emplace("group_by", "customer");
        return asked;
      }
    }
  }
  ListAsked postings() {
    ListAsked asked = any("sales-postings", {"region", "sales_rep", "customer_id", "currency"});
    maybe(asked, "measure", {"ordered", "shipped", "invoiced", "collected", "shipments"});
    maybe(asked, "sku", {"S0", "S1", "unassigned"});
    return with_period(asked);
  }
  ListAsked restatement() {
    ListAsked asked = any("restatement", kOfReceivables);
    asked.parameters.emplace("as_of", day());
    const auto [from_ms, to_ms] = std::minmax({instant(), instant()});
    asked.parameters.emplace("known_from", format_instant_ms(from_ms));
    asked.parameters.emplace("known_to", format_instant_ms(to_ms));
    if (chance(4)) asked.known_at_ms = instant();
    return asked;
  }
  ListAsked anomalies() {
    ListAsked asked = any("anomalies", {"customer_id"});
    asked.parameters.emplace("as_of", day());
    maybe(asked, "state", {"open", "cleared", "all"});
    if (chance(4)) asked.known_at_ms = instant();
    return asked;
  }

 private:
  ListAsked any(const char* report, const std::vector<std::string_view>& filters) {
    ListAsked asked;
    asked.report = report;
    for (const std::string_view filter : filters) {
      if (filter == "region") maybe(asked, "region", {"CN", "CN/North", "CN/South", "unassigned"});
      if (filter == "sales_rep") maybe(asked, "sales_rep", {"R0", "R1", "unassigned"});
      if (filter == "customer_id") maybe(asked, "customer_id", {"C0", "C1", "C2", "C9"});
      if (filter == "parent_customer") maybe(asked, "parent_customer", {"C0", "C1", "C5", "C9"});
      if (filter == "currency") maybe(asked, "currency", {"CNY", "JPY"});
    }
    if (chance(3)) asked.file_choice = query::FileChoice::kAsNow;
    if (chance(4)) asked.scope = query::AccessScope::of({"CN/North", "unassigned"}, {"R0"});
    return asked;
  }
  ListAsked known_earlier(ListAsked asked) {
    asked.known_at_ms = instant();
    return asked;
  }
  ListAsked with_details(ListAsked asked) {
    maybe(asked, "details", {"true"});
    maybe(asked, "minimum", {"2"});
    return with_as_of(std::move(asked));
  }
  ListAsked with_as_of(ListAsked asked) {
    asked.parameters.emplace("as_of", day());
    if (chance(4)) asked.known_at_ms = instant();
    return asked;
  }
  ListAsked with_period(ListAsked asked) {
    std::string from = day();
    std::string to = day();
    if (from > to) std::swap(from, to);
    asked.parameters.emplace("from", from);
    asked.parameters.emplace("to", to);
    if (chance(4)) asked.known_at_ms = instant();
    return asked;
  }
  void maybe(ListAsked& asked, const char* name, std::initializer_list<const char*> values) {
    if (chance(5)) asked.parameters.emplace(name, *(values.begin() + random_() % values.size()));
  }
  bool chance(unsigned in) { return random_() % in == 0; }
  std::string day() {
    if (chance(4)) return format_date(chance(2) ? kFirstDate : kLastDate);
    return format_date(19'790 + static_cast<Day>(random_() % 70));
  }
  std::int64_t instant() { return kFirstMs - 1 + static_cast<std::int64_t>(random_() % (events_ / 3 + 2)); }

  std::mt19937& random_;
  const std::size_t events_;
};

const query::Value& field(const query::Row& row, std::string_view name) {
  const auto at = std::ranges::find(row.values, name, [](const auto& value) { return std::string_view(value.first); });
  RC_ASSERT(at != row.values.end());
  return at->second;
}

// What a list of amounts comes to.
Int128 minor_of(std::string text) {
  std::erase(text, '.');
  const bool is_negative = text.starts_with('-');
  Int128 minor = 0;
  for (const char digit : text.substr(is_negative ? 1 : 0)) minor = minor * 10 + (digit - '0');
  return is_negative ? -minor : minor;
}

// By event and currency, and by currency alone.
using Sums = std::map<std::string, Int128>;
void add_amounts(const List& list, int sign, Sums& by_event, Sums& by_currency) {
  for (const query::SortedRow& sorted : list.rows) {
    const std::string currency = field(sorted.row, "currency").to_text();
    const Int128 amount = minor_of(field(sorted.row, "amount").to_text());
    by_event[field(sorted.row, "event").to_text() + currency] += sign * amount;
    by_currency[currency] += amount;
  }
}

Sums without_nothing(Sums sums) {
  std::erase_if(sums, [](const auto& sum) { return sum.second == 0; });
  return sums;
}

void check_restated(const Lists& lists, const ListAsked& asked, const domain::Rules& rules) {
  const List found = lists.whole(asked);
  const auto known = [&](const char* name, int sign, Sums& by_event) {
    ListAsked entries = asked;
    entries.report = "entries";
    entries.parameters.clear();
    entries.parameters.emplace("from", format_date(kFirstDate));
    entries.parameters.emplace("to", asked.parameters.find("as_of")->second);
    for (const std::string_view filter : kOfReceivables) {
      const auto given = asked.parameters.find(std::string(filter));
      if (given != asked.parameters.end()) entries.parameters.insert(*given);
    }
    const std::int64_t instant = *query::Parameters(asked.parameters).instant_ms(name, rules.zone);
    entries.known_at_ms = std::min(instant, asked.known_at_ms.value_or(instant));
    Sums by_currency;
    add_amounts(lists.whole(entries), sign, by_event, by_currency);
    return without_nothing(by_currency);
  };
  Sums expected;
  const Sums from = known("known_from", -1, expected);
  const Sums to = known("known_to", 1, expected);
  Sums restated;
  Sums unused;
  add_amounts(found, 1, restated, unused);
  if (restated != without_nothing(expected)) RC_FAIL(asked.text() + ": other events are restated than the entries say");
  Sums balances_from;
  Sums balances_to;
  for (const auto& [unnamed, total] : field(found.tail, "totals").parts()) {
    const auto text = [&](std::string_view name) {
      const auto& parts = total.parts();
      const auto name_of = [](const auto& part) { return std::string_view(part.first); };
      return std::ranges::find(parts, name, name_of)->second.to_text();
    };
    balances_from[text("currency")] = minor_of(text("balance_from"));
    balances_to[text("currency")] = minor_of(text("balance_to"));
  }
  if (without_nothing(balances_from) != from || without_nothing(balances_to) != to) {
    RC_FAIL(asked.text() + ": the balances are not those of the entries");
  }
}

// Any history in up to so many shards, and lists of it.
struct AnyHistory {
  explicit AnyHistory(int shards_max) : count(*rc::gen::inRange(1, shards_max + 1)) {}

  const std::uint32_t seed = *rc::gen::arbitrary<std::uint32_t>();
  const Values values = *rc::gen::element(Values::kFew, Values::kFew, Values::kWhole);
  const std::size_t events = static_cast<std::size_t>(*rc::gen::inRange(1, 400));
  const int count;
  std::mt19937 random{*rc::gen::arbitrary<std::uint32_t>()};
  const SeveralShards shards{Hostile(seed, values).records(events), count, random};
  const query::LocalShards local{shards};
  const Lists lists{local};
  AnyList any{random, events};
};

RC_GTEST_PROP(Lists, AreTheirPagesOneBehindTheOther, ()) {
  AnyHistory history(2);
  const Lists& lists = history.lists;
  AnyList& any = history.any;
  std::mt19937& random = history.random;
  for (int i = 0; i < 4; ++i) check_pages(lists, any.entries(), random);
  for (int i = 0; i < 2; ++i) check_pages(lists, any.anomalies(), random);
  for (int i = 0; i < 4; ++i) check_pages(lists, any.postings(), random);
  for (int i = 0; i < 2; ++i) check_pages(lists, any.list(), random);
  for (int i = 0; i < 3; ++i) {
    const ListAsked restatement = any.restatement();
    check_pages(lists, restatement, random);
    check_restated(lists, restatement, history.shards.rules());
  }
}

RC_GTEST_PROP(Lists, AreTheRoundsThatAFileIsMadeOf, ()) {
  AnyHistory history(3);
  for (int i = 0; i < 12; ++i) check_rounds(history.lists, history.any.list(), history.random);
}

RC_GTEST_PROP(Lists, AreWhatIsPutAsideForAFile, ()) {
  AnyHistory history(3);
  const BytesShards through_bytes(history.local);
  for (int i = 0; i < 6; ++i)
    check_put_aside(history.lists, Lists(through_bytes), history.any.made_at_once(), history.random);
}

}  // namespace
}  // namespace daybook::test
