// What is stored: documents, pages of cells, order-cycle rows, anomalies and labels come back as
// they were, repeats are found in the bytes, damaged bytes are told, and a write set is all or
// nothing.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <deque>
#include <random>
#include <set>

#include "base/bytes.h"
#include "base/file.h"
#include "events/json.h"
#include "events/validate.h"
#include "store/anomalies.h"
#include "store/cells.h"
#include "store/document_codec.h"
#include "store/documents_ahead.h"
#include "store/keys.h"
#include "store/labels.h"
#include "store/shard_store.h"
#include "support/payloads.h"
#include "support/temp_dir.h"

namespace daybook::store {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;
namespace json = boost::json;

// An event from JSON, and the memory it points into.
struct Told {
  events::v1::Event message;
  Arena arena;
  domain::Event event;
  bool valid = false;

  explicit Told(const std::string& text) {
    events::Violations violations;
    if (!events::read_event(text, message, violations)) return;
    const auto typed = events::validate(message, arena, violations);
    if (!typed) return;
    event = *typed;
    valid = true;
  }
  // A view into this.
  EncodedEvent encoded() const { return encode_event(event, memory); }

  mutable ByteBuffer memory;
};

std::string envelope(const std::string& id, const std::string& payload, const std::string& at = "2024-05-01T08:00:00Z",
                     const std::string& source = "erp") {
  return R"({"event_id":")" + id + R"(","customer_id":"C1","source":")" + source + R"(","occurred_at":")" + at + "\"," +
         payload + "}";
}

std::string document_with(const std::vector<const Told*>& told, std::uint8_t topic = 0) {
  std::string bytes;
  std::int64_t offset = 0;
  for (const Told* one : told) append_fact(bytes, {topic, offset++}, 1000, one->encoded());
  return bytes;
}

// --- documents --------------------------------------------------------------------------------

TEST(DocumentCodec, EveryPayloadComesBack) {
  std::set<std::size_t> seen;
  for (const auto& [name, payload] : test::kPayloads) {
    const Told told(test::event_of(name, payload));
    ASSERT_TRUE(told.valid) << name;
    const DocumentRef ref = domain::document_of(told.event.payload);
    std::string bytes;
    append_fact(bytes, {3, 77}, 1'700'000'000'123, told.encoded());
    Arena arena;
    const auto document = decode_document(ref, bytes, bytes.size() + 1, arena);
    ASSERT_TRUE(document) << name << ": " << document.error().message;
    ASSERT_EQ(document->facts.size(), 1U);
    const domain::Fact& fact = document->facts[0];
    EXPECT_EQ(fact.at, (domain::Position{3, 77}));
    EXPECT_EQ(fact.recorded_ms, 1'700'000'000'123);
    EXPECT_FALSE(fact.fresh);
    EXPECT_EQ(fact.event.event_id.text(), "e1");
    EXPECT_EQ(fact.event.source, "erp");
    EXPECT_EQ(fact.event.occurred_at, told.event.occurred_at);
    ASSERT_EQ(fact.event.payload.index(), told.event.payload.index()) << name;
    EXPECT_EQ(domain::payload_name(fact.event.payload.index()), name);
    EXPECT_EQ(domain::document_of(fact.event.payload), ref) << name;
    ByteBuffer again;
    EXPECT_EQ(encode_event(fact.event, again).bytes, told.encoded().bytes) << name;
    seen.insert(told.event.payload.index());
  }
  EXPECT_EQ(seen.size(), domain::kPayloadCount);
}

TEST(DocumentCodec, EventIdsComeBackHoweverTheyAreWritten) {
  const std::string uuid = "9f4d51b6-fc1f-49ac-9e8d-d483e34f0dc2";
  const std::string plain = "9f4d51b6fc1f49ac9e8dd483e34f0dc2";
  struct Case {
    std::string id;
    bool packed;
  };
  const std::vector<Case> cases = {{"x", false},
                                   {std::string(63, 'a'), false},
                                   {std::string(64, 'a'), false},
                                   {uuid, true},
                                   {plain, true},
                                   {std::string(32, '0'), true},
                                   {std::string(32, 'f'), true},
                                   {"00000000-0000-0000-0000-000000000000", true},
                                   {"9F4D51B6-FC1F-49AC-9E8D-D483E34F0DC2", false},
                                   {"9f4d51b6-fc1f-49ac-9e8d-d483e34f0dcg", false},
                                   {"9f4d51b6-fc1f-49ac-9e8d-d483e34f0dc:", false},
                                   {"9f4d51b6-fc1f-49ac-9e8d-d483e34f0dc/", false},
                                   {"9f4d51b6-fc1f-49ac-9e8d-d483e34f0dc`", false},
                                   {"9f4d51b6 fc1f-49ac-9e8d-d483e34f0dc2", false},
                                   {"9f4d51b6fc1f49ac9e8dd483e34f0dc20000", false},
                                   {"9f4d51b6fc1f49ac9e8dd483e34f0dcé", false},
                                   {plain.substr(1), false},
                                   {uuid + "0", false}};
  std::set<std::string> contents;
  for (const auto& [id, packed] : cases) {
    const Told named(envelope(id, R"("invoice_delivered":{"invoice_id":"I1"})"));
    ASSERT_TRUE(named.valid) << id;
    std::string bytes;
    append_fact(bytes, {0, 1}, 1000, named.encoded());
    EXPECT_TRUE(append_conflict(bytes, nullptr, {0, 2}, 1000, named.encoded()));
    EXPECT_EQ(bytes.find(id) == std::string::npos, packed) << id;
    Arena arena;
    const auto document = decode_document({DocumentKind::kInvoice, "I1"}, bytes, 0, arena);
    ASSERT_TRUE(document) << id;
    EXPECT_EQ(document->facts[0].event.event_id.text(), id);
    EXPECT_EQ(document->conflicts[0].event_id.text(), id);
    EXPECT_EQ(find_repeat(bytes, nullptr, 0, named.encoded()), Verdict::kDuplicate);
    EXPECT_TRUE(contents.emplace(named.encoded().bytes).second) << id;
  }
}

// Every value that could stand in place of the one at `path`.
std::vector<json::value> others_than(const json::value& value) {
  std::vector<json::value> others;
  if (value.is_string()) {
    for (const char* text : {"2024-09-30", "2024-Q2", "7", "USD", "EUR", "STANDARD", "INVOICE", "DISPATCH", "REJECTED",
                             "BAD_DEBT", "ORDERED", "other"}) {
      if (value.as_string() != text) others.emplace_back(text);
    }
  } else if (value.is_bool()) {
    others.emplace_back(!value.as_bool());
  } else if (value.is_int64()) {
    others.emplace_back(value.as_int64() + 1);
  }
  return others;
}

// Calls visit(pointer) for each leaf.
void for_each_leaf(const json::value& value, const std::string& at,
                   const std::function<void(const std::string&, const json::value&)>& visit) {
  if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) for_each_leaf(member, at + "/" + std::string(key), visit);
  } else if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) for_each_leaf((*array)[i], at + "/" + std::to_string(i), visit);
  } else {
    visit(at, value);
  }
}

TEST(DocumentCodec, EveryFieldIsContentOrTheDocumentsOwnId) {
  for (const auto& [name, payload] : test::kPayloads) {
    const Told told(test::event_of(name, payload));
    const std::string before(told.encoded().bytes);
    const DocumentRef ref = domain::document_of(told.event.payload);
    const json::value form = json::parse(payload);
    for_each_leaf(form, "", [&](const std::string& at, const json::value& leaf) {
      int valid = 0;
      for (const json::value& other : others_than(leaf)) {
        json::value changed = form;
        boost::system::error_code fault;
        *changed.find_pointer(at, fault) = other;
        const Told different(test::event_of(name, json::serialize(changed)));
        if (!different.valid) continue;
        ++valid;
        const bool same_document = domain::document_of(different.event.payload) == ref;
        EXPECT_EQ(different.encoded().bytes == before, !same_document) << name << at << " = " << other;
      }
      // What is bound to other fields (sums, keys) cannot be changed alone.
      const bool is_bound =
          name == "sales_target_set" || name == "exchange_rate_published" || at.find("minor") != std::string::npos;
      if (!is_bound) {
        EXPECT_GT(valid, 0) << name << at;
      }
    });
  }
}

// What the first conflict of a document says.
std::string detail_of(const std::string& stands, const std::string& came) {
  const Told first(stands);
  const Told later(came);
  EXPECT_TRUE(first.valid && later.valid);
  std::string bytes;
  append_fact(bytes, {0, 1}, 1000, first.encoded());
  EXPECT_EQ(find_repeat(bytes, nullptr, 0, later.encoded()), Verdict::kConflict);
  EXPECT_TRUE(append_conflict(bytes, nullptr, {0, 2}, 1000, later.encoded()));
  Arena arena;
  const auto document = decode_document(domain::document_of(first.event.payload), bytes, 0, arena);
  EXPECT_TRUE(document.has_value());
  return std::string(document->conflicts.front().detail);
}

