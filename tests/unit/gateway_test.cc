// POST /v1/events on a log in memory.
#include "gateway/gateway.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <functional>
#include <stop_token>

#include "base/date.h"
#include "log/memory_log.h"
#include "support/cost.h"

namespace daybook::gateway {
namespace {

namespace json = boost::json;

// Publishes to a log of its own.
class GatewayTest : public testing::Test {
 protected:
  http::Response post(std::string content_type, std::string body) {
    http::Request request;
    request.content_type = std::move(content_type);
    request.body = std::move(body);
    std::optional<http::Response> answer;
    gateway_.publish(std::move(request), [&](http::Response response) {
      EXPECT_FALSE(answer) << "answered twice";
      answer = std::move(response);
    });
    return answer.value_or(http::Response{0, "", "", {}});
  }

  std::size_t published() const {
    std::size_t count = 0;
    for (const log::Topic topic : log::kEventTopics) {
      for (std::int32_t partition = 0; partition < log_.partition_count(); ++partition) {
        count += log_.records({topic, partition}).size();
      }
    }
    return count;
  }

  // The violations of a 400 after which nothing is in the log: "index|field|message" each.
  std::vector<std::string> faults(std::string content_type, std::string body) {
    const http::Response response = post(std::move(content_type), std::move(body));
    EXPECT_EQ(response.status, 400) << response.body;
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(published(), 0U);
    std::vector<std::string> list;
    const json::value problem = json::parse(response.body);
    for (const json::value& fault : problem.at("violations").as_array()) {
      list.push_back(json::serialize(fault.at("index")) + "|" + std::string(fault.at("field").as_string()) + "|" +
                     std::string(fault.at("message").as_string()));
    }
    return list;
  }
  // Index and field of the only violation.
  std::string fault(std::string content_type, std::string body) {
    const auto list = faults(std::move(content_type), std::move(body));
    EXPECT_EQ(list.size(), 1U) << testing::PrintToString(list);
    return list.empty() ? "" : list.front().substr(0, list.front().rfind('|'));
  }

  log::MemoryLog log_{4};
  Gateway gateway_{log_, {.topic_prefix = "test."}};
};

std::string event(std::string_view id, std::string_view payload) {
  return R"({"event_id":")" + std::string(id) +
         R"(","customer_id":"C1","source":"erp","occurred_at":"2024-05-01T08:00:00Z",)" + std::string(payload) + "}";
}
std::string ready(std::string_view id) { return event(id, R"("order_ready":{"order_id":"O1"})"); }
std::string lines_of(std::size_t count) {
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) lines += ready("e" + std::to_string(i)) + "\n";
  return lines;
}

events::v1::Event ready_message(const std::string& id) {
  events::v1::Event message;
  message.set_event_id(id);
  message.set_customer_id("C1");
  message.set_source("erp");
  message.mutable_occurred_at()->set_seconds(1'714'550'400);
  message.mutable_order_ready()->set_order_id("O1");
  return message;
}

constexpr const char* kJson = "application/json";
constexpr const char* kLines = "application/x-ndjson";
constexpr const char* kProtobuf = "application/x-protobuf";

TEST_F(GatewayTest, AnswersWithThePlaceOfAnEvent) {
  log_.set_time_ms(1'714'550'400'123);
  const http::Response response = post(kJson, ready(R"(e\"1)"));
  EXPECT_EQ(response.status, 200);
  const std::int32_t partition = log::partition_of("C1", 4);
  EXPECT_EQ(json::parse(response.body),
            json::parse(R"({"accepted":1,"results":[{"event_id":"e\"1","topic":)"
                        R"("test.daybook.orders.v1","partition":)" +
                        std::to_string(partition) + R"(,"offset":0,"recorded_at":"2024-05-01T08:00:00.123Z"}]})"));
  const auto records = log_.records({log::Topic::kOrders, partition});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].key, "C1");
  EXPECT_EQ(records[0].value, ready_message("e\"1").SerializeAsString());
}

