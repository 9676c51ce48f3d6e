// The payments of a shard, by account and id.
#include "query/reports.h"
#include "query/source_list.h"

namespace daybook::query {
namespace {

class Payments final : public SourceList {
 public:
  Payments()
      : SourceList({.document = domain::DocumentKind::kPayment,
                    .ended = "reversed",
                    .open = "unapplied",
                    .applied = "applied",
                    .add_fields = add_payment}) {}

  const Description& description() const override {
    static const Description description = [this] {
      Description of{.name = "payments",
                     .path = "/v1/payments",
                     .meaning = "Payments that were received, by account and id, each with its state.",
                     .parameters = source_parameters({parameters::customer_id(), parameters::currency()}),
                     .rows_name = "payments",
                     .row = payment_fields()};
      of.row.push_back(fields::text("state"));
      return of;
    }();
    return description;
  }
};

}  // namespace

const Report& payments_report() {
  static const Payments report;
  return report;
}

}  // namespace daybook::query