TEST(DocumentCodec, AConflictSaysWhichFieldsDifferWithBothValues) {
  const auto invoice = [](const std::string& id, const std::string& fields) {
    return R"({"event_id":")" + id + R"(","customer_id":"C1","source":"erp","occurred_at":"2024-05-01T08:00:00Z",)" +
           R"("invoice_issued":{"invoice_id":"I","currency":"CNY","issue_date":"2024-05-01",)" + fields + "}}";
  };
  EXPECT_EQ(detail_of(invoice("e", R"("net_minor":"100")"), invoice("e", R"("net_minor":"90")")),
            "net_minor: 100 stands, 90 came");
  EXPECT_EQ(detail_of(invoice("e", R"("net_minor":"100")"),
                      invoice("f", R"("net_minor":"100","tax_minor":0,"kind":"DEBIT_NOTE","due_date":"2199-12-31")")),
            "kind: INVOICE stands, DEBIT_NOTE came; tax_minor: none stands, 0 came; due_date: none stands, 2199-12-31 "
            "came");
  EXPECT_EQ(detail_of(invoice("e", R"("net_minor":"3","instalments":[{"due_date":"2024-06-01","amount_minor":3}])"),
                      invoice("e", R"("net_minor":"3","instalments":[{"due_date":"2024-06-01","amount_minor":1},)"
                                   R"({"due_date":"2024-07-01","amount_minor":2}])")),
            "instalments[0].amount_minor: 3 stands, 1 came; instalments[1].due_date: none stands, 2024-07-01 came; "
            "instalments[1].amount_minor: none stands, 2 came");
  const std::string order =
      R"({"event_id":"e","customer_id":"C1","source":"erp","occurred_at":"2024-05-01T08:00:00Z",)";
  EXPECT_EQ(detail_of(order + R"("order_ready":{"order_id":"O"}})", order + R"("order_confirmed":{"order_id":"O"}})"),
            "payload: order_ready stands, order_confirmed came");
  EXPECT_EQ(
      detail_of(order + R"("order_ready":{"order_id":"O"}})",
                R"({"event_id":"e","customer_id":"C1","source":"wms","occurred_at":"2024-05-01T08:00:01Z",)"
                R"("order_ready":{"order_id":"O"}})"),
      "source: 'erp' stands, 'wms' came; occurred_at: '2024-05-01T08:00:00Z' stands, '2024-05-01T08:00:01Z' came");
}

TEST(DocumentCodec, AConflictShowsLongValuesFromWhereTheyDiffer) {
  const auto delay = [](const std::string& reason, const std::string& note) {
    return R"({"event_id":"e","customer_id":"C1","source":"erp","occurred_at":"2024-05-01T08:00:00Z",)"
           R"("order_delayed":{"order_id":"O","stage":"PRODUCE","reason_code":")" +
           reason + R"(","note":")" + note + R"("}})";
  };
  const std::string same(126, 'r');
  EXPECT_EQ(detail_of(delay(same + "a", "n"), delay(same + "b", "n")),
            "reason_code: '…rrrrrrrrrrrrrrrra' stands, '…rrrrrrrrrrrrrrrrb' came");
  std::string wide;
  for (int i = 0; i < 170; ++i) wide += "长";
  EXPECT_EQ(detail_of(delay("r", wide + "a"), delay("r", wide)), "note: '…长长长长长长a' stands, '…长长长长长长' came");
  const std::string end(64, 'z');
  EXPECT_EQ(detail_of(delay("r", "a" + end), delay("r", "b" + end)),
            "note: 'a" + end.substr(1) + "…' stands, 'b" + end.substr(1) + "…' came");
}

TEST(DocumentCodec, AConflictIsBoundedWhateverDiffers) {
  const auto order = [](const std::string& sku) {
    std::string lines;
    for (int i = 0; i < 10'000; ++i) {
      lines += (i == 0 ? "" : ",") +
               (R"({"line_id":")" + std::to_string(i) + R"(","sku":")" + sku + R"(","quantity":"1","net_minor":1})");
    }
    return R"({"event_id":"e","customer_id":"C1","source":"s","occurred_at":"2024-05-01T08:00:00Z",)"
           R"("order_placed":{"order_id":"O","currency":"CNY","lines":[)" +
           lines + "]}}";
  };
  std::string wide;
  for (int i = 0; i < 10; ++i) wide += "长";
  const std::string detail = detail_of(order(wide), order("b"));
  EXPECT_TRUE(detail.ends_with("; and 9980 more")) << detail;
  EXPECT_LT(detail.size(), 4'000U);
}

TEST(DocumentCodec, AbsentAndZeroDiffer) {
  const std::string head =
      R"("invoice_issued":{"invoice_id":"I","currency":"CNY","net_minor":"5","issue_date":"2024-05-01")";
  const Told absent(envelope("e", head + "}"));
  const Told zero(envelope("e", head + R"(,"tax_minor":"0"})"));
  EXPECT_NE(absent.encoded().bytes, zero.encoded().bytes);
}

TEST(DocumentCodec, CorrelationAndAccountAreNoContent) {
  const Told with(R"({"event_id":"e","customer_id":"C1","source":"s","occurred_at":"2024-05-01T08:00:00Z",)"
                  R"("correlation_id":"x","order_ready":{"order_id":"O"}})");
  const Told without(R"({"event_id":"e","customer_id":"C2","source":"s","occurred_at":"2024-05-01T16:00:00.5+08:00",)"
                     R"("order_ready":{"order_id":"O"}})");
  ASSERT_TRUE(with.valid && without.valid);
  EXPECT_EQ(with.encoded().bytes, without.encoded().bytes);
}

TEST(DocumentCodec, ConflictsAreKeptOncePerTopic) {
  const Told told(envelope("late", R"("order_ready":{"order_id":"O"})"));
  std::string bytes;
  EXPECT_TRUE(append_conflict(bytes, nullptr, {1, 5}, 10, told.encoded()));
  EXPECT_FALSE(append_conflict(bytes, nullptr, {1, 6}, 11, told.encoded()));
  EXPECT_TRUE(append_conflict(bytes, nullptr, {4, 7}, 12, told.encoded()));
  Arena arena;
  const auto document = decode_document({DocumentKind::kOrder, "O"}, bytes, 0, arena);
  ASSERT_TRUE(document);
  ASSERT_EQ(document->conflicts.size(), 2U);
  EXPECT_EQ(document->conflicts[0].at, (domain::Position{1, 5}));
  EXPECT_EQ(document->conflicts[0].event_id.text(), "late");
  EXPECT_EQ(document->conflicts[0].occurred_at, told.event.occurred_at);
  EXPECT_EQ(document->conflicts[0].type, told.event.payload.index());
  EXPECT_EQ(document->conflicts[1].at, (domain::Position{4, 7}));
}

TEST(DocumentCodec, LinksAreKeptOnce) {
  std::string bytes;
  EXPECT_TRUE(append_link(bytes, nullptr, {DocumentKind::kPayment, "P"}));
  EXPECT_TRUE(append_link(bytes, nullptr, {DocumentKind::kCreditNote, "P"}));
  EXPECT_FALSE(append_link(bytes, nullptr, {DocumentKind::kPayment, "P"}));
  Arena arena;
  const auto document = decode_document({DocumentKind::kInvoice, "I"}, bytes, 0, arena);
  ASSERT_TRUE(document);
  ASSERT_EQ(document->links.size(), 2U);
  EXPECT_EQ(document->links[1], (DocumentRef{DocumentKind::kCreditNote, "P"}));
}

TEST(DocumentCodec, WhatStandsBehindTheLastCommitIsFresh) {
  const Told one(envelope("a", R"("order_ready":{"order_id":"O"})"));
  const Told two(envelope("b", R"("order_ready":{"order_id":"O"})"));
  std::string bytes = document_with({&one});
  const std::size_t committed = bytes.size();
  append_fact(bytes, {1, 9}, 1000, two.encoded());
  Arena arena;
  const auto document = decode_document({DocumentKind::kOrder, "O"}, bytes, committed, arena);
  ASSERT_TRUE(document);
  EXPECT_FALSE(document->fresh);
  EXPECT_FALSE(document->facts[0].fresh);
  EXPECT_TRUE(document->facts[1].fresh);
  EXPECT_TRUE(decode_document({DocumentKind::kOrder, "O"}, bytes, 0, arena)->fresh);
}

// Of the document that such an event belongs to.
DocumentRef ref_of(std::string_view name) {
  const Told told(test::event_of(std::string(name), test::kPayloads.at(std::string(name))));
  return {domain::document_of(told.event.payload).kind, "O"};
}

std::string everything(std::string_view of) {
  std::string bytes;
  const Told told(test::event_of(std::string(of), test::kPayloads.at(std::string(of))));
  append_fact(bytes, {1, 300}, 1'700'000'000'000, told.encoded());
  append_conflict(bytes, nullptr, {1, 301}, 1'700'000'000'001, told.encoded());
  append_link(bytes, nullptr, {DocumentKind::kInvoice, "I"});
  return bytes;
}

TEST(DocumentCodec, TruncatedDocumentsAreCorruptUnlessCutBetweenEntries) {
  for (const auto& [name, payload] : test::kPayloads) {
    const std::string bytes = everything(name);
    std::set<std::size_t> borders = {0};
    Entries entries(bytes);
    for (Entry entry; entries.next(entry);) {
      borders.insert(static_cast<std::size_t>(entry.body.data() + entry.body.size() - bytes.data()));
    }
    ASSERT_EQ(borders.size(), 4U);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      const std::string part(bytes, 0, size);
      Arena arena;
      const auto document = decode_document(ref_of(name), part, 0, arena);
      EXPECT_EQ(document.has_value(), borders.contains(size)) << name << " cut to " << size;
      if (!document) {
        EXPECT_EQ(document.error().code, ErrorCode::kCorrupt);
      }
    }
  }
}

