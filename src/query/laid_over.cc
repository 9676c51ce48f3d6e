#include "query/laid_over.h"

#include <algorithm>
#include <map>

#include "base/release.h"
#include "query/shard_reader.h"

namespace daybook::query {

using domain::Measure;

namespace parameters {

Parameter credits() {
  return choice("credits", {"separate", "fifo"}, "separate",
                "fifo: cash and credits that nothing was said of are laid over what is open, the earliest due first.");
}

}  // namespace parameters

bool lays_credits_over(const Question& question) { return question.arguments.choice("credits") == "fifo"; }

void check_credits(const Question& question) {
  if (!lays_credits_over(question)) return;
  const auto refuse_one = [](std::string_view name) {
    refuse_parameter(name, "does not go with credits=fifo, which concerns whole accounts");
  };
  for (const std::string_view name : {"region", "sales_rep"}) {
    if (question.arguments.text(name)) refuse_one(name);
  }
  const std::string by = question.arguments.choice("group_by");
  if (by == "region" || by == "sales_rep") refuse_one("group_by");
}

void lay_credits_over(std::vector<OpenItem>& items, Day as_of) {
  std::map<Currency, Int128> credits;
  std::erase_if(items, [&](const OpenItem& item) {
    if (item.due_date) return false;
    credits[item.currency] -= item.open;
    return true;
  });
  std::ranges::sort(items, {}, &OpenItem::currency);
  for (auto& [currency, amount] : credits) {
    const auto [first, last] = std::ranges::equal_range(items, currency, {}, &OpenItem::currency);
    amount = domain::lay_over(amount, std::span(first, last));
  }
  std::erase_if(items, [](const OpenItem& item) { return item.open == 0; });
  for (const auto& [currency, left] : credits) {
    if (left == 0) continue;
    OpenItem& item = items.emplace_back();
    item.kind = kOnAccount;
    item.date = as_of;
    item.currency = currency;
    item.amount = item.open = -left;
  }
}

LaidOver::Account& LaidOver::account_of(const index::ReceivableRow& row) {
  // Rows of a customer mostly stand together; what does not is added up in the end.
  for (auto at = accounts_.rbegin(); at != accounts_.rend() && at->number == row.customer; ++at) {
    if (at->currency == row.currency) return *at;
  }
  return accounts_.emplace_back(Account{row.customer, row.currency});
}

void LaidOver::add(const index::ReceivableRow& row) {
  Account& account = account_of(row);
  switch (row.measure) {
    case Measure::kOpen:
    case Measure::kDisputed: open_.push_back(row); return;
    case Measure::kUnapplied:
    case Measure::kOpenCredits: account.credits += row.amount(); return;
    default: account.ledger_balance += row.amount();
  }
}

namespace {

// One row or several, as amounts come.
void hand_out(store::LabelId account, std::uint16_t currency, Measure measure, Day issue_date, Day due_date,
              domain::CellValue value, const std::function<void(const index::ReceivableRow&)>& visit) {
  store::Cell cell;
  cell.id.measure = measure;
  cell.id.currency = currency;
  cell.id.day = issue_date;
  cell.id.day2 = due_date;
  cell.value = value;
  std::vector<index::ReceivableRow> rows;
  index::add_receivable_rows(account, cell, rows);
  for (const index::ReceivableRow& row : rows) visit(row);
}

}  // namespace

void LaidOver::take(const Visit& visit) {
  std::ranges::sort(accounts_, {}, &Account::key);
  std::ranges::sort(open_, {}, [](const index::ReceivableRow& row) {
    return std::pair(account_key(row.customer, row.currency),
                     std::int64_t{row.day2} * (std::int64_t{1} << 32) + row.day);
  });
  auto row = open_.begin();
  for (auto at = accounts_.begin(); at != accounts_.end();) {
    Account account = *at;
    while (++at != accounts_.end() && at->key() == account.key()) {
      account.credits += at->credits;
      account.ledger_balance += at->ledger_balance;
    }
    const auto first = row;
    row = std::find_if(row, open_.end(), [&](const index::ReceivableRow& other) {
      return account_key(other.customer, other.currency) != account.key();
    });
    if (sees(account.number)) lay_over(account, {first, row}, visit);
  }
  release(open_);
  release(accounts_);
}

bool LaidOver::sees(store::LabelId account) const {
  if (shard_.question().scope.sees_everything()) return true;
  AccountReader reader = shard_.account(account);
  return shard_.sees(reader);
}

void LaidOver::lay_over(const Account& account, Rows rows, const Visit& visit) const {
  Int128 credits = account.credits;
  while (credits > 0 && !rows.empty()) {
    const Day due_date = rows.front().day2;
    const auto end = std::ranges::find_if(rows, [&](const auto& row) { return row.day2 != due_date; });
    credits = lay_over_date(account, credits, {rows.begin(), end}, visit);
    rows = {end, rows.end()};
  }
  for (const index::ReceivableRow& row : rows) visit(row);
  if (credits != 0) hand_out(account.number, account.currency, Measure::kUnapplied, 0, 0, {credits, 1}, visit);
  hand_out(account.number, account.currency, Measure::kLedgerInvoices, 0, 0, {account.ledger_balance, 0}, visit);
}

Int128 LaidOver::lay_over_date(const Account& account, Int128 credits, Rows rows, const Visit& visit) const {
  Int128 open = 0;
  Int128 disputed = 0;
  for (const index::ReceivableRow& row : rows) (row.measure == Measure::kOpen ? open : disputed) += row.amount();
  if (credits >= open) return credits - open;

  const Day due_date = rows.front().day2;
  std::vector<Debt> debts;  // By issue date.
  for (const index::ReceivableRow& row : rows) {
    if (row.measure == Measure::kDisputed) continue;
    if (debts.empty() || debts.back().issue_date != row.day) {
      debts.push_back({{.due_date = due_date, .issue_date = row.day, .document_id = {}}, 0});
    }
    debts.back().open += row.amount();
    debts.back().instalments += row.quantity;
  }
  std::erase_if(debts, [](const Debt& debt) { return debt.open == 0; });
  // Where the credits end, and what of them comes there.
  Int128 rest = credits;
  const auto last = std::ranges::find_if(debts, [&](const Debt& debt) {
    if (rest < debt.open) return true;
    rest -= debt.open;
    return false;
  });

  AccountReader reader = shard_.account(account.number);
  if (disputed != 0 && (debts.size() > 1 || last->instalments > 1)) {
    std::vector<Day> issue_dates;
    for (const Debt& debt : debts) issue_dates.push_back(debt.issue_date);
    debts.clear();
    add_instalments(reader, account, due_date, issue_dates, debts);
  } else if (rest > 0 && last->instalments > 1) {
    const Day issue_date = last->issue_date;
    debts.erase(last);
    add_instalments(reader, account, due_date, {&issue_date, 1}, debts);
  } else {
    last->disputed = disputed;
  }
  credits = domain::lay_over(credits, std::span(debts));
  for (const Debt& debt : debts) {
    if (debt.open == 0) continue;
    hand_out(account.number, account.currency, Measure::kOpen, debt.issue_date, due_date, {debt.open, debt.instalments},
             visit);
    hand_out(account.number, account.currency, Measure::kDisputed, 0, due_date, {debt.disputed, 0}, visit);
  }
  return credits;
}

void LaidOver::add_instalments(AccountReader& reader, const Account& account, Day due_date,
                               std::span<const Day> issue_dates, std::vector<Debt>& to) const {
  shard_.go_on();
  for (const OpenItem& item : open_items(reader, reader.opened_on(issue_dates), as_of_)) {
    if (item.currency.number() != account.currency || item.due_date != due_date ||
        !std::ranges::binary_search(issue_dates, item.date)) {
      continue;
    }
    to.push_back({{due_date, item.date, item.document_id, item.instalment, item.open, item.disputed}, 1});
  }
}

}  // namespace daybook::query
