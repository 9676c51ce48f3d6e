#include "store/keys.h"

#include "base/search_text.h"
#include "base/utf8.h"

namespace daybook::store {
namespace {

// Customer and kind.

// What is read of a key: a byte that is none of its values makes it one that nobody wrote.
class KeyReader : public ByteReader {
 public:
  using ByteReader::ByteReader;

  void expect(char prefix) { fits_ &= u8() == static_cast<std::uint8_t>(prefix); }
  void require(bool holds) { fits_ &= holds; }
  // As it is written: its length in as few bytes as that takes.
  std::string_view string() {
    const std::size_t before = left();
    const std::uint64_t size = varint();
    require(before - left() == varint_size(size));
    return raw(size);
  }
  domain::DocumentRef ref(std::size_t id_size) {
    const std::uint8_t kind = u8();
    require(kind <= static_cast<std::uint8_t>(domain::DocumentKind::kRate));
    return {static_cast<domain::DocumentKind>(kind), raw(id_size)};
  }
  // What stands before the next byte 0, and that byte. `all`: the bytes that this reads.
  std::string_view until_zero(std::string_view all) {
    const std::string_view rest = all.substr(all.size() - left());
    const std::size_t end = rest.find('\0');
    const std::string_view text = raw(end == std::string_view::npos ? 0 : end);
    require(u8() == 0);
    return text;
  }
  // What with_id() adds.
  std::string_view folded_id(std::string_view all) {
    const std::string_view folded = until_zero(all);
    const std::string_view own = until_zero(all);
    require(fold_case(own.empty() ? folded : own) == folded && own != folded);
    return own.empty() ? folded : own;
  }
  // Their ids are the rest.
  domain::DocumentRef ref() { return ref(left() - (left() > 0)); }

  template <typename Key>
  Result<Key> result(const Key& key, const char* what) const {
    if (ok() && done() && fits_) return key;
    return unexpected(ErrorCode::kCorrupt, std::string("the key of ") + what + " is none that a version wrote");
  }

 private:
  bool fits_ = true;
};

// Keys that each commit makes by the dozen are flattened: what they call is put into them.
bool is_topic(std::uint8_t topic) { return topic < domain::kTopicCount; }

// An id without case, and itself where it is another.
std::string with_id(std::string key, std::string_view id) {
  const std::string folded = fold_case(id);
  key += folded;
  key += '\0';
  if (folded != id) key += id;
  key += '\0';
  return key;
}

}  // namespace

std::string LabelKey::bytes() const {
  std::string key(1, kLabelPrefix);
  ByteWriter(key).big32(id);
  return key;
}

Result<LabelKey> LabelKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  in.expect(kLabelPrefix);
  return in.result(LabelKey{in.big32()}, "a label");
}

std::string ParkedKey::bytes() const {
  std::string key(1, kParkedPrefix);
  ByteWriter out(key);
  out.u8(topic);
  out.big64(static_cast<std::uint64_t>(offset));
  return key;
}

Result<ParkedKey> ParkedKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  in.expect(kParkedPrefix);
  ParkedKey key;
  key.topic = in.u8();
  key.offset = static_cast<std::int64_t>(in.big64());
  in.require(is_topic(key.topic) && key.offset >= 0);
  return in.result(key, "a parked record");
}

std::string JournalKey::bytes() const {
  std::string key(1, kJournalPrefix);
  ByteWriter(key).big16(entry);
  return key;
}

Result<JournalKey> JournalKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  in.expect(kJournalPrefix);
  return in.result(JournalKey{in.big16()}, "an entry of the journal");
}

[[gnu::flatten]] std::string AnomalyKey::bytes() const {
  // Numbers, and how long the texts are.
  constexpr std::size_t kNumbersMax = 40;
  std::string key;
  key.reserve(kNumbersMax + document_id.size() + emitter.id.size());
  ByteWriter out(key);
  out.u8(kAnomalyPrefix);
  out.u8(static_cast<std::uint8_t>(kind));
  out.big32(customer);
  out.string(document_id);
  out.u8(static_cast<std::uint8_t>(emitter.kind));
  out.string(emitter.id);
  out.u8(at.topic);
  out.big64(static_cast<std::uint64_t>(at.offset));
  out.big32(ordered(from));
  out.big32(ordered(until));
  return key;
}

Result<AnomalyKey> AnomalyKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  AnomalyKey key;
  in.expect(kAnomalyPrefix);
  const std::uint8_t kind = in.u8();
  in.require(kind > 0 && kind <= domain::kAnomalyKindCount);
  key.kind = static_cast<domain::AnomalyKind>(kind);
  key.customer = in.big32();
  key.document_id = in.string();
  const std::uint8_t emitter = in.u8();
  in.require(emitter <= static_cast<std::uint8_t>(domain::DocumentKind::kRate));
  key.emitter = {static_cast<domain::DocumentKind>(emitter), in.string()};
  key.at.topic = in.u8();
  in.require(is_topic(key.at.topic));
  key.at.offset = static_cast<std::int64_t>(in.big64());
  key.from = day_of_ordered(in.big32());
  key.until = day_of_ordered(in.big32());
  return in.result(key, "an anomaly");
}

std::string IdKey::beginning(domain::DocumentKind kind, std::string_view folded) {
  std::string key = {kIdPrefix, static_cast<char>(kind)};
  return key.append(folded);
}

