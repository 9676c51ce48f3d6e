// Receivables by age: sums over two-date cells, with the proof against the ledger.
#include <fmt/format.h>

#include <algorithm>

#include "query/grouping.h"
#include "query/rates.h"
#include "query/receivables.h"
#include "query/views.h"

namespace daybook::query {
namespace {

using domain::Measure;

// Limits 30, 60 … as buckets "1-30", "31-60", … and "61+".
struct Buckets {
  std::vector<Day> limits;

  std::vector<std::string> labels() const {
    std::vector<std::string> labels;
    Day from = 1;
    for (const Day limit : limits) {
      labels.push_back(fmt::format("{}-{}", from, limit));
      from = limit + 1;
    }
    labels.push_back(fmt::format("{}+", from));
    return labels;
  }

  // Bucket of an age above 0.
  std::size_t of(std::int64_t days) const {
    return static_cast<std::size_t>(std::ranges::lower_bound(limits, days) - limits.begin());
  }
};

Buckets default_buckets() { return {{30, 60, 90, 120}}; }

struct AgeingRow {
  Int128 not_due = 0;
  std::vector<Int128> buckets;
  AccountBalance account;
  Int128 items = 0;
  Int128 ledger_balance = 0;

  bool is_zero() const {
    return not_due == 0 && account.gross_open == 0 && account.disputed == 0 &&
           account.unapplied_cash == 0 && account.open_credits == 0 && items == 0 &&
           ledger_balance == 0 && std::ranges::all_of(buckets, [](Int128 b) { return b == 0; });
  }

  AgeingRow& operator+=(const AgeingRow& other) {
    not_due += other.not_due;
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
    account.gross_open += other.account.gross_open;
    account.disputed += other.account.disputed;
    account.unapplied_cash += other.account.unapplied_cash;
    account.open_credits += other.account.open_credits;
    items += other.items;
    ledger_balance += other.ledger_balance;
    return *this;
  }

  void write(Row& row, Currency currency, const std::vector<std::string>& labels) const {
    write_columns(row, currency, labels);
    Row proof;
    proof.add("ledger_balance", Value::amount(ledger_balance, currency));
    proof.add("difference", Value::amount(account.balance() - ledger_balance, currency));
    row.add("proof", Value::object(std::move(proof)));
  }
  void write_columns(Row& row, Currency currency, const std::vector<std::string>& labels) const {
    row.add("not_due", Value::amount(not_due, currency));
    std::vector<std::pair<std::string, Value>> parts;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      parts.emplace_back(labels[i], Value::amount(buckets[i], currency));
    }
    row.add("buckets", Value::labelled(std::move(parts)));
    row.add("gross_open", Value::amount(account.gross_open, currency));
    row.add("disputed", Value::amount(account.disputed, currency));
    row.add("gross_open_undisputed", Value::amount(account.gross_open - account.disputed, currency));
    row.add("unapplied_cash", Value::amount(account.unapplied_cash, currency));
    row.add("open_credits", Value::amount(account.open_credits, currency));
    row.add("balance", Value::amount(account.balance(), currency));
    row.add("items", Value::integer(items));
  }
};

AgeingRow no_sums(const Buckets& buckets) {
  return {.not_due = 0,
          .buckets = std::vector<Int128>(buckets.limits.size() + 1),
          .account = {},
          .items = 0,
          .ledger_balance = 0};
}

enum class Basis { kDueDate, kIssueDate };

struct Ageing {
  Day as_of = 0;
  Day aged_on = 0;
  Basis basis = Basis::kDueDate;
  Buckets buckets;

