// A running instance: when it says that it is ready, and what takes that back.
#include "app/instance.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "http/client.h"
#include "store/keys.h"
#include "store/totals.h"
#include "support/file_size_limit.h"
#include "support/http_peer.h"
#include "support/soon.h"
#include "support/temp_dir.h"

namespace daybook::app {
namespace {

// `daybook up` on a folder in which one invoice of 500 yuan is open.
class InstanceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    start();
    const http::Response published = publish("I");
    ASSERT_EQ(published.status, 200) << published.body;
    ASSERT_TRUE(test::soon([&] { return get({"v1", "status"}).body.find(R"("accepted":1)") != std::string::npos; }));
  }

  void start(const std::string& brokers = "", const std::string& listen = "127.0.0.1:0") {
    Settings settings;
    settings.brokers = brokers;
    settings.data = directory_.path();
    settings.listen = listen;
    settings.unprotected = listen != "127.0.0.1:0";
    // Of other programs, whose file this may be: it holds all.
    settings.shards = std::vector<std::int32_t>{7};
    settings.partitions = 1;
    settings.memory_mib = 64;
    settings.streams_max = streams_max_;
    auto started = Instance::start(settings, [this](Severity, const std::string& notice) {
      const std::lock_guard lock(mutex_);
      notices_ += notice + "\n";
    });
    ASSERT_TRUE(started) << started.error().message;
    instance_ = std::move(started).value();
  }

  void end() { instance_.reset(); }

  http::Response publish(const std::string& invoice, const std::vector<std::string>& customers = {"C"}) {
    std::string events;
    for (const std::string& customer : customers) {
      events +=
          R"({"event_id":")" + invoice + R"(","customer_id":")" + customer +
          R"(","source":"s","occurred_at":"2024-05-01T12:00:00Z","invoice_issued":{"invoice_id":")" + invoice +
          "\",\"issue_date\":\"2024-05-01\",\"due_date\":\"2024-05-31\",\"currency\":\"CNY\",\"net_minor\":500}}\n";
    }
    const auto published =
        http::ask(instance_->address(), {"v1", "events"}, {}, http::Body{"application/x-ndjson", events});
    EXPECT_TRUE(published);
    return published ? *published : http::Response();
  }
  http::Response get(const std::vector<std::string>& path) {
    auto answer = http::ask(instance_->address(), path, {});
    EXPECT_TRUE(answer);
    return answer ? *answer : http::Response();
  }
  bool has_metric(const std::string& line) {
    return get({"metrics"}).body.find("\n" + line + "\n") != std::string::npos;
  }
  // One who listens to what changes; its header is received.
  test::HttpPeer listen(const std::string& more = "", int buffer_bytes = 0) {
    test::HttpPeer peer(static_cast<std::uint16_t>(std::stoi(address().substr(address().rfind(':') + 1))),
                        buffer_bytes);
    peer.send("GET /v1/changes HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n");
    const test::HttpAnswer answer = peer.receive();
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.header.find("Content-Type: text/event-stream\r\n"), std::string::npos) << answer.header;
    EXPECT_NE(answer.header.find("Cache-Control: no-store\r\n"), std::string::npos) << answer.header;
    return peer;
  }
  // What it hears until that ends so.
  static std::string hear(test::HttpPeer& peer, const std::string& end) {
    std::string heard;
    while (!heard.ends_with(end)) {
      const std::string chunk = peer.receive_chunk();
      if (chunk.empty() || chunk == "(closed)") return heard + "(ended)";
      heard += chunk;
    }
    return heard;
  }
  std::string address() const { return instance_->address(); }
  const std::string& data() const { return directory_.path(); }
  std::string notices() {
    const std::lock_guard lock(mutex_);
    return notices_;
  }

  // Changes what the instance, stopped meanwhile, left of its shard.
  template <typename Change>
  void change_at_rest(const Change& change) {
    instance_.reset();
    store::SharedMemory memory(8 << 20, 8 << 20);
    const std::string folder = engine::shard_path(directory_.path(), 0);
    auto store = store::ShardStore::open(folder, memory, store::ShardStore::Mode::kReadWrite);
    ASSERT_TRUE(store);
    const auto state = store::read_state(**store);
    ASSERT_TRUE(state);
    change(**store, folder, *state);
  }
  void expect_unready() {
    ASSERT_TRUE(test::soon([&] { return get({"readyz"}).body.find("the proof does not hold") != std::string::npos; }));
    EXPECT_EQ(get({"readyz"}).status, 503);
    EXPECT_TRUE(has_metric("daybook_ready 0"));
    EXPECT_FALSE(has_metric("daybook_proof_faults 0"));
    // Reads go on.
    EXPECT_EQ(get({"v1", "receivables", "ageing"}).status, 200);
  }

 private:
  test::TempDir directory_;
  std::mutex mutex_;
  std::string notices_;  // Guarded.
  std::unique_ptr<Running> instance_;

 protected:
  std::size_t streams_max_ = 5'000;
};

