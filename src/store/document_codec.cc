#include "store/document_codec.h"

#include <algorithm>

#include "base/hash.h"
#include "base/hex_id.h"
#include "store/cells.h"
#include "store/conflict_detail.h"
#include "store/event_fields.h"

namespace daybook::store {
namespace {

using namespace domain;  // NOLINT: this file is about nothing else.

class Writer {
 public:
  explicit Writer(ByteBuffer& out) : out_(out) {}

  template <typename T>
  void operator()(std::string_view /*name*/, const T& value) {
    (*this)(value);
  }

  void operator()(std::string_view text) { out_.string(text); }
  void operator()(Day day) { out_.zigzag(day); }
  void operator()(std::int64_t minor) { out_.varint(static_cast<std::uint64_t>(minor)); }
  void operator()(bool flag) { out_.u8(flag); }
  void operator()(Currency currency) { out_.varint(currency.number()); }
  void operator()(const Decimal& decimal) {
    out_.varint128(decimal.digits);
    out_.u8(static_cast<std::uint8_t>(decimal.fraction_digits << 4 | decimal.leading_zeros));
  }
  template <typename Enum>
    requires std::is_enum_v<Enum>
  void operator()(Enum value) {
    out_.u8(static_cast<std::uint8_t>(value));
  }
  template <typename T>
  void operator()(const std::optional<T>& value) {
    out_.u8(value.has_value());
    if (value) (*this)(*value);
  }
  template <typename T>
  void operator()(std::span<const T> items) {
    out_.varint(items.size());
    for (const T& item : items) {
      if constexpr (std::is_same_v<T, std::string_view>) {
        (*this)(item);
      } else {
        fields_of(*this, const_cast<T&>(item));  // NOLINT: a Writer only reads.
      }
    }
  }

 private:
  BufferWriter out_;
};

// Of three letters: more would be no code.
constexpr std::uint64_t kCurrencyNumberMax = 26 * 26 * 26;

// Its small functions are in the way of every fact that is folded: what they call is put into them.
class Reader {
 public:
  Reader(std::string_view bytes, Arena& arena) : in_(bytes), arena_(arena) {}

  template <typename T>
  void operator()(std::string_view /*name*/, T& value) {
    (*this)(value);
  }

  [[gnu::flatten]] void operator()(std::string_view& text) { text = in_.string(); }
  // Dates, and terms of payment in days.
  [[gnu::flatten]] void operator()(Day& day) {
    const std::int64_t value = in_.zigzag();
    require(kCellDayMin <= value && value <= kCellDayMax);
    day = static_cast<Day>(value);
  }
  void operator()(bool& flag) { flag = in_.u8() != 0; }
  [[gnu::flatten]] void operator()(std::int64_t& minor) { minor = static_cast<std::int64_t>(in_.varint()); }
  [[gnu::flatten]] void operator()(Currency& currency) {
    const std::uint64_t number = in_.varint();
    require(number <= kCurrencyNumberMax);
    currency = Currency::from_number(static_cast<std::uint16_t>(number));
  }
  void operator()(Decimal& decimal) {
    decimal.digits = in_.varint128();
    const std::uint8_t form = in_.u8();
    decimal.fraction_digits = form >> 4;
    decimal.leading_zeros = form & 15;
  }
  template <typename Enum>
    requires std::is_enum_v<Enum>
  void operator()(Enum& value) {
    value = static_cast<Enum>(in_.u8());
    require(domain::is_stored(value));
  }
  template <typename T>
  void operator()(std::optional<T>& value) {
    if (in_.u8() != 0) (*this)(value.emplace());
  }
  template <typename T>
  void operator()(std::span<const T>& items) {
    const std::size_t count = in_.varint();
    if (count > in_.left()) {  // Every item takes a byte at least.
      in_.raw(in_.left() + 1);
      return;
    }
    const std::span<T> out = arena_.array<T>(count);
    for (T& item : out) {
      if constexpr (std::is_same_v<T, std::string_view>) {
        (*this)(item);
      } else {
        fields_of(*this, item);
      }
    }
    items = out;
  }

