// The reader of encoded events against the protobuf library: both accept the same bytes, find the same in
// them, and write that as the same bytes.
#include "events/wire.h"

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "events/json.h"
#include "events/validate.h"
#include "support/hostile.h"
#include "support/payloads.h"

namespace daybook::events {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Everything that a message says, for both kinds of class. X(name): each name of a field.
// clang-format off
#define DAYBOOK_FIELDS(X)                                                                             \
  X(event_id) X(customer_id) X(source) X(occurred_at) X(correlation_id) X(seconds) X(nanos)           \
  X(order_id) X(kind) X(region) X(sales_rep) X(channel) X(currency) X(requested_date) X(lines)        \
  X(line_id) X(sku) X(quantity) X(net_minor) X(tax_minor) X(promised_date) X(stage) X(reason_code)    \
  X(note) X(line_ids) X(shipment_id) X(warehouse) X(carrier) X(freight_minor) X(signed_by)            \
  X(return_id) X(invoice_id) X(order_ids) X(issue_date) X(due_date) X(instalments) X(amount_minor)    \
  X(date) X(credit_note_id) X(dispute_id) X(outcome) X(write_off_id) X(recovery_id) X(payment_id)     \
  X(value_date) X(method) X(reference) X(counterparty_customer_id) X(allocations) X(allocation_id)    \
  X(refund_id) X(promise_id) X(invoice_ids) X(name) X(grade) X(parent_customer_id) X(credit_currency) \
  X(credit_limit_minor) X(payment_terms_days) X(period) X(measure) X(base_currency) X(rate)  \
  X(to_be_resent)
// clang-format on

template <typename Message>
void say_fields(const Message& message, std::string& out);

template <typename Value>
void say(const Value& value, std::string& out) {
  if constexpr (std::is_convertible_v<Value, std::string_view>) {
    out += '"';
    out += std::string_view(value);
    out += '"';
  } else if constexpr (std::is_integral_v<Value> || std::is_enum_v<Value>) {
    out += std::to_string(static_cast<std::int64_t>(value));
  } else if constexpr (requires { value[0]; }) {
    out += '[';
    for (int i = 0; i < value.size(); ++i) say(value[i], out);
    out += ']';
  } else {
    say_fields(value, out);
  }
  out += ' ';
}

template <typename Message>
void say_fields(const Message& message, std::string& out) {
  out += '{';
#define SAY(field)                                                                   \
  if constexpr (requires { message.field(); }) {                                     \
    bool said = true;                                                                \
    if constexpr (requires { message.has_##field(); }) said = message.has_##field(); \
    if (said) {                                                                      \
      out += #field ":";                                                             \
      say(message.field(), out);                                                     \
    }                                                                                \
  }
  DAYBOOK_FIELDS(SAY)
#undef SAY
  out += '}';
}

template <typename Event>
std::string said(const Event& event) {
  std::string out;
  say_fields(event, out);
  using P = v1::Event::PayloadCase;
  switch (event.payload_case()) {
#define SAY(number, name)   \
  case P::number:           \
    out += #name;           \
    say(event.name(), out); \
    break;
    SAY(kOrderPlaced, order_placed)
    SAY(kOrderConfirmed, order_confirmed)
    SAY(kOrderChanged, order_changed)
    SAY(kOrderDelayed, order_delayed)
    SAY(kOrderReady, order_ready)
    SAY(kOrderCancelled, order_cancelled)
    SAY(kShipmentDispatched, shipment_dispatched)
    SAY(kShipmentDelivered, shipment_delivered)
    SAY(kShipmentReturned, shipment_returned)
    SAY(kInvoiceIssued, invoice_issued)
    SAY(kInvoiceDelivered, invoice_delivered)
    SAY(kInvoiceDueDateChanged, invoice_due_date_changed)
    SAY(kInvoiceVoided, invoice_voided)
    SAY(kCreditNoteIssued, credit_note_issued)
    SAY(kCreditNoteVoided, credit_note_voided)
    SAY(kInvoiceDisputed, invoice_disputed)
    SAY(kDisputeResolved, dispute_resolved)
    SAY(kInvoiceWrittenOff, invoice_written_off)
    SAY(kWriteOffRecovered, write_off_recovered)
    SAY(kPaymentReceived, payment_received)
    SAY(kPaymentAllocated, payment_allocated)
    SAY(kPaymentUnallocated, payment_unallocated)
    SAY(kPaymentReversed, payment_reversed)
    SAY(kRefundPaid, refund_paid)
    SAY(kPromiseMade, promise_made)
    SAY(kPromiseWithdrawn, promise_withdrawn)
    SAY(kCustomerProfileSet, customer_profile_set)
    SAY(kSalesTargetSet, sales_target_set)
    SAY(kExchangeRatePublished, exchange_rate_published)
#undef SAY
    case P::PAYLOAD_NOT_SET: break;
  }
  return out;
}

void collect_names(const Descriptor* type, std::set<std::string>& names) {
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->real_containing_oneof() == nullptr) names.insert(field->name());
    if (field->message_type() != nullptr) collect_names(field->message_type(), names);
  }
}

TEST(WireTest, EveryFieldIsCompared) {
  std::set<std::string> expected;
  collect_names(v1::Event::descriptor(), expected);
  std::set<std::string> compared;
#define NAME(field) compared.insert(#field);
  DAYBOOK_FIELDS(NAME)
#undef NAME
  EXPECT_EQ(compared, expected);
}

class Differential {
 public:
  // Whether the bytes parse; both must say so, and the same of what they hold.
  bool compare(std::string_view bytes) {
    arena_.reset();
    expected_.Clear();
    const bool parses = expected_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    // On the heap to its last byte, so that a sanitizer sees what is read past it.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    wire::Event event;
    const bool read = wire::parse({exact.data(), exact.size()}, arena_, event);
    EXPECT_EQ(read, parses) << testing::PrintToString(std::string(bytes));
    if (!read || !parses) return false;
    EXPECT_EQ(said(event), said(expected_)) << testing::PrintToString(std::string(bytes));
    EXPECT_EQ(event.has_unknown_fields(), !expected_.GetReflection()->GetUnknownFields(expected_).empty());
    std::string written(event.byte_size(), '\0');
    EXPECT_EQ(event.write(written.data()), written.data() + written.size());
    expected_.DiscardUnknownFields();
    EXPECT_EQ(written, expected_.SerializeAsString()) << testing::PrintToString(std::string(bytes));
    Violations found;
    domain::Event typed;
    const bool valid = validate(event, arena_, found, typed);
    EXPECT_EQ(valid, found.empty());
    Violations faults;
    EXPECT_EQ(validate(expected_, arena_, faults).has_value(), valid);
    EXPECT_TRUE(std::ranges::equal(found.kept(), faults.kept(), [](const Violation& one, const Violation& other) {
      return one.field == other.field && one.message == other.message;
    })) << testing::PrintToString(std::string(bytes));
    return true;
  }

