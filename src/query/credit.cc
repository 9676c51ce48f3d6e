#include "query/credit.h"

#include <algorithm>

#include "query/large_values.h"
#include "query/receivables.h"

namespace daybook::query {
namespace {

using domain::Measure;

// From so many days on what is overdue marks the account.
constexpr Day kOverdueDays = 31;

}  // namespace

std::map<store::LabelId, Exposure> exposures(const ShardSnapshot& shard, std::optional<store::LabelId> customer,
                                             Day as_of) {
  std::map<store::LabelId, Exposure> all;
  // Rows of one customer mostly stand together.
  Exposure* exposure = nullptr;
  store::LabelId of = 0;
  const auto add = [&](const index::ReceivableRow& row) {
    if (!domain::has_items(row.measure) && !domain::is_credit(row.measure)) return;
    if (exposure == nullptr || of != row.customer) {
      exposure = &all[row.customer];
      of = row.customer;
    }
    Exposure::Part& part = exposure->parts[Currency::from_number(row.currency)];
    switch (row.measure) {
      case Measure::kOpen:
        part.balance += row.amount();
        if (as_of - row.day2 >= kOverdueDays) exposure->overdue_items += row.quantity;
        return;
      case Measure::kOpenOrders: part.open_orders += row.amount(); return;
      case Measure::kNotInvoiced: part.dispatched_not_invoiced += row.amount(); return;
      default: part.balance -= row.amount();
    }
  };
  if (customer) {
    // One customer's pages are few, and those of the ledger are not needed.
    scan_receivables(shard, customer, as_of, {store::kReceivablesPage}, domain::is_receivables, add);
  } else {
    receivables_at(shard, customer, as_of, Detail::kAccounts, add);
    credit_at(shard, as_of, add);
  }
  for (auto& [id, one] : all) std::erase_if(one.parts, [](const auto& part) { return part.second.is_zero(); });
  return all;
}

std::string_view Credit::state() const {
  if (over_limit()) return "over_limit";
  if (overdue) return "overdue";
  return limit ? "ok" : "no_limit";
}

Credit credit_of(const Exposure& exposure, const index::FileVersion* file, const RateTable& rates, Day as_of) {
  Credit credit;
  credit.overdue = exposure.overdue_items > 0;
  if (file == nullptr || !file->credit_currency) return credit;
  credit.currency = file->credit_currency;
  credit.limit = file->credit_limit;
  for (const auto& [currency, part] : exposure.parts) {
    if (part.sum() == 0) continue;
    if (const auto converted = rates.convert(part.sum(), currency, credit.currency, as_of)) {
      credit.exposure += *converted;
    } else {
      credit.unconverted.push_back(currency);
    }
  }
  return credit;
}

Row credit_row(const Credit& credit, const Exposure& exposure) {
  std::vector<Row> parts;
  for (const auto& [currency, part] : exposure.parts) {
    Row& one = parts.emplace_back();
    one.add("currency", Value::text(currency.code()));
    one.add("balance", Value::amount(part.balance, currency));
    one.add("dispatched_not_invoiced", Value::amount(part.dispatched_not_invoiced, currency));
    one.add("open_orders", Value::amount(part.open_orders, currency));
  }
  Row row;
  row.add("credit_currency", text_or_null(credit.currency.code()));
  row.add("credit_limit", credit.limit ? Value::amount(*credit.limit, credit.currency) : Value());
  row.add("exposure", credit.currency ? amount_of(credit.exposure, credit.currency) : Value());
  row.add("parts", Value::list_of_rows(std::move(parts)));
  row.add("unconverted", Value::list_of_texts(credit.unconverted, &Currency::code));
  row.add("state", Value::text(credit.state()));
  return row;
}

const std::vector<Field>& credit_fields() {
  using namespace fields;
  static const std::vector<Field> all = {
      text("credit_currency").or_null(),
      amount("credit_limit").or_null(),
      amount("exposure").or_null(),
      list("parts", {text("currency"), amount("balance"), amount("dispatched_not_invoiced"), amount("open_orders")}),
      list_of(text("unconverted")),
      text("state", "over_limit, overdue, no_limit or ok.")};
  return all;
}

Row account_credit(const ShardReader& shard, AccountReader& account, Day as_of) {
  const Exposure exposure = exposures(shard.shard(), account.id(), as_of)[account.id()];
  return credit_row(credit_of(exposure, account.file(as_of), shard.question().rates, as_of), exposure);
}

}  // namespace daybook::query