std::string IdKey::prefix(domain::DocumentRef ref) { return with_id(beginning(ref.kind, {}), ref.id); }

std::string IdKey::bytes() const {
  std::string key = prefix(ref);
  ByteWriter(key).big32(customer);
  return key;
}

Result<IdKey> IdKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  in.expect(kIdPrefix);
  IdKey key;
  key.ref = in.ref(0);
  key.ref.id = in.folded_id(bytes);
  key.customer = in.big32();
  return in.result(key, "a document's id");
}

std::string ShipmentKey::beginning(std::string_view folded) { return std::string(1, kShipmentPrefix).append(folded); }

std::string ShipmentKey::prefix(std::string_view shipment_id) { return with_id(beginning({}), shipment_id); }

std::string ShipmentKey::prefix(std::string_view shipment_id, LabelId customer) {
  std::string key = prefix(shipment_id);
  ByteWriter(key).big32(customer);
  return key;
}

std::string ShipmentKey::bytes() const { return prefix(shipment_id, customer).append(order_id); }

Result<ShipmentKey> ShipmentKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  in.expect(kShipmentPrefix);
  ShipmentKey key;
  key.shipment_id = in.folded_id(bytes);
  key.customer = in.big32();
  key.order_id = in.raw(in.left());
  return in.result(key, "a shipment's id");
}

std::string_view NameKey::kept(std::string_view words) {
  constexpr std::size_t kWordsBytesMax = 64;
  return first_characters(words, kWordsBytesMax);
}

std::string NameKey::beginning(std::string_view words) { return std::string(1, kNamePrefix).append(kept(words)); }

std::string NameKey::bytes() const {
  std::string key = beginning(words);
  key += '\0';
  ByteWriter(key).big32(customer);
  return key;
}

Result<NameKey> NameKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  in.expect(kNamePrefix);
  NameKey key;
  key.words = in.until_zero(bytes);
  in.require(kept(key.words).size() == key.words.size());
  key.customer = in.big32();
  return in.result(key, "a customer's name");
}

std::string DocumentKey::prefix(LabelId customer) {
  std::string key;
  ByteWriter(key).big32(customer);
  return key;
}

std::string DocumentKey::prefix(LabelId customer, domain::DocumentKind kind) {
  return DocumentKey{customer, {kind, {}}}.bytes();
}

[[gnu::flatten]] std::string DocumentKey::bytes() const {
  std::string key;
  key.reserve(kHead + ref.id.size());
  ByteWriter out(key);
  out.big32(customer);
  out.u8(static_cast<std::uint8_t>(ref.kind));
  out.raw(ref.id);
  return key;
}

Result<DocumentKey> DocumentKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  DocumentKey key;
  key.customer = in.big32();
  key.ref = in.ref();
  return in.result(key, "a document");
}

Result<WaitedKey> WaitedKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  in.expect(kWaitedPrefix);
  WaitedKey key;
  key.document.customer = in.big32();
  key.document.ref = in.ref();
  return in.result(key, "a document that waited");
}

std::string EndedKey::prefix(LabelId customer, domain::DocumentKind kind) {
  return kEndedPrefix + DocumentKey::prefix(customer, kind);
}

Result<EndedKey> EndedKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  in.expect(kEndedPrefix);
  EndedKey key;
  key.document.customer = in.big32();
  key.document.ref = in.ref();
  return in.result(key, "a document that ended");
}

std::string cells_prefix(char family, LabelId customer) {
  std::string key(1, family);
  ByteWriter(key).big32(customer);
  return key;
}

[[gnu::flatten]] std::string PageKey::bytes() const {
  std::string key = cells_prefix(page.family, customer);
  ByteWriter(key).big16(page.span);
  return key;
}

Result<PageKey> PageKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  PageKey key;
  key.page.family = static_cast<char>(in.u8());
  in.require(key.page.family == kReceivablesPage || key.page.family == kLedgerPage || key.page.family == kSalesPage);
  key.customer = in.big32();
  key.page.span = in.big16();
  return in.result(key, "a page of cells");
}

std::string OpenedKey::prefix(LabelId customer, Day day) {
  std::string key = cells_prefix(kOpenedDocument, customer);
  ByteWriter(key).big32(ordered(day));
  return key;
}

[[gnu::flatten]] std::string OpenedKey::bytes() const {
  std::string key = prefix(customer, day);
  key.reserve(key.size() + 1 + ref.id.size());
  ByteWriter out(key);
  out.u8(static_cast<std::uint8_t>(ref.kind));
  out.raw(ref.id);
  return key;
}

Result<OpenedKey> OpenedKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  in.expect(kOpenedDocument);
  OpenedKey key;
  key.customer = in.big32();
  key.day = day_of_ordered(in.big32());
  key.ref = in.ref();
  return in.result(key, "a document that was open");
}

[[gnu::flatten]] std::string CycleRowKey::bytes() const { return cells_prefix(kCycleRow, customer).append(order_id); }

Result<CycleRowKey> CycleRowKey::parse(std::string_view bytes) {
  KeyReader in(bytes);
  in.expect(kCycleRow);
  CycleRowKey key;
  key.customer = in.big32();
  key.order_id = in.raw(in.left());
  return in.result(key, "an order-cycle row");
}

}  // namespace daybook::store