TEST_F(InstanceTest, IsReadyAgainAfterAStartAndItsTotalsAreThoseOfThePages) {
  change_at_rest([](auto&&...) {});
  start();
  EXPECT_TRUE(test::soon([&] { return get({"readyz"}).status == 200; }));
  EXPECT_TRUE(test::soon([&] { return has_metric("daybook_indexes_ready 1"); }));
  EXPECT_TRUE(has_metric("daybook_ready 1"));
  EXPECT_TRUE(has_metric("daybook_proof_faults 0"));
  EXPECT_EQ(notices(), "");
}

TEST_F(InstanceTest, IsUnreadyWhileAnAccountDiffersFromItsLedger) {
  change_at_rest([&](store::ShardStore& store, const std::string& folder, const store::ShardState&) {
    std::string key;
    std::vector<store::Cell> cells;
    ASSERT_TRUE(store.scan(store::Table::kCells, std::string(1, store::kLedgerPage), "",
                           [&](std::string_view found, std::string_view page) {
                             key = found;
                             EXPECT_TRUE(store::decode_page(page, cells));
                             return store::StoreReader::Next::kGoOn;
                           }));
    ASSERT_FALSE(cells.empty());
    cells.front().value.amount += 1;
    std::string page;
    store::encode_page(cells, page);
    store::WriteBatch set;
    set.put(store::Table::kCells, key, page);
    ASSERT_TRUE(store.write(set));
    // No totals to compare the pages with.
    store::Totals of_nothing;
    of_nothing.digest = 1;
    ASSERT_TRUE(store::write_totals(folder, of_nothing));
  });
  start();
  expect_unready();
  EXPECT_TRUE(has_metric("daybook_proof_faults 1"));
  EXPECT_NE(notices().find("in CNY differs by -1 minor units"), std::string::npos) << notices();
}

// Files may not grow: what a full disk is to the log and to the store.
TEST_F(InstanceTest, ADiskThatTakesNothingIsAnAlarmWhileReadsGoOnAndOverByItself) {
  ASSERT_TRUE(test::soon([&] { return get({"readyz"}).status == 200; }));
  std::optional<test::FileSizeLimit> limit(1);
  EXPECT_EQ(publish("I2").status, 503);
  EXPECT_TRUE(
      test::soon([&] { return get({"readyz"}).body.find("nothing can be appended to the log") != std::string::npos; }));
  EXPECT_EQ(get({"readyz"}).status, 503);
  EXPECT_TRUE(has_metric("daybook_trouble{kind=\"append\"} 1"));
  EXPECT_TRUE(has_metric("daybook_ready 0"));
  EXPECT_EQ(get({"v1", "status"}).body.find(R"("trouble":null)"), std::string::npos);
  EXPECT_EQ(get({"v1", "receivables", "ageing"}).status, 200);
  limit.reset();
  EXPECT_TRUE(test::soon([&] { return get({"readyz"}).status == 200; }));
  EXPECT_TRUE(has_metric("daybook_trouble{kind=\"append\"} 0"));
  EXPECT_EQ(publish("I2").status, 200);
  EXPECT_TRUE(test::soon([&] { return notices().find("trouble is over (append)") != std::string::npos; })) << notices();
  EXPECT_NE(notices().find("trouble (append): nothing can be appended to the log"), std::string::npos) << notices();
}