TEST(DocumentCodec, FlippedBitsNeverCrash) {
  for (const auto& [name, payload] : test::kPayloads) {
    const std::string bytes = everything(name);
    const Told told(test::event_of(name, payload));
    const EncodedEvent encoded = told.encoded();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
        Arena arena;
        const auto document = decode_document(ref_of(name), damaged, 0, arena);
        if (!document) {
          EXPECT_EQ(document.error().code, ErrorCode::kCorrupt);
        }
        find_repeat(damaged, nullptr, 1, encoded);
        for_each_content(damaged, [](std::uint8_t, std::string_view) {});
      }
    }
  }
}

TEST(DocumentCodec, UnknownTagsTypesAndTrailingBytesAreCorrupt) {
  Arena arena;
  const DocumentRef ref{DocumentKind::kOrder, "O"};
  const Told told(envelope("a", R"("order_ready":{"order_id":"O"})"));
  const std::string good = document_with({&told});
  std::string tag = good;
  tag[0] = 9;
  EXPECT_FALSE(decode_document(ref, tag, 0, arena));
  std::string type = good;
  type.back() = static_cast<char>(domain::kPayloadCount);
  EXPECT_FALSE(decode_document(ref, type, 0, arena));
  std::string longer = good + "x";
  ++longer[1];  // The length takes the byte in.
  EXPECT_FALSE(decode_document(ref, longer, 0, arena));
}

// --- repeats ----------------------------------------------------------------------------------

constexpr const char* kReversed = R"("payment_reversed":{"payment_id":"P","date":"2024-05-01"})";
constexpr const char* kReversedLater = R"("payment_reversed":{"payment_id":"P","date":"2024-05-02"})";

// Which an index of the document does not change.
Verdict verdict(const std::string& document, const Told& told, std::uint8_t topic = 0) {
  const Verdict verdict = find_repeat(document, nullptr, topic, told.encoded());
  DocumentIndex index;
  EXPECT_TRUE(index.follow(document));
  EXPECT_EQ(find_repeat(document, &index, topic, told.encoded()), verdict);
  return verdict;
}

TEST(DocumentIndexTest, FollowsADocumentAsItGrows) {
  const auto told = [](int i, const char* reason) {
    return Told(envelope("e" + std::to_string(i),
                         R"("shipment_returned":{"return_id":"R)" + std::to_string(i / 2) +
                             R"(","order_id":"O","lines":[{"line_id":"1","quantity":"1"}],"reason_code":")" + reason +
                             R"("})"));
  };
  std::string document;
  DocumentIndex index;
  for (int i = 0; i < 300; ++i) {
    const Told one = told(i, "a");
    // Every second claims what the one before it has.
    EXPECT_EQ(find_repeat(document, &index, 1, one.encoded()), i % 2 == 0 ? Verdict::kNew : Verdict::kDuplicate) << i;
    EXPECT_EQ(find_repeat(document, &index, 1, told(i, "b").encoded()), i % 2 == 0 ? Verdict::kNew : Verdict::kConflict)
        << i;
    EXPECT_EQ(find_repeat(document, &index, 2, one.encoded()), Verdict::kNew) << i;
    if (i % 2 == 0) append_fact(document, {1, i}, 1000, one.encoded());
    const std::string invoice = i % 4 == 0 ? "I" + std::to_string(i) : "I";
    const DocumentRef link{DocumentKind::kInvoice, invoice};
    const bool is_new = i == 1 || i % 4 == 0;
    EXPECT_TRUE(index.follow(document));
    EXPECT_EQ(append_link(document, &index, link), is_new) << i;
    EXPECT_TRUE(index.follow(document));
    EXPECT_EQ(find_repeat(document, &index, 1, told(i / 4 * 2, "a").encoded()), Verdict::kDuplicate) << i;
  }
  EXPECT_TRUE(append_conflict(document, &index, {1, 999}, 1000, told(0, "b").encoded()));
  EXPECT_TRUE(index.follow(document));
  EXPECT_FALSE(append_conflict(document, &index, {1, 1000}, 1000, told(0, "b").encoded()));
  EXPECT_FALSE(DocumentIndex().follow(document.substr(0, document.size() - 1)));
}

TEST(Judge, FirstIsNew) {
  const Told told(envelope("a", kReversed));
  EXPECT_EQ(verdict("", told), Verdict::kNew);
}

TEST(Judge, SameIdSameContentIsADuplicateHoweverManyCameBetween) {
  const Told a(envelope("a", R"("order_ready":{"order_id":"O"})"));
  const Told b(envelope("b", R"("order_ready":{"order_id":"O"})"));
  const std::string document = document_with({&a, &b});
  EXPECT_EQ(verdict(document, a), Verdict::kDuplicate);
  EXPECT_EQ(verdict(document, b), Verdict::kDuplicate);
}

TEST(Judge, SameIdOtherContentIsAConflict) {
  const Told a(envelope("a", R"("order_ready":{"order_id":"O"})"));
  const std::string document = document_with({&a});
  EXPECT_EQ(verdict(document, Told(envelope("a", R"("order_confirmed":{"order_id":"O"})"))), Verdict::kConflict);
  EXPECT_EQ(verdict(document, Told(envelope("a", R"("order_ready":{"order_id":"O"})", "2024-05-01T08:00:01Z"))),
            Verdict::kConflict);
  EXPECT_EQ(verdict(document, Told(envelope("a", R"("order_ready":{"order_id":"O"})", "2024-05-01T08:00:00Z", "wms"))),
            Verdict::kConflict);
}

TEST(Judge, ClaimsCompareThePayloadAlone) {
  const Told a(envelope("a", kReversed));
  const std::string document = document_with({&a});
  EXPECT_EQ(verdict(document, Told(envelope("b", kReversed, "2024-05-09T08:00:00Z", "bank"))), Verdict::kDuplicate);
  EXPECT_EQ(verdict(document, Told(envelope("b", kReversedLater))), Verdict::kConflict);
}

TEST(Judge, IdsComeBeforeClaims) {
  const Told first(envelope("a", kReversed));
  const Told second(envelope(
      "b",
      R"("payment_allocated":{"allocation_id":"A","payment_id":"P","date":"2024-05-01","allocations":[{"invoice_id":"I","amount_minor":"1"}]})"));
  const std::string document = document_with({&first, &second});
  // By its claim a duplicate of the first; but its id is the second's.
  EXPECT_EQ(verdict(document, Told(envelope("b", kReversed))), Verdict::kConflict);
}

TEST(Judge, PartsOfADocumentClaimTheirOwnIds) {
  const Told one(envelope("a", R"("invoice_disputed":{"dispute_id":"D1","invoice_id":"I","amount_minor":"1"})"));
  const std::string document = document_with({&one});
  EXPECT_EQ(
      verdict(document,
              Told(envelope("b", R"("invoice_disputed":{"dispute_id":"D2","invoice_id":"I","amount_minor":"1"})"))),
      Verdict::kNew);
  EXPECT_EQ(
      verdict(document,
              Told(envelope("b", R"("invoice_disputed":{"dispute_id":"D1","invoice_id":"I","amount_minor":"2"})"))),
      Verdict::kConflict);
  EXPECT_EQ(
      verdict(document,
              Told(envelope("b", R"("dispute_resolved":{"dispute_id":"D1","invoice_id":"I","outcome":"UPHELD"})"))),
      Verdict::kNew);
}

TEST(Judge, EventsWithoutAClaimMayAllStand) {
  const Told a(envelope("a", R"("order_ready":{"order_id":"O"})"));
  EXPECT_EQ(verdict(document_with({&a}), Told(envelope("b", R"("order_ready":{"order_id":"O"})"))), Verdict::kNew);
}

TEST(Judge, OtherTopicsAreNotLookedAt) {
  const Told a(envelope("a", R"("order_ready":{"order_id":"O"})"));
  const std::string document = document_with({&a}, 1);
  EXPECT_EQ(verdict(document, Told(envelope("a", R"("order_confirmed":{"order_id":"O"})")), 4), Verdict::kNew);
  EXPECT_EQ(verdict(document, Told(envelope("a", R"("order_confirmed":{"order_id":"O"})")), 1), Verdict::kConflict);
}

