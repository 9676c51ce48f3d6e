#include "store/document_codec.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/hex_id.h"

namespace daybook::store {
namespace {

using namespace domain;  // NOLINT: this file is about nothing else.

// fields_of(archive, payload) lists the fields of each payload once, for writing and reading alike. The
// document's own id is not among them; a claim's id comes first (judge() compares it in place).
// The order is stored: append only.

template <typename A> void fields_of(A& a, OrderPlaced& e) {
  a(e.kind), a(e.region), a(e.sales_rep), a(e.channel), a(e.currency), a(e.requested_date), a(e.lines);
}
template <typename A> void fields_of(A& a, OrderConfirmed& e) { a(e.promised_date); }
template <typename A> void fields_of(A& a, OrderChanged& e) { a(e.lines), a(e.requested_date); }
template <typename A> void fields_of(A& a, OrderDelayed& e) {
  a(e.stage), a(e.reason_code), a(e.promised_date), a(e.note);
}
template <typename A> void fields_of(A&, OrderReady&) {}
template <typename A> void fields_of(A& a, OrderCancelled& e) { a(e.line_ids), a(e.reason_code); }
template <typename A> void fields_of(A& a, ShipmentDispatched& e) {
  a(e.shipment_id), a(e.warehouse), a(e.carrier), a(e.lines), a(e.freight_minor), a(e.currency);
}
template <typename A> void fields_of(A& a, ShipmentDelivered& e) { a(e.shipment_id), a(e.signed_by); }
template <typename A> void fields_of(A& a, ShipmentReturned& e) {
  a(e.return_id), a(e.shipment_id), a(e.lines), a(e.reason_code);
}
template <typename A> void fields_of(A& a, InvoiceIssued& e) {
  a(e.kind), a(e.order_ids), a(e.region), a(e.sales_rep), a(e.currency), a(e.net_minor), a(e.tax_minor),
      a(e.issue_date), a(e.due_date), a(e.instalments);
}
template <typename A> void fields_of(A&, InvoiceDelivered&) {}
template <typename A> void fields_of(A& a, InvoiceDueDateChanged& e) { a(e.due_date), a(e.reason_code); }
template <typename A> void fields_of(A& a, InvoiceVoided& e) { a(e.date), a(e.reason_code); }
template <typename A> void fields_of(A& a, CreditNoteIssued& e) {
  a(e.invoice_id), a(e.currency), a(e.net_minor), a(e.tax_minor), a(e.issue_date), a(e.reason_code);
}
template <typename A> void fields_of(A& a, InvoiceDisputed& e) {
  a(e.dispute_id), a(e.amount_minor), a(e.reason_code);
}
template <typename A> void fields_of(A& a, DisputeResolved& e) { a(e.dispute_id), a(e.outcome); }
template <typename A> void fields_of(A& a, InvoiceWrittenOff& e) {
  a(e.write_off_id), a(e.amount_minor), a(e.date), a(e.kind), a(e.reason_code);
}
template <typename A> void fields_of(A& a, WriteOffRecovered& e) {
  a(e.recovery_id), a(e.write_off_id), a(e.amount_minor), a(e.date);
}
template <typename A> void fields_of(A& a, PaymentReceived& e) {
  a(e.currency), a(e.amount_minor), a(e.value_date), a(e.method), a(e.reference),
      a(e.counterparty_customer_id), a(e.allocations);
}
template <typename A> void fields_of(A& a, PaymentAllocated& e) {
  a(e.allocation_id), a(e.date), a(e.allocations);
}
template <typename A> void fields_of(A& a, PaymentUnallocated& e) { a(e.allocation_id), a(e.date); }
template <typename A> void fields_of(A& a, PaymentReversed& e) { a(e.date), a(e.reason_code); }
template <typename A> void fields_of(A& a, RefundPaid& e) {
  a(e.refund_id), a(e.currency), a(e.amount_minor), a(e.value_date), a(e.counterparty_customer_id);
}
template <typename A> void fields_of(A& a, PromiseMade& e) {
  a(e.invoice_ids), a(e.currency), a(e.amount_minor), a(e.promised_date);
}
template <typename A> void fields_of(A&, PromiseWithdrawn&) {}
template <typename A> void fields_of(A& a, CustomerProfileSet& e) {
  a(e.name), a(e.region), a(e.sales_rep), a(e.grade), a(e.parent_customer_id), a(e.credit_currency),
      a(e.credit_limit_minor), a(e.payment_terms_days);
}
template <typename A> void fields_of(A& a, SalesTargetSet& e) {
  a(e.region), a(e.sales_rep), a(e.period), a(e.measure), a(e.currency), a(e.amount_minor);
}
template <typename A> void fields_of(A& a, ExchangeRatePublished& e) {
  a(e.currency), a(e.base_currency), a(e.date), a(e.rate);
}

template <typename A> void fields_of(A& a, OrderLine& e) {
  a(e.line_id), a(e.sku), a(e.quantity), a(e.net_minor), a(e.tax_minor);
}
template <typename A> void fields_of(A& a, ShipmentLine& e) { a(e.line_id), a(e.quantity); }
template <typename A> void fields_of(A& a, Instalment& e) { a(e.due_date), a(e.amount_minor); }
template <typename A> void fields_of(A& a, Allocation& e) { a(e.invoice_id), a(e.amount_minor); }

class Writer {
 public:
  explicit Writer(ByteBuffer& out) : out_(out) {}

