// Programs made of some of the parts that `daybook up` is made of: each serves its own, and names who serves the rest.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "app/front.h"
#include "app/log_keeper.h"
#include "app/projection.h"
#include "app/publishing.h"
#include "app/query_service.h"
#include "app/questions.h"
#include "app/status.h"
#include "app/vitals.h"
#include "cluster/shard_server.h"
#include "http/client.h"
#include "log/log.h"
#include "support/http_peer.h"
#include "support/soon.h"
#include "support/temp_dir.h"

namespace daybook::app {
namespace {

constexpr std::int32_t kPartitions = 2;

// An account of each shard.
std::string account_in(std::int32_t partition) {
  for (int i = 0;; ++i) {
    std::string account = "C" + std::to_string(i);
    if (log::partition_of(account, kPartitions) == partition) return account;
  }
}

std::string invoice_of(const std::string& account) {
  return R"({"event_id":"e-)" + account + R"(","customer_id":")" + account +
         R"(","source":"s","occurred_at":"2024-05-01T12:00:00Z","invoice_issued":{"invoice_id":"I","issue_date":"2024-05-01",)" +
         R"("due_date":"2024-05-31","currency":"CNY","net_minor":500}})";
}

class PartsTest : public ::testing::Test {
 protected:
  PartsTest() {
    settings_.data = directory_.path();
    settings_.listen = "127.0.0.1:0";
    settings_.partitions = kPartitions;
    settings_.memory_mib = 64;
    settings_.today = parse_date("2024-06-30");
  }

  LogLine line() {
    return [this](Severity, const std::string& words) {
      const std::lock_guard lock(mutex_);
      lines_ += words + "\n";
    };
  }
  std::string lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  static http::Response ask(const Front& front, const std::vector<std::string>& path,
                            std::optional<http::Body> body = {}, const query::ParameterMap& parameters = {}) {
    const auto answer = http::ask(front.address(), path, parameters, std::move(body));
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    return answer ? *answer : http::Response();
  }
  static http::Response publish(const Front& front, const std::string& account) {
    return ask(front, {"v1", "events"}, http::Body{"application/x-ndjson", invoice_of(account)});
  }

  const test::TempDir directory_;
  Settings settings_;
  const std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  std::mutex mutex_;
  std::string lines_;  // Guarded.
};

// Publishing alone, with its log.
class GatewayParts {
 public:
  GatewayParts(const Settings& settings, const std::shared_ptr<Metrics>& metrics, LogLine line)
      : log_(settings, "it is tried again", metrics, line), front_(settings, metrics) {
    // One that is away is tried again.
    const auto opened = log_.open(settings.partitions, true);
    EXPECT_TRUE(opened || may_come_back(opened.error().code));
    EXPECT_TRUE(log_.start(settings.partitions, [this](log::Log& log) -> Result<void> {
      publishing_.attach(log);
      return {};
    }));
    Served served;
    served.publish = [this](http::Request request, http::Respond respond) {
      publishing_.publish(std::move(request), std::move(respond));
    };
    served.ready = [this] { return ready_answer({.troubles = log_.troubles(), .behind = "", .memory = {}}); };
    served.status = [this] {
      StatusReport status;
      status.troubles = log_.troubles();
      return http::Response{200, "application/json", to_json(status)};
    };
    EXPECT_TRUE(front_.start(settings.listen, std::move(served)));
  }
  ~GatewayParts() {
    log_.give_up();
    front_.stop();
  }

  const Front& front() const { return front_; }