// They wait for what is published behind them: were they to hold the workers, it could not come.
TEST_F(InstanceTest, QuestionsThatWaitHoldNobodyUpAndAreAnsweredOnceWhatTheyWaitForIsFolded) {
  ASSERT_TRUE(test::soon([&] { return get({"readyz"}).status == 200; }));
  // The last asks on while the instance ends.
  const auto ask = [at = address()](const std::string& position, const std::string& wait_ms) {
    const auto answer =
        http::ask(at, {"v1", "receivables", "ageing"}, {{"min_position", position}, {"wait_ms", wait_ms}});
    return answer ? *answer : http::Response();
  };
  constexpr int kWaiting = 50;
  std::vector<std::thread> waiting;
  std::atomic<int> answered = 0;
  for (int i = 0; i < kWaiting; ++i) {
    waiting.emplace_back([&] { answered += ask("daybook.invoices.v1:0:1", "60000").status == 200 ? 1 : 0; });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(get({"healthz"}).status, 200);
  EXPECT_EQ(get({"readyz"}).status, 200);
  EXPECT_EQ(get({"v1", "invoices", "I"}).status, 200);
  EXPECT_EQ(ask("daybook.invoices.v1:0:7", "300").status, 503);
  EXPECT_EQ(ask("daybook.invoices.v1:9:7", "60000").status, 400);
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(publish("I2").status, 200);
  for (std::thread& each : waiting) each.join();
  EXPECT_EQ(answered, kWaiting);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  // Nor do they hold up its end, and they are told of it.
  http::Response told;
  std::thread last([&] { told = ask("daybook.invoices.v1:0:9", "60000"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto end_begins = std::chrono::steady_clock::now();
  end();
  EXPECT_LT(std::chrono::steady_clock::now() - end_begins, std::chrono::seconds(3));
  last.join();
  EXPECT_EQ(told.status, 503) << told.body;
}

TEST_F(InstanceTest, AStoreIsServedSoonWithoutABrokerAndItsEndWaitsForNone) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "librdkafka starts its threads by C11's thrd_create, of which the thread sanitizer knows nothing";
#endif
  end();
  auto begin = std::chrono::steady_clock::now();
  // Nobody answers there.
  start("127.0.0.1:1");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  const http::Response ready = get({"readyz"});
  EXPECT_EQ(ready.status, 503);
  EXPECT_NE(ready.body.find("the log is away"), std::string::npos) << ready.body;
  EXPECT_TRUE(test::soon([&] { return notices().find("trouble (log_away)") != std::string::npos; }));
  EXPECT_EQ(get({"v1", "invoices", "I"}).status, 200);
  // Until it tries again.
  std::this_thread::sleep_for(std::chrono::milliseconds(1'500));
  begin = std::chrono::steady_clock::now();
  end();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(InstanceTest, SaysAtItsStartAndInItsStatusThatOthersMayReachIt) {
  EXPECT_NE(get({"v1", "status"}).body.find(R"("unprotected":false)"), std::string::npos);
  EXPECT_EQ(notices(), "");
  end();
  start("", "0.0.0.0:0");
  EXPECT_NE(notices().find("unprotected: listen is 0.0.0.0:0"), std::string::npos) << notices();
  const auto status = http::ask("http://127.0.0.1" + address().substr(address().rfind(':')), {"v1", "status"}, {});
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_NE(status->body.find(R"("unprotected":true)"), std::string::npos) << status->body;
}

void write_over(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

// What was folded is served, whatever the log has come to; and again in full once somebody has restored it.
TEST_F(InstanceTest, WhoListensHearsOfEachCommitWhatItMayHaveChangedAndWhose) {
  test::HttpPeer peer = listen();
  EXPECT_EQ(hear(peer, "\n\n"), "retry: 2000\nid: 0\n\n");
  // Of the record with this offset, and no others.
  const auto hear_of = [&](int invoices) {
    std::string heard;
    const std::string place = fmt::format(
        "data: {{\"partition\":0,\"positions\":[{{\"topic\":\"daybook.invoices.v1\",\"partition\":0,"
        "\"next_offset\":{}}}",
        invoices + 1);
    while (heard.find(place) == std::string::npos && heard.find("(ended)") == std::string::npos)
      heard = hear(peer, "}\n\n");
    return heard;
  };
  ASSERT_EQ(publish("J").status, 200);
  const std::string heard = hear_of(1);
  EXPECT_NE(heard.find("event: commit\n"), std::string::npos) << heard;
  EXPECT_NE(heard.find("\"ageing\""), std::string::npos) << heard;
  EXPECT_EQ(heard.find("\"shipment\""), std::string::npos) << heard;
  EXPECT_NE(heard.find("\"customers\":[\"C\"]"), std::string::npos) << heard;
  EXPECT_EQ(get({"v1", "invoices", "J"}).status, 200) << "what is told of can be asked about";
  // Again: no figure changes.
  ASSERT_EQ(publish("J").status, 200);
  const std::string again = hear_of(2);
  EXPECT_NE(again.find("\"reports\":[\"event\"],\"customers\":[]"), std::string::npos) << again;
  test::HttpPeer other = listen("Last-Event-ID: 2\r\n");
  EXPECT_NE(hear(other, "{}\n\n").find("event: resync\n"), std::string::npos);
  EXPECT_TRUE(has_metric("daybook_change_streams 2"));
  // Its end is theirs, and takes no longer for them.
  const auto begin = std::chrono::steady_clock::now();
  end();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_EQ(peer.receive_chunk(), "");
  EXPECT_EQ(other.receive_chunk(), "");
}

TEST_F(InstanceTest, WhoDoesNotReadItsStreamHoldsNobodyUpAndLooksAtEverythingAgain) {
  test::HttpPeer slow = listen("", 4'096);
  test::HttpPeer other = listen();
  // Notes as long as they may be.
  std::vector<std::string> customers;
  for (int i = 10; i < 30; ++i) customers.push_back(std::to_string(i) + std::string(126, 'x'));
  for (int i = 0; i < 1'000 && !has_metric("daybook_change_streams_slow_total 1"); ++i) {
    ASSERT_EQ(publish("J" + std::to_string(i), customers).status, 200);
    hear(other, "}\n\n");
  }
  // What was on its way before it; behind that nothing of what it has lost, and then what comes.
  const std::string heard = hear(slow, "event: resync\ndata: {}\n\n");
  EXPECT_EQ(heard.find("(ended)"), std::string::npos) << heard;
  ASSERT_EQ(publish("K").status, 200);
  EXPECT_NE(hear(slow, "[\"C\"]}\n\n").find("event: commit\n"), std::string::npos);
}

TEST_F(InstanceTest, AsManyStreamsAreOpenAsTheSettingLets) {
  end();
  streams_max_ = 1;
  start();
  const http::Response wrong = *http::ask(address(), {"v1", "changes"}, {{"as_of", "2024-06-30"}});
  EXPECT_EQ(wrong.status, 400);
  {
    test::HttpPeer peer = listen();
    const http::Response refused = get({"v1", "changes"});
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.body.find("streams_max"), std::string::npos) << refused.body;
    EXPECT_EQ(get({"v1", "receivables", "ageing"}).status, 200);
  }
  // Who went is noticed with the next commit.
  ASSERT_EQ(publish("J").status, 200);
  EXPECT_TRUE(test::soon([&] {
    publish("K");
    return has_metric("daybook_change_streams 0");
  }));
  listen();
}

TEST_F(InstanceTest, ADamagedLogIsAnAlarmWhileReadsGoOnUntilItIsRestored) {
  ASSERT_TRUE(test::soon([&] { return get({"readyz"}).status == 200; }));
  end();
  const auto log = std::filesystem::path(data()) / "log";
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(log)) {
    const std::string name = file.path().filename().native();
    // The one record, and what says which files there are to be.
    if (name.ends_with(".seg") || name == "MANIFEST") files.push_back(file.path());
  }
  ASSERT_GE(files.size(), 2U);
  for (const std::filesystem::path& file : files) {
    SCOPED_TRACE(file.native());
    const std::string whole = read_file(file.native()).value();
    std::string damaged = whole;
    damaged[damaged.size() - 3] = static_cast<char>(damaged[damaged.size() - 3] ^ 1);
    write_over(file, damaged);
    start();
    EXPECT_TRUE(test::soon([&] { return get({"readyz"}).body.find(file.filename().native()) != std::string::npos; }))
        << get({"readyz"}).body;
    EXPECT_EQ(get({"readyz"}).status, 503);
    EXPECT_EQ(get({"v1", "invoices", "I"}).status, 200);
    write_over(file, whole);
    EXPECT_TRUE(test::soon([&] { return get({"readyz"}).status == 200; })) << get({"readyz"}).body;
    EXPECT_EQ(publish("I").status, 200);
    end();
  }
}

TEST_F(InstanceTest, ADamagedStoreIsAnAlarmAndFoldedAnew) {
  change_at_rest([&](store::ShardStore& store, const std::string&, const store::ShardState&) {
    store::WriteBatch set;
    set.put(store::Table::kDocuments, store::DocumentKey{0, {domain::DocumentKind::kInvoice, "I"}}.bytes(), "\x01\x7f");
    ASSERT_TRUE(store.write(set));
  });
  start();
  test::HttpPeer peer = listen();
  EXPECT_TRUE(test::soon([&] { return get({"v1", "invoices", "I"}).status == 503; }));
  EXPECT_TRUE(test::soon([&] { return get({"readyz"}).status == 200 && get({"v1", "invoices", "I"}).status == 200; }));
  EXPECT_NE(hear(peer, "{}\n\n").find("event: resync\n"), std::string::npos)
      << "what is there may be of an earlier moment";
  EXPECT_TRUE(has_metric("daybook_store_trouble{shard=\"0\"} 0"));
  EXPECT_NE(notices().find("invoice 'I'"), std::string::npos) << notices();
  EXPECT_NE(notices().find("0000.damaged"), std::string::npos) << notices();
}

TEST_F(InstanceTest, BecomesUnreadyWhenThePagesSayOtherwiseThanTotalsThatBalance) {
  change_at_rest([&](store::ShardStore& store, const std::string& folder, const store::ShardState& state) {
    auto totals = store::load_totals(store, folder, state);
    ASSERT_TRUE(totals && *totals);
    for (store::Cell& cell : (*totals)->cells) {
      if (cell.id.measure == domain::Measure::kOpen) ++cell.id.day2;
    }
    ASSERT_TRUE(store::write_totals(folder, **totals));
  });
  start();
  expect_unready();
  EXPECT_TRUE(has_metric("daybook_proof_faults 1"));
  EXPECT_NE(notices().find("totals kept beside shard 0 differed from its pages"), std::string::npos) << notices();
  // What is told is what the pages say.
  EXPECT_NE(get({"v1", "invoices", "I"}).body.find("2024-05-31"), std::string::npos);
}

}  // namespace
}  // namespace daybook::app
