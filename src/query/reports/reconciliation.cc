// Our ledger against a file of finance's own, line by line, with the entries that a difference may be.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <stop_token>
#include <unordered_map>

#include "base/csv.h"
#include "base/hash.h"
#include "domain/event_types.h"
#include "domain/ledger.h"
#include "log/log.h"
#include "query/large_values.h"
#include "query/ledger_reader.h"
#include "query/open_items.h"
#include "query/reports.h"
#include "query/shard_reader.h"

namespace daybook::query {
namespace {

using domain::LedgerEntry;
using domain::Measure;

// How long before the date the entries of a difference may lie.
constexpr Day kWindow = 31;
// Of a file: each becomes a line of the answer, and takes some hundred times the memory that it takes there. Its names
// stand in several places until the answer is written.
constexpr std::size_t kRowsMax = 200'000;
constexpr std::size_t kRowBytes = 1'200;
constexpr std::size_t kNameCopies = 6;
constexpr std::size_t row_bytes(std::size_t name_bytes) { return kRowBytes + kNameCopies * name_bytes; }
// Sums of three are looked for among so many entries at most, the newest.
constexpr std::size_t kTripleMax = 4'000;

// A line of the file, or an open document that it lacks.
struct Key {
  std::string document_id;  // Empty: the account.
  Currency currency;

  auto operator<=>(const Key&) const = default;
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(document_id, currency);
  }
};
struct TheirLine {
  std::uint64_t row = 0;
  Int128 theirs = 0;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(row, theirs);
  }
};
using TheirLines = std::map<Key, TheirLine>;

// "-1234.5" in major units as minor units; nothing for any other text.
std::optional<Int128> parse_amount(std::string_view text, Currency currency) {
  constexpr std::size_t kDigitsMax = 30;
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  const auto decimals = static_cast<std::size_t>(currency.exponent());
  const bool has_empty_part = whole.empty() || (point != std::string_view::npos && fraction.empty());
  if (has_empty_part || whole.size() > kDigitsMax || fraction.size() > decimals) return std::nullopt;
  std::string digits(whole);
  digits += fraction;
  digits.append(decimals - fraction.size(), '0');
  Int128 minor = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    minor = minor * 10 + (digit - '0');
  }
  return is_negative ? -minor : minor;
}

// Between which a file's columns stand, if not commas: the whole first line is one name then.
std::optional<std::string_view> other_separator(const std::vector<std::string>& columns) {
  if (columns.size() != 1 || columns[0].find("amount") == std::string::npos) return std::nullopt;
  if (columns[0].find(';') != std::string::npos) return "';'";
  if (columns[0].find('\t') != std::string::npos) return "a tab";
  return std::nullopt;
}

bool is_all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Whether the row that begins there ends as "…,1234,56" does.
bool ends_with_decimal_comma(std::string_view text, std::size_t offset) {
  std::string_view row = text.substr(offset);
  row = row.substr(0, row.find_first_of("\r\n"));
  const std::size_t comma = row.rfind(',');
  if (comma == std::string_view::npos || comma == 0) return false;
  const std::size_t before = row.rfind(',', comma - 1);
  std::string_view whole = row.substr(before + 1, comma - before - 1);
  if (whole.starts_with('-')) whole.remove_prefix(1);
  return before != std::string_view::npos && is_all_digits(whole) && is_all_digits(row.substr(comma + 1));
}

constexpr std::string_view kDecimalComma =
    "an amount's decimals stand behind a point, and nothing between its thousands";

