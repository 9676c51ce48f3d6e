// Shards that projectors elsewhere hold: who is asked, and what is refused rather than answered in part.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>

#include "cluster/messages.h"
#include "query/coordinator.h"
#include "query/wait.h"
#include "support/cluster.h"
#include "support/missing_shard.h"
#include "support/story.h"

namespace daybook::test {
namespace {

const query::ParameterMap kNone;

// A source of which some things go another way.
class Altered final : public query::ShardSource {
 public:
  struct Session;
  struct Changes {
    std::function<void(const std::stop_token&)> while_asked = [](const std::stop_token&) {};
    std::function<void(query::ShardHead&)> head = [](query::ShardHead&) {};
    std::function<std::int32_t(std::int32_t)> partition = [](std::int32_t asked) { return asked; };
    domain::Rules rules;
  };

  explicit Altered(const query::ShardSource& inner) : inner_(inner), changes{.rules = inner.rules()} {}

  std::int32_t partition_count() const override { return inner_.partition_count(); }
  const domain::Rules& rules() const override { return changes.rules; }
  std::string_view topic_prefix() const override { return inner_.topic_prefix(); }
  bool has_folded(log::TopicPartition at, std::int64_t offset) const override { return inner_.has_folded(at, offset); }
  std::unique_ptr<query::ShardSession> open(std::int32_t partition, std::optional<std::int64_t> at) const override;

 private:
  const query::ShardSource& inner_;

 public:
  Changes changes;
};

struct Altered::Session final : query::ShardSession {
  Session(const Altered& of, std::unique_ptr<query::ShardSession> given) : source(of), inner(std::move(given)) {}
  query::ShardHead head() override {
    query::ShardHead head = inner->head();
    source.changes.head(head);
    return head;
  }
  query::ShardReply ask(const query::Report& report, const query::Question& question,
                        const std::stop_token& stop) override {
    source.changes.while_asked(stop);
    return inner->ask(report, question, stop);
  }
  const Altered& source;
  std::unique_ptr<query::ShardSession> inner;
};

std::unique_ptr<query::ShardSession> Altered::open(std::int32_t partition, std::optional<std::int64_t> at) const {
  return std::make_unique<Session>(*this, inner_.open(changes.partition(partition), at));
}

struct Cluster : testing::Test {
  Cluster() {
    story.account = "C1";
    story.invoice("I1", 500, "2024-05-01");
    story.book.settle();
  }

  void connect(std::vector<std::string> addresses, std::size_t partial_bytes_max = 256 << 20) {
    cluster::PoolOptions options;
    options.projectors = std::move(addresses);
    options.partial_bytes_max = partial_bytes_max;
    options.question_deadline = std::chrono::seconds(20);
    pool = std::make_unique<cluster::ProjectorPool>(std::move(options));
  }
  // Waits until each of so many projectors was seen, whatever it is like.
  void see(std::size_t count) {
    EXPECT_TRUE(soon([&] {
      const auto all = pool->projectors();
      return all.size() == count &&
             std::ranges::none_of(all, [](const auto& one) { return one.trouble == "was not reached yet"; });
    })) << pool->trouble();
  }
  query::Rendered ask(const std::string& path, const query::ParameterMap& parameters = kNone) {
    const auto shards = pool->shards();
    if (shards == nullptr) return {503, "", "no shards"};
    const std::vector<std::string> segments = segments_of(path);
    return query::answer(*shards, [] { return *parse_date("2024-06-30"); }, {.segments = segments, .parameters = parameters});
  }
  std::int32_t account_shard() const { return log::partition_of("C1", local.partition_count()); }

