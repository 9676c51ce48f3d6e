// The stored bytes of documents (docs/formats.md, "Documents"): an append-only list of what a
// document was told. A document's state is never stored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/small_vector.h"
#include "domain/event_types.h"

namespace daybook::store {

// The content of an event: everything but customer_id, document id, correlation_id and unknown fields.
// Two events of one document have the same content exactly when these bytes are the same. A view.
struct EncodedEvent {
  std::string_view bytes;
  std::uint32_t source_at = 0;   // Behind the event_id.
  std::uint32_t payload_at = 0;  // Type and payload: what claims compare.
  domain::Claims claims = domain::Claims::kNothing;

  std::string_view event_id() const { return bytes.substr(0, source_at); }  // As it is stored.
  std::string_view behind_event_id() const { return bytes.substr(source_at); }
  std::string_view payload() const { return bytes.substr(payload_at); }
  std::size_t type() const { return static_cast<std::uint8_t>(bytes[payload_at]); }  // By the payload's index.
};
// Into `memory`, whose content goes; the result points there.
EncodedEvent encode_event(const domain::Event& event, ByteBuffer& memory);

enum class Verdict : std::uint8_t { kNew, kDuplicate, kConflict };

// Where the entries of a long document stand, so that what comes to it is compared with those that it can meet, not
// with all of them. Of one document, whose bytes may move but only grow.
class DocumentIndex {
 public:
  // From this size on a document is worth one.
  static constexpr std::size_t kFromBytes = 4096;

  // Takes what was appended to the document since: at first all of it. kCorrupt for bytes that no version wrote.
  Result<void> follow(std::string_view document);

  // Where entries begin that are kept under a hash, and maybe some others; rising.
  SmallVector<std::uint32_t, 4> places(std::uint64_t hash) const;
  bool has_conflict(std::uint8_t topic) const { return topic < 64 && (conflict_topics_ >> topic & 1) != 0; }

 private:
  // By hashes of a fact's event id and of what it claims, and of a link.
  std::unordered_multimap<std::uint64_t, std::uint32_t> places_;
  std::uint64_t conflict_topics_ = 0;
  std::size_t known_ = 0;  // Bytes.
};

// What the facts of `document` say to a further event on `topic`: event ids are compared first, then
// claims. `index`: the document's; null: it is short.
Verdict find_repeat(std::string_view document, const DocumentIndex* index, std::uint8_t topic,
                    const EncodedEvent& event);

// What a record said that was read and stands nowhere, as another stood before it.
struct Repeat {
  Verdict verdict = Verdict::kNew;  // kNew: nothing stood before it.
  domain::Position of;              // What it repeats or contradicts.
  std::int64_t recorded_ms = 0;     // Of that.
  std::string detail;               // Of a conflict (conflict_detail()).
};
// As it was judged when it was read: by the facts of its topic below its offset. `document`: its document's bytes now.
Repeat find_repeat_below(std::string_view document, domain::Position at, const EncodedEvent& event);

// Tells of most events that they are new without a look at the document's facts: a bit for each event id, of 32,
// and one for each type that claims something.
class FactSketch {
 public:
  // kCorrupt for bytes that no version wrote.
  static Result<FactSketch> of(std::string_view document);
  static FactSketch of(const EncodedEvent& event);
  // Of one event. False: find_repeat() would find it new, whatever its topic.
  bool may_know(const FactSketch& event) const { return (bits_ & event.bits_) != 0; }
  void add(const FactSketch& event) { bits_ |= event.bits_; }

 private:
  std::uint64_t bits_ = 0;
};

void append_fact(std::string& document, domain::Position at, std::int64_t recorded_ms, const EncodedEvent& event);
// Keeps the first of a topic; false when there was one.
bool append_conflict(std::string& document, const DocumentIndex* index, domain::Position at, std::int64_t recorded_ms,
                     const EncodedEvent& event);
// Keeps each once; false when it was there.
bool append_link(std::string& document, const DocumentIndex* index, domain::DocumentRef from);

// Decodes a document. Texts point into `bytes`, lists into `arena`. What stands at or behind
// `fresh_from` is marked fresh. kCorrupt for bytes that no version wrote.
Result<domain::Document> decode_document(domain::DocumentRef ref, std::string_view bytes, std::size_t fresh_from,
                                         Arena& arena);
// Whether a fact of one of these types, as bits by the index of a payload's alternative, occurred in [from, to): without
// a payload being decoded. Also for bytes that no version wrote, which whoever decodes them is told.
bool may_have_occurred(std::string_view document, std::uint64_t types, Instant from, Instant to);
// The most bytes that append_fact() adds to those of the event.
inline constexpr std::size_t kFactOverheadMax = 1 + 10 + 1 + 10 + 10;

// A hash of a fact's content for the digest: of the account, the document and the event.
UInt128 fact_hash(std::string_view customer_id, domain::DocumentRef ref, std::uint8_t topic, std::string_view content);
// Of a fact's content.
domain::EventId event_id_of(std::string_view content);
// Calls visit(topic, content) for each fact.
template <typename Visit>
void for_each_content(std::string_view document, Visit&& visit);

}  // namespace daybook::store

#include "store/document_codec_inl.h"