// Lines by account. Reading takes time with the file's bytes, whatever is wrong with them.
class File {
 public:
  File(std::string_view text, const std::stop_token& stop, QuestionMemory& memory) : memory_(memory) {
    CsvRows csv(text, {}, [&](std::size_t row, std::size_t offset, const std::string& message) {
      fault(row, "", [&] {
        const bool has_comma = ends_with_decimal_comma(text, offset);
        return place_in("body", text, offset) + ": " + message + (has_comma ? fmt::format("; {}", kDecimalComma) : "");
      });
    });
    if (const auto separator = other_separator(csv.columns())) {
      fault(0, csv.columns()[0],
            [&] { return fmt::format("has {} between its columns, where a comma stands", *separator); });
      refuse_faults();
    }
    const auto column = [&](std::string_view name) -> std::optional<std::size_t> {
      const auto at = std::ranges::find(csv.columns(), name);
      if (at == csv.columns().end()) return std::nullopt;
      return static_cast<std::size_t>(at - csv.columns().begin());
    };
    for (const std::string& name : csv.columns()) {
      if (name != "customer_id" && name != "document_id" && name != "currency" && name != "amount") {
        fault(0, name, [] { return "is no column of this file: customer_id, document_id, currency, amount"; });
      }
    }
    const auto customer_at = column("customer_id");
    const auto document_at = column("document_id");
    const auto currency_at = column("currency");
    const auto amount_at = column("amount");
    for (const auto& [name, at] :
         {std::pair("customer_id", customer_at), std::pair("currency", currency_at), std::pair("amount", amount_at)}) {
      if (!at && !csv.columns().empty()) fault(0, name, [] { return "a column of this name is required"; });
    }
    refuse_faults();
    while (const auto cells = csv.next()) {
      refuse_once_given_up(stop);
      const std::size_t row = csv.row();
      if (row >= kRowsMax) refuse(413, "Too many rows", fmt::format("a file may have {} rows; send several", kRowsMax));
      const auto value = [&](std::size_t at) { return (*cells)[at].text; };
      const std::string customer(value(*customer_at));
      if (customer.empty()) fault(row, "customer_id", [] { return "is required"; });
      const auto currency = Currency::parse(value(*currency_at));
      if (!currency) {
        fault(row, "currency",
              [&] { return fmt::format("'{}' is not an ISO 4217 currency code", shortened(value(*currency_at))); });
        continue;
      }
      const auto minor = parse_amount(value(*amount_at), *currency);
      if (!minor) {
        fault(row, "amount", [&] {
          const bool has_comma = value(*amount_at).find(',') != std::string_view::npos;
          return fmt::format("'{}' is not an amount in {} with at most {} decimals{}{}", shortened(value(*amount_at)),
                             currency->code(), currency->exponent(), has_comma ? ": " : "",
                             has_comma ? kDecimalComma : "");
        });
        continue;
      }
      make_room(customer.size() + (document_at ? value(*document_at).size() : 0), row);
      const Key key{document_at ? std::string(value(*document_at)) : std::string(), *currency};
      const auto [first, is_new] = lines_[customer].emplace(key, TheirLine{row, *minor});
      if (!is_new) {
        fault(row, "customer_id", [&] {
          return fmt::format("this account, document and currency stand in the file twice: in row {} before",
                             first->second.row + 1);
        });
      }
    }
    refuse_faults();
  }

  std::map<std::string, TheirLines> take_lines() { return std::move(lines_); }

 private:
  // For one more row.
  void make_room(std::size_t name_bytes, std::size_t row) {
    switch (memory_.try_take(row_bytes(name_bytes))) {
      case QuestionMemory::Taken::kYes: return;
      case QuestionMemory::Taken::kTooMuch:
        refuse(413, "Too many rows",
               fmt::format("the first {} rows take the memory that there is for a file; send several, "
                           "or give the server more (memory_mib)",
                           row));
      case QuestionMemory::Taken::kOthersHaveIt:
        refuse(429, "Too much is asked", "answers to others take all the memory that there is for them; try again");
    }
  }

  static std::string_view shortened(std::string_view text) { return text.size() <= 64 ? text : "…"; }

  // `words` gives the message, if that is told.
  template <typename Words>
  void fault(std::size_t row, std::string_view field, const Words& words) {
    const bool is_told = problem_.faults.count < Faults::kKeptMax;
    problem_.faults.add(is_told ? Fault{static_cast<std::int64_t>(row), std::string(field.size() <= 128 ? field : "…"),
                                        std::string(words())}
                                : Fault());
  }

