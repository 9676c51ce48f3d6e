// Statement of account: what a customer owed, what was posted, what is owed, per currency. As JSON, as CSV, and
// as a page to print in English or Chinese.
#include <fmt/format.h>

#include <algorithm>

#include "domain/event_types.h"
#include "query/ledger_reader.h"
#include "query/period.h"
#include "query/reports.h"
#include "query/reports/ageing.h"

namespace daybook::query {
namespace {

using domain::LedgerEntry;
using domain::Measure;

struct Line {
  Day day = 0;
  std::string type;        // Of the event.
  std::size_t column = 0;  // Of the bridge.
  std::string document_id;
  Int128 amount = 0;
  Int128 running = 0;
  Row event;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(day, type, column, document_id, amount, running, event);
  }
  bool is_sound() const { return column < kLedgerColumns; }
};

// What a line takes as it is shown, with its event.
constexpr std::size_t kShownBytes = 3'000;

struct CurrencyStatement {
  Int128 brought_forward = 0;
  std::vector<Line> lines;
  Row ageing;

  Int128 carried_forward() const { return lines.empty() ? brought_forward : lines.back().running; }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(brought_forward, lines, ageing);
  }
};

struct Statement {
  std::string name;
  std::map<Currency, CurrencyStatement> currencies;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(name, currencies);
  }
};

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

