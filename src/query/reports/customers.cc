// All accounts, with their balances and credit.
#include "query/credit.h"
#include "query/document_reader.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

class Customers final : public RowsReport {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{
          .name = "customers",
          .path = "/v1/customers",
          .meaning = "All accounts, with their balances and credit.",
          .parameters = {parameters::region(),
                         parameters::sales_rep(),
                         parameters::customer_id(),
                         {"grade", Parameter::Type::kText, "This grade."}},
          .rows_name = "customers",
          .row = {text("customer_id"), text("name").or_null(), text("region").or_null(), text("sales_rep").or_null(),
                  text("grade").or_null(), text("parent_customer_id").or_null(),
                  list("balances", {text("currency"), amount("balance")}), object("credit", credit_fields())}};
    }();
    return description;
  }

  bool goes_in_rounds(const Question&) const override { return true; }
  std::optional<RatesWanted> rates(const Question& question) const override {
    return RatesWanted{question.as_of, question.as_of};
  }

 protected:
  RowsPart part_of(const Question& question, const ShardReader& shard) const override {
    static const domain::CustomerProfileSet kNone;
    const Filters filters = question.filters();
    const Day as_of = question.as_of;
    RowsPart part{Rows(question.page)};
    shard.for_each_account(part.rows, [&](AccountNumber id) {
      shard.go_on();
      AccountReader account = shard.account(id);
      std::string key = sort_key({account.name()});
      if (!is_customer(account.name()) || !part.rows.may_hold(key) || !account.is_known()) return;
      const auto* in_force = account.profile(as_of);
      const domain::CustomerProfileSet& profile = in_force ? *in_force : kNone;
      if (!passes_region(filters.region, profile.region) || !passes(filters.sales_rep, profile.sales_rep) ||
          !passes(filters.grade, profile.grade) || !shard.sees(account)) {
        return;
      }
      part.rows.add(std::move(key), [&] {
        Row row = Row::with_room(description().row.size());
        row.add("customer_id", Value::text(account.name()));
        row.add("name", text_or_null(profile.name));
        row.add("region", text_or_null(profile.region));
        row.add("sales_rep", text_or_null(profile.sales_rep));
        row.add("grade", text_or_null(profile.grade));
        row.add("parent_customer_id", text_or_null(profile.parent_customer_id));
        std::vector<Row> balances;
        for (const auto& [currency, balance] : open_account(shard, account, as_of).balances) {
          Row& one = balances.emplace_back();
          one.add("currency", Value::text(currency.code()));
          one.add("balance", Value::amount(balance.balance(), currency));
        }
        row.add("balances", Value::list_of_rows(std::move(balances)));
        row.add("credit", Value::object(account_credit(shard, account, as_of)));
        return row;
      });
    });
    return part;
  }
};

}  // namespace

const Report& customers_report() {
  static const Customers report;
  return report;
}

}  // namespace daybook::query