  void refuse_faults() {
    if (problem_.faults.empty()) return;
    const Fault& first = problem_.faults.kept[0];
    problem_.title = "Bad file";
    problem_.detail =
        fmt::format("row {}: {}{}{}", first.index + 1, first.field, first.field.empty() ? "" : " ", first.message);
    if (problem_.faults.count > 1) problem_.detail += fmt::format("; {} faults in all", problem_.faults.count);
    throw Refusal{std::move(problem_)};
  }

  QuestionMemory& memory_;
  Problem problem_;
  std::map<std::string, TheirLines> lines_;
};

using Entries = std::vector<LedgerEntry>;

// The fewest entries, up to three, that add up to exactly `difference`: of several such sets the one whose
// entries come first.
Entries fewest(Entries entries, Int128 difference) {
  std::erase_if(entries, [](const LedgerEntry& entry) { return entry.amount == 0; });
  if (difference == 0) return {};
  for (const LedgerEntry& entry : entries) {
    if (entry.amount == difference) return {entry};
  }
  // The last place of each amount: behind it there is none of that amount.
  struct Hash {
    std::size_t operator()(Int128 amount) const {
      return table_hash({reinterpret_cast<const char*>(&amount), sizeof amount});
    }
  };
  const auto last_places = [](const Entries& of) {
    std::unordered_map<Int128, std::size_t, Hash> last;
    for (std::size_t i = 0; i < of.size(); ++i) last[of[i].amount] = i;
    return last;
  };
  const auto place_behind = [](const auto& last, Int128 amount, std::size_t place) -> std::optional<std::size_t> {
    const auto at = last.find(amount);
    if (at == last.end() || at->second <= place) return std::nullopt;
    return at->second;
  };
  const auto last = last_places(entries);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto j = place_behind(last, difference - entries[i].amount, i);
    if (j) return {entries[i], entries[*j]};
  }
  if (entries.size() > kTripleMax) entries.erase(entries.begin(), entries.end() - kTripleMax);
  const auto last_of_newest = last_places(entries);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (std::size_t j = i + 1; j < entries.size(); ++j) {
      const auto k = place_behind(last_of_newest, difference - entries[i].amount - entries[j].amount, j);
      if (k) return {entries[i], entries[j], entries[*k]};
    }
  }
  return {};
}

// Our side of one account: what is open of each document, and the entries by account and document.
struct OurAccount {
  std::map<Key, Int128> open;
  std::map<Key, Entries> entries;  // With an empty document: all of the currency.
  std::size_t bytes = 0;           // That were taken for them.

  const Entries* of(const Key& key) const {
    const auto at = entries.find(key);
    return at == entries.end() ? nullptr : &at->second;
  }
};

OurAccount our_account(AccountReader& customer, Day day) {
  OurAccount ours;
  domain::AccountState& account = customer.account();
  for (const OpenItem& item : open_items(customer, customer.receivable_documents(), day)) {
    ours.open[{std::string(item.document_id), item.currency}] += item.open;
  }
  for_each_ledger_entry(customer, [&](const LedgerEntry& entry) {
    if (entry.measure == Measure::kLedgerTransfers || entry.day > day) return;
    take_memory(2 * sizeof entry);
    ours.bytes += 2 * sizeof entry;
    ours.entries[{"", entry.currency}].push_back(entry);
    std::string_view document_id = entry.document_id;
    if (const auto* refund = std::get_if<domain::RefundPaid>(&entry.fact->event.payload)) {
      // One that is in no source's sequence is an item of its own.
      const domain::Source* source = account.source(domain::document_of(entry.fact->event.payload));
      if (source == nullptr || source->currency != refund->currency) document_id = refund->refund_id;
    }
    ours.entries[{std::string(document_id), entry.currency}].push_back(entry);
  });
  for (auto& [key, entries] : ours.entries) {
    std::ranges::sort(entries, {}, [](const LedgerEntry& entry) { return std::pair(entry.day, entry.fact->at); });
  }
  return ours;
}