 private:
  google::protobuf::LogSilencer no_words_about_utf8_;
  Arena arena_;
  v1::Event expected_;
};

// Bytes of events and what may become of them.
class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {
    for (const auto& [name, payload] : test::kPayloads) {
      v1::Event event;
      Violations violations;
      EXPECT_TRUE(read_event(test::event_of(name, payload), event, violations));
      seeds_.push_back(event.SerializeAsString());
    }
    for (const auto& record : test::Hostile(seed).records(100)) seeds_.push_back(record.value);
  }

  const std::vector<std::string>& seeds() const { return seeds_; }

  std::string next() {
    std::string bytes = seeds_[below(seeds_.size())];
    for (std::size_t i = 0, count = 1 + below(3); i < count; ++i) mutate(bytes);
    return bytes;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  char byte() { return static_cast<char>(random_()); }

  static void put_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
  }

  // The same value in `size` bytes, or as many as it needs.
  static void put_long_varint(std::string& out, std::uint64_t value, std::size_t size) {
    std::string bytes;
    put_varint(bytes, value);
    while (bytes.size() < size) {
      bytes.back() = static_cast<char>(bytes.back() | '\x80');
      bytes += '\0';
    }
    out += bytes;
  }

  // A field number that an event or its payload may have.
  std::uint64_t number() { return below(8) == 0 ? below(1 << 20) : below(56); }

  void put_field(std::string& out, int depth) {
    const std::uint64_t type = below(20) == 0 ? below(8) : std::array{0, 1, 2, 2, 2, 3, 5}[below(7)];
    const std::uint64_t tag = number() << 3 | type;
    put_long_varint(out, tag, below(10) == 0 ? 1 + below(6) : 1);
    switch (type) {
      case 0: put_long_varint(out, random_() >> below(64), 1 + below(11)); break;
      case 1: out.append(8, byte()); break;
      case 2: {
        std::string inner;
        if (depth > 0 && below(2) == 0) {
          for (std::size_t i = below(4); i > 0; --i) put_field(inner, depth - 1);
        } else {
          static const std::array<std::string, 14> kTexts = {"",
                                                             "O",
                                                             "2024-05-01",
                                                             "12.50",
                                                             "CNY",
                                                             "\xc3\xa9",
                                                             "\xe2\x82\xac",
                                                             "\xf0\x9f\x98\x80",
                                                             "\xff",
                                                             "\xed\xa0\x80",
                                                             "\xc0\x80",
                                                             "\xf4\x90\x80\x80",
                                                             "abcdefgh\xe2\x82",
                                                             "a b"};
          inner = kTexts[below(kTexts.size())];
        }
        put_long_varint(out, inner.size() + (below(30) == 0 ? 1 : 0), below(10) == 0 ? 1 + below(6) : 1);
        out += inner;
        break;
      }
      case 3:
        for (std::size_t i = depth > 0 ? below(3) : 0; i > 0; --i) put_field(out, depth - 1);
        put_varint(out, (below(20) == 0 ? number() << 3 : tag - 3) | 4);
        break;
      case 5: out.append(4, byte()); break;
      default: break;
    }
  }