// Each record with its own time.
class TimedLog final : public log::Log {
 public:
  explicit TimedLog(std::vector<std::int64_t> times_ms) : times_ms_(std::move(times_ms)) {}
  std::int32_t partition_count() const override { return 1; }
  void append(std::vector<log::NewRecord> records, log::AppendDone done) override {
    std::vector<log::Appended> appended;
    for (std::size_t i = 0; i < records.size(); ++i) appended.push_back({0, 0, times_ms_.at(i)});
    done(std::move(appended));
  }
  Result<std::unique_ptr<log::Reader>> open_reader(std::vector<log::StartPosition>) override {
    return unexpected(ErrorCode::kUnavailable, "not read");
  }
  Result<std::vector<log::EndOffset>> end_offsets(std::span<const log::Topic>) override {
    return unexpected(ErrorCode::kUnavailable, "not read");
  }

 private:
  const std::vector<std::int64_t> times_ms_;
};

TEST_F(GatewayTest, SaysWhenEachEventWasRecorded) {
  const std::vector<std::int64_t> times = {1'714'550'400'123,
                                           1'714'550'400'007,
                                           1'714'550'400'999,
                                           1'714'550'401'000,
                                           1'714'550'400'000,
                                           1'714'550'399'999,
                                           -1,
                                           -1'000,
                                           0};
  TimedLog log(times);
  Gateway gateway(log, {});
  http::Request request;
  request.content_type = kLines;
  request.body = lines_of(times.size());
  json::value answer;
  gateway.publish(std::move(request), [&](const http::Response& response) { answer = json::parse(response.body); });
  const auto& results = answer.at("results").as_array();
  ASSERT_EQ(results.size(), times.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(results[i].at("recorded_at").as_string(), format_instant_ms(times[i]));
  }
}

TEST_F(GatewayTest, TakesListsAndLinesInTheirOrder) {
  EXPECT_EQ(post(kJson, "[" + ready("a") + "," + ready("b") + "]").status, 200);
  EXPECT_EQ(post("Application/X-NDJSON; charset=utf-8", ready("c") + "\r\n\n" + ready("d")).status, 200);
  const auto records = log_.records({log::Topic::kOrders, log::partition_of("C1", 4)});
  ASSERT_EQ(records.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(records[i].value, ready_message(std::string(1, "abcd"[i])).SerializeAsString());
  }
}

TEST_F(GatewayTest, PublishesProtobufBytesAsTheyCame) {
  events::v1::EventBatch batch;
  *batch.add_events() = ready_message("a");
  auto* invoice = batch.add_events();
  *invoice = ready_message("b");
  invoice->mutable_invoice_delivered()->set_invoice_id("I1");
  // A field of a newer version passes, in the batch and in an event.
  invoice->GetReflection()->MutableUnknownFields(invoice)->AddVarint(99, 7);
  const std::string bytes = batch.SerializeAsString() + "\xa0\x06\x01";
  const http::Response response = post(kProtobuf, bytes);
  EXPECT_EQ(response.status, 200) << response.body;
  const auto records = log_.records({log::Topic::kInvoices, log::partition_of("C1", 4)});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].value, invoice->SerializeAsString());
  EXPECT_EQ(published(), 2U);
}

TEST_F(GatewayTest, NothingToPublishIsFine) {
  for (const auto& [type, body] : {std::pair(kJson, "[]"), {kLines, "\n"}, {kProtobuf, ""}}) {
    const http::Response response = post(type, body);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"accepted":0,"results":[]})");
  }
}

