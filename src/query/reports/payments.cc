// The payments of a shard, by account and id.
#include "query/document_lists.h"
#include "query/document_rows.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

const char* state_of(const domain::Source& payment, Day as_of) {
  if (payment.ended_day <= as_of) return "reversed";
  return payment.unapplied(as_of) != 0 ? "unapplied" : "applied";
}

class Payments final : public ReportOf<RowsPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      Description of{.name = "payments",
                     .path = "/v1/payments",
                     .meaning = "Payments that were received, by account and id, each with its state.",
                     .parameters = list_parameters({"reversed", "unapplied", "applied"},
                                                   {parameters::customer_id(), parameters::currency()}),
                     .rows_name = "payments",
                     .row = payment_fields()};
      of.row.push_back(fields::text("state"));
      return of;
    }();
    return description;
  }

  void settle(Question& question) const override { check_list(question); }

  bool goes_in_rounds(const Question&) const override { return true; }

 protected:
  RowsPart part_of(const Question& question, const ShardReader& shard) const override {
    const ListWanted wanted = ListWanted::of(question);
    const Grouping grouping = Grouping::of(question);
    RowsPart part{Rows(question.page)};
    const auto take = [&](AccountReader& account, std::string_view id) {
      const domain::Source* payment = account.account().source(domain::DocumentRef{domain::DocumentKind::kPayment, id});
      if (payment == nullptr || payment->day > question.as_of || !wanted.takes(payment->day) ||
          !grouping.passes(payment->currency)) {
        return;
      }
      const domain::Attributes attributes = account.account().attributes(*payment);
      const char* const state = state_of(*payment, question.as_of);
      if (!wanted.takes_state(state) || !grouping.passes(account.region(attributes), account.sales_rep(attributes))) {
        return;
      }
      part.rows.add(sort_key({account.name(), id}), [&] {
        Row row;
        add_payment(row, shard, account, *payment);
        row.add("state", Value::text(state));
        return row;
      });
    };
    const ListOf of = wanted.state == "reversed"    ? ListOf::kEnded
                      : wanted.state == "unapplied" ? ListOf::kOpen
                                                    : ListOf::kAll;
    for_each_listed(shard, part.rows, domain::DocumentKind::kPayment, wanted, grouping, of, take);
    return part;
  }

  Answer answer_of(const Question&, RowsPart whole, Asker&) const override {
    Answer answer;
    answer.rows = std::move(whole.rows);
    return answer;
  }
};

}  // namespace

const Report& payments_report() {
  static const Payments report;
  return report;
}

}  // namespace daybook::query