// A line of the answer.
struct Line {
  std::optional<Int128> theirs;
  std::optional<Int128> ours;
  std::string state;
  std::vector<Row> explained_by = {};

  Int128 difference() const { return ours.value_or(0) - theirs.value_or(0); }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(theirs, ours, state, explained_by);
  }
};
using LineKey = std::pair<std::string, Key>;  // With the account.

struct ReconciliationPart {
  std::map<std::uint64_t, std::pair<LineKey, Line>> lines;  // By row of the file.
  std::map<LineKey, Line> missing_there;

  void add(ReconciliationPart other) {
    lines.merge(other.lines);
    missing_there.merge(other.missing_there);
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(lines, missing_there);
  }
};

// One shard's accounts against theirs.
class Reconciler {
 public:
  Reconciler(const ShardReader& shard, Day day, ReconciliationPart& part) : shard_(shard), day_(day), part_(part) {}

  // The lines of one account against ours. A part of a ledger lacks accounts and currencies on purpose.
  void reconcile(const std::string& customer_id, const TheirLines& theirs, bool is_partial) {
    const std::unique_ptr<AccountReader> account = shard_.find_account(customer_id);
    const OurAccount ours = account == nullptr ? OurAccount() : our_account(*account, day_);
    for (const auto& [key, their] : theirs) {
      shard_.go_on();
      part_.lines.emplace(their.row,
                          std::pair(LineKey(customer_id, key), line_of(key, their, account != nullptr, ours)));
    }
    const bool has_documents = !theirs.empty() && !theirs.rbegin()->first.document_id.empty();
    if (has_documents) {
      for (const auto& [key, open] : ours.open) {
        if (open != 0 && !theirs.contains(key)) add_missing(customer_id, key, open, ours);
      }
    } else if (!is_partial) {
      add_missing_balances(customer_id, theirs, ours);
    }
    give_back_memory(ours.bytes);
  }

  // The accounts that the file lacks. `theirs`: those that it has.
  void add_missing_accounts(const std::set<std::string_view>& theirs) {
    for (const AccountNumber id : shard_.accounts()) {
      shard_.go_on();
      std::map<Currency, Int128> balances;
      shard_.receivables_of(id, day_, [&](const ReceivableRow& row) {
        if (domain::is_ledger(row.measure)) balances[Currency::from_number(row.currency)] += row.amount();
      });
      if (std::ranges::all_of(balances, [](const auto& each) { return each.second == 0; })) continue;
      const std::string customer_id(shard_.account(id).name());
      if (!theirs.contains(customer_id)) reconcile(customer_id, {}, false);
    }
  }

 private:
  Line line_of(const Key& key, const TheirLine& their, bool has_account, const OurAccount& ours) const {
    Line line{their.theirs, {}, "missing_here"};
    const bool is_account = key.document_id.empty();
    const Entries* entries = ours.of(key);
    if (is_account ? !has_account : entries == nullptr) return line;
    line.ours = 0;
    if (is_account) {
      line.ours = entries == nullptr ? 0 : sum_of(*entries);
    } else if (const auto open = ours.open.find(key); open != ours.open.end()) {
      line.ours = open->second;
    }
    line.state = *line.ours == *line.theirs ? "agrees" : "differs";
    explain(key, line, ours);
    return line;
  }

  static Int128 sum_of(const Entries& entries) {
    Int128 sum = 0;
    for (const LedgerEntry& entry : entries) sum += entry.amount;
    return sum;
  }

  // What the account owes in currencies of which they say nothing.
  void add_missing_balances(const std::string& customer_id, const TheirLines& theirs, const OurAccount& ours) {
    for (const auto& [key, entries] : ours.entries) {
      if (!key.document_id.empty() || theirs.contains(key)) continue;
      if (const Int128 balance = sum_of(entries); balance != 0) add_missing(customer_id, key, balance, ours);
    }
  }

