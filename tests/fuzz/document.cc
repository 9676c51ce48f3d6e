// Stored documents. The first byte is their kind, the rest their bytes: what decodes is written as facts, conflicts and
// links that decode to the same; what is looked up with an index is what is found without.
#include <algorithm>

#include "fuzz/target.h"
#include "store/document_codec.h"

namespace daybook::fuzz {
namespace {

using namespace store;  // NOLINT: this file is about nothing else.
using domain::DocumentKind;
using domain::DocumentRef;

// The same facts and links, written by this version.
std::string written(const domain::Document& document) {
  std::string bytes;
  ByteBuffer memory;
  for (const domain::Fact& fact : document.facts) {
    append_fact(bytes, fact.at, fact.recorded_ms, encode_event(fact.event, memory));
  }
  for (const DocumentRef& link : document.links) append_link(bytes, nullptr, link);
  return bytes;
}

void expect_same(const domain::Document& one, const domain::Document& other) {
  expect(one.facts.size() == other.facts.size(), "facts come back");
  ByteBuffer first;
  ByteBuffer second;
  for (std::size_t i = 0; i < one.facts.size(); ++i) {
    const domain::Fact& a = one.facts[i];
    const domain::Fact& b = other.facts[i];
    expect(a.at == b.at && a.recorded_ms == b.recorded_ms, "a fact's place comes back");
    expect(encode_event(a.event, first).bytes == encode_event(b.event, second).bytes, "a fact comes back");
  }
  for (const DocumentRef& link : one.links) {
    expect(std::ranges::find(other.links, link) != other.links.end(), "a link comes back");
  }
}

// An event that comes to a document: alike with an index of it and without.
void come(const std::string& document, const DocumentIndex& index, std::uint8_t topic, const EncodedEvent& event) {
  const Verdict verdict = find_repeat(document, nullptr, topic, event);
  expect(find_repeat(document, &index, topic, event) == verdict, "an index finds the same");
  const auto sketch = FactSketch::of(document);
  expect(sketch.has_value(), "a document has a sketch");
  expect(verdict == Verdict::kNew || sketch->may_know(FactSketch::of(event)), "a sketch knows every fact");
  std::string by_walking = document;
  std::string by_index = document;
  const bool is_first = append_conflict(by_walking, nullptr, {topic, 9}, 10, event);
  expect(append_conflict(by_index, &index, {topic, 9}, 10, event) == is_first && by_index == by_walking,
         "an index knows the same conflicts");
}

void read(DocumentRef ref, std::string_view bytes) {
  const Exact exact(bytes);
  Arena arena;
  const auto document = decode_document(ref, exact.view(), 0, arena);
  DocumentIndex index;
  const auto followed = index.follow(exact.view());
  const auto sketch = FactSketch::of(exact.view());
  for_each_content(exact.view(), [](std::uint8_t, std::string_view content) { event_id_of(content); });
  if (!document) {
    expect(document.error().code == ErrorCode::kCorrupt, "bytes that no version wrote are damage");
    return;
  }
  expect(followed && sketch, "whoever reads a document reads it all");
  const std::string again = written(*document);
  Arena more;
  const auto same = decode_document(ref, again, again.size(), more);
  expect(same.has_value(), "what this version writes it reads");
  expect_same(*document, *same);
  const std::string plain(bytes);
  for (std::size_t i = 0; i < std::min<std::size_t>(document->facts.size(), 8); ++i) {
    const domain::Fact& fact = document->facts[i];
    ByteBuffer memory;
    come(plain, index, fact.at.topic, encode_event(fact.event, memory));
    domain::Event other = fact.event;
    other.occurred_at += 1;
    come(plain, index, fact.at.topic, encode_event(other, memory));
    come(plain, index, static_cast<std::uint8_t>((fact.at.topic + 1) % domain::kTopicCount),
         encode_event(other, memory));
  }
  for (const DocumentRef& link : document->links) {
    std::string linked = plain;
    expect(!append_link(linked, nullptr, link) && !append_link(linked, &index, link) && linked == plain,
           "a link is kept once");
  }
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace daybook;
  fuzz::Input input(data, size);
  const auto kind = static_cast<domain::DocumentKind>(input.byte() % 9);
  fuzz::read({kind, kind == domain::DocumentKind::kCustomer || kind >= domain::DocumentKind::kTarget ? "" : "D"},
             input.rest());
  return 0;
}