  void add(AgeingRow& row, const index::ReceivableRow& cell) const {
    switch (cell.measure) {
      case Measure::kOpen: {
        const Day since = basis == Basis::kDueDate ? cell.day2 : cell.day;
        const std::int64_t age = static_cast<std::int64_t>(aged_on) - since;
        (age <= 0 ? row.not_due : row.buckets[buckets.of(age)]) += cell.amount();
        row.account.gross_open += cell.amount();
        row.items += cell.quantity;
        return;
      }
      case Measure::kDisputed:
        row.account.disputed += cell.amount();
        return;
      case Measure::kUnapplied:
        row.account.unapplied_cash += cell.amount();
        row.items += cell.quantity;
        return;
      case Measure::kOpenCredits:
        row.account.open_credits += cell.amount();
        row.items += cell.quantity;
        return;
      default:
        row.ledger_balance += cell.amount();
    }
  }
};

Row total_row(const AgeingRow& sums, Currency currency, const std::vector<std::string>& labels) {
  Row row;
  row.add("currency", Value::text(currency.code()));
  sums.write(row, currency, labels);
  return row;
}

// Totals of all currencies in one, each column of each currency converted by itself.
Row base_totals(Question& question, const std::map<Currency, AgeingRow>& totals, Currency base,
                        const AgeingRow& empty, const std::vector<std::string>& labels) {
  Rates rates(question);
  AgeingRow sums = empty;
  std::vector<Currency> unconverted;
  for (const auto& [currency, row] : totals) {
    if (row.is_zero()) continue;
    if (!rates.on(question.as_of(), currency, base)) {
      unconverted.push_back(currency);
      continue;
    }
    const auto convert = [&](Int128 minor) { return *rates.convert(minor, currency, base, question.as_of()); };
    AgeingRow converted = row;
    converted.not_due = convert(row.not_due);
    converted.account.gross_open = converted.not_due;
    for (Int128& bucket : converted.buckets) converted.account.gross_open += bucket = convert(bucket);
    converted.account.disputed = convert(row.account.disputed);
    converted.account.unapplied_cash = convert(row.account.unapplied_cash);
    converted.account.open_credits = convert(row.account.open_credits);
    sums += converted;
  }
  Row row;
  row.add("currency", Value::text(base.code()));
  sums.write_columns(row, base, labels);
  row.add("unconverted", Value::list_of_texts(unconverted, &Currency::code));
  return row;
}

}  // namespace

Answer ageing(Question& question) {
  Parameters& parameters = question.parameters();
  Ageing ageing;
  ageing.as_of = question.as_of();
  ageing.aged_on = parameters.date("aged_on").value_or(ageing.as_of);
  const std::string basis = parameters.one_of("basis", {"due_date", "issue_date"}, "due_date");
  ageing.basis = basis == "due_date" ? Basis::kDueDate : Basis::kIssueDate;
  ageing.buckets = {parameters.rising_days("buckets", default_buckets().limits)};
  const Grouping grouping = Grouping::read(question, "customer");
  const auto base_currency = parameters.currency("base_currency");

  const AgeingRow empty = no_sums(ageing.buckets);
  std::map<std::pair<std::string, Currency>, AgeingRow> rows;
  const Detail detail =
      grouping.needs_accounts() || ageing.basis == Basis::kIssueDate ? Detail::kAccounts : Detail::kTotals;
  const auto scope = question.scope(grouping.filters);
  const Recalled recalled = recall_receivables(scope.shards, scope.customer, ageing.as_of);
  for (const ShardSnapshot* shard : scope.shards) {
    GroupCursor places(question, *shard, grouping);
    // Where rows of one group and currency go, kept while both stay.
    AgeingRow* sums = nullptr;
    std::uint16_t sums_currency = 0;
    receivables_at(*shard, scope.customer, ageing.as_of, detail, [&](const index::ReceivableRow& cell) {
      const Currency currency = Currency::from_number(cell.currency);
      if (grouping.filters.currency && currency != *grouping.filters.currency) return;
      if (grouping.needs_accounts() && places.go(cell.customer, cell.attributes)) sums = nullptr;
      if (!places.passes()) return;
      if (sums == nullptr || sums_currency != cell.currency) {
        sums = &rows.try_emplace({places.group(currency), currency}, empty).first->second;
        sums_currency = cell.currency;
      }
      ageing.add(*sums, cell);
    });
  }

  const std::vector<std::string> labels = ageing.buckets.labels();
  const auto make_row = [&](const std::string& group, Currency currency, const AgeingRow& sums) {
    Row row;
    row.add("group", Value::text(group));
    row.add("currency", Value::text(currency.code()));
    sums.write(row, currency, labels);
    return row;
  };
  Answer answer = question.list("rows", column_names(make_row("", {}, empty)));
  answer.head.add("aged_on", Value::date(ageing.aged_on));
  answer.head.add("basis", Value::text(basis));
  answer.head.add("group_by", Value::text(grouping.by));
  answer.head.add("buckets", Value::list_of_texts(labels));
  std::map<Currency, AgeingRow> totals;
  for (const auto& [at, sums] : rows) {
    const auto& [group, currency] = at;
    totals.try_emplace(currency, empty).first->second += sums;
    if (sums.is_zero()) continue;
    answer.rows.add(sort_key({group, currency.code()}), [&] { return make_row(group, currency, sums); });
  }
  std::vector<Row> total_rows;
  for (const auto& [currency, sums] : totals) {
    if (!sums.is_zero()) total_rows.push_back(total_row(sums, currency, labels));
  }
  answer.tail.add("totals", Value::list_of_rows(std::move(total_rows)));
  if (base_currency) {
    answer.tail.add("base_totals", Value::object(base_totals(question, totals, *base_currency, empty, labels)));
  }
  return answer;
}