  void add_missing(const std::string& customer_id, const Key& key, Int128 amount, const OurAccount& ours) {
    Line line{{}, amount, "missing_there"};
    explain(key, line, ours);
    take_memory(row_bytes(customer_id.size() + key.document_id.size()));
    part_.missing_there.emplace(LineKey(customer_id, key), std::move(line));
  }

  void explain(const Key& key, Line& line, const OurAccount& ours) const {
    const Entries* entries = ours.of(key);
    if (entries == nullptr) return;
    Entries near;
    for (const LedgerEntry& entry : *entries) {
      if (entry.day >= day_ - kWindow) near.push_back(entry);
    }
    for (const LedgerEntry& entry : fewest(std::move(near), line.difference())) {
      Row row = shard_.event_row(*entry.fact);
      row.add("document_id", Value::text(entry.document_id));
      row.add("entry_type", Value::text(kLedgerColumnNames[ledger_column(entry.measure)]));
      row.add("effective_date", Value::date(entry.day));
      row.add("amount", Value::amount(entry.amount, entry.currency));
      line.explained_by.push_back(std::move(row));
    }
  }

  const ShardReader& shard_;
  const Day day_;
  ReconciliationPart& part_;
};

// The lines of a currency added up, and how many are in each state.
struct LineTotals {
  static constexpr std::array<std::string_view, 4> kStates = {"agrees", "differs", "missing_here", "missing_there"};

  Int256 theirs = 0;
  Int128 ours = 0;
  std::array<std::int64_t, kStates.size()> lines{};

  void add(const Line& line) {
    theirs += Int256(line.theirs.value_or(0));
    ours += line.ours.value_or(0);
    ++lines[static_cast<std::size_t>(std::ranges::find(kStates, line.state) - kStates.begin())];
  }
  Row row(Currency currency) const {
    Row row;
    row.add("currency", Value::text(currency.code()));
    row.add("theirs", amount_of(theirs, currency));
    row.add("ours", Value::amount(ours, currency));
    row.add("difference", amount_of(ours - theirs, currency));
    for (std::size_t i = 0; i < kStates.size(); ++i) row.add(std::string(kStates[i]), Value::integer(lines[i]));
    return row;
  }
};

class Reconciliation final : public ReportOf<ReconciliationPart> {
 public:
  const Description& description() const override {
    using namespace fields;
    static const Description description = [] {
      std::vector<Field> entry = event().fields;
      std::ranges::move(
          std::vector<Field>{text("document_id"), text("entry_type"), date("effective_date"), amount("amount")},
          std::back_inserter(entry));
      return Description{
          .name = "reconciliation",
          .path = "/v1/receivables/reconciliation",
          .meaning = "Our ledger against a file of finance's own, line by line.",
          .parameters = {{"date", Parameter::Type::kDate, "The date of their figures.", true},
                         parameters::choice("only", {"differences"}, {}, "differences: without the lines that agree."),
                         parameters::choice(
                             "partial", {"true", "false"}, "false",
                             "true: the file is a part of their ledger, and accounts that it lacks are not missed.")},
          .rows_name = "lines",
          .row = {text("customer_id"), text("document_id").or_null(), text("currency"), amount("theirs").or_null(),
                  amount("ours").or_null(), amount("difference"), text("state"), list("explained_by", std::move(entry)),
                  customer_name()},
          .head = {date("date")},
          .tail = {list("totals",
                        {text("currency"), amount("theirs"), amount("ours"), amount("difference"), integer("agrees"),
                         integer("differs"), integer("missing_here"), integer("missing_there")})},
          .is_whole = true,
          .has_body = true};
    }();
    return description;
  }

  void settle(Question& question) const override {
    const Day day = *question.arguments.date("date");
    if (question.as_of_given && question.as_of != day) refuse_parameter("as_of", "is another date than date");
    question.as_of = day;
  }