TEST(Judge, AConflictHoldsNeitherIdNorClaim) {
  const Told a(envelope("a", kReversed));
  const Told b(envelope("b", kReversedLater));
  std::string document = document_with({&a});
  append_conflict(document, nullptr, {0, 1}, 1000, b.encoded());
  EXPECT_EQ(verdict(document, b), Verdict::kConflict);
  EXPECT_EQ(
      verdict(
          document,
          Told(envelope(
              "b",
              R"("refund_paid":{"refund_id":"F","payment_id":"P","currency":"CNY","amount_minor":"1","value_date":"2024-05-01"})"))),
      Verdict::kNew);
}

TEST(Judge, AFactWithoutAPayloadSaysNothing) {
  const Told a(envelope("a", kReversed));
  std::string body;
  ByteWriter out(body);
  out.u8(0);
  out.varint(1);
  out.varint(1);
  out.string("b");
  out.string("erp");
  out.zigzag(0);
  std::string document;
  ByteWriter entry(document);
  entry.u8(static_cast<std::uint8_t>(EntryTag::kFact));
  entry.string(body);
  EXPECT_EQ(verdict(document, a), Verdict::kNew);
}

TEST(FactHash, DependsOnAccountDocumentTopicAndContent) {
  const std::set<std::string> hashes = {to_hex(fact_hash("C", {DocumentKind::kOrder, "O"}, 1, "x")),
                                        to_hex(fact_hash("D", {DocumentKind::kOrder, "O"}, 1, "x")),
                                        to_hex(fact_hash("C", {DocumentKind::kInvoice, "O"}, 1, "x")),
                                        to_hex(fact_hash("C", {DocumentKind::kOrder, "P"}, 1, "x")),
                                        to_hex(fact_hash("C", {DocumentKind::kOrder, "O"}, 4, "x")),
                                        to_hex(fact_hash("C", {DocumentKind::kOrder, "O"}, 1, "y")),
                                        to_hex(fact_hash("CO", {DocumentKind::kOrder, ""}, 1, "x"))};
  EXPECT_EQ(hashes.size(), 7U);
}

// --- pages ------------------------------------------------------------------------------------

Int128 large(std::mt19937_64& random) {
  const Int128 value = static_cast<Int128>(static_cast<UInt128>(random()) << 64 | random());
  return random() % 3 == 0 ? Int128{0} : value >> random() % 127;
}

std::vector<Cell> random_cells(std::mt19937_64& random, std::size_t count) {
  std::map<CellId, domain::CellValue> cells;
  const domain::Measure measures[] = {domain::Measure::kOpen, domain::Measure::kDisputed, domain::Measure::kLedgerCash,
                                      domain::Measure::kShipped};
  for (std::size_t i = 0; i < count; ++i) {
    CellId id;
    id.measure = measures[random() % 4];
    id.currency = random() % 3 == 0 ? 0 : Currency::parse(random() % 2 == 0 ? "JPY" : "CNY")->number();
    id.attributes = static_cast<LabelId>(random() % 3 == 0 ? random() : random() % 4);
    id.dimensions = static_cast<LabelId>(random() % 2);
    id.day = static_cast<Day>(random() % 120'000) - 30'000;
    id.day2 = random() % 2 == 0 ? 0 : static_cast<Day>(random() % 120'000) - 30'000;
    id.counts_from = random() % 2 == 0 ? id.day : static_cast<Day>(random() % 120'000) - 30'000;
    cells[id] = {large(random), large(random)};
    if (domain::has_count(id.measure)) cells[id].count = static_cast<std::int64_t>(random()) >> (14 + random() % 50);
  }
  std::vector<Cell> sorted;
  for (const auto& [id, value] : cells) sorted.push_back({id, value});
  return sorted;
}

void expect_same(const std::vector<Cell>& a, const std::vector<Cell>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_TRUE(a[i].id == b[i].id && a[i].value == b[i].value) << i;
  }
}

TEST(Pages, SortedCellsComeBack) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    const std::vector<Cell> cells = random_cells(random, random() % 40);
    std::string bytes;
    encode_page(cells, bytes);
    std::vector<Cell> back;
    ASSERT_TRUE(decode_page(bytes, back));
    expect_same(back, cells);
  }
}

TEST(Pages, TruncatedPagesAreCorruptUnlessCutBetweenCells) {
  std::mt19937_64 random(2);
  const std::vector<Cell> cells = random_cells(random, 12);
  std::set<std::size_t> borders;
  for (std::size_t i = 0; i <= cells.size(); ++i) {
    std::string bytes;
    encode_page(std::span(cells).first(i), bytes);
    borders.insert(bytes.size());
  }
  std::string bytes;
  encode_page(cells, bytes);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    std::vector<Cell> back;
    EXPECT_EQ(decode_page(std::string(bytes, 0, size), back).has_value(), borders.contains(size)) << size;
  }
}

// Ten thousand lines of one event may be worth 10^37, and there may be more events.
TEST(Pages, SumsOfAnySizeComeBack) {
  constexpr Int128 kMost = static_cast<Int128>(~UInt128{0} >> 1);
  std::vector<Cell> cells;
  for (const Int128 sum : {Int128{1} << 110, Int128{1} << 126, kMost, -kMost, -kMost - 1}) {
    Cell& cell = cells.emplace_back();
    cell.id.measure = domain::Measure::kShipped;
    cell.id.day = static_cast<Day>(cells.size());
    cell.id.counts_from = cell.id.day;
    cell.value = {sum, -(sum >> 1), 1};
  }
  std::string bytes;
  encode_page(cells, bytes);
  std::vector<Cell> back;
  ASSERT_TRUE(decode_page(bytes, back));
  expect_same(back, cells);
  // Taken back, a sum that went beyond is what it was.
  std::vector<Cell> beyond;
  merge_cells(cells, cells, beyond);
  std::vector<Cell> changes = cells;
  for (Cell& cell : changes) cell.value = -cell.value;
  merge_cells(beyond, changes, back);
  expect_same(back, cells);
}

// Beyond what any event can lead to, and so far apart that they do not add up.
TEST(Pages, NumbersOutOfRangeAreCorrupt) {
  const auto is_taken = [](const Cell& cell) {
    std::string bytes;
    encode_page({&cell, 1}, bytes);
    std::vector<Cell> back;
    return decode_page(bytes, back).has_value();
  };
  const auto with = [](auto&& change) {
    Cell cell;
    cell.id.measure = domain::Measure::kShipped;
    cell.value = {1, 1, 1};
    change(cell);
    return cell;
  };
  EXPECT_TRUE(is_taken(with([](Cell&) {})));
  for (const auto field : {&CellId::day, &CellId::day2, &CellId::counts_from}) {
    for (const Day day : {kCellDayMin, kCellDayMax}) {
      EXPECT_TRUE(is_taken(with([&](Cell& cell) { cell.id.*field = day; })));
    }
    for (const Day day : {kCellDayMin - 1, kCellDayMax + 1, std::numeric_limits<Day>::min(), kNever}) {
      EXPECT_FALSE(is_taken(with([&](Cell& cell) { cell.id.*field = day; }))) << day;
    }
  }
  for (const int measure : {0, 7, 9, 19, 21, 29, 34, 37, 255}) {
    EXPECT_FALSE(is_taken(with([&](Cell& cell) { cell.id.measure = static_cast<domain::Measure>(measure); })))
        << measure;
  }
  EXPECT_FALSE(is_taken(with([](Cell& cell) { cell.id.currency = 26 * 26 * 26 + 1; })));
  EXPECT_FALSE(is_taken(with([](Cell& cell) { cell.value.count = std::numeric_limits<std::int64_t>::min(); })));
  // 2^63 days from a day.
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(2 | 4 | 8 | 16 | 32 | 64 | 128);
  out.u8(static_cast<std::uint8_t>(domain::Measure::kOpen));
  out.zigzag(std::numeric_limits<std::int64_t>::max());
  std::vector<Cell> back;
  EXPECT_FALSE(decode_page(bytes, back));
}

TEST(Pages, FlippedBitsNeverCrash) {
  std::mt19937_64 random(3);
  std::string bytes;
  encode_page(random_cells(random, 20), bytes);
  for (std::size_t at = 0; at < bytes.size() * 8; ++at) {
    std::string damaged = bytes;
    damaged[at / 8] = static_cast<char>(damaged[at / 8] ^ (1 << (at % 8)));
    std::vector<Cell> back;
    const auto decoded = decode_page(damaged, back);
    if (!decoded) {
      EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
    }
  }
}

