// Inside document_codec.h: walking over the entries of a document without decoding events.
#pragma once

#include "base/bytes.h"
#include "store/document_codec.h"

namespace daybook::store {

// Stored: never renumber.
enum class EntryTag : std::uint8_t { kFact = 1, kConflict = 2, kLink = 3 };

struct Entry {
  EntryTag tag{};
  std::string_view body;
};

// Entries of a document, one after the other.
class Entries {
 public:
  explicit Entries(std::string_view document) : reader_(document) {}
  bool next(Entry& entry) {
    if (reader_.done() || !reader_.ok()) return false;
    entry.tag = static_cast<EntryTag>(reader_.u8());
    entry.body = reader_.string();
    return reader_.ok();
  }
  bool ok() const { return reader_.ok(); }

 private:
  ByteReader reader_;
};

template <typename Visit>
void for_each_content(std::string_view document, Visit&& visit) {
  Entries entries(document);
  for (Entry entry; entries.next(entry);) {
    if (entry.tag != EntryTag::kFact) continue;
    ByteReader body(entry.body);
    const std::uint8_t topic = body.u8();
    body.varint();
    body.varint();
    visit(topic, body.raw(body.left()));
  }
}

}  // namespace daybook::store
