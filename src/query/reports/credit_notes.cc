// The credit notes of a shard, by account and id.
#include "query/reports.h"
#include "query/source_list.h"

namespace daybook::query {
namespace {

class CreditNotes final : public SourceList {
 public:
  CreditNotes()
      : SourceList({.document = domain::DocumentKind::kCreditNote,
                    .ended = "void",
                    .open = "open",
                    .applied = "applied",
                    .add_fields = add_credit_note}) {}

  const Description& description() const override {
    static const Description description = [this] {
      Description of{.name = "credit-notes",
                     .path = "/v1/credit-notes",
                     .meaning = "Credit notes that were issued, by account and id, each with its state.",
                     .parameters = source_parameters({parameters::region(), parameters::sales_rep(),
                                                      parameters::customer_id(), parameters::currency()}),
                     .rows_name = "credit_notes",
                     .row = credit_note_fields()};
      of.row.push_back(fields::text("state"));
      return of;
    }();
    return description;
  }
};

}  // namespace

const Report& credit_notes_report() {
  static const CreditNotes report;
  return report;
}

}  // namespace daybook::query