  void operator()(std::string_view text) { out_.string(text); }
  void operator()(Day day) { out_.zigzag(day); }
  void operator()(std::int64_t minor) { out_.varint(static_cast<std::uint64_t>(minor)); }
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

class Reader {
 public:
  Reader(std::string_view bytes, Arena& arena) : in_(bytes), arena_(arena) {}

  void operator()(std::string_view& text) { text = in_.string(); }
  void operator()(Day& day) { day = static_cast<Day>(in_.zigzag()); }
  void operator()(std::int64_t& minor) { minor = static_cast<std::int64_t>(in_.varint()); }
  void operator()(Currency& currency) {
    currency = Currency::from_number(static_cast<std::uint16_t>(in_.varint()));
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

 private:
  ByteReader in_;
  Arena& arena_;
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

// The stored event does not repeat its document's id: gives it back.
template <typename E>
void set_document_id(E& e, DocumentRef ref) {
  if constexpr (std::is_same_v<E, CreditNoteIssued>) {
    e.credit_note_id = ref.id;
  } else if constexpr (std::is_same_v<E, RefundPaid>) {
    if (ref.kind == DocumentKind::kPayment) e.payment_id = ref.id;
    if (ref.kind == DocumentKind::kCreditNote) e.credit_note_id = ref.id;
  } else if constexpr (requires { e.allocation_id; }) {
    (ref.kind == DocumentKind::kPayment ? e.payment_id : e.credit_note_id) = ref.id;
  } else if constexpr (requires { e.payment_id; }) {
    e.payment_id = ref.id;
  } else if constexpr (requires { e.promise_id; }) {
    e.promise_id = ref.id;
  } else if constexpr (requires { e.order_id; }) {
    e.order_id = ref.id;
  } else if constexpr (requires { e.invoice_id; }) {
    e.invoice_id = ref.id;
  }
}

// Makes the payload of a type of this document and reads its fields.
template <std::size_t I>
void read_payload(Reader& reader, DocumentRef ref, Payload& payload) {
  auto& e = payload.emplace<I>();
  fields_of(reader, e);
  set_document_id(e, ref);
}
template <std::size_t... I>
constexpr auto payload_readers(std::index_sequence<I...>) {
  return std::array{&read_payload<I>...};
}
constexpr auto kPayloadReaders = payload_readers(std::make_index_sequence<kPayloadCount>());

struct FactHead {
  Position at;
  std::int64_t recorded_ms = 0;
};
FactHead read_head(ByteReader& body) {
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
  return 1 + varint_size(static_cast<std::uint64_t>(at.offset)) +
         varint_size(static_cast<std::uint64_t>(recorded_ms));
}

template <typename Out>
void write_head(BasicByteWriter<Out>& out, Position at, std::int64_t recorded_ms) {
  out.u8(at.topic);
  out.varint(static_cast<std::uint64_t>(at.offset));
  out.varint(static_cast<std::uint64_t>(recorded_ms));
}

Claims claims_of(const Payload& payload) {
  const std::optional<Claim> claim = claim_of(payload);
  if (!claim) return Claims::kNothing;
  return claim->id.empty() ? Claims::kDocument : Claims::kItsId;
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
        fields_of(writer, const_cast<P&>(payload));  // NOLINT: a Writer only reads.
      },
      event.payload);
  encoded.claims = claims_of(event.payload);
  encoded.bytes = memory.view();
  return encoded;
}

Verdict judge(std::string_view document, std::uint8_t topic, const EncodedEvent& event) {
  const std::string_view event_id = event.event_id();
  const std::string_view claimed = event.payload();
  const std::string_view claimed_id =
      event.claims == Claims::kItsId ? ByteReader(claimed.substr(1)).string() : std::string_view();
  Verdict by_claim = Verdict::kNew;
  Entries entries(document);
  for (Entry entry; entries.next(entry);) {
    if (entry.tag != EntryTag::kFact) continue;
    ByteReader body(entry.body);
    if (read_head(body).at.topic != topic) continue;
    if (skip_event_id(body) == event_id) {
      return body.raw(body.left()) == event.behind_event_id() ? Verdict::kDuplicate
                                                              : Verdict::kConflict;
    }
    if (event.claims == Claims::kNothing || by_claim != Verdict::kNew) continue;
    body.string();
    body.zigzag();
    const std::string_view payload = body.raw(body.left());
    if (payload.empty() || payload.front() != claimed.front()) continue;
    if (event.claims == Claims::kItsId && ByteReader(payload.substr(1)).string() != claimed_id) continue;
    by_claim = payload == claimed ? Verdict::kDuplicate : Verdict::kConflict;
  }
  return by_claim;
}

namespace {

constexpr int kIdBits = 32;
static_assert(kIdBits + kPayloadCount <= 64);

std::uint64_t id_bit(std::string_view event_id) { return std::uint64_t{1} << hash64(event_id) % kIdBits; }
std::uint64_t type_bit(std::string_view payload) {
  return std::uint64_t{1} << (kIdBits + static_cast<unsigned char>(payload.front()));
}

}  // namespace

FactSketch FactSketch::of(std::string_view document) {
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
    if (!payload.empty() && static_cast<unsigned char>(payload.front()) < kPayloadCount) {
      sketch.bits_ |= type_bit(payload);
    }
  }
  return sketch;
}

FactSketch FactSketch::of(const EncodedEvent& event) {
  FactSketch sketch;
  sketch.bits_ = id_bit(event.event_id());
  if (event.claims != Claims::kNothing) sketch.bits_ |= type_bit(event.payload());
  return sketch;
}

void append_fact(std::string& document, Position at, std::int64_t recorded_ms,
                 const EncodedEvent& event) {
  thread_local ByteBuffer head;
  head.clear();
  BufferWriter out(head);
  out.u8(static_cast<std::uint8_t>(EntryTag::kFact));
  out.varint(head_size(at, recorded_ms) + event.bytes.size());
  write_head(out, at, recorded_ms);
  document.append(head.view());
  document.append(event.bytes);
}

bool append_conflict(std::string& document, Position at, std::int64_t recorded_ms,
                     const EncodedEvent& event) {
  Entries entries(document);
  for (Entry entry; entries.next(entry);) {
    if (entry.tag == EntryTag::kConflict && ByteReader(entry.body).u8() == at.topic) {
      return false;
    }
  }
  ByteReader behind_id(event.behind_event_id());
  behind_id.string();
  const std::int64_t occurred_at = behind_id.zigzag();
  std::string body;
  ByteWriter out(body);
  write_head(out, at, recorded_ms);
  out.raw(event.event_id());
  out.zigzag(occurred_at);
  out.u8(static_cast<std::uint8_t>(event.payload().front()));
  begin_entry(document, EntryTag::kConflict, body.size()).raw(body);
  return true;
}

bool append_link(std::string& document, DocumentRef from) {
  Entries entries(document);
  for (Entry entry; entries.next(entry);) {
    if (entry.tag == EntryTag::kLink && !entry.body.empty() &&
        static_cast<DocumentKind>(entry.body.front()) == from.kind && entry.body.substr(1) == from.id) {
      return false;
    }
  }
  ByteWriter out = begin_entry(document, EntryTag::kLink, 1 + from.id.size());
  out.u8(static_cast<std::uint8_t>(from.kind));
  out.raw(from.id);
  return true;
}

Result<Document> decode_document(DocumentRef ref, std::string_view bytes, std::size_t fresh_from,
                                 Arena& arena) {
  const auto corrupt = [&] {
    return unexpected(ErrorCode::kCorrupt,
                      fmt::format("document {}:'{}' holds bytes that no version wrote",
                                  static_cast<int>(ref.kind), ref.id));
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
        fact.event.event_id = read_event_id(reader.bytes());
        fact.event.source = reader.bytes().string();
        fact.event.occurred_at = reader.bytes().zigzag();
        const std::uint8_t type = reader.bytes().u8();
        if (type >= kPayloadCount) return corrupt();
        kPayloadReaders[type](reader, ref, fact.event.payload);
        if (!reader.bytes().ok() || !reader.bytes().done()) return corrupt();
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
        if (!body.ok() || conflict.type >= kPayloadCount) return corrupt();
        break;
      }
      case EntryTag::kLink: {
        ByteReader body(entry.body);
        const auto kind = static_cast<DocumentKind>(body.u8());
        links[link_at++] = {kind, body.raw(body.left())};
        break;
      }
      default:
        return corrupt();
    }
  }
  return Document{ref, 0, fresh_from == 0, facts, conflicts, links};
}

EventId event_id_of(std::string_view content) {
  ByteReader in(content);
  return read_event_id(in);
}

UInt128 fact_hash(std::string_view customer_id, DocumentRef ref, std::uint8_t topic,
                  std::string_view content) {
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
