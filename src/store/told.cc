#include "store/told.h"

#include "store/document_codec.h"

namespace daybook::store {

bool was_told_after(std::string_view document, std::int64_t recorded_ms) {
  Entries entries(document);
  for (Entry entry; entries.next(entry);) {
    if (entry.tag != EntryTag::kFact) continue;
    ByteReader body(entry.body);
    body.u8();
    body.varint();
    if (static_cast<std::int64_t>(body.varint()) > recorded_ms || !body.ok()) return true;
  }
  return !entries.ok();
}

}  // namespace daybook::store