Statement make_statement(const ShardReader& shard, AccountReader& account, const Period& span,
                         std::optional<Currency> only) {
  Statement statement;
  if (const auto* profile = account.profile(span.to)) statement.name = profile->name;
  std::map<Currency, std::vector<LedgerEntry>> entries;
  for_each_ledger_entry(account, [&](const LedgerEntry& entry) {
    if (entry.measure == Measure::kLedgerTransfers || entry.day > span.to) return;
    if (only && entry.currency != *only) return;
    CurrencyStatement& at = statement.currencies[entry.currency];
    if (entry.day < span.from) {
      at.brought_forward += entry.amount;
    } else {
      take_memory(sizeof entry + sizeof(Line) + kShownBytes);
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
      at.lines.push_back({.day = entry.day,
                          .type = std::string(domain::payload_name(
                              static_cast<std::uint8_t>(entry.fact->event.payload.index()))),
                          .column = ledger_column(entry.measure),
                          .document_id = std::string(entry.document_id),
                          .amount = entry.amount,
                          .running = running,
                          .event = shard.event_row(*entry.fact)});
    }
    if (at.ageing.values.empty()) at.ageing = empty_ageing(currency);
  }
  return statement;
}

// As both lists of entries show it.
void write_line(const Line& line, Currency currency, Row& row) {
  row.add("date", Value::date(line.day));
  row.add("type", Value::text(line.type));
  row.add("document_id", Value::text(line.document_id));
  row.add("amount", Value::amount(line.amount, currency));
  row.add("running_balance", Value::amount(line.running, currency));
  row.add("event", Value::object(line.event));
}

std::vector<Field> line_fields() {
  using namespace fields;
  return {date("date"), text("type"), text("document_id"), amount("amount"), amount("running_balance"), event()};
}

Value currencies_of(const Statement& statement) {
  std::vector<Row> rows;
  for (const auto& [currency, at] : statement.currencies) {
    Row& row = rows.emplace_back();
    row.add("currency", Value::text(currency.code()));
    row.add("brought_forward", Value::amount(at.brought_forward, currency));
    std::vector<Row> entries;
    for (const Line& line : at.lines) write_line(line, currency, entries.emplace_back());
    row.add("entries", Value::list_of_rows(std::move(entries)));
    row.add("carried_forward", Value::amount(at.carried_forward(), currency));
    row.add("ageing", Value::object(at.ageing));
  }
  return Value::list_of_rows(std::move(rows));
}

// The entries of all currencies, in one list.
Rows rows_of(const Statement& statement) {
  Rows rows;
  std::int64_t place = 0;
  for (const auto& entry : statement.currencies) {
    for (const Line& line : entry.second.lines) {
      rows.add(sortable(++place), [&] {
        Row row;
        row.add("currency", Value::text(entry.first.code()));
        write_line(line, entry.first, row);
        return row;
      });
    }
  }
  return rows;
}

// --- the page to print ------------------------------------------------------------------------

struct Words {
  const char* lang;
  const char* title;
  const char* customer;
  const char* span;
  const char* amounts_in;
  const char* date;
  const char* posting;
  const char* document;
  const char* debit;
  const char* credit;
  const char* balance;
  const char* brought_forward;
  const char* carried_forward;
  const char* ageing;
  const char* not_due;
  const char* days;
  const char* gross_open;
  const char* disputed;
  const char* unapplied_cash;
  const char* open_credits;
  const char* nothing;
  // In the order of the bridge's columns.
  const char* types[kLedgerColumns];
};

constexpr Words kEnglish = {"en",
                            "Statement of account",
                            "Customer",
                            "{} to {}",
                            "Amounts in {}",
                            "Date",
                            "Posting",
                            "Document",
                            "Debit",
                            "Credit",
                            "Balance",
                            "Brought forward",
                            "Carried forward",
                            "Open items by days overdue on {}",
                            "Not due",
                            "{} days",
                            "Open items",
                            "of which disputed",
                            "less payments not applied yet",
                            "less credits not applied yet",
                            "Nothing was posted and nothing is open.",
                            {"Invoice", "Credit note", "Payment", "Payment reversed", "Refund", "Write-off",
                             "Write-off recovered", "Invoice voided", "Transfer"}};
constexpr Words kChinese = {"zh-CN",
                            "对账单",
                            "客户",
                            "{} 至 {}",
                            "币种：{}",
                            "日期",
                            "摘要",
                            "单据号",
                            "借方",
                            "贷方",
                            "余额",
                            "期初余额",
                            "期末余额",
                            "截至 {} 未结款项账龄（逾期天数）",
                            "未到期",
                            "{} 天",
                            "未结款项合计",
                            "其中有争议",
                            "减：未核销收款",
                            "减：未核销贷项",
                            "本期无发生额，亦无未结款项。",
                            {"发票", "贷项通知单", "收款", "收款冲销", "退款", "核销", "核销收回", "发票作废", "转移"}};

// On a phone an entry takes two lines of three cells, as its heads do.
constexpr std::string_view kStyle =
    "body{font:14px/1.5 system-ui,'Noto Sans','Noto Sans CJK SC',sans-serif;color:#111;background:#fff;"
    "max-width:60em;margin:2em auto;padding:0 1em}h1{font-size:1.5em;margin:0}"
    "h2{font-size:1.1em;margin:1.5em 0 .3em;break-after:avoid}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25em .6em;border-bottom:1px solid #ccc;text-align:left}"
    "td:first-child{white-space:nowrap}th.n,td.n{text-align:right;white-space:nowrap}"
    "thead{display:table-header-group}tr{break-inside:avoid}"
    ".sum td{font-weight:600;border-bottom:2px solid #111}"
    ".ages{width:auto;min-width:24em;break-inside:avoid}"
    "@media screen and (max-width:40em){.entries,.entries thead,.entries tbody{display:block}"
    ".entries tr{display:grid;grid-template-columns:3fr 3fr 4fr;font-size:13px;border-bottom:1px solid #ccc}"
    ".entries .sum{border-bottom:2px solid #111}.entries th,.entries td,.entries .sum td{border:0;padding:.15em .3em;"
    "overflow-wrap:anywhere}.entries th:nth-child(3),.entries td:nth-child(3){text-align:right}"
    ".ages{min-width:0;width:100%}}"
    "@media print{body{margin:0;padding:0;max-width:none;font-size:9pt}"
    "@page{margin:18mm;@bottom-right{content:counter(page) ' / ' counter(pages);font:9pt sans-serif}}}";

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      default: safe += c;
    }
  }
  return safe;
}

// What others wrote keeps its direction of writing to itself.
std::string isolated(std::string_view text) { return "<bdi>" + escaped(text) + "</bdi>"; }