  Story story;
  const query::LocalShards local{story.book.model()};
  std::unique_ptr<cluster::ProjectorPool> pool;
};

constexpr const char* kAgeing = "v1/receivables/ageing";

TEST_F(Cluster, WithoutAShardNoReportIsAnswered) {
  std::vector<std::unique_ptr<cluster::ShardServer>> servers;
  std::vector<std::string> addresses;
  for (const std::int32_t partition : all_of(local)) {
    servers.push_back(serve(local, {partition}));
    addresses.push_back(servers.back()->address());
  }
  connect(addresses);
  see(servers.size());
  EXPECT_EQ(pool->trouble(), "");
  EXPECT_EQ(ask(kAgeing).status, 200);
  for (std::size_t i = 0; i < servers.size(); ++i) {
    SCOPED_TRACE(i);
    servers[i].reset();
    EXPECT_TRUE(soon([&] { return pool->find(static_cast<std::int32_t>(i), *pool->identity()) == nullptr; }));
    each_is_refused(*pool->shards(), fmt::format("shard {}", i));
    EXPECT_EQ(pool->missing(), fmt::format("nobody can be asked about shard {}", i));
    EXPECT_FALSE(pool->report(static_cast<std::int32_t>(i)));
    EXPECT_NE(pool->trouble().find(fmt::format("projector {} cannot be asked: ", addresses[i])), std::string::npos) << pool->trouble();
    servers[i] = serve(local, {static_cast<std::int32_t>(i)}, addresses[i]);
    EXPECT_TRUE(soon([&] { return ask(kAgeing).status == 200; })) << pool->trouble();
  }
}

TEST_F(Cluster, OfTwoThatHoldAShardTheOneFurtherAheadIsAsked) {
  Altered behind(local);
  behind.changes.head = [](query::ShardHead& head) {
    for (std::int64_t& offset : head.next_offsets) offset = std::max<std::int64_t>(0, offset - 1);
  };
  const auto first = serve(behind, all_of(local));
  const auto second = serve(local, all_of(local));
  connect({first->address(), second->address()});
  see(2);
  const auto endpoint = pool->find(account_shard(), *pool->identity());
  ASSERT_NE(endpoint, nullptr);
  EXPECT_EQ(endpoint->address(), second->address());
  EXPECT_EQ(ask(kAgeing).status, 200);
}

TEST_F(Cluster, WhereOneFailsTheOtherIsAsked) {
  Altered failing(local);
  failing.changes.while_asked = [](const std::stop_token&) { throw std::runtime_error("it fell"); };
  const auto first = serve(failing, all_of(local));
  connect({first->address()});
  see(1);
  EXPECT_EQ(ask(kAgeing).status, 503);
  const auto second = serve(local, all_of(local));
  connect({first->address(), second->address()});
  see(2);
  for (int i = 0; i < 10; ++i) {
    const query::Rendered rendered = ask(kAgeing);
    EXPECT_EQ(rendered.status, 200) << rendered.body;
  }
}

TEST_F(Cluster, ASessionOfAProjectorThatGoesSaysSo) {
  auto server = serve(local, all_of(local));
  connect({server->address()});
  see(1);
  const auto shards = pool->shards();
  const auto session = shards->open(0, {});
  EXPECT_EQ(session->head().partition, 0);
  server.reset();
  const query::Report& report = *query::find_report("ageing");
  EXPECT_THROW(session->ask(report, {}, {}), query::AskAgain);
  EXPECT_EQ(pool->find(0, *pool->identity()), nullptr);
}

TEST_F(Cluster, AnotherVersionIsNotAsked) {
  cluster::ShardServerOptions options{.listen = "127.0.0.1:0", .identity = identity_of(local)};
  options.identity.version = "0.0.1";
  options.report = [&] { return report_of(local, all_of(local)); };
  const auto server = cluster::ShardServer::start(local, std::move(options)).value();
  connect({server->address()});
  see(1);
  EXPECT_EQ(pool->shards(), nullptr);
  EXPECT_EQ(pool->missing(), "no projector has answered yet");
  EXPECT_NE(pool->trouble().find("it is of version 0.0.1, and this of " + cluster::build_version()), std::string::npos)
      << pool->trouble();
}

TEST_F(Cluster, ProjectorsOfOtherRulesOrPartitionsAreNotAsked) {
  Altered other(local);
  other.changes.rules.anomaly_days.invoice_not_received = 99;
  Book of_five(5);
  const query::LocalShards five(of_five.model());
  for (const auto& [stranger, words] : {std::pair<const query::ShardSource*, const char*>{&other, "the rules UTC"},
                                        {&five, "5 partitions, not 3"}}) {
    const auto first = serve(local, {0});
    connect({first->address()});
    see(1);
    const auto second = serve(*stranger, {1, 2});
    connect({first->address(), second->address()});
    see(2);
    EXPECT_NE(pool->trouble().find("cannot be asked: it has "), std::string::npos) << pool->trouble();
    const query::Rendered rendered = ask(kAgeing);
    EXPECT_EQ(rendered.status, 503) << rendered.body;
  }
}

TEST_F(Cluster, WhereAllOfOneModelWentThoseOfAnotherAreAsked) {
  auto first = serve(local, all_of(local));
  const std::string address = first->address();
  connect({address});
  see(1);
  EXPECT_EQ(pool->shards()->partition_count(), 3);
  first.reset();
  Book of_five(5);
  const query::LocalShards five(of_five.model());
  const auto second = serve(five, all_of(five), address);
  EXPECT_TRUE(soon([&] { return pool->shards()->partition_count() == 5 && ask(kAgeing).status == 200; })) << pool->trouble();
}

TEST_F(Cluster, WhoCannotBeFoundOrReachedIsNamed) {
  connect({"no.such.name.invalid:9090", "127.0.0.1:1"});
  see(1);
  EXPECT_TRUE(soon([&] { return pool->trouble().find("no.such.name.invalid:9090: ") != std::string::npos; })) << pool->trouble();
  EXPECT_NE(pool->trouble().find("projector 127.0.0.1:1 cannot be asked: "), std::string::npos) << pool->trouble();
  EXPECT_EQ(pool->shards(), nullptr);
}

TEST_F(Cluster, AnAnswerForAnotherShardIsRefused) {
  Altered altered(local);
  altered.changes.partition = [](std::int32_t asked) { return (asked + 1) % 3; };
  const auto server = serve(altered, all_of(local));
  connect({server->address()});
  see(1);
  // Of each shard the first is told apart, though every one of them is there once.
  const query::Rendered rendered = ask(kAgeing);
  EXPECT_EQ(rendered.status, 503);
  EXPECT_NE(rendered.body.find("it answered for shard 1"), std::string::npos) << rendered.body;
}

TEST_F(Cluster, AQuestionIsGivenUpWhereverItIsAnswered) {
  std::atomic<bool> asked = false;
  std::atomic<bool> stopped = false;
  Altered slow(local);
  slow.changes.while_asked = [&](const std::stop_token& stop) {
    asked = true;
    stopped = soon([&] { return stop.stop_requested(); });
  };
  const auto server = serve(slow, all_of(local));
  connect({server->address()});
  see(1);
  std::stop_source stop;
  std::jthread gives_up([&] {
    EXPECT_TRUE(soon([&] { return asked.load(); }));
    stop.request_stop();
  });
  const std::vector<std::string> segments = segments_of(kAgeing);
  query::Request request{.segments = segments, .parameters = kNone};
  request.stop = stop.get_token();
  const query::Rendered rendered = query::answer(*pool->shards(), [] { return Day{0}; }, request);
  EXPECT_EQ(rendered.status, 503) << rendered.body;
  EXPECT_TRUE(soon([&] { return stopped.load(); }));
  EXPECT_NE(pool->find(0, *pool->identity()), nullptr) << "who gave up says nothing of the projector";
}

TEST_F(Cluster, WhatIsPublishedIsReadOrWaitedFor) {
  const auto server = serve(local, all_of(local));
  connect({server->address()});
  see(1);
  const std::string next = fmt::format("daybook.invoices.v1:{}:1", account_shard());
  const query::ParameterMap parameters = {{"min_position", next}, {"wait_ms", "0"}};
  EXPECT_EQ(ask(kAgeing, parameters).status, 503);
  story.invoice("I2", 500, "2024-05-01");
  story.book.settle();
  server->changed();
  EXPECT_TRUE(soon([&] { return ask(kAgeing, parameters).status == 200; }));
}

TEST_F(Cluster, AShardThatHasFoldedLessThanWasSeenIsNotTakenForOneThatHas) {
  Altered altered(local);
  const auto server = serve(altered, all_of(local));
  connect({server->address()});
  see(1);
  // What was seen of it is not what answers.
  altered.changes.head = [](query::ShardHead& head) { head.next_offsets.fill(0); };
  const query::Rendered rendered =
      ask(kAgeing, {{"min_position", fmt::format("daybook.invoices.v1:{}:0", account_shard())}, {"wait_ms", "0"}});
  EXPECT_EQ(rendered.status, 503) << rendered.body;
  EXPECT_NE(rendered.body.find("was not folded"), std::string::npos) << rendered.body;
}

TEST_F(Cluster, AnswersHaveAMost) {
  const auto server = serve(local, all_of(local));
  connect({server->address()}, 1);
  see(1);
  const query::Rendered rendered = ask(kAgeing);
  EXPECT_EQ(rendered.status, 503);
  EXPECT_NE(rendered.body.find("gives more than 0 MiB"), std::string::npos) << rendered.body;
}

TEST_F(Cluster, ALongQuestionCrossesInPieces) {
  const auto server = serve(local, all_of(local));
  connect({server->address()});
  see(1);
  std::string ledger = "customer_id,document_id,currency,amount\n";
  for (int i = 0; i < 60'000; ++i) ledger += fmt::format("C1,{:0>100},USD,1.00\n", i);
  const std::vector<std::string> segments = segments_of("v1/receivables/reconciliation");
  const query::ParameterMap parameters = {{"date", "2024-06-30"}};
  query::Request request{.segments = segments, .parameters = parameters};
  request.body = ledger;
  const auto today = [] { return *parse_date("2024-06-30"); };
  const query::Rendered here = query::answer(local, today, request);
  const query::Rendered there = query::answer(*pool->shards(), today, request);
  EXPECT_EQ(here.status, 200) << here.body.substr(0, 300);
  EXPECT_GT(here.body.size(), 3 * cluster::kPieceBytes);
  EXPECT_TRUE(here.body == there.body) << there.body.substr(0, 300);
}

TEST_F(Cluster, APortThatIsTakenIsNotShared) {
  const auto server = serve(local, {0});
  const auto second = cluster::ShardServer::start(local, {.listen = server->address(), .identity = identity_of(local), .report = {}});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(server->address()), std::string::npos) << second.error().message;
}

TEST(ClusterMessages, ComeBackAsTheyWere) {
  cluster::ShardReport report;
  report.partition = 7;
  report.state.topics[2].next_offset = std::int64_t{1} << 60;
  report.state.accepted = ~std::uint64_t{0};
  report.state.waiting = 3;
  report.state.digest = ~UInt128{0} - 5;
  report.bounds = {{{log::Topic::kPayments, 7}, 5, 6}};
  report.bounds_seen_ms = 12;
  report.records_since_start = 9;
  report.seconds_since_start = 0.5;
  report.trouble = "it is ill";
  report.unreadable = "it is away";
  cluster::ProjectorReport of{.shards = {report}, .unread = report.bounds, .troubles = {{"store", "it is ill"}}, .behind = "all"};
  const auto all = cluster::from_message(cluster::to_message(of));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->troubles, of.troubles);
  EXPECT_EQ(all->behind, "all");
  EXPECT_EQ(all->unread.at(0).end, 6);
  const cluster::ShardReport& back = all->shards.at(0);
  EXPECT_EQ(back.partition, 7);
  EXPECT_EQ(back.next_offset(log::Topic::kPayments), std::int64_t{1} << 60);
  EXPECT_EQ(back.state.accepted, report.state.accepted);
  EXPECT_EQ(back.state.waiting, 3);
  EXPECT_EQ(back.state.digest, report.state.digest);
  EXPECT_EQ(back.bounds.at(0).at, report.bounds[0].at);
  EXPECT_EQ(back.bounds_seen_ms, 12);
  EXPECT_EQ(back.records_since_start, 9U);
  EXPECT_EQ(back.seconds_since_start, 0.5);
  EXPECT_EQ(back.trouble, "it is ill");
  EXPECT_EQ(back.unreadable, "it is away");
  auto short_digest = cluster::to_message(report);
  short_digest.set_digest("x");
  EXPECT_FALSE(cluster::from_message(short_digest));

  Problem problem{409, "Several", "which?"};
  problem.faults.add({3, "a.b", "is wrong"});
  problem.accounts = {"C1", "C2"};
  EXPECT_EQ(cluster::from_message(cluster::to_message(problem)).to_json(), problem.to_json());

  cluster::Identity identity{.version = "v", .partition_count = 8, .topic_prefix = "p.", .fold = {"Asia/Shanghai", {true, false, true, false}, {1, 2, 3}}};
  EXPECT_EQ(cluster::from_message(cluster::to_message(identity))->difference(identity), "");
}

}  // namespace
}  // namespace daybook::test