  ByteReader& bytes() { return in_; }
  // No value was out of its range.
  bool fits() const { return fits_; }
  void require(bool holds) { fits_ &= holds; }

 private:
  ByteReader in_;
  Arena& arena_;
  bool fits_ = true;
};

// Event ids are mostly hexadecimal digits, which take half the bytes: a varint that is even is twice the length
// of a text, one that is odd tells the form of the 16 bytes behind it.
void write_event_id(EventId id, BufferWriter& out) {
  const auto hex = [&](HexForm form, std::string_view bytes) {
    out.u8(static_cast<std::uint8_t>(static_cast<int>(form) << 1 | 1));
    out.raw(bytes);
  };
  if (id.form()) {
    hex(*id.form(), id.bytes());
  } else if (const auto parsed = HexId::parse(id.bytes())) {
    hex(parsed->form, {parsed->bytes.data(), parsed->bytes.size()});
  } else {
    out.varint(id.bytes().size() << 1);
    out.raw(id.bytes());
  }
}
// As it was written.
std::string_view skip_event_id(ByteReader& in) {
  const char* begin = in.at();
  const std::uint64_t head = in.varint();
  in.raw(head & 1 ? HexId::kBytes : head >> 1);
  return {begin, static_cast<std::size_t>(in.at() - begin)};
}
EventId read_event_id(ByteReader& in) {
  const std::uint64_t head = in.varint();
  if (!(head & 1)) return in.raw(head >> 1);
  const bool known = head >> 1 <= static_cast<int>(HexForm::kPlain);
  const std::string_view bytes = in.raw(known ? HexId::kBytes : in.left() + 1);
  return {static_cast<HexForm>(known ? head >> 1 : 0), bytes};
}

// Makes the payload of a type of this document and reads its fields; it does not fit when another kind of
// document has such events.
template <std::size_t I>
void read_payload(Reader& reader, DocumentRef ref, Payload& payload) {
  auto& e = payload.emplace<I>();
  stored_fields_of(reader, e);
  constexpr auto kDocument = kEventType<std::variant_alternative_t<I, Payload>>.document;
  kDocument.set(e, ref);
  reader.require(kDocument.ref(e).kind == ref.kind);
}
template <std::size_t... I>
constexpr auto payload_readers(std::index_sequence<I...>) {
  return std::array{&read_payload<I>...};
}
constexpr auto kPayloadReaders = payload_readers(std::make_index_sequence<kPayloadCount>());

// False for a type that is none; what else may be wrong the reader says.
bool read_event(Reader& reader, DocumentRef ref, Event& event) {
  event.event_id = read_event_id(reader.bytes());
  event.source = reader.bytes().string();
  event.occurred_at = reader.bytes().zigzag();
  const std::uint8_t type = reader.bytes().u8();
  if (type >= kPayloadCount) return false;
  kPayloadReaders[type](reader, ref, event.payload);
  return true;
}

struct FactHead {
  Position at;
  std::int64_t recorded_ms = 0;
};
[[gnu::always_inline]] inline FactHead read_head(ByteReader& body) {
  FactHead head;
  head.at.topic = body.u8();
  head.at.offset = static_cast<std::int64_t>(body.varint());
  head.recorded_ms = static_cast<std::int64_t>(body.varint());
  return head;
}

// Begins an entry of `size` bytes.
ByteWriter begin_entry(std::string& document, EntryTag tag, std::size_t size) {
  ByteWriter out(document);
  out.u8(static_cast<std::uint8_t>(tag));
  out.varint(size);
  return out;
}

std::size_t head_size(Position at, std::int64_t recorded_ms) {
  return 1 + varint_size(static_cast<std::uint64_t>(at.offset)) + varint_size(static_cast<std::uint64_t>(recorded_ms));
}

template <typename Out>
void write_head(BasicByteWriter<Out>& out, Position at, std::int64_t recorded_ms) {
  out.u8(at.topic);
  out.varint(static_cast<std::uint64_t>(at.offset));
  out.varint(static_cast<std::uint64_t>(recorded_ms));
}

}  // namespace

EncodedEvent encode_event(const Event& event, ByteBuffer& memory) {
  memory.clear();
  EncodedEvent encoded;
  BufferWriter out(memory);
  write_event_id(event.event_id, out);
  encoded.source_at = static_cast<std::uint32_t>(memory.size());
  out.string(event.source);
  out.zigzag(event.occurred_at);
  encoded.payload_at = static_cast<std::uint32_t>(memory.size());
  out.u8(static_cast<std::uint8_t>(event.payload.index()));
  Writer writer(memory);
  std::visit(
      [&]<typename P>(const P& payload) {
        stored_fields_of(writer, const_cast<P&>(payload));  // NOLINT: a Writer only reads.
      },
      event.payload);
  encoded.claims = event_type(event.payload).claims;
  encoded.bytes = memory.view();
  return encoded;
}

namespace {

// The fact that an event repeats or contradicts: its content, and what is said of it.
struct Standing {
  Verdict verdict = Verdict::kNew;
  std::string_view content;
  FactHead head;
};

// Of what stands behind an event id: type and payload; empty in bytes that no version wrote.
std::string_view skip_envelope(ByteReader& body) {
  body.string();
  body.zigzag();
  return body.raw(body.left());
}

std::string_view claimed_id(std::string_view payload) { return ByteReader(payload.substr(1)).string(); }

std::uint64_t event_id_hash(std::uint8_t topic, std::string_view event_id) { return table_hash(event_id, topic); }
std::uint64_t claim_hash(std::uint8_t topic, std::string_view payload, Claims claims) {
  const std::uint64_t seed =
      std::uint64_t{1} << 16 | std::uint64_t{topic} << 8 | static_cast<std::uint8_t>(payload.front());
  return table_hash(claims == Claims::kItsId ? claimed_id(payload) : std::string_view(), seed);
}
std::uint64_t link_hash(DocumentRef ref) {
  return table_hash(ref.id, std::uint64_t{1} << 32 | static_cast<std::uint8_t>(ref.kind));
}

bool is_link_of(const Entry& entry, DocumentRef ref) {
  return entry.tag == EntryTag::kLink && !entry.body.empty() &&
         static_cast<DocumentKind>(entry.body.front()) == ref.kind && entry.body.substr(1) == ref.id;
}

// Calls visit(entry) for each entry until it returns false.
template <typename Visit>
void for_each_entry_until(std::string_view document, const Visit& visit) {
  Entries entries(document);
  for (Entry entry; entries.next(entry);) {
    if (!visit(entry)) return;
  }
}
template <typename Visit>
void for_each_entry_until(std::string_view document, const DocumentIndex& index, std::uint64_t hash,
                          const Visit& visit) {
  for (const std::uint32_t place : index.places(hash)) {
    Entry entry;
    if (!Entries(document.substr(place)).next(entry) || !visit(entry)) return;
  }
}

Standing find_standing(std::string_view document, const DocumentIndex* index, std::uint8_t topic,
                       const EncodedEvent& event) {
  const std::string_view event_id = event.event_id();
  const std::string_view claimed = event.payload();
  const std::string_view id = event.claims == Claims::kItsId ? claimed_id(claimed) : std::string_view();
  Standing by_id;
  Standing by_claim;
  const auto compare = [&](const Entry& entry) {
    if (entry.tag != EntryTag::kFact) return true;
    ByteReader body(entry.body);
    const FactHead head = read_head(body);
    if (head.at.topic != topic) return true;
    const std::string_view content = entry.body.substr(entry.body.size() - body.left());
    if (skip_event_id(body) == event_id) {
      by_id = {body.raw(body.left()) == event.behind_event_id() ? Verdict::kDuplicate : Verdict::kConflict, content,
               head};
      return false;
    }
    if (event.claims == Claims::kNothing || by_claim.verdict != Verdict::kNew) return true;
    const std::string_view payload = skip_envelope(body);
    if (payload.empty() || payload.front() != claimed.front()) return true;
    if (event.claims == Claims::kItsId && claimed_id(payload) != id) return true;
    by_claim = {payload == claimed ? Verdict::kDuplicate : Verdict::kConflict, content, head};
    return true;
  };
  if (index == nullptr) {
    for_each_entry_until(document, compare);
  } else {
    for_each_entry_until(document, *index, event_id_hash(topic, event_id), compare);
    if (by_id.verdict == Verdict::kNew && event.claims != Claims::kNothing) {
      for_each_entry_until(document, *index, claim_hash(topic, claimed, event.claims), compare);
    }
  }
  return by_id.verdict == Verdict::kNew ? by_claim : by_id;
}

}  // namespace

Result<void> DocumentIndex::follow(std::string_view document) {
  ByteReader reader(document.substr(known_));
  while (!reader.done()) {
    const auto place = static_cast<std::uint32_t>(document.size() - reader.left());
    Entry entry;
    entry.tag = static_cast<EntryTag>(reader.u8());
    entry.body = reader.string();
    if (!reader.ok()) return unexpected(ErrorCode::kCorrupt, "a document holds bytes that no version wrote");
    if (entry.tag == EntryTag::kFact) {
      ByteReader body(entry.body);
      const std::uint8_t topic = read_head(body).at.topic;
      places_.emplace(event_id_hash(topic, skip_event_id(body)), place);
      const std::string_view payload = skip_envelope(body);
      const std::size_t type = payload.empty() ? kPayloadCount : static_cast<std::uint8_t>(payload.front());
      const Claims claims = type < kPayloadCount ? kEventTypes[type].claims : Claims::kNothing;
      if (claims != Claims::kNothing) places_.emplace(claim_hash(topic, payload, claims), place);
    } else if (entry.tag == EntryTag::kLink && !entry.body.empty()) {
      places_.emplace(link_hash({static_cast<DocumentKind>(entry.body.front()), entry.body.substr(1)}), place);
    } else if (entry.tag == EntryTag::kConflict) {
      conflict_topics_ |= std::uint64_t{1} << ByteReader(entry.body).u8() % 64;
    }
  }
  known_ = document.size();
  return {};
}

SmallVector<std::uint32_t, 4> DocumentIndex::places(std::uint64_t hash) const {
  SmallVector<std::uint32_t, 4> places;
  const auto [begin, end] = places_.equal_range(hash);
  for (auto at = begin; at != end; ++at) places.push_back(at->second);
  std::ranges::sort(places);
  return places;
}

Verdict find_repeat(std::string_view document, const DocumentIndex* index, std::uint8_t topic,
                    const EncodedEvent& event) {
  return find_standing(document, index, topic, event).verdict;
}

namespace {

// Of the contents of two events of one document.
std::string detail_of_conflict(std::string_view stands, std::string_view came) {
  Arena arena;
  const auto read = [&](std::string_view content, Event& event) {
    Reader reader(content, arena);
    return read_event(reader, {}, event);
  };
  Event standing;
  Event coming;
  return read(stands, standing) && read(came, coming) ? conflict_detail(standing, coming) : "";
}

// The document as it was when the record at `at` was read, but for other topics.
std::string_view told_before(std::string_view document, Position at) {
  Entries entries(document);
  std::string_view before = document;
  for (Entry entry; entries.next(entry);) {
    if (entry.tag == EntryTag::kFact) {
      ByteReader body(entry.body);
      const Position fact = read_head(body).at;
      if (fact.topic == at.topic && fact.offset >= at.offset) return before;
    }
    before = document.substr(0, static_cast<std::size_t>(entry.body.data() + entry.body.size() - document.data()));
  }
  return document;
}

}  // namespace

Repeat find_repeat_below(std::string_view document, Position at, const EncodedEvent& event) {
  const Standing standing = find_standing(told_before(document, at), nullptr, at.topic, event);
  Repeat repeat{standing.verdict, standing.head.at, standing.head.recorded_ms, {}};
  if (repeat.verdict == Verdict::kConflict) repeat.detail = detail_of_conflict(standing.content, event.bytes);
  return repeat;
}

namespace {

// Types may share a bit, as ids do: a sketch only says what is surely new.
constexpr int kIdBits = 32;
constexpr int kTypeBits = 64 - kIdBits;

std::uint64_t id_bit(std::string_view event_id) { return std::uint64_t{1} << hash64(event_id) % kIdBits; }
std::uint64_t type_bit(std::string_view payload) {
  return std::uint64_t{1} << (kIdBits + static_cast<unsigned char>(payload.front()) % kTypeBits);
}

}  // namespace

Result<FactSketch> FactSketch::of(std::string_view document) {
  FactSketch sketch;
  Entries entries(document);
  for (Entry entry; entries.next(entry);) {
    if (entry.tag != EntryTag::kFact) continue;
    ByteReader body(entry.body);
    read_head(body);
    sketch.bits_ |= id_bit(skip_event_id(body));
    body.string();
    body.zigzag();
    const std::string_view payload = body.raw(body.left());
    if (payload.empty()) return unexpected(ErrorCode::kCorrupt, "a document holds a fact that no version wrote");
    sketch.bits_ |= type_bit(payload);
  }
  if (!entries.ok()) return unexpected(ErrorCode::kCorrupt, "a document holds bytes that no version wrote");
  return sketch;
}

bool may_have_occurred(std::string_view document, std::uint64_t types, Instant from, Instant to) {
  Entries entries(document);
  for (Entry entry; entries.next(entry);) {
    if (entry.tag != EntryTag::kFact) continue;
    ByteReader body(entry.body);
    read_head(body);
    skip_event_id(body);
    body.string();
    const Instant occurred_at = body.zigzag();
    const std::uint8_t type = body.u8();
    if (!body.ok()) return true;
    if (occurred_at >= from && occurred_at < to && (types >> (type % 64) & 1) != 0) return true;
  }
  return !entries.ok();
}

FactSketch FactSketch::of(const EncodedEvent& event) {
  FactSketch sketch;
  sketch.bits_ = id_bit(event.event_id());
  if (event.claims != Claims::kNothing) sketch.bits_ |= type_bit(event.payload());
  return sketch;
}

void append_fact(std::string& document, Position at, std::int64_t recorded_ms, const EncodedEvent& event) {
  thread_local ByteBuffer head;
  head.clear();
  BufferWriter out(head);
  out.u8(static_cast<std::uint8_t>(EntryTag::kFact));
  out.varint(head_size(at, recorded_ms) + event.bytes.size());
  write_head(out, at, recorded_ms);
  document.append(head.view());
  document.append(event.bytes);
}

bool append_conflict(std::string& document, const DocumentIndex* index, Position at, std::int64_t recorded_ms,
                     const EncodedEvent& event) {
  bool is_first = true;
  if (index != nullptr) {
    is_first = !index->has_conflict(at.topic);
  } else {
    for_each_entry_until(document, [&](const Entry& entry) {
      is_first = entry.tag != EntryTag::kConflict || ByteReader(entry.body).u8() != at.topic;
      return is_first;
    });
  }
  if (!is_first) return false;
  ByteReader envelope(event.behind_event_id());
  envelope.string();
  const Instant occurred_at = envelope.zigzag();
  std::string body;
  ByteWriter out(body);
  write_head(out, at, recorded_ms);
  out.raw(event.event_id());
  out.zigzag(occurred_at);
  out.u8(static_cast<std::uint8_t>(event.payload().front()));
  out.string(detail_of_conflict(find_standing(document, index, at.topic, event).content, event.bytes));
  begin_entry(document, EntryTag::kConflict, body.size()).raw(body);
  return true;
}

bool append_link(std::string& document, const DocumentIndex* index, DocumentRef from) {
  bool is_new = true;
  const auto compare = [&](const Entry& entry) { return is_new = !is_link_of(entry, from); };
  if (index != nullptr) {
    for_each_entry_until(document, *index, link_hash(from), compare);
  } else {
    for_each_entry_until(document, compare);
  }
  if (!is_new) return false;
  ByteWriter out = begin_entry(document, EntryTag::kLink, 1 + from.id.size());
  out.u8(static_cast<std::uint8_t>(from.kind));
  out.raw(from.id);
  return true;
}

[[gnu::flatten]] Result<Document> decode_document(DocumentRef ref, std::string_view bytes, std::size_t fresh_from,
                                                  Arena& arena) {
  const auto corrupt = [&] {
    return unexpected(ErrorCode::kCorrupt, "its document holds bytes that no version wrote");
  };
  std::size_t facts_count = 0;
  std::size_t conflicts_count = 0;
  std::size_t links_count = 0;
  Entries counting(bytes);
  for (Entry entry; counting.next(entry);) {
    facts_count += entry.tag == EntryTag::kFact;
    conflicts_count += entry.tag == EntryTag::kConflict;
    links_count += entry.tag == EntryTag::kLink;
  }
  if (!counting.ok()) return corrupt();
  const auto facts = arena.array<Fact>(facts_count);
  const auto conflicts = arena.array<Conflict>(conflicts_count);
  const auto links = arena.array<DocumentRef>(links_count);
  std::size_t fact_at = 0;
  std::size_t conflict_at = 0;
  std::size_t link_at = 0;
  Entries entries(bytes);
  for (Entry entry; entries.next(entry);) {
    const bool fresh = entry.body.data() >= bytes.data() + fresh_from;
    switch (entry.tag) {
      case EntryTag::kFact: {
        Reader reader(entry.body, arena);
        Fact& fact = facts[fact_at++];
        const FactHead head = read_head(reader.bytes());
        fact.at = head.at;
        fact.recorded_ms = head.recorded_ms;
        fact.fresh = fresh;
        if (!read_event(reader, ref, fact.event)) return corrupt();
        const bool is_whole = reader.fits() && reader.bytes().ok() && reader.bytes().done();
        if (!is_whole || fact.at.topic >= kTopicCount) return corrupt();
        break;
      }
      case EntryTag::kConflict: {
        ByteReader body(entry.body);
        Conflict& conflict = conflicts[conflict_at++];
        const FactHead head = read_head(body);
        conflict.at = head.at;
        conflict.recorded_ms = head.recorded_ms;
        conflict.fresh = fresh;
        conflict.event_id = read_event_id(body);
        conflict.occurred_at = body.zigzag();
        conflict.type = body.u8();
        conflict.detail = body.string();
        const bool is_whole = body.ok() && body.done() && conflict.type < kPayloadCount;
        if (!is_whole || conflict.at.topic >= kTopicCount) return corrupt();
        break;
      }
      case EntryTag::kLink: {
        ByteReader body(entry.body);
        const auto kind = static_cast<DocumentKind>(body.u8());
        if (!body.ok() || kind > DocumentKind::kRate) return corrupt();
        links[link_at++] = {kind, body.raw(body.left())};
        break;
      }
      default: return corrupt();
    }
  }
  return Document{ref, 0, fresh_from == 0, facts, conflicts, links};
}

EventId event_id_of(std::string_view content) {
  ByteReader in(content);
  return read_event_id(in);
}

UInt128 fact_hash(std::string_view customer_id, DocumentRef ref, std::uint8_t topic, std::string_view content) {
  thread_local ByteBuffer bytes;
  bytes.clear();
  BufferWriter out(bytes);
  out.string(customer_id);
  out.u8(static_cast<std::uint8_t>(ref.kind));
  out.string(ref.id);
  out.u8(topic);
  out.raw(content);
  return hash128(bytes.view());
}

}  // namespace daybook::store