// "1234567.80" as "1,234,567.80".
std::string grouped(std::string digits) {
  constexpr std::size_t kGroup = 3;
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = std::min(digits.find('.'), digits.size()); at > first + kGroup;) {
    at -= kGroup;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string cell(std::string_view html) { return fmt::format("<td>{}</td>", html); }
std::string figure(std::string_view text) { return fmt::format("<td class=n>{}</td>", text); }
std::string figure(Int128 minor, Currency currency) { return figure(grouped(format_amount(minor, currency))); }

std::string entries_table(const CurrencyStatement& at, const Period& span, Currency currency, const Words& words) {
  std::string table = fmt::format(
      "<table class=entries><thead><tr><th>{}</th><th>{}</th><th>{}</th><th class=n>{}</th><th class=n>{}</th>"
      "<th class=n>{}</th></tr></thead><tbody>",
      words.date, words.posting, words.document, words.debit, words.credit, words.balance);
  table += fmt::format("<tr class=sum>{}{}{}{}{}{}</tr>", cell(format_date(span.from)), cell(words.brought_forward),
                       cell(""), figure(""), figure(""), figure(at.brought_forward, currency));
  Int128 debits = 0;
  Int128 credits = 0;
  for (const Line& line : at.lines) {
    const Int128 minor = line.amount;
    (minor >= 0 ? debits : credits) += minor >= 0 ? minor : -minor;
    table += "<tr>" + cell(format_date(line.day)) + cell(words.types[line.column]) +
             cell(isolated(line.document_id)) + (minor >= 0 ? figure(minor, currency) : figure("")) +
             (minor < 0 ? figure(-minor, currency) : figure("")) + figure(line.running, currency) + "</tr>";
  }
  return table + fmt::format("<tr class=sum>{}{}{}{}{}{}</tr></tbody></table>", cell(format_date(span.to)),
                             cell(words.carried_forward), cell(""), figure(debits, currency),
                             figure(credits, currency), figure(at.carried_forward(), currency));
}

std::string ageing_table(const Row& ageing, const Words& words) {
  const std::map<std::string_view, const char*> names = {{"not_due", words.not_due},
                                                         {"gross_open", words.gross_open},
                                                         {"disputed", words.disputed},
                                                         {"unapplied_cash", words.unapplied_cash},
                                                         {"open_credits", words.open_credits},
                                                         {"balance", words.balance}};
  std::string rows;
  const auto add = [&](std::string_view name, const Value& value, bool is_sum) {
    rows += fmt::format("<tr{}>{}{}</tr>", is_sum ? " class=sum" : "", cell(name), figure(grouped(value.to_text())));
  };
  for (const auto& [name, value] : ageing.values) {
    if (value.kind() == Value::Kind::kLabelled) {
      for (const auto& [label, part] : value.parts()) add(fmt::format(fmt::runtime(words.days), label), part, false);
    }
    const bool is_sum = name == "gross_open" || name == "balance";
    if (const auto known = names.find(name); known != names.end()) add(known->second, value, is_sum);
  }
  return fmt::format("<table class=ages><tbody>{}</tbody></table>", rows);
}

std::string to_page(std::string_view customer_id, const Statement& statement, const Period& dates,
                    const Words& words) {
  const std::string to = format_date(dates.to);
  const std::string span = fmt::format(fmt::runtime(words.span), format_date(dates.from), to);
  std::string body = fmt::format("<h1>{}</h1><p>{} {}{}<br>{}</p>", words.title, words.customer,
                                 isolated(customer_id),
                                 statement.name.empty() ? "" : " · " + isolated(statement.name), span);
  if (statement.currencies.empty()) body += fmt::format("<p>{}</p>", words.nothing);
  for (const auto& [currency, at] : statement.currencies) {
    body += fmt::format("<section><h2>{}</h2>{}<h2>{}</h2>{}</section>",
                        fmt::format(fmt::runtime(words.amounts_in), currency.code()),
                        entries_table(at, dates, currency, words), fmt::format(fmt::runtime(words.ageing), to),
                        ageing_table(at.ageing, words));
  }
  return fmt::format(
      "<!doctype html><html lang={}><head><meta charset=utf-8><meta name=viewport "
      "content=\"width=device-width\"><meta name=generator content=Daybook><title>{} {} {}</title><style>{}</style></head>"
      "<body>{}</body></html>\n",
      words.lang, words.title, escaped(customer_id), span, kStyle, body);
}

class StatementReport final : public ReportOf<StatementPart> {
 public:
  // In JSON entries stand by currency; only in CSV they are rows.
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      std::vector<Field> row = line_fields();
      row.insert(row.begin(), text("currency"));
      return Description{
          .name = "statement",
          .path = "/v1/customers/{customer_id}/statement",
          .meaning = "Statement of account; also as a page to print.",
          .parameters = {parameters::from(),
                         parameters::to(),
                         parameters::currency(),
                         parameters::choice("lang", {"en", "zh"}, "en", "Of the page.")},
          .row = std::move(row),
          .head = {text("customer_id"),
                   date("from"),
                   date("to"),
                   list("currencies",
                        {text("currency"), amount("brought_forward"), list("entries", line_fields()),
                         amount("carried_forward"), object("ageing", ageing_fields())})},
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
    answer.head.add("currencies", currencies_of(*statement));
    answer.rows = rows_of(*statement);
    answer.columns = description().columns();
    const Words& words = question.arguments.choice("lang") == "zh" ? kChinese : kEnglish;
    answer.page = [subject = question.subject, statement, span, &words] {
      return to_page(subject, *statement, span, words);
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
