// The statement of account as a page to print, in English or Chinese.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "query/ledger_reader.h"
#include "query/reports/statement.h"
#include "query/statement_sender.h"

namespace daybook::query {
namespace {

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
  const char* due;
  const char* items;
  const char* kind;
  const char* days_overdue;
  const char* amount;
  const char* open;
  const char* disputed_part;
  const char* bank;
  const char* contact;
  // In the order of kKinds.
  const char* kinds[5];
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
                            "Due",
                            "Open items on {}",
                            "Kind",
                            "Days overdue",
                            "Amount",
                            "Open",
                            "Disputed",
                            "Bank",
                            "Contact",
                            {"Invoice", "Debit note", "Payment", "Credit note", "Overpaid"},
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
                            "到期日",
                            "截至 {} 未结款项明细",
                            "类别",
                            "逾期天数",
                            "金额",
                            "未结金额",
                            "争议金额",
                            "开户银行",
                            "联系方式",
                            {"发票", "借项通知单", "收款", "贷项通知单", "多付款"},
                            {"发票", "贷项通知单", "收款", "收款冲销", "退款", "核销", "核销收回", "发票作废", "转移"}};

// Kinds of open items (open_items.h).
constexpr std::array<std::string_view, 5> kKinds = {"INVOICE", "DEBIT_NOTE", "PAYMENT", "CREDIT_NOTE", "SURPLUS"};

// On a phone an entry takes two lines of three cells, without its due date, and an item two of four, as their heads do.
constexpr std::string_view kStyle =
    "body{font:14px/1.5 system-ui,'Noto Sans','Noto Sans CJK SC',sans-serif;color:#111;background:#fff;"
    "max-width:60em;margin:2em auto;padding:0 1em}h1{font-size:1.5em;margin:0}"
    "h2{font-size:1.1em;margin:1.5em 0 .3em;break-after:avoid}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25em .6em;border-bottom:1px solid #ccc;text-align:left}"
    ".sender{margin:0 0 1.5em;white-space:pre-line;overflow-wrap:anywhere}footer.sender{margin:2em 0 "
    "0;break-inside:avoid}"
    "td:first-child{white-space:nowrap}th.n,td.n{text-align:right;white-space:nowrap}"
    "thead{display:table-header-group}tr{break-inside:avoid}"
    ".sum td{font-weight:600;border-bottom:2px solid #111}"
    ".ages{width:auto;min-width:24em;break-inside:avoid}"
    "@media screen and (max-width:40em){.entries,.entries thead,.entries tbody{display:block}"
    ".entries tr{display:grid;grid-template-columns:3fr 3fr 4fr;font-size:13px;border-bottom:1px solid #ccc}"
    ".entries .sum{border-bottom:2px solid #111}.entries th,.entries td,.entries .sum td{border:0;padding:.15em .3em;"
    "overflow-wrap:anywhere}.entries th:nth-child(3),.entries td:nth-child(3){text-align:right}"
    ".entries .due{display:none}.items,.items thead,.items tbody{display:block}"
    ".items tr{display:grid;grid-template-columns:repeat(4,1fr);font-size:13px;border-bottom:1px solid #ccc}"
    ".items th,.items td{border:0;padding:.15em .3em;overflow-wrap:anywhere;white-space:normal}"
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

std::string due_cell(std::string_view text) { return fmt::format("<td class=due>{}</td>", text); }
std::string date_text(std::optional<Day> day) { return day ? format_date(*day) : ""; }

std::string entries_table(const CurrencyStatement& at, const Period& span, Currency currency, const Words& words) {
  std::string table = fmt::format(
      "<table class=entries><thead><tr><th>{}</th><th>{}</th><th>{}</th><th class=due>{}</th><th class=n>{}</th>"
      "<th class=n>{}</th><th class=n>{}</th></tr></thead><tbody>",
      words.date, words.posting, words.document, words.due, words.debit, words.credit, words.balance);
  table += fmt::format("<tr class=sum>{}{}{}{}{}{}{}</tr>", cell(format_date(span.from)), cell(words.brought_forward),
                       cell(""), due_cell(""), figure(""), figure(""), figure(at.brought_forward, currency));
  Int128 debits = 0;
  Int128 credits = 0;
  for (const StatementLine& line : at.lines) {
    const Int128 minor = line.amount;
    (minor >= 0 ? debits : credits) += minor >= 0 ? minor : -minor;
    table += "<tr>" + cell(format_date(line.day)) + cell(words.types[line.column]) + cell(isolated(line.document_id)) +
             due_cell(date_text(line.due_date)) + (minor >= 0 ? figure(minor, currency) : figure("")) +
             (minor < 0 ? figure(-minor, currency) : figure("")) + figure(line.running, currency) + "</tr>";
  }
  return table + fmt::format("<tr class=sum>{}{}{}{}{}{}{}</tr></tbody></table>", cell(format_date(span.to)),
                             cell(words.carried_forward), cell(""), due_cell(""), figure(debits, currency),
                             figure(credits, currency), figure(at.carried_forward(), currency));
}

std::string kind_name(std::string_view kind, const Words& words) {
  const auto at = std::ranges::find(kKinds, kind);
  // The other one is a refund outside any source's sequence.
  return at == kKinds.end() ? words.types[ledger_column(domain::Measure::kLedgerRefunds)]
                            : words.kinds[at - kKinds.begin()];
}

Int128 sum_of(const std::vector<StatementItem>& items, Int128 StatementItem::* part) {
  Int128 sum = 0;
  for (const StatementItem& item : items) sum += item.*part;
  return sum;
}

std::string items_table(const CurrencyStatement& at, Day to, Currency currency, const Words& words) {
  if (at.items.empty()) return {};
  std::string table = fmt::format(
      "<h2>{}</h2><table class=items><thead><tr><th>{}</th><th>{}</th><th>{}</th><th>{}</th><th class=n>{}</th>"
      "<th class=n>{}</th><th class=n>{}</th><th class=n>{}</th></tr></thead><tbody>",
      fmt::format(fmt::runtime(words.items), format_date(to)), words.document, words.kind, words.date, words.due,
      words.days_overdue, words.amount, words.open, words.disputed_part);
  for (const StatementItem& item : at.items) {
    const bool is_overdue = item.due_date && *item.due_date < to;
    table += "<tr>" +
             cell(isolated(item.document_id) + (item.instalment > 1 ? fmt::format(" / {}", item.instalment) : "")) +
             cell(kind_name(item.kind, words)) + cell(format_date(item.date)) + cell(date_text(item.due_date)) +
             figure(is_overdue ? std::to_string(to - *item.due_date) : "") + figure(item.amount, currency) +
             figure(item.open, currency) + figure(item.disputed, currency) + "</tr>";
  }
  return table + fmt::format("<tr class=sum>{}{}{}{}{}{}{}{}</tr></tbody></table>", cell(words.balance), cell(""),
                             cell(""), cell(""), figure(""), figure(""),
                             figure(sum_of(at.items, &StatementItem::open), currency),
                             figure(sum_of(at.items, &StatementItem::disputed), currency));
}

std::string ageing_table(const Row& ageing, const Words& words) {
  const std::map<std::string_view, const char*> names = {
      {"not_due", words.not_due},           {"gross_open", words.gross_open},
      {"disputed", words.disputed},         {"unapplied_cash", words.unapplied_cash},
      {"open_credits", words.open_credits}, {"balance", words.balance}};
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

// The parts of a page that a sender is put into: no text of others has a tag.
constexpr std::string_view kGenerator = "<meta name=generator content=Daybook>";
constexpr std::string_view kBody = "<body>";
constexpr std::string_view kEnd = "</body></html>";

void add_lines(std::string& to, std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  if (!title.empty()) to += fmt::format("<b>{}</b>\n", title);
  for (const std::string& line : lines) to += isolated(line) + "\n";
}

}  // namespace

bool StatementLine::is_sound() const { return column < kLedgerColumns; }

std::string statement_page(std::string_view customer_id, const Statement& statement, const Period& dates,
                           std::string_view lang) {
  const Words& words = lang == "zh" ? kChinese : kEnglish;
  const std::string to = format_date(dates.to);
  const std::string span = fmt::format(fmt::runtime(words.span), format_date(dates.from), to);
  std::string body = fmt::format("<h1>{}</h1><p>{} {}{}<br>{}</p>", words.title, words.customer, isolated(customer_id),
                                 statement.name.empty() ? "" : " · " + isolated(statement.name), span);
  if (statement.currencies.empty()) body += fmt::format("<p>{}</p>", words.nothing);
  for (const auto& [currency, at] : statement.currencies) {
    body += fmt::format("<section><h2>{}</h2>{}{}<h2>{}</h2>{}</section>",
                        fmt::format(fmt::runtime(words.amounts_in), currency.code()),
                        entries_table(at, dates, currency, words), items_table(at, dates.to, currency, words),
                        fmt::format(fmt::runtime(words.ageing), to), ageing_table(at.ageing, words));
  }
  return fmt::format(
      "<!doctype html><html lang={}><head><meta charset=utf-8><meta name=viewport "
      "content=\"width=device-width\">{}<title>{} {} {}</title><style>{}</style></head>{}{}{}\n",
      words.lang, kGenerator, words.title, escaped(customer_id), span, kStyle, kBody, body, kEnd);
}

std::optional<std::string> with_sender(std::string_view page, const StatementSender& sender) {
  const std::size_t begin = page.find(kBody);
  const std::size_t end = page.rfind(kEnd);
  if (page.find(kGenerator) >= begin || begin == page.npos || end == page.npos || end < begin + kBody.size())
    return std::nullopt;
  const bool is_chinese = page.find(fmt::format("<html lang={}>", kChinese.lang)) < begin;
  const Words& words = is_chinese ? kChinese : kEnglish;
  std::string above;
  if (!sender.name.empty()) above += fmt::format("<b>{}</b>\n", isolated(sender.name));
  add_lines(above, "", sender.address);
  std::string below;
  add_lines(below, words.bank, sender.bank);
  add_lines(below, words.contact, sender.contact);
  std::string text(page.substr(0, begin + kBody.size()));
  if (!above.empty()) text += fmt::format("<header class=sender>{}</header>", above);
  text += page.substr(begin + kBody.size(), end - begin - kBody.size());
  if (!below.empty()) text += fmt::format("<footer class=sender>{}</footer>", below);
  return text.append(page.substr(end));
}

}  // namespace daybook::query
