// The invoices of a shard, by account and id.
#include "query/document_lists.h"
#include "query/document_rows.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

// Of the oldest instalment that is open; nothing where none is.
std::optional<std::int64_t> days_overdue(const domain::InvoiceState& state, Day as_of) {
  std::optional<std::int64_t> most;
  for (const domain::OpenInstalment& instalment : state.instalments) {
    if (instalment.open == 0) continue;
    const std::int64_t days = std::int64_t{as_of} - instalment.due_date;
    if (!most || days > *most) most = days;
  }
  return most;
}

const char* state_of(const domain::Invoice& invoice, const domain::InvoiceState& state,
                     std::optional<std::int64_t> overdue, Day as_of) {
  if (invoice.void_day <= as_of) return "void";
  if (state.open == 0) return "settled";
  return overdue && *overdue >= 1 ? "overdue" : "open";
}

class Invoices final : public DocumentList {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      Description of{
          .name = "invoices",
          .path = "/v1/invoices",
          .meaning = "Invoices that were issued, by account and id, each with its state.",
          .parameters = list_parameters(
              {"void", "settled", "overdue", "open"},
              {parameters::region(), parameters::sales_rep(), parameters::customer_id(), parameters::currency(),
               parameters::choice("kind", {"INVOICE", "DEBIT_NOTE"}, "", "This kind of invoice.")}),
          .rows_name = "invoices",
          .row = invoice_fields()};
      of.row.push_back(integer("days_overdue").or_null());
      of.row.push_back(text("state"));
      return of;
    }();
    return description;
  }

 protected:
  RowsPart part_of(const Question& question, const ShardReader& shard) const override {
    const ListWanted wanted = ListWanted::of(question);
    const Grouping grouping = Grouping::of(question);
    const ListOf of = wanted.state == "void"                                ? ListOf::kEnded
                      : wanted.state == "open" || wanted.state == "overdue" ? ListOf::kOpen
                                                                            : ListOf::kAll;
    const Day as_of = question.as_of;
    RowsPart part{Rows(question.page)};
    const auto take = [&](AccountReader& account, std::string_view id) {
      const domain::Invoice* invoice = account.account().invoice(id);
      if (invoice == nullptr) return;
      const domain::InvoiceIssued& issued = *invoice->issued;
      if (issued.issue_date > as_of || !wanted.takes(issued.issue_date) || !grouping.passes(issued.currency) ||
          !passes(grouping.filters.kind, domain::enumerator_name(issued.kind)) ||
          !grouping.passes(account.region(invoice->attributes), account.sales_rep(invoice->attributes))) {
        return;
      }
      const domain::InvoiceState state = invoice_state(shard, account, *invoice);
      const auto overdue = days_overdue(state, as_of);
      const char* const name = state_of(*invoice, state, overdue, as_of);
      if (!wanted.takes_state(name)) return;
      part.rows.add(sort_key({account.name(), id}), [&] {
        Row row = Row::with_room(description().row.size());
        add_invoice(row, shard, account, *invoice, state);
        row.add("days_overdue", integer_or_null(overdue));
        row.add("state", Value::text(name));
        return row;
      });
    };
    for_each_listed(shard, part.rows, domain::DocumentKind::kInvoice, wanted, grouping, of, take);
    return part;
  }
};

}  // namespace

const Report& invoices_report() {
  static const Invoices report;
  return report;
}

}  // namespace daybook::query