TEST(Pages, MergingAddsValuesAndDropsZeros) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 200; ++round) {
    const auto small = [&](std::size_t count) {
      std::map<CellId, domain::CellValue> cells;
      for (std::size_t i = 0; i < count; ++i) {
        CellId id{domain::Measure::kOpen};
        id.day = static_cast<Day>(random() % 8);
        cells[id] = {static_cast<Int128>(random() % 3) - 1, static_cast<Int128>(random() % 3) - 1};
      }
      std::vector<Cell> sorted;
      for (const auto& [id, value] : cells) {
        if (!value.is_zero()) sorted.push_back({id, value});
      }
      return sorted;
    };
    const std::vector<Cell> cells = small(6);
    const std::vector<Cell> changes = small(6);
    std::map<CellId, domain::CellValue> expected;
    for (const Cell& cell : cells) expected[cell.id] += cell.value;
    for (const Cell& cell : changes) expected[cell.id] += cell.value;
    std::erase_if(expected, [](const auto& cell) { return cell.second.is_zero(); });
    std::vector<Cell> wanted;
    for (const auto& [id, value] : expected) wanted.push_back({id, value});
    std::vector<Cell> merged;
    merge_cells(cells, changes, merged);
    expect_same(merged, wanted);
  }
}

TEST(Pages, SpansOf32DaysRiseWithDaysAlsoBefore1970) {
  EXPECT_LT(span_of(-40), span_of(-1));
  EXPECT_EQ(span_of(0), span_of(31));
  EXPECT_EQ(span_of(31) + 1, span_of(32));
  for (Day day = -100'000; day < 200'000; ++day) ASSERT_LE(span_of(day), span_of(day + 1));
}

TEST(Pages, ReceivablesStandByCountingDayTheRestByTheirOwn) {
  CellId id{domain::Measure::kOpen};
  id.day = 0;
  id.counts_from = 64;
  EXPECT_EQ(page_of(id), (PageId{kReceivablesPage, span_of(64)}));
  id.measure = domain::Measure::kLedgerVoids;
  EXPECT_EQ(page_of(id), (PageId{kLedgerPage, span_of(0)}));
  id.measure = domain::Measure::kShipped;
  EXPECT_EQ(page_of(id), (PageId{kSalesPage, span_of(0)}));
}

TEST(Pages, HashesOfCellsAddUp) {
  Label label;
  CellId id{domain::Measure::kOpen};
  const auto hash = [&](std::int64_t amount, std::int64_t quantity, std::int64_t count) {
    return cell_hash(id, {amount, quantity, count}, label, label, label);
  };
  EXPECT_TRUE(hash(5, 1, 2) + hash(-3, 2, -1) == hash(2, 3, 1));
  EXPECT_TRUE(hash(5, 1, 2) + hash(-5, -1, -2) == 0);
  EXPECT_FALSE(hash(1, 0, 0) == hash(0, 1, 0));
  EXPECT_FALSE(hash(0, 1, 0) == hash(0, 0, 1));
}

// --- order-cycle rows -------------------------------------------------------------------------

TEST(CycleRows, ComeBack) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    domain::CycleRow row;
    row.kind = random() % 2 == 0 ? domain::OrderKind::kStandard : domain::OrderKind::kSample;
    row.attributes = {"CN/South", "", static_cast<Day>(random() % 40'000) - 20'000};
    row.channel = "web";
    for (std::size_t i = random() % 3; i > 0; --i) {
      row.delays.push_back({static_cast<Day>(random() % 109'000) - 25'567,
                            static_cast<domain::DelayStage>(random() % 6), random() % 2 == 0 ? "no steel" : "",
                            static_cast<std::int64_t>(random() % 9 + 1)});
    }
    domain::CycleChange change;
    change.counts_from = -5;
    for (std::size_t i = random() % 6; i > 0; --i) {
      change.counts_from += static_cast<Day>(random() % 50 + 1);
      for (auto& milestone : change.state.milestones) {
        if (random() % 2 == 0) continue;
        milestone = random() % 3 == 0 ? MaybeInstant() : static_cast<Instant>(random() % 9'000'000'000) - 2'000'000'000;
      }
      change.state.warehouse = random() % 2 == 0 ? "W1" : "";
      domain::OrderDates& dates = change.state.dates;
      // From 1900 to 2199, and about the change itself.
      for (auto* date : {&dates.requested, &dates.first_promise, &dates.last_promise}) {
        if (random() % 2 == 0) continue;
        const Day any = random() % 2 == 0 ? static_cast<Day>(random() % 109'000) - 25'567
                                          : change.counts_from + static_cast<Day>(random() % 5) - 2;
        *date = random() % 3 == 0 ? std::optional<Day>() : any;
      }
      change.state.remains = random() % 2 == 0;
      change.state.in_full = random() % 2 == 0;
      row.changes.push_back(change);
    }
    std::string bytes;
    encode_cycle_row(row, bytes);
    const auto back = decode_cycle_row(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->kind, row.kind);
    EXPECT_EQ(back->attributes, row.attributes);
    EXPECT_EQ(back->channel, row.channel);
    EXPECT_EQ(back->delays, row.delays);
    ASSERT_EQ(back->changes.size(), row.changes.size());
    for (std::size_t i = 0; i < row.changes.size(); ++i) {
      EXPECT_EQ(back->changes[i].counts_from, row.changes[i].counts_from);
      EXPECT_EQ(back->changes[i].state, row.changes[i].state);
    }
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto part = decode_cycle_row(std::string(bytes, 0, size));
      if (!part) {
        EXPECT_EQ(part.error().code, ErrorCode::kCorrupt);
      }
    }
  }
}

// --- anomalies --------------------------------------------------------------------------------

domain::Anomaly anomaly() {
  domain::Anomaly one;
  one.kind = domain::AnomalyKind::kUnknownInvoice;
  one.document_id = "I";
  one.at = {2, 5'000'000'000};
  one.recorded_ms = 1'700'000'000'123;
  one.event_id = std::string_view("e");
  one.occurred_at = -7;
  one.type = 18;
  one.from = -3;
  return one;
}

TEST(Anomalies, ComeBack) {
  domain::Anomaly one = anomaly();
  one.while_overdrawn = Currency::parse("CNY").value();
  const AnomalyRow row = encode_anomaly(7, {DocumentKind::kPayment, "P"}, one);
  const auto back = decode_anomaly(row.key, row.value);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->customer, 7U);
  EXPECT_EQ(back->anomaly.kind, one.kind);
  EXPECT_EQ(back->anomaly.document_id, "I");
  EXPECT_EQ(back->anomaly.at, one.at);
  EXPECT_EQ(back->anomaly.recorded_ms, one.recorded_ms);
  EXPECT_EQ(back->anomaly.event_id.text(), "e");
  EXPECT_EQ(back->anomaly.occurred_at, -7);
  EXPECT_EQ(back->anomaly.type, 18);
  EXPECT_EQ(back->anomaly.from, -3);
  EXPECT_EQ(back->anomaly.until, kNever);
  EXPECT_EQ(back->anomaly.while_overdrawn, one.while_overdrawn);
}

TEST(Anomalies, KeysTellApartWhatIsNotTheSame) {
  std::set<std::string> keys;
  const auto add = [&](const domain::Anomaly& one, LabelId customer = 1,
                       DocumentRef by = {DocumentKind::kPayment, "P"}) {
    keys.insert(encode_anomaly(customer, by, one).key);
  };
  add(anomaly());
  add(anomaly());
  EXPECT_EQ(keys.size(), 1U);
  add(anomaly(), 2);
  add(anomaly(), 1, {DocumentKind::kPayment, "Q"});
  add(anomaly(), 1, {DocumentKind::kCreditNote, "P"});
  domain::Anomaly other = anomaly();
  other.kind = domain::AnomalyKind::kUnknownOrder;
  add(other);
  other = anomaly();
  other.document_id = "J";
  add(other);
  other = anomaly();
  other.at.offset += 1;
  add(other);
  other = anomaly();
  other.from = 5;
  add(other);
  other = anomaly();
  other.until = 5;
  add(other);
  EXPECT_EQ(keys.size(), 9U);
}

TEST(Anomalies, TruncatedBytesAreCorrupt) {
  const AnomalyRow row = encode_anomaly(7, {DocumentKind::kPayment, "P"}, anomaly());
  for (std::size_t size = 0; size < row.key.size(); ++size) {
    EXPECT_FALSE(decode_anomaly(std::string(row.key, 0, size), row.value)) << size;
  }
  for (std::size_t size = 0; size < row.value.size(); ++size) {
    EXPECT_FALSE(decode_anomaly(row.key, std::string(row.value, 0, size))) << size;
  }
}

// --- keys -------------------------------------------------------------------------------------

// A key as its bytes; parsed and made again, it is the same, and no shorter or longer one is any.
template <typename Key>
void expect_back(const Key& key) {
  const std::string bytes = key.bytes();
  const auto parsed = Key::parse(bytes);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->bytes(), bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = Key::parse(std::string_view(bytes).substr(0, size));
    // Of some the end is an id.
    EXPECT_TRUE(cut ? cut->bytes() == bytes.substr(0, size) : cut.error().code == ErrorCode::kCorrupt) << size;
  }
  for (std::size_t at = 0; at < bytes.size() * 8; ++at) {
    std::string damaged = bytes;
    damaged[at / 8] = static_cast<char>(damaged[at / 8] ^ (1 << (at % 8)));
    const auto other = Key::parse(damaged);
    EXPECT_TRUE(other ? other->bytes() == damaged : other.error().code == ErrorCode::kCorrupt) << at;
  }
}