TEST_F(GatewayTest, ReadsShortAndLongNamesAndCamelCase) {
  const std::string line = R"("currency":"CNY","lines":[{"line_id":"1","sku":"S","quantity":"1","net_minor":5}]})";
  EXPECT_EQ(post(kJson, event("a", R"("order_placed":{"order_id":"O","kind":"SAMPLE",)" + line)).status, 200);
  EXPECT_EQ(post(kJson, event("a", R"("order_placed":{"order_id":"O","kind":"ORDER_KIND_SAMPLE",)" + line)).status,
            200);
  EXPECT_EQ(post(kJson, event("a", R"("orderPlaced":{"orderId":"O","kind":"SAMPLE",)" + line)).status, 200);
  const auto records = log_.records({log::Topic::kOrders, log::partition_of("C1", 4)});
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].value, records[1].value);
  EXPECT_EQ(records[0].value, records[2].value);
  for (const char* kind : {"1", "\"UNSPECIFIED\"", "\"ORDER_KIND_UNSPECIFIED\"", "\"sample\""}) {
    const http::Response response =
        post(kJson, event("a", R"("order_placed":{"order_id":"O","kind":)" + std::string(kind) + "," + line));
    EXPECT_EQ(response.status, 400) << kind;
    EXPECT_NE(response.body.find("order_placed.kind"), std::string::npos) << kind;
  }
}

TEST_F(GatewayTest, ReadsRareFormsOfJson) {
  const std::string expected = ready_message("a").SerializeAsString();
  const std::vector<std::string> forms = {
      ready("a"),
      event("a", R"("order_ready":{"order\u005fid":"O1"})"),
      event("a", R"("order_ready":{"order_id":null,"order_id":"O1"})"),
      event("a", R"("order_ready":{"order_id":"O1","order_id":null})"),
      event("a", R"("order_ready":{"order_id":"O1","orderId":null})"),
      event("a", R"("order_ready":null,"order_ready":{"order_id":"\u004f1"})"),
  };
  std::string lines;
  std::string list;
  for (const std::string& form : forms) {
    EXPECT_EQ(post(kJson, form).status, 200) << form;
    lines += form + "\n";
    list += (list.empty() ? "[" : ",") + form;
  }
  EXPECT_EQ(post(kLines, lines).status, 200);
  EXPECT_EQ(post(kJson, list + "]").status, 200);
  const auto records = log_.records({log::Topic::kOrders, log::partition_of("C1", 4)});
  EXPECT_EQ(records.size(), 3 * forms.size());
  for (const auto& record : records) EXPECT_EQ(record.value, expected);
}

TEST_F(GatewayTest, RefusesAFieldGivenTwice) {
  const std::string line = R"({"line_id":"1","sku":"A","quantity":"1","net_minor":1})";
  const std::string twice = R"({"line_id":"1","sku":"A","sku":"A","quantity":"1","net_minor":1})";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("order_ready":{"order_id":"O1","order_id":"O1"})", "order_ready.order_id"},
      {R"("order_ready":{"order_id":7,"order_id":"O1"})", "order_ready.order_id"},
      {R"("order_ready":{"order_id":"O1","orderId":"O1"})", "order_ready.order_id"},
      {R"("order_ready":{"order_id":"O1","order\u005fid":"O1"})", "order_ready.order_id"},
      {R"("order_ready":{"order_id":"O1"},"order_ready":{"order_id":"O1"})", "order_ready"},
      {R"("source":"erp","order_ready":{"order_id":"O1"})", "source"},
      {R"("order_placed":{"order_id":"O","currency":"CNY","lines":[)" + line + "," + twice + "]}",
       "order_placed.lines[1].sku"},
  };
  for (const auto& [payload, field] : cases) {
    for (const std::string& body : {event("a", payload), "[" + ready("b") + "," + event("a", payload) + "]"}) {
      const http::Response response = post(kJson, body);
      EXPECT_EQ(response.status, 400) << body;
      EXPECT_NE(response.body.find("\"" + field + "\""), std::string::npos) << response.body;
      EXPECT_NE(response.body.find("is given twice"), std::string::npos) << response.body;
    }
  }
  EXPECT_TRUE(log_.records({log::Topic::kOrders, log::partition_of("C1", 4)}).empty());
}

