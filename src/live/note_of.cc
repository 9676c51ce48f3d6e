#include "live/note_of.h"

#include <string_view>

#include "query/answer.h"

namespace daybook::live {
namespace {

// Of what a record that is parked calls an account; longer, it is none.
constexpr std::size_t kNameBytesMax = 160;

}  // namespace

query::ChangeNote note_of(const engine::Shard& shard) {
  static_assert(engine::CommitNews::kAccountsKept > query::ChangedCustomers::kNamedMax, "that there are more is seen");
  const engine::CommitNews& told = shard.news();
  query::ChangeNote note;
  note.partition = shard.partition();
  for (std::size_t topic = 0; topic < note.next_offsets.size(); ++topic) {
    note.next_offsets[topic] = shard.state().topics[topic].next_offset;
  }
  note.newest_recorded_ms = shard.state().newest_recorded_ms;
  note.news = told.news;
  const auto add = [&](std::string_view name) {
    if (query::is_customer(name) && name.size() <= kNameBytesMax) {
      note.customers.add(name);
    } else {
      note.customers.add_any();
    }
  };
  for (const store::LabelId account : told.accounts) add(shard.labels().own(account).customer);
  for (const std::string& name : told.parked_accounts) add(name);
  return note;
}

}  // namespace daybook::live
