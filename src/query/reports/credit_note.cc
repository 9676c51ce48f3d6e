// A credit note, its allocations, and the events behind it.
#include "query/document_pages.h"
#include "query/document_reader.h"
#include "query/document_rows.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

Row page_of(const ShardReader& shard, AccountReader& account, const domain::Source& note) {
  Row page;
  add_credit_note(page, shard, account, note);
  page.add("allocations", allocations_of(note, shard.question().as_of));
  page.add("events", events_of(shard, account, account.document(note.ref)));
  return page;
}

class CreditNotePage final : public ReportOf<DocumentPages> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{.name = "credit-note",
                         .path = "/v1/credit-notes/{credit_note_id}",
                         .meaning = "A credit note, its allocations, and the events behind it.",
                         .parameters = page_parameters(),
                         .head = page_fields(credit_note_fields(), {allocations_field(), events_field()})};
    }();
    return description;
  }

 protected:
  DocumentPages part_of(const Question& question, const ShardReader& shard) const override {
    DocumentPages pages;
    for_each_credit_note(shard, question.subject, [&](AccountReader& account, const domain::Source& note) {
      pages.by_account[std::string(account.name())] = page_of(shard, account, note);
    });
    return pages;
  }

  Answer answer_of(const Question& question, DocumentPages whole, Asker&) const override {
    return only_page(question, std::move(whole), "credit note");
  }
};

}  // namespace

const Report& credit_note_report() {
  static const CreditNotePage report;
  return report;
}

}  // namespace daybook::query