 private:
  Publishing publishing_{""};
  LogKeeper log_;
  Front front_;
};

TEST_F(PartsTest, AGatewayTakesEventsIsReadyWithItsLogAndNamesWhoAnswersQuestions) {
  const GatewayParts gateway(settings_, metrics_, line());
  EXPECT_EQ(publish(gateway.front(), "C").status, 200);
  EXPECT_EQ(ask(gateway.front(), {"readyz"}).status, 200);
  EXPECT_EQ(ask(gateway.front(), {"healthz"}).status, 200);
  EXPECT_EQ(ask(gateway.front(), {"v1", "status"}).status, 200);
  EXPECT_EQ(ask(gateway.front(), {"v1", "events"}).status, 405);
  for (const std::vector<std::string>& path : std::vector<std::vector<std::string>>{
           {""}, {"openapi.json"}, {"v1", "receivables", "ageing"}, {"v1", "invoices", "I"}, {"v1", "parked"}}) {
    const http::Response answer = ask(gateway.front(), path);
    EXPECT_EQ(answer.status, 404);
    EXPECT_NE(answer.body.find("is served by daybook-query"), std::string::npos) << answer.body;
  }
  const http::Response reconciled =
      ask(gateway.front(), {"v1", "receivables", "reconciliation"}, http::Body{"text/csv", "a\n"});
  EXPECT_EQ(reconciled.status, 404);
  EXPECT_NE(reconciled.body.find("daybook-query"), std::string::npos) << reconciled.body;
  const http::Response nowhere = ask(gateway.front(), {"v1", "nowhere"});
  EXPECT_EQ(nowhere.status, 404);
  EXPECT_NE(nowhere.body.find("there is nothing at /v1/nowhere"), std::string::npos) << nowhere.body;
}

TEST_F(PartsTest, AGatewayWithoutABrokerServesUnreadyAndSaysWhy) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "librdkafka starts its threads by C11's thrd_create, of which the thread sanitizer knows nothing";
#endif
  settings_.brokers = "127.0.0.1:1";
  const GatewayParts gateway(settings_, metrics_, line());
  const http::Response published = publish(gateway.front(), "C");
  EXPECT_EQ(published.status, 503);
  EXPECT_NE(published.body.find("the log is away"), std::string::npos) << published.body;
  EXPECT_EQ(ask(gateway.front(), {"healthz"}).status, 200);
  const http::Response ready = ask(gateway.front(), {"readyz"});
  EXPECT_EQ(ready.status, 503);
  EXPECT_NE(ready.body.find("the log is away"), std::string::npos) << ready.body;
  EXPECT_NE(ready.body.find("it is tried again"), std::string::npos) << ready.body;
  EXPECT_NE(ask(gateway.front(), {"v1", "status"}).body.find("the log is away"), std::string::npos);
}

TEST_F(PartsTest, AProjectionOfOneShardTellsOfItAlone) {
  Publishing publishing("");
  std::atomic<int> commits = 0;
  auto opened = Projection::open(
      settings_,
      {.metrics = metrics_, .line = line(), .on_commit = [&](const auto&) { ++commits; }, .partitions = {{1}}});
  ASSERT_TRUE(opened) << opened.error().message;
  Projection& projection = **opened;
  ASSERT_TRUE(projection.start([&](log::Log& log) -> Result<void> {
    publishing.attach(log);
    return {};
  }));
  const LogKeeper& log = projection.log();
  for (const std::int32_t partition : {0, 1}) {
    const std::string account = account_in(partition);
    ASSERT_TRUE(log::append_and_wait(*log.log(), {{log::Topic::kInvoices, account, "no event", {}, {}}}));
  }
  EXPECT_TRUE(test::soon([&] { return projection.reports({})[0].state.parked == 1; }));
  EXPECT_GT(commits, 0);
  EXPECT_TRUE(test::soon([&] { return projection.caught_up(); }));
  EXPECT_TRUE(std::filesystem::exists(directory_.path() + "/shards/0001"));
  EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/shards/0000"));

  ASSERT_TRUE(test::soon([&] { return !log.look(std::chrono::seconds(1)).ends.empty(); }));
  const std::vector<cluster::ShardReport> reports = projection.reports(log.seen());
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].partition, 1);
  EXPECT_EQ(reports[0].records_since_start, 1U);
  ASSERT_EQ(reports[0].bounds.size(), log::kEventTopicCount);
  for (const log::EndOffset& bounds : reports[0].bounds) EXPECT_EQ(bounds.at.partition, 1);
  const auto measured = [&] {
    MetricSheet sheet;
    projection.add_metrics(sheet);
    return "\n" + metrics_->text(std::move(sheet));
  };
  // The lag is followed as time goes by.
  ASSERT_TRUE(test::soon([&] { return measured().find("\ndaybook_lag_records{") != std::string::npos; }));
  const std::string metrics = measured();
  EXPECT_NE(metrics.find("\ndaybook_parked_total{shard=\"1\"} 1\n"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("\ndaybook_lag_records{topic=\"daybook.invoices.v1\",partition=\"1\"} 0\n"), std::string::npos)
      << metrics;
  EXPECT_EQ(metrics.find("shard=\"0\""), std::string::npos) << metrics;
  EXPECT_EQ(metrics.find("partition=\"0\""), std::string::npos) << metrics;
  EXPECT_EQ(projection.troubles(), Troubles());
  projection.stop();
}

TEST_F(PartsTest, AProjectionOfShardsThatTheLogHasNotDoesNotStart) {
  const auto opened = Projection::open(settings_, {.metrics = metrics_, .line = line(), .partitions = {{1, 2}}});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(opened.error().message.find("there is no shard 2"), std::string::npos) << opened.error().message;
}

