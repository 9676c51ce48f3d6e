// Statement of account: what a customer owed, what was posted, what is owed and when it is due, per currency. As JSON, as
// CSV, and as a page to print in English or Chinese (statement_page.cc).
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "domain/event_types.h"
#include "query/document_reader.h"
#include "query/ledger_reader.h"
#include "query/open_items.h"
#include "query/period.h"
#include "query/reports.h"
#include "query/reports/ageing.h"
#include "query/reports/statement.h"

namespace daybook::query {
namespace {

using domain::LedgerEntry;
using domain::Measure;

// What a line or an item takes as it is shown, with its event.
constexpr std::size_t kShownBytes = 3'000;

// Nothing where the account is not known.
struct StatementPart {
  std::optional<Statement> statement;

  void add(StatementPart other) {
    if (other.statement) statement = std::move(other.statement);
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(statement);
  }
};

// The entry of an invoice has a due date: the latest, as the invoice's page has it.
std::optional<Day> due_date_of(AccountReader& account, const LedgerEntry& entry, Day as_of) {
  if (entry.measure != Measure::kLedgerInvoices) return std::nullopt;
  const domain::Invoice* invoice = account.account().invoice(entry.document_id);
  if (invoice == nullptr) return std::nullopt;
  return invoice->last_due + invoice->due_shift(as_of);
}

StatementLine line_of(const ShardReader& shard, AccountReader& account, const LedgerEntry& entry, Int128 running) {
  return {.day = entry.day,
          .type = std::string(domain::payload_name(static_cast<std::uint8_t>(entry.fact->event.payload.index()))),
          .column = ledger_column(entry.measure),
          .document_id = std::string(entry.document_id),
          .amount = entry.amount,
          .running = running,
          .due_date = due_date_of(account, entry, shard.question().as_of),
          .event = shard.event_row(*entry.fact)};
}

// Open items in the order of those of the account (item_key).
void add_items(const ShardReader& shard, AccountReader& account, Day as_of, Statement& statement) {
  std::vector<OpenItem> items =
      open_items(account, account.opened_on(open_account(shard, account, as_of).open_days), as_of);
  std::ranges::sort(items, {}, [](const OpenItem& item) { return item_key(item, {}); });
  for (const OpenItem& item : items) {
    const auto at = statement.currencies.find(item.currency);
    if (at == statement.currencies.end()) continue;
    take_memory(sizeof(StatementItem) + kShownBytes);
    at->second.items.push_back({.document_id = std::string(item.document_id),
                                .kind = item.kind,
                                .instalment = item.instalment,
                                .date = item.date,
                                .due_date = item.due_date,
                                .amount = item.amount,
                                .open = item.open,
                                .disputed = item.disputed});
  }
}

Statement make_statement(const ShardReader& shard, AccountReader& account, const Period& span,
                         std::optional<Currency> only) {
  Statement statement;
  statement.name = account.customer_name(span.to);
  std::map<Currency, std::vector<LedgerEntry>> entries;
  for_each_ledger_entry(account, [&](const LedgerEntry& entry) {
    if (entry.measure == Measure::kLedgerTransfers || entry.day > span.to) return;
    if (only && entry.currency != *only) return;
    CurrencyStatement& at = statement.currencies[entry.currency];
    if (entry.day < span.from) {
      at.brought_forward += entry.amount;
    } else {
      take_memory(sizeof entry + sizeof(StatementLine) + kShownBytes);
      entries[entry.currency].push_back(entry);
    }
  });
  for (auto& [currency, row] : account_ageing(shard, account.id(), span.to)) {
    if (!only || currency == *only) statement.currencies[currency].ageing = std::move(row);
  }
  // What is settled and was not touched says nothing.
  std::erase_if(statement.currencies, [&](const auto& entry) {
    const auto& [currency, at] = entry;
    return at.brought_forward == 0 && !entries.contains(currency) && at.ageing.values.empty();
  });
  for (auto& [currency, at] : statement.currencies) {
    std::vector<LedgerEntry>& posted = entries[currency];
    std::ranges::sort(posted, {}, [](const LedgerEntry& entry) { return std::pair(entry.day, entry.fact->at); });
    Int128 running = at.brought_forward;
    for (const LedgerEntry& entry : posted) {
      running += entry.amount;
      at.lines.push_back(line_of(shard, account, entry, running));
    }
    if (at.ageing.values.empty()) at.ageing = empty_ageing(currency);
  }
  add_items(shard, account, span.to, statement);
  return statement;
}

// As both lists of entries show it, but for its due date.
void write_line(const StatementLine& line, Currency currency, Row& row) {
  row.add("date", Value::date(line.day));
  row.add("type", Value::text(line.type));
  row.add("document_id", Value::text(line.document_id));
  row.add("amount", Value::amount(line.amount, currency));
  row.add("running_balance", Value::amount(line.running, currency));
  row.add("event", Value::object(line.event));
}

Row row_of(const StatementItem& item, Currency currency, Day to) {
  Row row;
  row.add("document_id", Value::text(item.document_id));
  row.add("kind", Value::text(item.kind));
  row.add("instalment", item.instalment == 0 ? Value() : Value::integer(item.instalment));
  row.add("issue_date", Value::date(item.date));
  row.add("due_date", date_or_null(item.due_date));
  row.add("days_overdue", item.due_date ? Value::integer(to - *item.due_date) : Value());
  row.add("amount", Value::amount(item.amount, currency));
  row.add("open", Value::amount(item.open, currency));
  row.add("disputed", Value::amount(item.disputed, currency));
  return row;
}

std::vector<Field> entry_fields() {
  using namespace fields;
  return {date("date"),
          text("type"),
          text("document_id"),
          amount("amount"),
          amount("running_balance"),
          event(),
          date("due_date").or_null()};
}

std::vector<Field> statement_item_fields() {
  using namespace fields;
  return {text("document_id"),
          text("kind"),
          integer("instalment").or_null(),
          date("issue_date"),
          date("due_date").or_null(),
          integer("days_overdue").or_null(),
          amount("amount"),
          amount("open"),
          amount("disputed")};
}

Value currencies_of(const Statement& statement, Day to) {
  std::vector<Row> rows;
  for (const auto& [currency, at] : statement.currencies) {
    Row& row = rows.emplace_back();
    row.add("currency", Value::text(currency.code()));
    row.add("brought_forward", Value::amount(at.brought_forward, currency));
    std::vector<Row> entries;
    for (const StatementLine& line : at.lines) {
      write_line(line, currency, entries.emplace_back());
      entries.back().add("due_date", date_or_null(line.due_date));
    }
    row.add("entries", Value::list_of_rows(std::move(entries)));
    row.add("carried_forward", Value::amount(at.carried_forward(), currency));
    row.add("ageing", Value::object(at.ageing));
    std::vector<Row> items;
    for (const StatementItem& item : at.items) items.push_back(row_of(item, currency, to));
    row.add("items", Value::list_of_rows(std::move(items)));
  }
  return Value::list_of_rows(std::move(rows));
}

// --- lines of a file --------------------------------------------------------------------------

// Beside the entries, each a type of line.
constexpr std::string_view kBroughtForward = "brought_forward";
constexpr std::string_view kCarriedForward = "carried_forward";
constexpr std::string_view kOpenItem = "open_item";

// Columns of entries and balances, then those of items alone. Only entries have an amount, only items have something
// open: either column adds up.
std::vector<Field> file_fields() {
  using namespace fields;
  return {text("currency"),
          date("date"),
          text("type", "That of the entry's event; brought_forward, carried_forward, open_item."),
          text("document_id").or_null(),
          amount("amount").or_null(),
          amount("running_balance").or_null(),
          event().or_null(),
          date("due_date").or_null(),
          text("kind").or_null(),
          integer("instalment").or_null(),
          integer("days_overdue").or_null(),
          amount("open").or_null(),
          amount("disputed").or_null()};
}

void add_nulls(Row& row, std::initializer_list<const char*> names) {
  for (const char* name : names) row.add(name, Value());
}

Row file_row(Currency currency) {
  Row row;
  row.add("currency", Value::text(currency.code()));
  return row;
}

Row balance_row(std::string_view type, Day day, Int128 balance, Currency currency) {
  Row row = file_row(currency);
  row.add("date", Value::date(day));
  row.add("type", Value::text(type));
  add_nulls(row, {"document_id", "amount"});
  row.add("running_balance", Value::amount(balance, currency));
  add_nulls(row, {"event", "due_date", "kind", "instalment", "days_overdue", "open", "disputed"});
  return row;
}

Row entry_row(const StatementLine& line, Currency currency) {
  Row row = file_row(currency);
  write_line(line, currency, row);
  row.add("due_date", date_or_null(line.due_date));
  add_nulls(row, {"kind", "instalment", "days_overdue", "open", "disputed"});
  return row;
}

Row open_item_row(const StatementItem& item, Currency currency, Day to) {
  Row row = file_row(currency);
  row.add("date", Value::date(item.date));
  row.add("type", Value::text(kOpenItem));
  row.add("document_id", Value::text(item.document_id));
  add_nulls(row, {"amount", "running_balance", "event"});
  row.add("due_date", date_or_null(item.due_date));
  row.add("kind", Value::text(item.kind));
  row.add("instalment", item.instalment == 0 ? Value() : Value::integer(item.instalment));
  row.add("days_overdue", item.due_date ? Value::integer(to - *item.due_date) : Value());
  row.add("open", Value::amount(item.open, currency));
  row.add("disputed", Value::amount(item.disputed, currency));
  return row;
}

// Of all currencies, in one list.
Rows rows_of(const Statement& statement, const Period& span) {
  Rows rows;
  std::int64_t place = 0;
  const auto add = [&](const auto& make) { rows.add(sortable(++place), make); };
  for (const auto& entry : statement.currencies) {
    const Currency currency = entry.first;
    const CurrencyStatement& at = entry.second;
    add([&] { return balance_row(kBroughtForward, span.from, at.brought_forward, currency); });
    for (const StatementLine& line : at.lines) add([&] { return entry_row(line, currency); });
    add([&] { return balance_row(kCarriedForward, span.to, at.carried_forward(), currency); });
    for (const StatementItem& item : at.items) add([&] { return open_item_row(item, currency, span.to); });
  }
  return rows;
}

class StatementReport final : public ReportOf<StatementPart> {
 public:
  // In JSON entries and items stand by currency; only in CSV they are rows.
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{
          .name = "statement",
          .path = "/v1/customers/{customer_id}/statement",
          .meaning = "Statement of account; also as a page to print.",
          .parameters = {parameters::from(), parameters::to(), parameters::currency(),
                         parameters::choice("lang", {"en", "zh"}, "en", "Of the page.")},
          .row = file_fields(),
          .head = {text("customer_id"), date("from"), date("to"),
                   list("currencies", {text("currency"), amount("brought_forward"), list("entries", entry_fields()),
                                       amount("carried_forward"), object("ageing", ageing_fields()),
                                       list("items", statement_item_fields())})},
          .has_page = true};
    }();
    return description;
  }