TEST_F(GatewayTest, SaysWhichEventAndWhichField) {
  const std::string bad = event("b", R"("order_ready":{"order_id":" x"})");
  EXPECT_EQ(fault(kJson, bad), "0|order_ready.order_id");
  EXPECT_EQ(fault(kJson, "[" + ready("a") + "," + bad + "]"), "1|order_ready.order_id");
  EXPECT_EQ(fault(kLines, ready("a") + "\n\n" + bad + "\n" + ready("c")), "1|order_ready.order_id");
  events::v1::EventBatch batch;
  *batch.add_events() = ready_message("a");
  *batch.add_events() = ready_message("b");
  batch.mutable_events(1)->mutable_order_ready()->clear_order_id();
  EXPECT_EQ(fault(kProtobuf, batch.SerializeAsString()), "1|order_ready.order_id");
  EXPECT_EQ(faults(kJson, "[{},{}]").size(), 10U);
  EXPECT_EQ(fault(kJson, event("a", R"("order_ready":{"order_id":"O1","orderId":"O1"})")), "0|order_ready.order_id");
}

TEST_F(GatewayTest, TakesAByteOrderMarkInFrontOfJson) {
  const std::string mark = "\xef\xbb\xbf";
  EXPECT_EQ(post(kJson, mark + ready("a")).status, 200);
  EXPECT_EQ(post(kJson, mark + "\r\n [" + ready("a") + "]").status, 200);
  EXPECT_EQ(post(kJson, mark + event("a", R"("order_ready":{"order\u005fid":"O1"})")).status, 200);
  EXPECT_EQ(post(kLines, mark + ready("a") + "\n" + ready("b")).status, 200);
  EXPECT_EQ(post(kLines, mark).status, 200);
  EXPECT_EQ(published(), 5U);
}

TEST_F(GatewayTest, AByteOrderMarkElsewhereIsNoJson) {
  const std::string mark = "\xef\xbb\xbf";
  EXPECT_EQ(fault(kJson, mark + mark + ready("a")), "0|");
  EXPECT_EQ(fault(kJson, " " + mark + ready("a")), "0|");
  EXPECT_EQ(fault(kLines, ready("a") + "\n" + mark + ready("b")), "1|");
}

// PowerShell's `>` writes UTF-16.
TEST_F(GatewayTest, SaysThatABodyIsUtf16) {
  const auto wide = [](std::string_view text, bool big_endian) {
    std::string bytes;
    for (const char c : text) bytes += big_endian ? std::string{'\0', c} : std::string{c, '\0'};
    return bytes;
  };
  for (const char* type : {kJson, kLines}) {
    for (const std::string& body : {"\xff\xfe" + wide(ready("a"), false), "\xfe\xff" + wide(ready("a"), true),
                                    wide(ready("a"), false), wide(ready("a"), true)}) {
      EXPECT_EQ(faults(type, body), (std::vector<std::string>{"0||is UTF-16; save it as UTF-8 first"}));
    }
  }
}