std::map<Currency, Row> account_ageing(const ShardSnapshot& shard, store::LabelId customer, Day as_of) {
  const Ageing ageing{as_of, as_of, Basis::kDueDate, default_buckets()};
  std::map<Currency, AgeingRow> sums;
  receivables_at(shard, customer, as_of, Detail::kAccounts, [&](const index::ReceivableRow& cell) {
    ageing.add(sums.try_emplace(Currency::from_number(cell.currency), no_sums(ageing.buckets)).first->second, cell);
  });
  std::map<Currency, Row> rows;
  for (const auto& [currency, row] : sums) {
    if (!row.is_zero()) rows[currency] = total_row(row, currency, ageing.buckets.labels());
  }
  return rows;
}

Row empty_ageing(Currency currency) {
  return total_row(no_sums(default_buckets()), currency, default_buckets().labels());
}

Account account_on(const ShardSnapshot& shard, store::LabelId customer, Day as_of) {
  const Ageing ageing{as_of, as_of, Basis::kDueDate, {}};
  std::map<Currency, AgeingRow> rows;
  const AgeingRow empty = no_sums(ageing.buckets);
  OpenDays open;
  receivables_at(shard, customer, as_of, Detail::kAccounts, [&](const index::ReceivableRow& cell) {
    ageing.add(rows.try_emplace(Currency::from_number(cell.currency), empty).first->second, cell);
    open.add(cell, shard.figure_labels());
  });
  Account account;
  for (const auto& [currency, row] : rows) {
    if (!row.is_zero()) account.balances[currency] = row.account;
  }
  open.close();
  const auto days = open.of(customer);
  account.open_days.assign(days.begin(), days.end());
  return account;
}

std::vector<ProofFault> proof_faults(const ShardSnapshot& shard, Day as_of, Detail detail) {
  std::map<std::pair<store::LabelId, Currency>, Int128> differences;
  receivables_at(shard, std::nullopt, as_of, detail, [&](const index::ReceivableRow& cell) {
    const store::LabelId customer = detail == Detail::kAccounts ? cell.customer : 0;
    Int128& difference = differences[{customer, Currency::from_number(cell.currency)}];
    switch (cell.measure) {
      case Measure::kOpen:
        difference += cell.amount();
        return;
      case Measure::kDisputed:
        return;
      default:
        difference -= cell.amount();
    }
  });
  std::vector<ProofFault> faults;
  for (const auto& [at, difference] : differences) {
    if (difference == 0) continue;
    const std::string_view customer = detail == Detail::kAccounts ? shard.labels->get(at.first).customer : "";
    faults.push_back({std::string(customer), at.second, difference});
  }
  return faults;
}

}  // namespace daybook::query
