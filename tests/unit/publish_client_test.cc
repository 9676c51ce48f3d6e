// Publishing files of lines: reading them, faults by line, tries again, and where it all went.
#include "gateway/publish_client.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "gateway/gateway.h"
#include "http/problem.h"
#include "http/server.h"
#include "log/memory_log.h"
#include "support/temp_dir.h"

namespace daybook::gateway {
namespace {

using namespace std::chrono_literals;

std::string line_of(int number) {
  return R"({"event_id":"e)" + std::to_string(number) +
         R"(","customer_id":"C1","source":"erp","occurred_at":"2024-05-01T08:00:00Z",)" +
         R"("order_ready":{"order_id":"O)" + std::to_string(number) + "\"}}";
}
std::string lines_of(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += line_of(i) + "\n";
  return lines;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  ::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(::deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

std::string zstd(const std::string& text) {
  std::string packed(::ZSTD_compressBound(text.size()), '\0');
  packed.resize(::ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

class PublishClientTest : public testing::Test {
 protected:
  LineSource source_of(const std::string& bytes) {
    const std::string path = directory_.path() + "/events";
    std::ofstream(path, std::ios::binary) << bytes;
    auto opened = open_bytes(path);
    EXPECT_TRUE(opened) << opened.error().message;
    return LineSource(*std::move(opened));
  }

  // All lines of a file, and the error that ended it.
  std::pair<std::vector<std::string>, std::optional<Error>> read_all(const std::string& bytes) {
    LineSource source = source_of(bytes);
    std::vector<std::string> lines;
    while (true) {
      const auto line = source.next();
      if (!line) return {lines, line.error()};
      if (!*line) return {lines, std::nullopt};
      lines.emplace_back(**line);
      EXPECT_EQ(source.number(), lines.size());
    }
  }

  PublishReport publish(const std::string& bytes, PublishTarget& target, const PublishOptions& options = {}) {
    LineSource source = source_of(bytes);
    return publish_lines(source, target, options);
  }

  std::size_t published() const { return log_.records({log::Topic::kOrders, log::partition_of("C1", 4)}).size(); }

  // A server for log_, whose first `refusals` answers are 503 and 429 by turns.
  std::unique_ptr<http::Server> serve(int refusals, http::ServerOptions options = {}) {
    auto server = http::Server::start(options, [this, left = std::make_shared<std::atomic<int>>(refusals)](
                                                   http::Request request, http::Respond respond) {
      if (const int before = (*left)--; before > 0) {
        return respond(http::problem(before % 2 == 0 ? 503 : 429, "Not now", "try again"));
      }
      gateway_.publish(std::move(request), std::move(respond));
    });
    EXPECT_TRUE(server) << server.error().message;
    return *std::move(server);
  }

  static std::unique_ptr<PublishTarget> url_target(std::uint16_t port) {
    HttpTargetOptions options;
    options.retries = 3;
    options.pause_min = 1ms;
    auto target = target_of("http://127.0.0.1:" + std::to_string(port), options);
    EXPECT_TRUE(target) << target.error().message;
    return *std::move(target);
  }

  test::TempDir directory_;
  log::MemoryLog log_{4};
  Gateway gateway_{log_, {}};
  const std::pair<std::string, std::int32_t> orders_{"daybook.orders.v1", log::partition_of("C1", 4)};
};

TEST_F(PublishClientTest, ReadsLinesHoweverTheyArePacked) {
  const std::string text = lines_of(20'000) + "the last";
  std::vector<std::string> expected;
  for (int i = 0; i < 20'000; ++i) expected.push_back(line_of(i));
  expected.emplace_back("the last");
  const std::string half = text.substr(0, 777'777);
  const std::string rest = text.substr(777'777);
  for (const std::string& bytes : {text, gzip(text), zstd(text), gzip(half) + gzip(rest), zstd(half) + zstd(rest)}) {
    const auto [lines, error] = read_all(bytes);
    EXPECT_FALSE(error) << error->message;
    EXPECT_TRUE(lines == expected) << lines.size();
  }
  for (const std::string& bytes : {std::string(), gzip(""), zstd("")}) {
    EXPECT_TRUE(read_all(bytes).first.empty());
    EXPECT_FALSE(read_all(bytes).second);
  }
}

TEST_F(PublishClientTest, SaysWhereAPackedFileIsCutOffOrDamaged) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += line_of(i * 7919 % 100'003) + "\n";
  for (const std::string& whole : {gzip(text), zstd(text)}) {
    const auto [lines, error] = read_all(whole.substr(0, whole.size() - 100));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::kCorrupt);
    EXPECT_TRUE(error->message.starts_with("line " + std::to_string(lines.size() + 1) + ": ")) << error->message;
    EXPECT_NE(error->message.find("cut off"), std::string::npos) << error->message;
    EXPECT_TRUE(read_all(whole + "more").second);
  }
}

TEST_F(PublishClientTest, ALineWithoutEndIsAnError) {
  const auto [lines, error] = read_all("ok\n" + std::string(9 << 20, 'x'));
  EXPECT_EQ(lines.size(), 1U);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kCorrupt);
  EXPECT_TRUE(error->message.starts_with("line 2 "));
}

TEST_F(PublishClientTest, AFileThatIsNotThereIsAnError) { EXPECT_FALSE(open_bytes(directory_.path() + "/none")); }

TEST_F(PublishClientTest, PublishesIntoALogInBatches) {
  std::vector<std::uint64_t> progress;
  PublishOptions options;
  options.progress = [&](const PublishProgress& now) { progress.push_back(now.events); };
  const auto target = target_of(log_, "");
  const PublishReport report = publish(zstd(lines_of(1'200) + "\n\n"), *target, options);
  EXPECT_FALSE(report.error);
  EXPECT_EQ(report.events, 1'200U);
  EXPECT_EQ(progress, (std::vector<std::uint64_t>{500, 1'000, 1'200}));
  EXPECT_EQ(report.last, (LastOffsets{{orders_, 1'199}}));
  EXPECT_EQ(published(), 1'200U);
}

TEST_F(PublishClientTest, TakesAByteOrderMarkInFrontOfAFileAndSaysThatOneIsUtf16) {
  using namespace std::string_literals;
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_EQ(read_all(mark + "a\n" + mark + "b").first, (std::vector<std::string>{"a", mark + "b"}));
  EXPECT_EQ(read_all(gzip(mark + "a")).first, (std::vector<std::string>{"a"}));
  EXPECT_TRUE(read_all(mark).second == std::nullopt);
  for (const std::string& bytes : {"\xFF\xFE{\0\n\0"s, "\xFE\xFF\0{\0\n"s, "{\0}\0"s}) {
    const auto [lines, error] = read_all(bytes);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::kCorrupt);
    EXPECT_EQ(error->message, "line 1: the file is UTF-16; save it as UTF-8 first");
  }
}

TEST_F(PublishClientTest, SaysHowManyFaultsABatchHas) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "{}\n";
  const auto server = serve(0);
  const auto log_target = target_of(log_, "");
  const auto server_target = url_target(server->port());
  for (PublishTarget* target : {log_target.get(), server_target.get()}) {
    const PublishReport report = publish(text, *target);
    EXPECT_EQ(report.fault_count, 250U);
    EXPECT_EQ(report.faults.size(), 100U);
    EXPECT_EQ(report.faults.back().line, 20U);
  }
}

TEST_F(PublishClientTest, PublishesToAServer) {
  const auto server = serve(0);
  const auto target = url_target(server->port());
  const PublishReport report = publish(gzip(lines_of(1'200)), *target);
  EXPECT_FALSE(report.error) << report.error->message;
  EXPECT_EQ(report.events, 1'200U);
  EXPECT_EQ(report.last, (LastOffsets{{orders_, 1'199}}));
}

TEST_F(PublishClientTest, StopsAtTheFirstRefusedBatchAndNamesItsLines) {
  // Line 3 is blank, lines 4 and 7 are bad, line 1 and 2 went before in a batch of their own.
  const std::string text =
      lines_of(2) + "\n{\n" + line_of(5) + "\n" + line_of(6) + "\n" + R"({"event_id":" x"})" + "\n" + lines_of(10);
  const auto server = serve(0);
  const auto log_target = target_of(log_, "");
  const auto server_target = url_target(server->port());
  for (PublishTarget* target : {log_target.get(), server_target.get()}) {
    const std::size_t before = published();
    PublishOptions options;
    options.batch_events = 2;
    const PublishReport first = publish(text, *target, options);
    EXPECT_EQ(first.events, 2U);
    ASSERT_EQ(first.faults.size(), 1U);
    EXPECT_EQ(first.faults[0].line, 4U);
    EXPECT_EQ(first.faults[0].field, "");
    EXPECT_EQ(published(), before + 2);

    const PublishReport whole = publish(text, *target);
    EXPECT_EQ(whole.events, 0U);
    ASSERT_EQ(whole.faults.size(), 6U);
    EXPECT_EQ(whole.faults[1].line, 7U);
    EXPECT_EQ(whole.faults[1].field, "event_id");
    EXPECT_EQ(published(), before + 2);
  }
}

TEST_F(PublishClientTest, TriesAgainWhenTheServerIsBusy) {
  const auto server = serve(2);
  const auto target = url_target(server->port());
  const PublishReport report = publish(lines_of(10), *target);
  EXPECT_FALSE(report.error) << report.error->message;
  EXPECT_EQ(report.events, 10U);
  EXPECT_EQ(published(), 10U);
}

TEST_F(PublishClientTest, ConnectsAgainWhenTheConnectionWasLost) {
  http::ServerOptions options;
  options.sweep_interval = 5ms;
  options.limits.idle_timeout = 20ms;
  const auto server = serve(0, options);
  const auto target = url_target(server->port());
  PublishOptions publishing;
  publishing.batch_events = 5;
  publishing.progress = [](const PublishProgress&) { std::this_thread::sleep_for(60ms); };
  const PublishReport report = publish(lines_of(10), *target, publishing);
  EXPECT_FALSE(report.error) << report.error->message;
  EXPECT_EQ(report.events, 10U);
}

TEST_F(PublishClientTest, GivesUpAfterItsTries) {
  auto server = serve(100);
  const auto target = url_target(server->port());
  const PublishReport busy = publish(lines_of(10), *target);
  ASSERT_TRUE(busy.error);
  EXPECT_EQ(busy.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(busy.events, 0U);
  server.reset();
  const PublishReport gone = publish(lines_of(10), *target);
  ASSERT_TRUE(gone.error);
  EXPECT_EQ(gone.error->code, ErrorCode::kUnavailable);
}

TEST_F(PublishClientTest, ALogThatFailsIsReportedWithWhatWentBefore) {
  PublishOptions options;
  options.batch_events = 5;
  options.progress = [this](const PublishProgress&) { log_.fail_appends({ErrorCode::kUnavailable, "full"}, 1); };
  const auto target = target_of(log_, "");
  const PublishReport report = publish(lines_of(20), *target, options);
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->message, "full");
  EXPECT_EQ(report.events, 5U);
}

TEST_F(PublishClientTest, TakesPlainHttpUrlsOnly) {
  for (const char* good : {"http://127.0.0.1:8080", "http://localhost/", "http://[::1]:80"}) {
    EXPECT_TRUE(target_of(good, HttpTargetOptions())) << good;
  }
  for (const char* bad : {"https://127.0.0.1", "127.0.0.1:8080", "http://", "http://h:x", "http://h:", "http://h/path",
                          "http://u@h", "http://h:0", "http://h:65536", "http://h:+80", "http://[::1", "http://a b"}) {
    EXPECT_FALSE(target_of(bad, HttpTargetOptions())) << bad;
  }
}

}  // namespace
}  // namespace daybook::gateway
