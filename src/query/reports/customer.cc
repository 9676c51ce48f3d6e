// A customer: file, balances, credit, open items, promises, and the events behind the file.
#include <algorithm>

#include "query/credit.h"
#include "query/document_pages.h"
#include "query/document_reader.h"
#include "query/open_items.h"
#include "query/promises.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

Value profile_of(const domain::CustomerProfileSet& profile) {
  Row one;
  one.add("name", text_or_null(profile.name));
  one.add("region", text_or_null(profile.region));
  one.add("sales_rep", text_or_null(profile.sales_rep));
  one.add("grade", text_or_null(profile.grade));
  one.add("parent_customer_id", text_or_null(profile.parent_customer_id));
  one.add("credit_currency", text_or_null(profile.credit_currency.code()));
  one.add("credit_limit",
          profile.credit_limit_minor ? Value::amount(*profile.credit_limit_minor, profile.credit_currency) : Value());
  one.add("payment_terms_days", profile.payment_terms_days ? Value::integer(*profile.payment_terms_days) : Value());
  return Value::object(std::move(one));
}

Field profile_field() {
  using namespace fields;
  return object("profile",
                {text("name").or_null(), text("region").or_null(), text("sales_rep").or_null(), text("grade").or_null(),
                 text("parent_customer_id").or_null(), text("credit_currency").or_null(),
                 amount("credit_limit").or_null(), integer("payment_terms_days").or_null()});
}

Value history_of(const domain::CustomerFile& file, Day as_of) {
  std::vector<Row> history;
  const auto& entries = file.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    // Of several files of one day the last holds.
    if (entries[i].from > as_of || (i + 1 < entries.size() && entries[i + 1].from == entries[i].from)) continue;
    Row& one = history.emplace_back();
    one.add("from", Value::date(entries[i].from));
    one.add("profile", profile_of(*entries[i].profile));
  }
  return Value::list_of_rows(std::move(history));
}

Value balances_of(const OpenAccount& open) {
  std::vector<Row> balances;
  for (const auto& [currency, balance] : open.balances) {
    Row& one = balances.emplace_back();
    one.add("currency", Value::text(currency.code()));
    one.add("gross_open", Value::amount(balance.gross_open, currency));
    one.add("disputed", Value::amount(balance.disputed, currency));
    one.add("unapplied_cash", Value::amount(balance.unapplied_cash, currency));
    one.add("open_credits", Value::amount(balance.open_credits, currency));
    one.add("balance", Value::amount(balance.balance(), currency));
  }
  return Value::list_of_rows(std::move(balances));
}

Value items_of(AccountReader& account, const OpenAccount& open, Day as_of) {
  Rows rows;
  for (const OpenItem& item : open_items(account, account.opened_on(open.open_days), as_of)) {
    rows.add(item_key(item, account.name()), [&] { return item_row(item, account, as_of); });
  }
  std::vector<Row> items;
  for (SortedRow& sorted : rows.take().rows) items.push_back(std::move(sorted.row));
  return Value::list_of_rows(std::move(items));
}

Row page_of(const ShardReader& shard, AccountReader& account) {
  const Day as_of = shard.question().as_of;
  Row page;
  page.add("customer_id", Value::text(account.name()));
  const auto* in_force = account.profile(as_of);
  page.add("profile", in_force == nullptr ? Value() : profile_of(*in_force));
  page.add("history", history_of(account.account().file(), as_of));
  const OpenAccount open = open_account(shard, account, as_of);
  page.add("balances", balances_of(open));
  page.add("credit", Value::object(account_credit(shard, account, as_of)));
  page.add("items", items_of(account, open, as_of));
  page.add("promises", promises_of(shard, account, std::nullopt, kGraceDays, as_of));
  const auto* document = account.account().document({domain::DocumentKind::kCustomer, {}});
  page.add("events", document == nullptr ? Value::list({}) : events_of(shard, account, *document));
  return page;
}

class CustomerPage final : public ReportOf<DocumentPages> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{
          .name = "customer",
          .path = "/v1/customers/{customer_id}",
          .meaning = "A customer: file, balances, credit, open items, promises.",
          .head = {text("customer_id"), profile_field().or_null(), list("history", {date("from"), profile_field()}),
                   list("balances", {text("currency"), amount("gross_open"), amount("disputed"),
                                     amount("unapplied_cash"), amount("open_credits"), amount("balance")}),
                   object("credit", credit_fields()), list("items", item_fields()), list("promises", promise_fields()),
                   list_of(event("events"))}};
    }();
    return description;
  }

  std::optional<RatesWanted> rates(const Question& question) const override {
    return RatesWanted{question.as_of, question.as_of};
  }
  std::optional<std::string> account(const Question& question) const override { return question.subject; }

 protected:
  DocumentPages part_of(const Question& question, const ShardReader& shard) const override {
    DocumentPages pages;
    if (const auto account = shard.find_account(question.subject)) {
      pages.by_account[question.subject] = page_of(shard, *account);
    }
    return pages;
  }

  Answer answer_of(const Question& question, DocumentPages whole, Asker&) const override {
    return only_page(question, std::move(whole), "customer");
  }
};

}  // namespace

const Report& customer_report() {
  static const CustomerPage report;
  return report;
}

}  // namespace daybook::query