  void settle(Question& question) const override { Period::settle_as_of(question); }
  std::optional<std::string> account(const Question& question) const override { return question.subject; }

 protected:
  StatementPart part_of(const Question& question, const ShardReader& shard) const override {
    const auto account = shard.find_account(question.subject);
    if (account == nullptr) return {};
    return {make_statement(shard, *account, Period::of(question), question.arguments.currency("currency"))};
  }

  Answer answer_of(const Question& question, StatementPart whole, Asker&) const override {
    if (!whole.statement) refuse(404, "Not found", fmt::format("there is no customer '{}'", question.subject));
    auto statement = std::make_shared<const Statement>(*std::move(whole.statement));
    const Period span = Period::of(question);
    Answer answer;
    answer.head.add("customer_id", Value::text(question.subject));
    answer.head.add("from", Value::date(span.from));
    answer.head.add("to", Value::date(span.to));
    answer.head.add("currencies", currencies_of(*statement, span.to));
    answer.rows = rows_of(*statement, span);
    answer.columns = description().columns();
    answer.page = [subject = question.subject, statement, span, lang = question.arguments.choice("lang")] {
      return statement_page(subject, *statement, span, lang);
    };
    return answer;
  }
};

}  // namespace

const Report& statement_report() {
  static const StatementReport report;
  return report;
}

}  // namespace daybook::query
