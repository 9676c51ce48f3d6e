// The credit notes of a shard, by account and id.
#include "query/document_lists.h"
#include "query/document_rows.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

const char* state_of(const domain::Source& note, Day as_of) {
  if (note.ended_day <= as_of) return "void";
  return note.unapplied(as_of) != 0 ? "open" : "applied";
}

class CreditNotes final : public ReportOf<RowsPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      Description of{.name = "credit-notes",
                     .path = "/v1/credit-notes",
                     .meaning = "Credit notes that were issued, by account and id, each with its state.",
                     .parameters = list_parameters({"void", "open", "applied"},
                                                   {parameters::region(), parameters::sales_rep(),
                                                    parameters::customer_id(), parameters::currency()}),
                     .rows_name = "credit_notes",
                     .row = credit_note_fields()};
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
      const domain::Source* note = account.account().source(domain::DocumentRef{domain::DocumentKind::kCreditNote, id});
      if (note == nullptr || note->day > question.as_of || !wanted.takes(note->day) ||
          !grouping.passes(note->currency)) {
        return;
      }
      const domain::Attributes attributes = account.account().attributes(*note);
      const char* const state = state_of(*note, question.as_of);
      if (!wanted.takes_state(state) || !grouping.passes(account.region(attributes), account.sales_rep(attributes))) {
        return;
      }
      part.rows.add(sort_key({account.name(), id}), [&] {
        Row row;
        add_credit_note(row, shard, account, *note);
        row.add("state", Value::text(state));
        return row;
      });
    };
    const ListOf of = wanted.state == "void" ? ListOf::kEnded : wanted.state == "open" ? ListOf::kOpen : ListOf::kAll;
    for_each_listed(shard, part.rows, domain::DocumentKind::kCreditNote, wanted, grouping, of, take);
    return part;
  }

  Answer answer_of(const Question&, RowsPart whole, Asker&) const override {
    Answer answer;
    answer.rows = std::move(whole.rows);
    return answer;
  }
};

}  // namespace

const Report& credit_notes_report() {
  static const CreditNotes report;
  return report;
}

}  // namespace daybook::query