TEST(Keys, ComeBackAndNothingElseIsTaken) {
  const DocumentRef invoice{DocumentKind::kInvoice, "I-7"};
  expect_back(LabelKey{300});
  expect_back(ParkedKey{4, 1'000'000});
  expect_back(JournalKey{8'191});
  expect_back(AnomalyKey{domain::AnomalyKind::kOverApplied, 300, "I-7", invoice, {4, 77}, -7, kNever});
  expect_back(IdKey{invoice, 300});
  expect_back(IdKey{{DocumentKind::kOrder, "o-7"}, 300});
  expect_back(IdKey{{DocumentKind::kCustomer, "Ünïq"}, 300});
  expect_back(ShipmentKey{"S-7", 300, "O-7"});
  expect_back(ShipmentKey{"s-7", 300, "O-7"});
  expect_back(NameKey{"acme trading", 300});
  expect_back(EndedKey{{300, invoice}});
  expect_back(DocumentKey{300, invoice});
  expect_back(DocumentKey{300, {DocumentKind::kCustomer, ""}});
  expect_back(WaitedKey{{300, invoice}});
  expect_back(PageKey{300, {kLedgerPage, 31'000}});
  expect_back(OpenedKey{300, -7, invoice});
  expect_back(CycleRowKey{300, "O-7"});
  EXPECT_TRUE((OpenedKey{300, -7, invoice}.bytes().starts_with(OpenedKey::prefix(300, -7))));
}

TEST(Keys, NumbersThatNameNothingAreCorrupt) {
  const auto changed = [](std::string bytes, std::size_t at, char to) {
    bytes[at] = to;
    return bytes;
  };
  const DocumentRef invoice{DocumentKind::kInvoice, "I-7"};
  const AnomalyKey anomaly{domain::AnomalyKind::kOverApplied, 300, "I-7", invoice, {4, 77}, -7, kNever};
  EXPECT_FALSE(DocumentKey::parse(changed(DocumentKey{1, invoice}.bytes(), 4, 9)));
  EXPECT_FALSE(WaitedKey::parse(changed(WaitedKey{{1, invoice}}.bytes(), 5, 9)));
  EXPECT_FALSE(OpenedKey::parse(changed(OpenedKey{1, 2, invoice}.bytes(), 9, 9)));
  EXPECT_FALSE(IdKey::parse(changed(IdKey{invoice, 1}.bytes(), 1, 9)));
  EXPECT_FALSE(ParkedKey::parse(changed(ParkedKey{1, 2}.bytes(), 1, 5)));
  EXPECT_FALSE(PageKey::parse(changed(PageKey{1, {kLedgerPage, 3}}.bytes(), 0, 'Q')));
  EXPECT_FALSE(AnomalyKey::parse(changed(anomaly.bytes(), 1, 0)));
  EXPECT_FALSE(AnomalyKey::parse(changed(anomaly.bytes(), 1, domain::kAnomalyKindCount + 1)));
  // Found by tests/fuzz: a length in more bytes than it takes, which no version writes.
  std::string longer = anomaly.bytes();
  ASSERT_EQ(longer[6], 3);
  longer.replace(6, 1, "\x83\0", 2);
  EXPECT_FALSE(AnomalyKey::parse(longer));
}

TEST(Keys, ByteOrderIsNumberOrder) {
  const auto opened = [](LabelId customer, Day day, DocumentRef ref) { return OpenedKey{customer, day, ref}.bytes(); };
  EXPECT_LT(opened(1, -1, {DocumentKind::kPayment, "Z"}), opened(1, 0, {DocumentKind::kInvoice, "A"}));
  EXPECT_LT(opened(1, 40'000, {DocumentKind::kInvoice, "Z"}), opened(2, -40'000, {DocumentKind::kInvoice, "A"}));
  EXPECT_LT((ParkedKey{0, 300}.bytes()), (ParkedKey{1, 2}.bytes()));
  EXPECT_LT(LabelKey{255}.bytes(), LabelKey{256}.bytes());
  for (const Day day : {-40'000, -1, 0, 1, 80'000}) EXPECT_EQ(day_of_ordered(ordered(day)), day);
}

TEST(Keys, AnIdIsNoPrefixOfAnother) {
  const std::string prefix = IdKey::prefix({DocumentKind::kOrder, "O"});
  EXPECT_FALSE((IdKey{{DocumentKind::kOrder, "O1"}, 1}.bytes().starts_with(prefix)));
  EXPECT_TRUE((IdKey{{DocumentKind::kOrder, "O"}, 1}.bytes().starts_with(prefix)));
  EXPECT_FALSE((ShipmentKey{"S1", 1, "O"}.bytes().starts_with(ShipmentKey::prefix("S"))));
  EXPECT_FALSE((IdKey{{DocumentKind::kOrder, "o"}, 1}.bytes().starts_with(prefix)));
  const std::string beginning = IdKey::beginning(DocumentKind::kOrder, "or");
  EXPECT_TRUE((IdKey{{DocumentKind::kOrder, "ORDER"}, 1}.bytes().starts_with(beginning)));
  EXPECT_TRUE((ShipmentKey{"S", 1, "O"}.bytes().starts_with(ShipmentKey::prefix("S"))));
  EXPECT_FALSE((ShipmentKey{"S", 2, "O"}.bytes().starts_with(ShipmentKey::prefix("S", 1))));
}

// --- store and labels -------------------------------------------------------------------------

// By the size from which on a write becomes sorted files: through the log, or always files.
class StoreTest : public testing::TestWithParam<std::size_t> {
 protected:
  std::unique_ptr<ShardStore> open(ShardStore::Mode mode = ShardStore::Mode::kReadWrite) {
    auto store = ShardStore::open(directory_.path() + "/shard", memory_, mode, GetParam());
    EXPECT_TRUE(store) << (store ? "" : store.error().message);
    return store ? std::move(store).value() : nullptr;
  }

  test::TempDir directory_;
  SharedMemory memory_{8 << 20, 8 << 20};
};

TEST_P(StoreTest, AWriteSetIsThereWholeAfterReopening) {
  {
    auto store = open();
    WriteBatch set;
    set.put(Table::kMeta, "a", "1");
    set.put(Table::kDocuments, "a", "2");
    set.put(Table::kCells, "a", "3");
    ASSERT_TRUE(store->write(set));
    WriteBatch second;
    second.remove(Table::kMeta, "a");
    second.put(Table::kCells, "a", "4");
    ASSERT_TRUE(store->write(second));
  }
  auto store = open();
  EXPECT_EQ(store->get(Table::kMeta, "a").value(), std::nullopt);
  EXPECT_EQ(store->get(Table::kDocuments, "a").value(), "2");
  EXPECT_EQ(store->get(Table::kCells, "a").value(), "4");
}

INSTANTIATE_TEST_SUITE_P(ByWay, StoreTest, testing::Values(ShardStore::kFilesBytesMin, 0));

TEST_P(StoreTest, KeysAreToldApartWhereverTheyDiffer) {
  auto store = open();
  WriteBatch set;
  const std::string_view keys[] = {"head8890", "head889", {"b\0", 2}, "b", "head8", "\xFFhigh", "head88901"};
  for (const std::string_view key : keys) set.put(Table::kMeta, key, key);
  set.put(Table::kMeta, "b", "again");
  ASSERT_TRUE(store->write(set));
  for (const std::string_view key : keys) {
    EXPECT_EQ(store->get(Table::kMeta, key).value(), key == "b" ? "again" : key);
  }
}

TEST_P(StoreTest, OfSeveralChangesToAKeyTheLastHolds) {
  {
    auto store = open();
    WriteBatch set;
    for (const char* key : {"c", "a", "b"}) set.put(Table::kMeta, key, "first");
    set.remove(Table::kMeta, "b");
    set.put(Table::kMeta, "a", "second");
    set.remove(Table::kMeta, "c");
    set.put(Table::kMeta, "c", "third");
    ASSERT_TRUE(store->write(set));
  }
  auto store = open();
  EXPECT_EQ(store->get(Table::kMeta, "a").value(), "second");
  EXPECT_EQ(store->get(Table::kMeta, "b").value(), std::nullopt);
  EXPECT_EQ(store->get(Table::kMeta, "c").value(), "third");
}

TEST_P(StoreTest, ALargeWriteBehindASmallOneIsKeptWithIt) {
  {
    auto store = open();
    WriteBatch small;
    small.put(Table::kMeta, "position", "1");
    ASSERT_TRUE(store->write(small));
    WriteBatch large;
    large.put(Table::kMeta, "position", "2");
    large.put(Table::kCells, "cell", std::string(2 * ShardStore::kFilesBytesMin, 'x'));
    ASSERT_TRUE(store->write(large));
    WriteBatch last;
    last.put(Table::kMeta, "position", "3");
    ASSERT_TRUE(store->write(last));
  }
  auto store = open();
  EXPECT_EQ(store->get(Table::kMeta, "position").value(), "3");
  EXPECT_EQ(store->get(Table::kCells, "cell").value()->size(), 2 * ShardStore::kFilesBytesMin);
}

TEST_P(StoreTest, WhatACrashLeftOfFilesIsRemoved) {
  open();
  const std::string left = directory_.path() + "/shard/incoming/cells.sst";
  std::filesystem::create_directories(directory_.path() + "/shard/incoming");
  std::ofstream(left) << "half a file";
  open();
  EXPECT_FALSE(std::filesystem::exists(left));
}

// Keys of one kind that rise from set to set, others that fall in between, and removals.
TEST_P(StoreTest, WhatWasPreparedShowsWithTheNextWrite) {
  const auto key = [](char kind, int number) { return fmt::format("{}{:05}", kind, number); };
  const auto check = [&](const ShardStore& store) {
    for (int i = 0; i < 300; ++i) {
      EXPECT_EQ(store.get(Table::kDocuments, key('d', i)).value(), key('v', i));
      EXPECT_EQ(store.get(Table::kCells, key('G', i)).value(), key('g', i));
      EXPECT_EQ(store.get(Table::kCells, key('R', i)).value(), i == 0 ? std::nullopt : std::optional(key('r', i)));
      EXPECT_EQ(store.get(Table::kMeta, key('I', 7 * i % 300)).value(), "");
    }
    EXPECT_EQ(store.get(Table::kMeta, "S").value(), "300");
  };
  {
    auto store = open();
    WriteBatch before;
    before.put(Table::kCells, key('R', 0), "gone");
    before.put(Table::kCells, key('R', 1), "old");
    before.put(Table::kMeta, "S", "0");
    ASSERT_TRUE(store->write(before));
    if (!store->can_ingest()) return;
    WriteBatch set;
    for (int i = 0; i < 300; ++i) {
      set.put(Table::kDocuments, key('d', i), key('v', i));
      set.put(Table::kCells, key('G', i), key('g', i));
      if (i == 0) {
        set.remove(Table::kCells, key('R', i));
      } else {
        set.put(Table::kCells, key('R', i), key('r', i));
      }
      set.put(Table::kMeta, key('I', 7 * i % 300), "");
      if (i % 10 != 0) continue;
      ASSERT_TRUE(store->stage_files(set));
      set.clear();
      EXPECT_EQ(set.bytes(), 0u);
    }
    EXPECT_EQ(store->get(Table::kDocuments, key('d', 0)).value(), std::nullopt);
    EXPECT_EQ(store->get(Table::kCells, key('R', 1)).value(), "old");
    set.put(Table::kMeta, "S", "300");
    ASSERT_TRUE(store->write(set));
    check(*store);
  }
  check(*open());
}

TEST_P(StoreTest, OfAKeyThatIsPreparedAgainTheLastHolds) {
  {
    auto store = open();
    if (!store->can_ingest()) return;
    for (const char* value : {"first", "second", "third"}) {
      WriteBatch set;
      set.put(Table::kCells, "key", value);
      ASSERT_TRUE(store->stage_files(set));
    }
    WriteBatch rest;
    rest.put(Table::kMeta, "position", "1");
    const auto done = store->write(rest);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(store->get(Table::kCells, "key").value(), "third");
  }
  EXPECT_EQ(open()->get(Table::kCells, "key").value(), "third");
}

TEST_P(StoreTest, WhatWasPreparedAloneIsLost) {
  {
    auto store = open();
    WriteBatch set;
    set.put(Table::kCells, "a", "1");
    ASSERT_TRUE(store->stage_files(set));
  }
  EXPECT_EQ(open()->get(Table::kCells, "a").value(), std::nullopt);
}

TEST_P(StoreTest, AWriteSetThatWasNotWrittenLeavesNothing) {
  {
    auto store = open();
    WriteBatch set;
    set.put(Table::kMeta, "a", "1");
    set.put(Table::kDocuments, "a", "2");
  }
  auto store = open();
  EXPECT_EQ(store->get(Table::kMeta, "a").value(), std::nullopt);
  EXPECT_EQ(store->get(Table::kDocuments, "a").value(), std::nullopt);
}

TEST_P(StoreTest, ASnapshotDoesNotSeeLaterWrites) {
  auto store = open();
  WriteBatch set;
  set.put(Table::kMeta, "a", "1");
  ASSERT_TRUE(store->write(set));
  const auto account = store->snapshot();
  WriteBatch later;
  later.put(Table::kMeta, "a", "2");
  later.put(Table::kMeta, "b", "3");
  ASSERT_TRUE(store->write(later));
  EXPECT_EQ(account->get(Table::kMeta, "a").value(), "1");
  EXPECT_EQ(account->get(Table::kMeta, "b").value(), std::nullopt);
  EXPECT_EQ(store->get(Table::kMeta, "a").value(), "2");
}

TEST_P(StoreTest, ScansStayWithinTheirPrefixAndStopWhenTold) {
  auto store = open();
  WriteBatch set;
  for (const char* key : {"a", "b1", "b2", "b3", "c"}) set.put(Table::kMeta, key, key);
  set.put(Table::kMeta, "b\xFF\xFF", "last");
  ASSERT_TRUE(store->write(set));
  const auto scan = [&](std::string_view prefix, std::string_view from, std::size_t most) {
    std::string seen;
    std::size_t count = 0;
    EXPECT_TRUE(store->scan(Table::kMeta, prefix, from, [&](std::string_view, std::string_view value) {
      seen.append(value).append(" ");
      return ++count < most ? StoreReader::Next::kGoOn : StoreReader::Next::kStop;
    }));
    return seen;
  };
  EXPECT_EQ(scan("b", "", 9), "b1 b2 b3 last ");
  EXPECT_EQ(scan("b", "b2", 9), "b2 b3 last ");
  EXPECT_EQ(scan("b", "b11", 1), "b2 ");
  EXPECT_EQ(scan("d", "", 9), "");
  EXPECT_EQ(scan("", "", 9), "a b1 b2 b3 last c ");
}

// Counts what is asked of a store.
class CountedReads : public StoreReader {
 public:
  explicit CountedReads(const StoreReader& reads) : reads_(reads) {}

  Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
    ++count;
    return reads_.get(table, key);
  }
  Result<void> scan(Table table, std::string_view prefix, std::string_view from, const Visit& visit) const override {
    ++count;
    return reads_.scan(table, prefix, from, [&](std::string_view key, std::string_view value) {
      ++documents;
      return visit(key, value);
    });
  }

  mutable std::size_t count = 0;
  mutable std::size_t documents = 0;  // Of scans.

 private:
  const StoreReader& reads_;
};

constexpr LabelId kAccountAhead = 7;
std::string document_key(int number, DocumentKind kind = DocumentKind::kOrder) {
  return DocumentKey{kAccountAhead, {kind, fmt::format("{:05}", number)}}.bytes();
}
// Documents of every third number up to 3,000, some of them large, among those of other kinds and accounts.
void write_every_third(ShardStore& store) {
  WriteBatch set;
  for (int number = 0; number <= 3'000; number += 3) {
    set.put(Table::kDocuments, document_key(number),
            std::string(number % 100 == 0 ? 50'000 : 10, static_cast<char>('a' + number % 26)));
    set.put(Table::kDocuments, document_key(number, DocumentKind::kInvoice), fmt::format("invoice {}", number));
  }
  for (const LabelId other : {kAccountAhead - 1, kAccountAhead + 1}) {
    set.put(Table::kDocuments, (DocumentKey{other, {DocumentKind::kOrder, "00001"}}.bytes()), "another's");
  }
  ASSERT_TRUE(store.write(set));
}

TEST_P(StoreTest, DocumentsReadAheadAreThoseOfTheStoreInWhateverOrder) {
  auto store = open();
  write_every_third(*store);
  std::mt19937 random(1);
  for (const int far : {1, 3, 5, 40, 400, 3'000}) {
    for (const bool may_fall : {false, true}) {
      DocumentsAhead ahead(*store);
      int at = 0;
      for (int i = 0; i < 2'000 && at <= 3'100; ++i) {
        const auto kind = random() % 4 == 0 ? DocumentKind::kInvoice : DocumentKind::kOrder;
        const std::string key = document_key(at, kind);
        EXPECT_EQ(ahead.get(key).value(), store->get(Table::kDocuments, key).value()) << at << " by " << far;
        at += static_cast<int>(random() % static_cast<unsigned>(far)) + (may_fall ? -far / 2 : 1);
        at = std::max(at, 0);
      }
    }
  }
}

TEST_P(StoreTest, NeighboursAreReadTogetherAndOthersAlone) {
  auto store = open();
  write_every_third(*store);
  const auto cost = [&](int step, int times) {
    CountedReads counted(*store);
    DocumentsAhead ahead(counted);
    for (int i = 0; i < times; ++i) EXPECT_TRUE(ahead.get(document_key(step * i)).value());
    return std::pair(counted.count, counted.documents);
  };
  const auto neighbours = cost(3, 600);
  EXPECT_LE(neighbours.first, 40u);
  EXPECT_LE(neighbours.second, 700u);
  const auto far_apart = cost(150, 20);
  EXPECT_EQ(far_apart.first, 20u);
  EXPECT_LE(far_apart.second, 20u);
}

// As a power failure or a careless hand may leave it: what a newer one holds would be told on top of nothing.
TEST_P(StoreTest, AnOlderWriteAheadLogThatIsMissingOrShorterIsDamage) {
  // Little room: memtables are sealed one by one, and the log goes on in another file while others need the older.
  SharedMemory memory{8 << 20, 512 << 10};
  const std::string shard = directory_.path() + "/shard", copy = directory_.path() + "/copy";
  const auto logs_there = [&] {
    std::vector<std::string> logs;
    for (const auto& file : std::filesystem::directory_iterator(shard)) {
      std::error_code gone;
      if (file.path().extension() == ".log" && file.file_size(gone) > 0 && !gone)
        logs.push_back(file.path().filename());
    }
    return logs;
  };
  // Those of a closed store: of one that is open the older may be on its way out, or another on its way in.
  std::vector<std::string> logs;
  for (int begun = 0; begun < 20 && logs.size() < 2; ++begun) {
    auto store = ShardStore::open(shard, memory, ShardStore::Mode::kReadWrite).value();
    for (int i = 0; i < 4'000 && logs_there().size() < 2; ++i) {
      WriteBatch set;
      set.put(Table::kMeta, "position", std::to_string(i));
      set.put(Table::kDocuments, "document" + std::to_string(i), std::string(1'000, 'x'));
      set.put(Table::kCells, "cell" + std::to_string(i), "1");
      ASSERT_TRUE(store->write(set));
    }
    store.reset();
    logs = logs_there();
  }
  ASSERT_GE(logs.size(), 2U);
  const std::string oldest = *std::ranges::min_element(logs);
  const auto open_after = [&](const std::function<void(const std::string&)>& change) {
    std::filesystem::remove_all(copy);
    std::filesystem::copy(shard, copy, std::filesystem::copy_options::recursive);
    change(copy + "/" + oldest);
    return ShardStore::open(copy, memory_, ShardStore::Mode::kReadWrite);
  };
  EXPECT_TRUE(open_after([](const std::string&) {}));
  for (const auto& change : std::vector<std::function<void(const std::string&)>>{
           [](const std::string& log) { std::filesystem::remove(log); },
           [](const std::string& log) { std::filesystem::resize_file(log, 0); },
           [](const std::string& log) { std::filesystem::resize_file(log, std::filesystem::file_size(log) / 2); }}) {
    const auto opened = open_after(change);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt) << opened.error().message;
  }
}

// A write is there only with all that were before it.
TEST_P(StoreTest, BehindDamageInTheWriteAheadLogNothingIsThere) {
  {
    auto store = open();
    for (const char* number : {"1", "2", "3"}) {
      WriteBatch set;
      set.put(Table::kMeta, "position", number);
      set.put(Table::kDocuments, "document" + std::string(number), "told in write " + std::string(number));
      // Blocks of the log are read one by one.
      set.put(Table::kCells, "cell" + std::string(number), std::string(100'000, 'x'));
      ASSERT_TRUE(store->write(set));
    }
    if (store->can_ingest()) return;
  }
  for (const auto& file : std::filesystem::directory_iterator(directory_.path() + "/shard")) {
    if (file.path().extension() != ".log") continue;
    std::string bytes = read_file(file.path()).value();
    const std::size_t at = bytes.find("told in write 2");
    if (at == std::string::npos) continue;
    bytes[at] ^= 1;
    std::ofstream(file.path(), std::ios::binary) << bytes;
  }
  const auto store = open();
  EXPECT_EQ(store->get(Table::kMeta, "position").value(), "1");
  EXPECT_EQ(store->get(Table::kDocuments, "document1").value(), "told in write 1");
  EXPECT_EQ(store->get(Table::kDocuments, "document2").value(), std::nullopt);
  EXPECT_EQ(store->get(Table::kDocuments, "document3").value(), std::nullopt);
}

TEST_P(StoreTest, ASecondWriterIsToldThatItIsBusy) {
  auto store = open();
  const auto second = ShardStore::open(directory_.path() + "/shard", memory_, ShardStore::Mode::kReadWrite);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy) << second.error().message;
}

TEST_P(StoreTest, LabelsKeepTheirNumbersOverReopening) {
  std::vector<std::string> texts;
  {
    auto store = open();
    Labels labels;
    ASSERT_TRUE(labels.load(*store));
    EXPECT_EQ(labels.customer("C2"), 0U);
    EXPECT_EQ(labels.customer("C1"), 1U);
    EXPECT_EQ(labels.attributes({"CN", "", 5}), 2U);
    EXPECT_EQ(labels.dimensions({"sku", "web", 2}), 3U);
    EXPECT_EQ(labels.customer("C2"), 0U);
    for (int i = 0; i < 300; ++i) labels.customer("many" + std::to_string(i));
    WriteBatch set;
    labels.write_new(set);
    ASSERT_TRUE(store->write(set));
    EXPECT_EQ(labels.customer("unwritten"), 304U);
    for (LabelId id = 0; id < 304; ++id) texts.push_back(labels.get(id).bytes);
  }
  auto store = open();
  Labels labels;
  ASSERT_TRUE(labels.load(*store));
  ASSERT_EQ(labels.size(), 304U);
  for (LabelId id = 0; id < 304; ++id) EXPECT_EQ(labels.get(id).bytes, texts[id]);
  EXPECT_EQ(labels.find_customer("C1"), 1U);
  EXPECT_EQ(labels.find_customer("unwritten"), std::nullopt);
  EXPECT_EQ(labels.get(2).attributes, (domain::Attributes{"CN", "", 5}));
  EXPECT_EQ(labels.get(3).dimensions, (domain::Dimensions{"sku", "web", 2}));
  EXPECT_EQ(labels.customer("unwritten"), 304U);
}

// Without one of them all behind it would be others.
TEST(LabelsTest, AMissingOrDamagedOneIsCorrupt) {
  const std::pair<LabelId, std::optional<std::string>> damages[] = {{0, std::nullopt},
                                                                    {3, std::nullopt},
                                                                    {1, ""},
                                                                    {1, "x"},
                                                                    {1,
                                                                     "a\x02"
                                                                     "CN"},
                                                                    {1, std::string("d\x03\0\0", 4)},
                                                                    {1, std::string("d\x02\0\0\0", 5)}};
  for (const auto& [id, bytes] : damages) {
    const test::TempDir directory;
    SharedMemory memory{8 << 20, 8 << 20};
    const auto store = ShardStore::open(directory.path(), memory, ShardStore::Mode::kReadWrite).value();
    WriteBatch set;
    Labels written;
    for (int i = 0; i < 5; ++i) written.customer("C" + std::to_string(i));
    written.write_new(set);
    if (bytes) {
      set.put(Table::kMeta, LabelKey{id}.bytes(), *bytes);
    } else {
      set.remove(Table::kMeta, LabelKey{id}.bytes());
    }
    ASSERT_TRUE(store->write(set));
    Labels labels;
    const auto loaded = labels.load(*store);
    ASSERT_FALSE(loaded) << id;
    EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(loaded.error().message.find(fmt::format("label {}", id)), std::string::npos) << loaded.error().message;
  }
}

TEST(LabelsTest, AttributesThatNeedNoFileForgetItsDay) {
  Labels labels;
  EXPECT_EQ(labels.attributes({"CN", "R", 5}), labels.attributes({"CN", "R", 9}));
  EXPECT_NE(labels.attributes({"CN", "", 5}), labels.attributes({"CN", "", 9}));
}

TEST(LabelsTest, CustomersArePagedInByteOrder) {
  Labels labels;
  for (const char* name : {"b", "d", "a", "c", "é"}) labels.customer(name);
  labels.attributes({"b", "b", 0});
  const auto names = [&](std::string_view after, std::size_t count) {
    std::string all;
    for (const LabelId id : labels.customers_after(after, count)) all.append(labels.get(id).customer).append(" ");
    return all;
  };
  EXPECT_EQ(names("", 9), "a b c d é ");
  EXPECT_EQ(names("", 2), "a b ");
  EXPECT_EQ(names("b", 2), "c d ");
  EXPECT_EQ(names("bb", 1), "c ");
  EXPECT_EQ(names("é", 9), "");
}

}  // namespace
}  // namespace daybook::store
