// A payment, its allocations, and the events behind it.
#include "query/document_pages.h"
#include "query/document_reader.h"
#include "query/document_rows.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

Row page_of(const ShardReader& shard, AccountReader& account, const domain::Source& payment) {
  Row page;
  add_payment(page, shard, account, payment);
  page.add("allocations", allocations_of(payment, shard.question().as_of));
  page.add("events", events_of(shard, account, account.document(payment.ref)));
  return page;
}

class PaymentPage final : public ReportOf<DocumentPages> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{.name = "payment",
                         .path = "/v1/payments/{payment_id}",
                         .meaning = "A payment, its allocations, and the events behind it.",
                         .parameters = page_parameters(),
                         .head = page_fields(payment_fields(), {allocations_field(), events_field()})};
    }();
    return description;
  }

 protected:
  DocumentPages part_of(const Question& question, const ShardReader& shard) const override {
    DocumentPages pages;
    for_each_payment(shard, question.subject, [&](AccountReader& account, const domain::Source& payment) {
      pages.by_account[std::string(account.name())] = page_of(shard, account, payment);
    });
    return pages;
  }

  Answer answer_of(const Question& question, DocumentPages whole, Asker&) const override {
    return only_page(question, std::move(whole), "payment");
  }
};

}  // namespace

const Report& payment_report() {
  static const PaymentPage report;
  return report;
}

}  // namespace daybook::query
