// Events: JSON both ways, what is checked and under which name, and what makes a record unfit.
#include <gtest/gtest.h>

#include "domain/event_types.h"
#include "events/json.h"
#include "events/record.h"
#include "events/validate.h"
#include "support/payloads.h"

namespace daybook::events {
namespace {

using test::event_of;
using test::kPayloads;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what << " is not in " << text;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

// The fields at fault, each followed by a blank.
std::string faults_of(const std::string& text) {
  v1::Event message;
  Violations violations;
  const bool fit = read_event(text, message, violations);
  EXPECT_EQ(fit, violations.empty());
  std::string fields;
  for (const Violation& violation : violations.kept()) {
    EXPECT_FALSE(violation.message.empty());
    fields += violation.field + " ";
  }
  return fields;
}

TEST(EventsTest, EveryPayloadIsValidAndComesBackAsItWas) {
  ASSERT_EQ(kPayloads.size(), domain::kPayloadCount);
  for (const auto& [name, payload] : kPayloads) {
    const std::string text = event_of(name, payload);
    v1::Event message;
    Violations violations;
    EXPECT_TRUE(read_event(text, message, violations))
        << name << ": " << violations.kept()[0].field << " " << violations.kept()[0].message;
    EXPECT_EQ(to_json(message), text);
    Arena arena;
    const auto event = validate(message, arena, violations);
    ASSERT_TRUE(event) << name;
    EXPECT_EQ(topic_of(event->payload), topic_of(message.payload_case())) << name;
    EXPECT_EQ(named_document(message), domain::document_of(event->payload)) << name;
  }
}

TEST(EventsTest, ReadsTheOtherSpellingsOfJson) {
  const std::string plain = event_of("order_changed", kPayloads.at("order_changed"));
  v1::Event expected;
  Violations violations;
  ASSERT_TRUE(read_event(plain, expected, violations));
  const struct {
    const char* what;
    const char* with;
  } kCases[] = {{"\"order_changed\"", "\"orderChanged\""},
                {"\"order_id\"", "\"orderId\""},
                {"\"net_minor\":\"1\"", "\"netMinor\":1"},
                {"\"correlation_id\"", "\"order_ready\":null,\"correlation_id\""},
                {"T08:00:00Z", "T10:00:00.999+02:00"}};
  for (const auto& [what, with] : kCases) {
    v1::Event message;
    EXPECT_TRUE(read_event(replaced(plain, what, with), message, violations)) << with;
    EXPECT_EQ(message.SerializeAsString(), expected.SerializeAsString()) << with;
  }
}

TEST(EventsTest, NamesTheFieldAtFault) {
  const std::string blank(129, 'x');
  const struct {
    const char* payload;
    std::string what;
    std::string with;
    const char* fields;  // Of the payload.
  } kCases[] = {
      // Identifiers and labels.
      {"order_ready", "\"O\"", "\"\"", "order_id"},
      {"order_ready", "\"O\"", "5", "order_id"},
      {"order_ready", "\"O\"", "\" O\"", "order_id"},
      {"order_ready", "\"O\"", "\"O\\u00a0\"", "order_id"},
      {"order_ready", "\"O\"", "\"O\\u0007\"", "order_id"},
      {"order_ready", "\"O\"", "\"O\\u2028P\"", "order_id"},
      {"order_ready", "\"O\"", "\"O\\u202eP\"", "order_id"},
      {"order_ready", "\"O\"", "\"" + blank + "\"", "order_id"},
      {"order_ready", "\"order_id\"", "\"order\"", "order order_id"},
      {"order_placed", "CN/South", "CN//South", "region"},
      {"order_placed", "CN/South", "a/b/c/d/e/f/g", "region"},
      {"order_delayed", "\"n\"", "\"" + std::string(513, 'n') + "\"", "note"},
      {"order_delayed", "\"reason_code\":\"X\",", "", "reason_code"},
      // Money, quantities, rates.
      {"order_placed", "CNY", "XXZ", "currency"},
      {"order_placed", "CNY", "cny", "currency"},
      {"order_placed", "\"net_minor\":\"100\",", "", "lines[0].net_minor"},
      {"order_placed", "\"net_minor\":\"0\"", "\"net_minor\":\"-1\"", "lines[1].net_minor"},
      {"order_placed", "\"net_minor\":\"0\"", "\"net_minor\":1000000000000001", "lines[1].net_minor"},
      {"order_placed", "\"net_minor\":\"0\"", "\"net_minor\":1.5", "lines[1].net_minor"},
      {"order_placed", "\"net_minor\":\"0\"", "\"net_minor\":\"99999999999999999999\"", "lines[1].net_minor"},
      {"order_placed", "12.5", "0", "lines[0].quantity"},
      {"order_placed", "12.5", "-1", "lines[0].quantity"},
      {"order_placed", "12.5", "1e3", "lines[0].quantity"},
      {"order_placed", "12.5", "1.", "lines[0].quantity"},
      {"order_placed", "12.5", "0.1234567", "lines[0].quantity"},
      {"order_placed", "12.5", "1234567890123", "lines[0].quantity"},
      {"exchange_rate_published", "7.123456789012", "7.1234567890123", "rate"},
      {"exchange_rate_published", "7.123456789012", "0.0", "rate"},
      {"exchange_rate_published", "\"CNY\"", "\"USD\"", "base_currency"},
      // Dates.
      {"order_confirmed", "2024-05-02", "2023-02-29", "promised_date"},
      {"order_confirmed", "2024-05-02", "1899-12-31", "promised_date"},
      {"order_confirmed", "2024-05-02", "2200-01-01", "promised_date"},
      {"order_confirmed", "2024-05-02", "2024-5-2", "promised_date"},
      {"invoice_voided", "\"date\":\"2024-06-01\",", "", "date"},
      {"sales_target_set", "2024-Q1", "2024-Q5", "period"},
      {"sales_target_set", "2024-Q1", "2024-13", "period"},
      // Enums.
      {"order_placed", "\"SAMPLE\"", "\"GIFT\"", "kind"},
      {"order_delayed", "\"PRODUCE\"", "2", "stage"},
      {"dispute_resolved", ",\"outcome\":\"WITHDRAWN\"", "", "outcome"},
      {"sales_target_set", "\"measure\":\"INVOICED\",", "", "measure"},
      // Lists: what is wrong with one as a whole (a repeat, too) names the list.
      {"order_changed", R"([{"line_id":"1","sku":"S","quantity":"1","net_minor":"1"}])", "[]", "lines"},
      {"order_placed", "\"line_id\":\"2\"", "\"line_id\":\"1\"", "lines"},
      {"order_cancelled", "\"2\"", "\"1\"", "line_ids"},
      {"order_cancelled", "\"2\"", "\"\"", "line_ids[1]"},
      {"order_cancelled", "\"2\"", "2", "line_ids[1]"},
      {"order_cancelled", "[\"1\",\"2\"]", "\"1\"", "line_ids"},
      {"invoice_issued", "\"P\"", "\"O\"", "order_ids"},
      {"promise_made", "\"J\"", "\"I\"", "invoice_ids"},
      {"payment_allocated", R"([{"invoice_id":"I","amount_minor":"1"}])", "[]", "allocations"},
      {"shipment_dispatched", "\"line_id\":\"2\"", "\"line_id\":\"1\"", "lines"},
      // Between fields.
      {"shipment_dispatched", ",\"currency\":\"CNY\"", "", "currency"},
      {"shipment_dispatched", "\"5\"", "\"-5\"", "freight_minor"},
      {"invoice_issued", "\"63\"", "\"64\"", "instalments"},
      {"invoice_issued", "\"instalments\"", "\"due_date\":\"2024-06-01\",\"instalments\"", "instalments"},
      {"invoice_issued", "\"50\"", "\"0\"", "instalments[0].amount_minor"},
      {"credit_note_issued", "\"100\"", "\"0\"", "tax_minor"},
      {"invoice_disputed", "\"amount_minor\":\"1\"", "\"amount_minor\":\"0\"", "amount_minor"},
      {"invoice_written_off", "\"amount_minor\":\"1\"", "\"amount_minor\":\"0\"", "amount_minor"},
      {"payment_received", "\"40\"", "\"41\"", "allocations"},
      {"payment_received", "\"60\"", "\"0\"", "allocations[0].amount_minor"},
      {"payment_allocated", "\"payment_id\":\"P\"", R"("payment_id":"P","credit_note_id":"N")", "credit_note_id"},
      {"payment_allocated", "\"payment_id\":\"P\",", "", "credit_note_id"},
      {"payment_allocated", "\"payment_id\":\"P\"", "\"payment_id\":\"A\"", "payment_id"},
      {"payment_unallocated", "\"credit_note_id\":\"N\",", "", "credit_note_id"},
      {"refund_paid", "\"payment_id\":\"P\"", R"("payment_id":"P","credit_note_id":"N")", "credit_note_id"},
      {"customer_profile_set", "\"credit_currency\":\"CNY\",", "", "credit_limit_minor"},
      {"customer_profile_set", ":30", ":3651", "payment_terms_days"},
      {"customer_profile_set", ":30", ":4000000000", "payment_terms_days"},
      {"sales_target_set", "\"region\":\"CN\"", R"("region":"CN","sales_rep":"R")", "sales_rep"},
      {"sales_target_set", "\"region\":\"CN\",", "", "sales_rep"},
  };
  for (const auto& [payload, what, with, fields] : kCases) {
    std::string expected;
    std::string rest = fields;
    for (std::size_t end = 0; !rest.empty(); rest.erase(0, end + 1)) {
      end = std::min(rest.find(' '), rest.size());
      expected += std::string(payload) + "." + rest.substr(0, end) + " ";
      if (end == rest.size()) break;
    }
    const std::string text = event_of(payload, replaced(kPayloads.at(payload), what, with));
    EXPECT_EQ(faults_of(text), expected) << payload << ": " << what << " -> " << with;
  }
}

TEST(EventsTest, TakesTheUtmostThatIsAllowed) {
  const std::string label(128, 'x');
  const struct {
    const char* payload;
    std::string what;
    std::string with;
  } kCases[] = {
      {"order_ready", "\"O\"", "\"" + label + "\""},
      {"order_ready", "\"O\"", "\"O P\""},
      {"order_placed", "CN/South", "a/b/c/d/e/f"},
      {"order_placed", "CN/South", label},
      {"order_delayed", "\"n\"", "\"" + std::string(512, 'n') + "\""},
      {"order_placed", "\"net_minor\":\"0\"", "\"net_minor\":1000000000000000"},
      {"order_placed", "\"net_minor\":\"0\"", "\"net_minor\":\"1000000000000000\""},
      {"order_placed", "12.5", "999999999999.999999"},
      {"order_placed", "12.5", "0.000001"},
      {"exchange_rate_published", "7.123456789012", "999999999999.999999999999"},
      {"exchange_rate_published", "7.123456789012", "0.000000000001"},
      {"order_confirmed", "2024-05-02", "1900-01-01"},
      {"order_confirmed", "2024-05-02", "2199-12-31"},
      {"order_confirmed", "2024-05-02", "2000-02-29"},
      {"payment_received", "\"40\"", "\"39\""},
      {"customer_profile_set", ":30", ":0"},
      {"customer_profile_set", ":30", ":3650"},
  };
  for (const auto& [payload, what, with] : kCases) {
    EXPECT_EQ(faults_of(event_of(payload, replaced(kPayloads.at(payload), what, with))), "")
        << payload << ": " << what << " -> " << with;
  }
}

TEST(EventsTest, ChecksTheEnvelope) {
  const std::string good = event_of("order_ready", kPayloads.at("order_ready"));
  const struct {
    const char* what;
    const char* with;
    const char* fields;
  } kCases[] = {
      {"\"e1\"", "\"\"", "event_id "},
      {"\"C1\"", "\"\"", "customer_id "},
      {"\"C1\"", "\"target:CN\"", "customer_id "},
      {"\"C1\"", "\"fx:USD\"", "customer_id "},
      {"\"erp\"", "\"\\t\"", "source "},
      {"\"c\"", "\"c \"", "correlation_id "},
      {"2024-05-01T08:00:00Z", "yesterday", "occurred_at "},
      {"2024-05-01T08:00:00Z", "2200-01-01T00:00:00Z", "occurred_at "},
      {"\"order_ready\":{\"order_id\":\"O\"}", "\"order_ready\":null", "payload "},
      {"\"order_ready\":{\"order_id\":\"O\"}", "\"order_redy\":{}", "order_redy "},
      {"\"order_ready\":{\"order_id\":\"O\"}", "\"order_ready\":[]", "order_ready "},
  };
  EXPECT_EQ(faults_of(good), "");
  for (const auto& [what, with, fields] : kCases) {
    EXPECT_EQ(faults_of(replaced(good, what, with)), fields) << with;
  }
  EXPECT_EQ(faults_of("{}"), "event_id source occurred_at payload customer_id ");
}

TEST(EventsTest, TargetsAndRatesHaveTheirOwnAccounts) {
  const std::string target = event_of("sales_target_set", kPayloads.at("sales_target_set"));
  EXPECT_EQ(faults_of(replaced(target, "target:CN", "target:DE")), "sales_target_set.region ");
  EXPECT_EQ(faults_of(replaced(target, "target:CN", "C1")), "sales_target_set.region ");
  const std::string rate = event_of("exchange_rate_published", kPayloads.at("exchange_rate_published"));
  EXPECT_EQ(faults_of(replaced(rate, "fx:USD", "fx:CNY")), "exchange_rate_published.currency ");
  const std::string wide = "a/" + std::string(64, 'b') + "/" + std::string(61, 'c');
  EXPECT_EQ(faults_of(replaced(replaced(target, "target:CN", "target:" + wide), "\"CN\"", "\"" + wide + "\"")), "");
}

TEST(EventsTest, AListHasTenThousandEntriesAtMost) {
  std::string ids;
  for (int i = 0; i < 10'000; ++i) ids += "\"" + std::to_string(i) + "\",";
  const std::string payload = R"({"order_id":"O","line_ids":[)" + ids;
  EXPECT_EQ(faults_of(event_of("order_cancelled", payload.substr(0, payload.size() - 1) + "]}")), "");
  EXPECT_EQ(faults_of(event_of("order_cancelled", payload + "\"x\"]}")), "order_cancelled.line_ids ");
}

TEST(EventsTest, WhatNamesNoDocumentHasNone) {
  EXPECT_FALSE(named_document(v1::Event()));
  v1::Event event;
  event.mutable_order_placed();
  EXPECT_FALSE(named_document(event));
  event.mutable_refund_paid()->set_refund_id("R");
  EXPECT_EQ(named_document(event), (domain::DocumentRef{domain::DocumentKind::kRefund, "R"}));
  event.mutable_refund_paid()->set_payment_id("P");
  EXPECT_EQ(named_document(event), (domain::DocumentRef{domain::DocumentKind::kPayment, "P"}));
}

TEST(EventsTest, AFieldIsKnownByItsWholeName) {
  const std::string good = event_of("order_ready", kPayloads.at("order_ready"));
  for (const std::string behind : {"\\u001fzz", "\\u001f", "\\u001f7", "\\u0000", "\\u00ff"}) {
    const std::string instead = faults_of(replaced(good, "\"event_id\"", "\"event_id" + behind + "\""));
    EXPECT_TRUE(instead.starts_with("event_id")) << instead;
    EXPECT_TRUE(instead.ends_with(" event_id ")) << instead;  // Is required.
    v1::Event message;
    Violations beside;
    read_event(replaced(good, "{", "{\"customer_id" + behind + "\":\"C2\","), message, beside);
    ASSERT_EQ(beside.count(), 1U) << behind;
    EXPECT_EQ(beside.kept()[0].message, "is not a known field");
  }
}

TEST(EventsTest, SaysWhereATextIsNoJson) {
  for (const char* text : {"", "{", "{\"a\":1}x", "nul", "\"\\ud800\"", "[1,]"}) {
    EXPECT_EQ(faults_of(text), " ") << text;
  }
  EXPECT_EQ(faults_of(std::string(1'000, '[')), " ");
}

TEST(FrameTest, IsTakenOffWhole) {
  using std::string_literals::operator""s;
  const std::string event =
      "\x0a\x01"
      "e";
  EXPECT_EQ(strip_frame(event), event);
  EXPECT_EQ(strip_frame(""), "");
  EXPECT_EQ(strip_frame("\0\0\0\0\7\0"s + event), event);            // Index 0, in its short form.
  EXPECT_EQ(strip_frame("\0\0\0\0\7\2\0"s + event), event);          // One index: 0.
  EXPECT_EQ(strip_frame("\0\0\0\0\7\4\2\xac\x02"s + event), event);  // Two, of one and two bytes.
  const std::string framed = "\0\0\0\0\7\4\2\xac\x02"s;
  for (std::size_t size = 1; size < framed.size(); ++size) {
    EXPECT_FALSE(strip_frame(framed.substr(0, size))) << size;
  }
  EXPECT_FALSE(strip_frame("\0\0\0\0\7\1"s + event));  // A negative length.
}

class RecordReaderTest : public testing::Test {
 protected:
  static v1::Event message() {
    v1::Event event;
    Violations violations;
    read_event(event_of("order_ready", kPayloads.at("order_ready")), event, violations);
    return event;
  }

  // The reason to park a record; "" when it is fit.
  std::string judge(std::optional<std::string_view> value, std::optional<std::string_view> key = "C1",
                    log::Topic topic = log::Topic::kOrders, std::int32_t partition = log::partition_of("C1", 4)) {
    reader_.reset();
    const auto read = reader_.read({topic, partition, 7, 0, key, value});
    const Unfit* unfit = std::get_if<Unfit>(&read);
    if (unfit == nullptr) return "";
    EXPECT_FALSE(unfit->detail.empty());
    customer_ = unfit->customer_id;
    return std::string(park_reason_name(unfit->reason));
  }

  RecordReader reader_{4};
  std::string customer_;
};

TEST_F(RecordReaderTest, TakesAFitRecordFramedOrNot) {
  const std::string value = message().SerializeAsString();
  EXPECT_EQ(judge(value), "");
  EXPECT_EQ(judge(std::string(6, '\0') + value), "");
}

TEST_F(RecordReaderTest, UnknownFieldsPass) {
  v1::Event event = message();
  event.GetReflection()->MutableUnknownFields(&event)->AddVarint(99, 1);
  EXPECT_EQ(judge(event.SerializeAsString()), "");
}

TEST_F(RecordReaderTest, WhatDoesNotParseIsSaidFirst) {
  EXPECT_EQ(judge(std::nullopt, std::nullopt), "not_parseable");
  EXPECT_EQ(judge("junk", "other"), "not_parseable");
  EXPECT_EQ(judge(std::string(3, '\0')), "not_parseable");
  std::string value = message().SerializeAsString();
  EXPECT_EQ(judge(value.substr(0, value.size() - 1)), "not_parseable");
  value[value.find("C1")] = '\xff';
  EXPECT_EQ(judge(value), "not_parseable");
}

TEST_F(RecordReaderTest, ReasonsHaveTheirOrder) {
  v1::Event unknown = message();
  unknown.clear_payload();
  EXPECT_EQ(judge(unknown.SerializeAsString()), "invalid");
  unknown.GetReflection()->MutableUnknownFields(&unknown)->AddLengthDelimited(60, "x");
  EXPECT_EQ(judge(unknown.SerializeAsString(), "other", log::Topic::kPayments), "unknown_event_type");
  EXPECT_EQ(customer_, "C1");

  v1::Event invalid = message();
  invalid.clear_source();
  const std::string value = invalid.SerializeAsString();
  const std::int32_t wrong = (log::partition_of("C1", 4) + 1) % 4;
  EXPECT_EQ(judge(value, "other", log::Topic::kPayments, wrong), "wrong_topic");
  EXPECT_EQ(judge(value, "other", log::Topic::kOrders, wrong), "wrong_key");
  EXPECT_EQ(judge(value, std::nullopt), "wrong_key");
  EXPECT_EQ(judge(value, "C1", log::Topic::kOrders, wrong), "wrong_partition");
  EXPECT_EQ(judge(value), "invalid");
}

TEST_F(RecordReaderTest, AnUnknownEnumNumberIsInvalid) {
  v1::Event event;
  Violations violations;
  read_event(event_of("order_placed", kPayloads.at("order_placed")), event, violations);
  event.mutable_order_placed()->set_kind(static_cast<v1::OrderKind>(9));
  EXPECT_EQ(judge(event.SerializeAsString()), "invalid");
}

}  // namespace
}  // namespace daybook::events