TEST_F(PartsTest, ShardsThatTakeMuchOfTheMemoryByThemselvesAreSaid) {
  for (const std::int32_t partitions : {16, 64}) {
    settings_.partitions = partitions;
    settings_.data = directory_.path() + "/of-" + std::to_string(partitions);
    const auto opened = Projection::open(settings_, {.metrics = metrics_, .line = line()});
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(lines().find("64 shards take some 18 MiB besides the 64 that are set") != std::string::npos,
              partitions == 64)
        << lines();
  }
}

// Two projectors that hold the same shards: as with one, until one of them goes.
TEST_F(PartsTest, WhoListensToAQueryServiceHearsOfEachCommitOnceAndLooksAtEverythingWhenAProjectorComesOrGoes) {
  Publishing publishing("");
  std::mutex mutex;
  std::vector<std::unique_ptr<cluster::ShardServer>> servers(2);  // Guarded.
  Projection::Around around{.metrics = metrics_, .line = line()};
  around.on_commit = [&](const Projection::MakeNote& note) {
    const std::lock_guard lock(mutex);
    for (const auto& server : servers) {
      if (server != nullptr) server->changed(note);
    }
  };
  auto opened = Projection::open(settings_, std::move(around));
  ASSERT_TRUE(opened) << opened.error().message;
  Projection& projection = **opened;
  ASSERT_TRUE(projection.start([&](log::Log& log) -> Result<void> {
    publishing.attach(log);
    return {};
  }));
  const auto serve = [&](const std::string& listen) {
    cluster::ShardServerOptions options;
    options.listen = listen;
    options.identity.partition_count = kPartitions;
    options.identity.fold = settings_.fold;
    options.report = [&] {
      cluster::ProjectorReport report;
      report.shards = projection.reports(projection.log().seen());
      return report;
    };
    auto started = cluster::ShardServer::start(projection.shards(), std::move(options));
    EXPECT_TRUE(started);
    return std::move(started).value();
  };
  for (auto& server : servers) server = serve("127.0.0.1:0");
  Front gateway(settings_, metrics_);
  Served served;
  served.publish = [&](http::Request request, http::Respond respond) {
    publishing.publish(std::move(request), std::move(respond));
  };
  ASSERT_TRUE(gateway.start(settings_.listen, std::move(served)));
  EXPECT_EQ(ask(gateway, {"v1", "changes"}).status, 404) << "another has it";

  Settings settings = settings_;
  for (const auto& server : servers) settings.projectors.push_back(server->address());
  auto query = QueryService::start(settings, line());
  ASSERT_TRUE(query) << query.error().message;
  const std::string url = (*query)->address();
  ASSERT_TRUE(test::soon([&] { return http::ask(url, {"readyz"}, {})->status == 200; }));
  // Both are seen: coming is told of, too.
  ASSERT_TRUE(test::soon([&] {
    const std::string metrics = http::ask(url, {"metrics"}, {})->body;
    return metrics.find("daybook_projector_asked{projector=\"" + settings.projectors[0] + "\"} 1") !=
               std::string::npos &&
           metrics.find("daybook_projector_asked{projector=\"" + settings.projectors[1] + "\"} 1") != std::string::npos;
  }));
  test::HttpPeer peer(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
  EXPECT_EQ(peer.ask("GET /v1/changes HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  std::string text;
  // What is told until these words come; or nothing did for so long that a comment was sent.
  const auto hear = [&](const std::string& words) {
    std::string heard;
    while (heard.find(words) == std::string::npos) {
      const std::size_t end = text.find("\n\n");
      if (end == std::string::npos) {
        const std::string chunk = peer.receive_chunk();
        if (chunk.empty() || chunk == "(closed)" || chunk.starts_with(':')) return heard + "(ended)";
        text += chunk;
        continue;
      }
      heard += text.substr(0, end + 2);
      text.erase(0, end + 2);
    }
    return heard;
  };
  const auto count = [](const std::string& heard, const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = heard.find(what); at != std::string::npos; at = heard.find(what, at + 1)) ++found;
    return found;
  };
  ASSERT_EQ(publish(gateway, account_in(0)).status, 200);
  hear(account_in(0));
  for (int i = 0; i < 5; ++i) ASSERT_EQ(publish(gateway, account_in(0)).status, 200);
  ASSERT_EQ(publish(gateway, account_in(1)).status, 200);
  const std::string all = hear(account_in(1));
  EXPECT_EQ(count(all, "event: resync"), 0U) << all;
  EXPECT_EQ(count(all, "\"partition\":1,\"positions\""), 1U) << all;
  std::string last;
  for (std::size_t at = all.find("\"partition\":0,\"positions\""); at != std::string::npos;
       at = all.find("\"partition\":0,\"positions\"", at + 1)) {
    const std::string positions = all.substr(at, 160);
    EXPECT_NE(positions, last) << "told twice";
    last = positions;
  }
  {
    const std::lock_guard lock(mutex);
    servers[0].reset();
  }
  ASSERT_TRUE(test::soon([&] {
    return http::ask(url, {"metrics"}, {})
               ->body.find("daybook_projector_asked{projector=\"" + settings.projectors[0] + "\"} 0") !=
           std::string::npos;
  }));
  EXPECT_EQ(count(hear("event: resync"), "(ended)"), 0U);
  // Of the other, which is asked from now on.
  ASSERT_EQ(publish(gateway, account_in(0) + "-later").status, 200);
  EXPECT_EQ(count(hear("-later"), "(ended)"), 0U);
  {
    const std::lock_guard lock(mutex);
    servers[0] = serve(settings.projectors[0]);
  }
  ASSERT_TRUE(test::soon([&] {
    return http::ask(url, {"metrics"}, {})
               ->body.find("daybook_projector_asked{projector=\"" + settings.projectors[0] + "\"} 1") !=
           std::string::npos;
  }));
  EXPECT_EQ(count(hear("event: resync"), "(ended)"), 0U);
  query->reset();
  EXPECT_EQ(peer.receive_chunk(), "");
  // They tell of the projection as long as they are asked.
  std::vector<std::unique_ptr<cluster::ShardServer>> last_servers(2);
  {
    const std::lock_guard lock(mutex);
    servers.swap(last_servers);
  }
  last_servers.clear();
  projection.stop();
  gateway.stop();
}

// As of a query service whose projectors have not been found yet, or have gone.
TEST_F(PartsTest, QuestionsSayWhyTheyHaveNoShardsAndAreAnsweredOnceTheyHave) {
  auto opened = Projection::open(settings_, {.metrics = metrics_, .line = line()});
  ASSERT_TRUE(opened) << opened.error().message;
  Projection& projection = **opened;
  ASSERT_TRUE(projection.start());
  std::atomic<bool> are_known = false;
  const FindShards find = [&]() -> Result<std::shared_ptr<const query::ShardSource>> {
    if (!are_known) return unexpected(ErrorCode::kUnavailable, "no projector has answered yet");
    return std::shared_ptr<const query::ShardSource>(std::shared_ptr<void>(), &projection.shards());
  };
  Front front(settings_, metrics_);
  Questions questions(find, std::nullopt, std::make_shared<MemoryBudget>(8 << 20),
                      [&](std::function<void()> task) { return front.submit(std::move(task)); });
  Served served;
  served.ask = [&](http::Request request, http::Respond respond) {
    questions.ask(std::move(request), std::move(respond));
  };
  ASSERT_TRUE(front.start(settings_.listen, std::move(served)));

  const std::vector<std::string> ageing = {"v1", "receivables", "ageing"};
  const http::Response unknown = ask(front, ageing);
  EXPECT_EQ(unknown.status, 503);
  EXPECT_NE(unknown.body.find("no projector has answered yet"), std::string::npos) << unknown.body;
  EXPECT_EQ(questions.today().error().message, "no projector has answered yet");
  const http::Response elsewhere = ask(front, {"v1", "events"}, http::Body{"application/json", "{}"});
  EXPECT_EQ(elsewhere.status, 404);
  EXPECT_NE(elsewhere.body.find("/v1/events is served by daybook-gateway"), std::string::npos) << elsewhere.body;

  are_known = true;
  EXPECT_EQ(ask(front, ageing).status, 200);
  EXPECT_TRUE(questions.today());
  // One that waits when they go is told why, and not at the end of its patience.
  http::Response waited;
  std::thread waiting(
      [&] { waited = ask(front, ageing, {}, {{"min_position", "daybook.invoices.v1:0:99"}, {"wait_ms", "60000"}}); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto begin = std::chrono::steady_clock::now();
  are_known = false;
  waiting.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(waited.status, 503);
  EXPECT_NE(waited.body.find("no projector has answered yet"), std::string::npos) << waited.body;
  projection.give_up();
  questions.stop();
  front.stop();
  projection.stop();
}

}  // namespace
}  // namespace daybook::app