  void take_body(Question& question, std::string_view body, std::int32_t partitions, const std::stop_token& stop,
                 QuestionMemory& memory) const override {
    auto file = File(body, stop, memory).take_lines();
    // An account goes as soon as it is written down: a long file is there once.
    std::map<std::int32_t, std::vector<std::pair<std::string, TheirLines>>> by_partition;
    while (!file.empty()) {
      auto account = file.extract(file.begin());
      by_partition[log::partition_of(account.key(), partitions)].emplace_back(account.key(),
                                                                              std::move(account.mapped()));
    }
    std::map<std::int32_t, std::string> enclosed;
    // Accounts that the file lacks may be of any shard.
    if (!is_partial(question)) {
      for (std::int32_t partition = 0; partition < partitions; ++partition) by_partition[partition];
    }
    for (auto& [partition, accounts] : by_partition) {
      enclosed[partition] = encode(accounts);
      accounts = {};
    }
    if (enclosed.empty()) return;
    question.enclosed_by_partition = std::make_shared<const std::map<std::int32_t, std::string>>(std::move(enclosed));
  }

 protected:
  ReconciliationPart part_of(const Question& question, const ShardReader& shard) const override {
    ReconciliationPart part;
    auto accounts = query::decode<std::vector<std::pair<std::string, TheirLines>>>(question.enclosed)
                        .value_or(std::vector<std::pair<std::string, TheirLines>>());
    Reconciler reconciler(shard, question.as_of, part);
    for (auto& [customer_id, theirs] : accounts) {
      shard.go_on();
      reconciler.reconcile(customer_id, theirs, is_partial(question));
      theirs = {};
    }
    if (is_partial(question)) return part;
    std::set<std::string_view> names;
    for (const auto& [customer_id, theirs] : accounts) names.insert(customer_id);
    reconciler.add_missing_accounts(names);
    return part;
  }

  Answer answer_of(const Question& question, ReconciliationPart whole, Asker&) const override {
    Answer answer;
    answer.rows = Rows(question.page);
    answer.head.add("date", Value::date(question.as_of));
    const bool differences_alone = question.arguments.text("only").has_value();
    std::map<Currency, LineTotals> totals;
    std::int64_t place = 0;
    const auto add = [&](const LineKey& of, Line line) {
      totals[of.second.currency].add(line);
      if (differences_alone && line.state == "agrees") return;
      answer.rows.add(sortable(place++), [&] {
        const auto& [customer_id, key] = of;
        const auto value = [&](std::optional<Int128> minor) {
          return minor ? Value::amount(*minor, key.currency) : Value();
        };
        Row row;
        row.add("customer_id", Value::text(customer_id));
        row.add("document_id", text_or_null(key.document_id));
        row.add("currency", Value::text(key.currency.code()));
        row.add("theirs", value(line.theirs));
        row.add("ours", value(line.ours));
        row.add("difference", Value::amount(line.difference(), key.currency));
        row.add("state", Value::text(line.state));
        row.add("explained_by", Value::list_of_rows(std::move(line.explained_by)));
        return row;
      });
    };
    while (!whole.lines.empty()) {
      auto line = whole.lines.extract(whole.lines.begin());
      // It becomes a row, which takes its own.
      const auto& [customer_id, key] = line.mapped().first;
      give_back_memory(row_bytes(customer_id.size() + key.document_id.size()));
      add(line.mapped().first, std::move(line.mapped().second));
    }
    while (!whole.missing_there.empty()) {
      auto line = whole.missing_there.extract(whole.missing_there.begin());
      add(line.key(), std::move(line.mapped()));
    }
    std::vector<Row> of_currencies;
    for (const auto& [currency, sums] : totals) of_currencies.push_back(sums.row(currency));
    answer.tail.add("totals", Value::list_of_rows(std::move(of_currencies)));
    return answer;
  }

 private:
  static bool is_partial(const Question& question) { return question.arguments.choice("partial") == "true"; }
};

}  // namespace

const Report& reconciliation_report() {
  static const Reconciliation report;
  return report;
}

}  // namespace daybook::query
