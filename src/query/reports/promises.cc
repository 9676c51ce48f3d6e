#include "query/reports/promises.h"

#include "query/caller_notes.h"
#include "query/promises.h"

namespace daybook::query {
namespace {

struct PromisesPart {
  std::map<PromisesOf, CallNotes> notes;

  void add(PromisesPart other) { notes.merge(std::move(other.notes)); }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(notes);
  }
};

class Promises final : public ReportOf<PromisesPart> {
 public:
  const Description& description() const override {
    static const Description description = {
        .name = "promises", .path = {}, .meaning = "What accounts promised to pay, and what became of it."};
    return description;
  }

  PromisesPart part_of(const Question& question, const ShardReader& shard) const override {
    const auto wanted = query::decode<PromisesWanted>(question.enclosed).value_or(PromisesWanted());
    PromisesPart part;
    for (const PromisesOf& of : wanted.accounts) {
      const auto account = shard.find_account(of.first);
      if (account == nullptr) {
        if (wanted.with_details) part.notes[of].others = no_caller_notes();
        continue;
      }
      CallNotes& notes = part.notes[of];
      notes.promises = promises_of(shard, *account, of.second, wanted.grace_days, question.as_of);
      if (wanted.with_details) notes.others = caller_notes(shard, *account, of.second, question.as_of);
    }
    return part;
  }

  Answer answer_of(const Question&, PromisesPart, Asker&) const override { return {}; }

  static std::map<PromisesOf, CallNotes> notes_in(std::unique_ptr<Partial> gathered) {
    return taken(std::move(gathered)).notes;
  }
};

}  // namespace

const Report& promises_report() {
  static const Promises report;
  return report;
}

std::map<PromisesOf, CallNotes> notes_in(std::unique_ptr<Partial> gathered) {
  return Promises::notes_in(std::move(gathered));
}

}  // namespace daybook::query