  void mutate(std::string& bytes) {
    const std::size_t at = below(bytes.size() + 1);
    switch (below(10)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = byte();
        break;
      case 2: bytes.resize(at); break;
      case 3: bytes.insert(at, 1, byte()); break;
      case 4:
        if (at < bytes.size()) bytes.erase(at, 1 + below(4));
        break;
      case 5: {  // A piece of itself, once more.
        const std::string piece = bytes.substr(at, 1 + below(20));
        bytes.insert(below(bytes.size() + 1), piece);
        break;
      }
      case 6: bytes += seeds_[below(seeds_.size())]; break;  // Merges, or another payload.
      case 7: put_field(bytes, 3); break;
      case 8: {  // In front, where what follows may put it right.
        std::string field;
        put_field(field, 3);
        bytes.insert(0, field);
        break;
      }
      default: {  // Within a payload: the last field of an event.
        std::string field;
        put_field(field, 2);
        v1::Event event;
        if (!event.ParseFromString(bytes) || event.payload_case() == v1::Event::PAYLOAD_NOT_SET) break;
        const auto* payload = event.GetReflection();
        const FieldDescriptor* one = payload->GetOneofFieldDescriptor(event, event.GetDescriptor()->oneof_decl(0));
        const std::string inner = payload->GetMessage(event, one).SerializeAsString() + field;
        put_varint(bytes, static_cast<std::uint64_t>(one->number()) << 3 | 2);
        put_varint(bytes, inner.size());
        bytes += inner;
      }
    }
  }

  std::mt19937_64 random_;
  std::vector<std::string> seeds_;
};

TEST(WireTest, WholeEventsAndTheirBeginnings) {
  Differential differential;
  const Mutator mutator(1);
  for (const std::string& bytes : mutator.seeds()) {
    EXPECT_TRUE(differential.compare(bytes));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      differential.compare(std::string_view(bytes).substr(0, size));
    }
  }
}

TEST(WireTest, WhatBecomesOfBytes) {
  Differential differential;
  std::size_t parsed = 0;
  std::size_t compared = 0;
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    Mutator mutator(seed);
    for (int i = 0; i < 60'000 && !testing::Test::HasFailure(); ++i, ++compared) {
      parsed += differential.compare(mutator.next());
    }
  }
  // Both kinds are many.
  EXPECT_GT(parsed, compared / 5);
  EXPECT_LT(parsed, compared * 4 / 5);
}

TEST(WireTest, NestingHasALimit) {
  Differential differential;
  for (std::size_t depth = 98; depth <= 102; ++depth) {
    const std::string groups = std::string(depth, '\x0b') + std::string(depth, '\x0c');
    EXPECT_EQ(differential.compare(groups), depth <= 100) << depth;
    const std::string inside = "\x72" + std::string(1, static_cast<char>((2 * depth & 0x7f) | 0x80)) +
                               static_cast<char>(2 * depth >> 7) + groups;
    EXPECT_EQ(differential.compare(inside), depth <= 99) << depth;
  }
}

TEST(WireTest, LongListsAndTheLastByteOfWords) {
  Differential differential;
  v1::Event event;
  for (int i = 0; i < 1000; ++i) {
    event.mutable_order_cancelled()->add_line_ids(std::string(static_cast<std::size_t>(i % 20), 'x'));
    EXPECT_TRUE(differential.compare(event.SerializeAsString()));
  }
  // Each byte at each place of texts of each length.
  for (std::size_t size = 1; size <= 17; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        differential.compare("\x0a" + std::string(1, static_cast<char>(size)) + text);
      }
    }
  }
}

// Two bytes are an entry: a list of a mebibyte of them takes no more memory than the longest that is valid.
TEST(WireTest, AListLongerThanAnyIsNotKeptWhole) {
  std::string lines;
  for (int i = 0; i < 500'000; ++i) lines += std::string("\x42\x00", 2);
  v1::Event event;
  event.mutable_order_placed()->set_order_id("O");
  ASSERT_EQ(v1::OrderPlaced::descriptor()->FindFieldByName("lines")->number(), 8);
  std::string bytes = event.order_placed().SerializeAsString() + lines;
  std::string size;
  for (std::size_t left = bytes.size(); left > 0; left >>= 7) {
    size += static_cast<char>((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
  }
  // The tag of order_placed, as the library writes it.
  const std::string whole = event.SerializeAsString();
  const std::string tag = whole.substr(0, whole.size() - event.order_placed().ByteSizeLong() - 1);
  Arena arena;
  wire::Event parsed;
  ASSERT_TRUE(wire::parse(tag + size + bytes, arena, parsed));
  EXPECT_GT(parsed.order_placed().lines().size(), 10'000);
  EXPECT_LT(arena.bytes_kept(), 8U << 20);
  Violations faults;
  domain::Event typed;
  EXPECT_FALSE(validate(parsed, arena, faults, typed));
  const auto fault = std::ranges::find(faults.kept(), "order_placed.lines", &Violation::field);
  ASSERT_NE(fault, faults.kept().end());
  EXPECT_EQ(fault->message, "has more than 10000 entries");
}

}  // namespace
}  // namespace daybook::events