TEST_F(GatewayTest, ListsTheFirstFaultsAndCountsAll) {
  const auto answer = [&](const char* type, std::string body) {
    const http::Response response = post(type, std::move(body));
    EXPECT_EQ(response.status, 400);
    EXPECT_LT(response.body.size(), 40'000U);
    const json::value problem = json::parse(response.body);
    EXPECT_EQ(problem.at("violations").as_array().size(), 100U);
    const auto count = problem.at("violation_count").to_number<std::size_t>();
    EXPECT_NE(problem.at("detail").as_string().find(std::to_string(count) + " faults, the first 100 listed"),
              json::string::npos);
    return count;
  };
  std::string lines;
  for (int i = 0; i < 9'999; ++i) lines += R"({"q":1},)";
  // The unknown field of each line, and the four that it lacks.
  EXPECT_EQ(answer(kJson,
                   event("a", R"("order_placed":{"order_id":"O","currency":"CNY","lines":[)" + lines + R"({"q":1}]})")),
            50'000U);
  std::string wrong;
  for (int i = 0; i < 9'999; ++i) wrong += "{}\n";
  EXPECT_EQ(answer(kLines, wrong), 9'999U * 5);
  events::v1::EventBatch batch;
  for (int i = 0; i < 1'000; ++i) batch.add_events();
  EXPECT_EQ(answer(kProtobuf, batch.SerializeAsString()), 5'000U);
  // Of an unknown field's name, part.
  EXPECT_LT(post(kJson, event("a", "\"order_ready\":{\"" + std::string(1'000'000, 'x') + "\":1}")).body.size(), 1'000U);
}

TEST_F(GatewayTest, AnEventOfMoreValuesThanAnyIsNotKept) {
  std::string list;
  for (int i = 0; i < 1'000'000; ++i) list += i == 0 ? "[]" : ",[]";
  for (const std::string& body : {event("a", "\"x\":[" + list + "]"), "[[" + list + "]]"}) {
    const auto found = faults(kJson, body);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0], "0||has more than 100000 values; no event has as many");
  }
}

TEST_F(GatewayTest, ReadingTakesTimeWithTheBodyWhateverIsWrong) {
  const auto repeated = [](std::size_t n, const auto& part) {
    std::string text;
    for (std::size_t i = 0; i < n; ++i) text += (i == 0 ? "" : ",") + part(i);
    return text;
  };
  const auto order = [&](std::size_t n, const auto& line) {
    return event("a", R"("order_placed":{"order_id":"O","currency":"CNY","lines":[)" + repeated(n, line) + "]}");
  };
  using Form = std::function<std::string(std::size_t)>;
  const std::vector<std::pair<std::string, Form>> forms = {
      {"unknown fields in lines",
       [&](std::size_t n) { return order(n, [](auto) { return std::string(R"({"q":1})"); }); }},
      {"lines that are none", [&](std::size_t n) { return order(n, [](auto) { return std::string("5"); }); }},
      {"one line_id",
       [&](std::size_t n) {
         return order(n, [](auto) { return std::string(R"({"line_id":"1","sku":"","quantity":"0","net_minor":-1})"); });
       }},
      {"unknown fields",
       [&](std::size_t n) {
         return event("a", "\"order_ready\":{" + repeated(n, [](auto i) { return fmt::format("\"f{}\":1", i); }) + "}");
       }},
      {"one field again and again",
       [&](std::size_t n) {
         return event("a",
                      "\"order_ready\":{" + repeated(n, [](auto) { return std::string(R"("order_id":"O")"); }) + "}");
       }},
      {"events that are none",
       [&](std::size_t n) { return "[" + repeated(n, [](auto) { return std::string("0"); }) + "]"; }},
      {"ids twice",
       [&](std::size_t n) {
         return event("a", R"("order_cancelled":{"order_id":"O","line_ids":[)" +
                               repeated(n, [](auto i) { return fmt::format("\"{}\"", i / 2); }) + "]}");
       }},
  };
  for (const auto& [what, form] : forms) {
    test::expect_linear(what, 999, form, [&](const std::string& body) { EXPECT_EQ(post(kJson, body).status, 400); });
  }
  test::expect_linear("lines", 999, lines_of, [&](std::string body) {
    std::ranges::replace(body, 'C', ' ');
    EXPECT_EQ(post(kLines, body).status, 400);
  });
}

TEST_F(GatewayTest, GivesUpReadingWhenNobodyWaits) {
  std::stop_source stop;
  stop.request_stop();
  for (const char* type : {kJson, kLines, kProtobuf}) {
    http::Request request;
    request.content_type = type;
    request.stop = stop.get_token();
    events::v1::EventBatch batch;
    *batch.add_events() = ready_message("a");
    request.body = type == kProtobuf ? batch.SerializeAsString() : type == kJson ? "[" + ready("a") + "]" : ready("a");
    gateway_.publish(std::move(request), [](const http::Response& response) { EXPECT_EQ(response.status, 400); });
  }
  EXPECT_EQ(published(), 0U);
}

TEST_F(GatewayTest, RefusesWhatIsNoEvent) {
  EXPECT_EQ(fault(kJson, ""), "0|");
  EXPECT_EQ(fault(kJson, "{"), "0|");
  EXPECT_EQ(fault(kJson, "5"), "0|");
  EXPECT_EQ(fault(kJson, "[[]]"), "0|");
  EXPECT_EQ(fault(kJson, "[" + ready("a")), "1|");
  EXPECT_EQ(fault(kJson, "[" + ready("a") + ","), "1|");
  EXPECT_EQ(fault(kJson, "[" + ready("a") + "]]"), "1|");
  EXPECT_EQ(fault(kJson, ready("a").substr(0, 60)), "0|");
  EXPECT_EQ(fault(kJson, std::string(100, '[')), "0|");
  EXPECT_EQ(fault(kLines, ready("a") + "\n{\n"), "1|");
  EXPECT_EQ(fault(kJson, event("a", "\"order_ready\":{\"order_id\":\"\xff\"}")), "0|");
  EXPECT_EQ(fault(kJson, event("a", R"("order_ready":{"order_id":"O","colour":1})")), "0|order_ready.colour");
  EXPECT_EQ(fault(kJson, event("a", R"("order_ready":{"order_id":"O"},"invoice_delivered":{"invoice_id":"I"})")),
            "0|invoice_delivered");
  EXPECT_EQ(fault(kJson, R"({"event_id":"e","customer_id":"C1","source":"s","occurred_at":"2024-05-01T08:00:00Z"})"),
            "0|payload");
}

TEST_F(GatewayTest, RefusesProtobufThatIsCutOffOrNotUtf8) {
  events::v1::EventBatch batch;
  *batch.add_events() = ready_message("a");
  const std::string whole = batch.SerializeAsString();
  EXPECT_EQ(fault(kProtobuf, whole.substr(0, whole.size() - 1)), "0|");
  EXPECT_EQ(fault(kProtobuf, whole + "\x0a"), "1|");
  EXPECT_EQ(fault(kProtobuf, whole + std::string("\0", 1)), "1|");
  EXPECT_EQ(fault(kProtobuf, "no protobuf"), "0|");
  std::string broken = whole;
  broken[broken.find("C1")] = '\xff';
  EXPECT_EQ(fault(kProtobuf, broken), "0|");
}

TEST_F(GatewayTest, RefusesAnEventOverOneMebibyte) {
  std::string lines;
  for (int i = 0; i < 9'000; ++i) {
    lines += std::string(i == 0 ? "" : ",") + R"({"line_id":")" + std::to_string(i) + std::string(58, 'l') +
             R"(","sku":")" + std::string(64, 's') + R"(","quantity":"1","net_minor":"1"})";
  }
  const std::string large = event("a", R"("order_placed":{"order_id":"O","currency":"CNY","lines":[)" + lines + "]}");
  EXPECT_EQ(fault(kJson, large), "0|");

  events::v1::EventBatch batch;
  *batch.add_events() = ready_message("a");
  *batch.add_events() = ready_message("b");
  batch.mutable_events(1)->mutable_order_ready()->set_order_id(std::string(2 << 20, 'x'));
  EXPECT_EQ(fault(kProtobuf, batch.SerializeAsString()), "1|");
}

// To the byte: what it takes encoded, however it came.
TEST_F(GatewayTest, TakesAnEventOfOneMebibyte) {
  for (const std::size_t more : {0U, 1U}) {
    events::v1::EventBatch batch;
    events::v1::Event& message = *batch.add_events();
    message = ready_message("a");
    events::v1::OrderPlaced& order = *message.mutable_order_placed();
    order.set_order_id("O");
    order.set_currency("CNY");
    std::string json_lines;
    for (int i = 0; i < 7'500; ++i) {
      auto& line = *order.add_lines();
      line.set_line_id(std::to_string(10'000 + i) + std::string(60, 'l'));
      line.set_sku(std::string(60, 's'));
      line.set_quantity("1");
      line.set_net_minor(1);
    }
    for (int i = 0; message.ByteSizeLong() < events::kEventBytesMax + more; ++i) {
      const std::size_t left = events::kEventBytesMax + more - message.ByteSizeLong();
      order.mutable_lines(i)->mutable_sku()->append(std::min<std::size_t>(left, 60), 's');
    }
    ASSERT_EQ(message.ByteSizeLong(), events::kEventBytesMax + more);
    for (const auto& line : order.lines()) {
      json_lines += std::string(json_lines.empty() ? "" : ",") + R"({"line_id":")" + line.line_id() + R"(","sku":")" +
                    line.sku() + R"(","quantity":"1","net_minor":1})";
    }
    const int expected = more == 0 ? 200 : 400;
    EXPECT_EQ(post(kProtobuf, batch.SerializeAsString()).status, expected) << more;
    EXPECT_EQ(
        post(kJson, event("a", R"("order_placed":{"order_id":"O","currency":"CNY","lines":[)" + json_lines + "]}"))
            .status,
        expected)
        << more;
  }
}

TEST_F(GatewayTest, RefusesTooManyEventsAndTooManyBytes) {
  EXPECT_EQ(post(kLines, lines_of(10'001)).status, 413);
  events::v1::EventBatch batch;
  for (int i = 0; i < 10'001; ++i) *batch.add_events() = ready_message("a");
  EXPECT_EQ(post(kProtobuf, batch.SerializeAsString()).status, 413);
  std::string list = "[";
  for (int i = 0; i < 10'000; ++i) list += "0,";
  EXPECT_EQ(post(kJson, list + "0]").status, 413);
  EXPECT_EQ(post(kJson, std::string((16 << 20) + 1, ' ')).status, 413);
  EXPECT_EQ(post(kLines, std::string(16 << 20, ' ')).status, 200);
  EXPECT_EQ(published(), 0U);
}

TEST_F(GatewayTest, TakesTenThousandEvents) {
  Gateway roomy(log_, {});
  http::Request request;
  request.content_type = kLines;
  request.body = lines_of(10'000);
  roomy.publish(std::move(request), [](const http::Response& response) {
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.body.starts_with(R"({"accepted":10000,)"));
  });
  EXPECT_EQ(published(), 10'000U);
}

TEST_F(GatewayTest, RefusesOtherContentTypes) {
  for (const char* type : {"", "text/plain", "application/jsonx", "multipart/form-data"}) {
    EXPECT_EQ(post(type, ready("a")).status, 415) << type;
  }
  EXPECT_EQ(published(), 0U);
}

TEST_F(GatewayTest, AFailingLogIsNotAvailable) {
  log_.fail_appends({ErrorCode::kUnavailable, "the disk is full"}, 1);
  const http::Response response = post(kJson, ready("a"));
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.body.find("the disk is full"), std::string::npos);
  EXPECT_EQ(post(kJson, ready("a")).status, 200);
}

TEST_F(GatewayTest, AnswersOnlyOnceTheLogHasTheEvents) {
  log_.stall_appends(true);
  int status = 0;
  http::Request request;
  request.content_type = kJson;
  request.body = ready("a");
  gateway_.publish(std::move(request), [&](const http::Response& response) { status = response.status; });
  EXPECT_EQ(status, 0);
  log_.stall_appends(false);
  EXPECT_EQ(status, 200);
}

TEST_F(GatewayTest, ALogThatDoesNotAnswerIsNotWaitedForAndMayAnswerLater) {
  Gateway gateway(log_, {.patience = std::chrono::milliseconds(100), .topic_prefix = "test."});
  log_.stall_appends(true);
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<http::Response> answers;
  const auto ask = [&] {
    http::Request request;
    request.content_type = kJson;
    request.body = ready("a");
    gateway.publish(std::move(request), [&](http::Response response) {
      const std::lock_guard lock(mutex);
      answers.push_back(std::move(response));
      changed.notify_all();
    });
  };
  for (std::size_t i = 0; i < 3; ++i) ask();
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(10), [&] { return answers.size() == 3; }));
    for (const http::Response& answer : answers) {
      EXPECT_EQ(answer.status, 503);
      EXPECT_NE(answer.body.find("the log has not answered within 100 ms"), std::string::npos) << answer.body;
      EXPECT_NE(answer.body.find("send all of it again"), std::string::npos) << answer.body;
    }
  }
  // The second answers are for nobody: an exchange takes the first.
  log_.stall_appends(false);
  EXPECT_EQ(published(), 3U);
  ask();
  const std::lock_guard lock(mutex);
  EXPECT_EQ(answers.back().status, 200);
}

}  // namespace
}  // namespace daybook::gateway
