// Shards that projectors elsewhere hold: who is asked, and what is refused rather than answered in part.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "cluster/messages.h"
#include "daybook/query/v1/shards.grpc.pb.h"
#include "query/coordinator.h"
#include "query/reports/rates.h"
#include "query/wait.h"
#include "support/asking.h"
#include "support/cluster.h"
#include "support/hostile.h"
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
    std::function<void(const query::Question&)> question = [](const query::Question&) {};
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
    source.changes.question(question);
    return inner->ask(report, question, stop);
  }
  const Altered& source;
  std::unique_ptr<query::ShardSession> inner;
};

std::unique_ptr<query::ShardSession> Altered::open(std::int32_t partition, std::optional<std::int64_t> at) const {
  return std::make_unique<Session>(*this, inner_.open(changes.partition(partition), at));
}

// Between a query service and a projector: hands on what one says to the other, and counts. It may fall in the middle of an
// answer.
class Relay final : public query::v1::Shards::Service {
 public:
  explicit Relay(const std::string& to)
      : stub_(query::v1::Shards::NewStub(grpc::CreateChannel("ipv4:" + to, grpc::InsecureChannelCredentials()))) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    address = fmt::format("127.0.0.1:{}", port);
  }
  ~Relay() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string address;
  std::atomic<int> streams = 0;
  std::atomic<int> requests = 0;
  std::atomic<int> rounds = 0;  // Requests that want answers.
  std::atomic<int> replies = 0;
  std::atomic<int> falls = 0;  // So many more times: after the part of one shard.

 private:
  grpc::Status Ask(grpc::ServerContext* /*context*/,
                   grpc::ServerReaderWriter<query::v1::AskReply, query::v1::AskRequest>* asker) override {
    ++streams;
    grpc::ClientContext context;
    const auto answerer = stub_->Ask(&context);
    query::v1::AskRequest request;
    int open = 0;
    while (asker->Read(&request)) {
      ++requests;
      open += request.partitions_size();
      answerer->Write(request);
      if (!request.answer_now()) continue;
      ++rounds;
      query::v1::AskReply reply;
      while (open > 0 && answerer->Read(&reply)) {
        ++replies;
        for (const query::v1::Part& part : reply.parts()) open -= part.is_last() ? 1 : 0;
        if (falls > 0 && falls-- > 0) {
          reply.mutable_parts()->DeleteSubrange(1, reply.parts_size() - 1);
          asker->Write(reply);
          context.TryCancel();
          answerer->Finish();
          return {grpc::StatusCode::UNAVAILABLE, "it fell"};
        }
        asker->Write(reply);
      }
    }
    context.TryCancel();
    answerer->Finish();
    return grpc::Status::OK;
  }
  grpc::Status Look(grpc::ServerContext* /*context*/, const query::v1::LookRequest* request,
                    query::v1::LookReply* reply) override {
    grpc::ClientContext context;
    return stub_->Look(&context, *request, reply);
  }

  const std::unique_ptr<query::v1::Shards::Stub> stub_;
  std::unique_ptr<grpc::Server> server_;
};

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
    return query::answer(*shards, [] { return *parse_date("2024-06-30"); },
                         {.segments = segments, .parameters = parameters});
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
    EXPECT_NE(pool->trouble().find(fmt::format("projector {} cannot be asked: ", addresses[i])), std::string::npos)
        << pool->trouble();
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

TEST_F(Cluster, AQuestionIsOneStreamToAProjector) {
  const auto first = serve(local, {0, 1});
  const auto second = serve(local, {2});
  Relay to_first(first->address());
  Relay to_second(second->address());
  connect({to_first.address, to_second.address});
  see(2);
  const auto today = [] { return *parse_date("2024-06-30"); };
  int asked = 0;
  for (const char* path : {kAgeing, "v1/receivables/items", "v1/customers/C1/balance", "v1/anomalies", "v1/invoices/I1",
                           "v1/receivables/bridge"}) {
    for (const query::ParameterMap& known : {kNone, query::ParameterMap{{"known_at", "2199-12-31T00:00:00Z"}}}) {
      query::ParameterMap parameters = known;
      if (path == std::string("v1/receivables/bridge")) {
        parameters.emplace("from", "2024-04-01");
        parameters.emplace("to", "2024-06-30");
      }
      SCOPED_TRACE(fmt::format("{} {}", path, known.size()));
      const std::vector<std::string> segments = segments_of(path);
      const query::Rendered here = query::answer(local, today, {.segments = segments, .parameters = parameters});
      const query::Rendered there = ask(path, parameters);
      EXPECT_EQ(here.status, there.status);
      EXPECT_EQ(here.body, there.body);
      if (here.status != 200) continue;
      ++asked;
      for (const Relay* relay : {&to_first, &to_second}) {
        EXPECT_EQ(relay->streams, asked);
        EXPECT_EQ(relay->requests, relay->rounds) << "shards that are asked the same are asked at once";
        EXPECT_EQ(relay->replies, relay->rounds) << "and answer at once";
      }
    }
  }
  EXPECT_GE(asked, 8);
}

TEST_F(Cluster, WhoIsAskedLaterMakesNoMoreRowsThanThePageNeeds) {
  // More shards than threads that ask them at once.
  const auto partitions = static_cast<std::int32_t>(2 * std::thread::hardware_concurrency() + 2);
  Book book(partitions);
  std::set<std::int32_t> with_items;
  for (int i = 0; std::cmp_less(with_items.size(), partitions); ++i) {
    const std::string customer = fmt::format("C{}", i);
    with_items.insert(log::partition_of(customer, partitions));
    for (const char* part : {"a", "b"}) {
      book.send(fmt::format(
          R"({{"event_id":"{0}{1}","customer_id":"{0}","source":"test","occurred_at":"2024-05-02T12:00:00Z",)"
          R"("invoice_issued":{{"invoice_id":"{0}{1}","kind":"INVOICE","currency":"CNY","net_minor":100,)"
          R"("tax_minor":0,"issue_date":"2024-05-02","order_ids":["none"],"instalments":[)"
          R"({{"due_date":"2024-05-10","amount_minor":100}}]}}}})",
          customer, part));
    }
  }
  book.settle();
  const query::LocalShards all(book.model());
  Altered counting(all);
  std::atomic<int> asked = 0;
  std::atomic<int> narrowed = 0;
  counting.changes.question = [&](const query::Question& question) {
    ++asked;
    narrowed += question.page.until.empty() ? 0 : 1;
  };
  const auto server = serve(counting, all_of(all));
  connect({server->address()});
  see(1);
  const query::ParameterMap parameters = {{"page_size", "1"}};
  const std::vector<std::string> segments = segments_of("v1/receivables/items");
  const query::Rendered here =
      query::answer(all, [] { return *parse_date("2024-06-30"); }, {.segments = segments, .parameters = parameters});
  const query::Rendered there = ask("v1/receivables/items", parameters);
  EXPECT_EQ(here.status, 200) << here.body;
  EXPECT_EQ(here.body, there.body);
  EXPECT_GE(asked, partitions);
  EXPECT_GT(narrowed, 0);
}

TEST_F(Cluster, APageIsKnownToHaveMoreBehindItWhicheverShardAnswersFirst) {
  Book book(2);
  // The page is of the second shard's rows, and the first answers after it.
  for (const auto& [shard, prefix] : {std::pair(0, "Z"), std::pair(1, "A")}) {
    int number = 0;
    while (log::partition_of(fmt::format("{}{}", prefix, number), 2) != shard) ++number;
    for (const char* part : {"a", "b"}) {
      book.send(fmt::format(
          R"({{"event_id":"{0}{1}","customer_id":"{0}","source":"test","occurred_at":"2024-05-02T12:00:00Z",)"
          R"("invoice_issued":{{"invoice_id":"{0}{1}","kind":"INVOICE","currency":"CNY","net_minor":100,)"
          R"("tax_minor":0,"issue_date":"2024-05-02","order_ids":["none"],"instalments":[)"
          R"({{"due_date":"2024-05-10","amount_minor":100}}]}}}})",
          fmt::format("{}{}", prefix, number), part));
    }
  }
  book.settle();
  const query::LocalShards all(book.model());
  Altered slow(all);
  std::atomic<int> answered = 0;
  slow.changes.question = [&](const query::Question&) { ++answered; };
  slow.changes.partition = [&](std::int32_t asked) {
    if (asked == 0 && std::thread::hardware_concurrency() > 1) {
      EXPECT_TRUE(soon([&] { return answered > 0; }));
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return asked;
  };
  // What it says of itself waits for nobody.
  cluster::ShardServerOptions options{.listen = "127.0.0.1:0", .identity = identity_of(all)};
  options.report = [&] { return report_of(all, all_of(all)); };
  const auto server = cluster::ShardServer::start(slow, std::move(options)).value();
  connect({server->address()});
  see(1);
  const query::Report& report = *query::find_report("items");
  query::Question question;
  question.report = report.description().name;
  question.today = question.as_of = *parse_date("2024-06-30");
  question.scope = query::AccessScope::everything();
  question.page.count = 1;
  question.arguments = query::Arguments(report.description(), {}, all.rules().zone);
  // As known at an instant shards are worked on side by side.
  const std::int64_t known_at_ms = 4'000'000'000'000;
  const auto of_question = pool->shards()->for_question(query::Lasting::kAnswer);
  const auto first = of_question->open(0, known_at_ms);
  const auto second = of_question->open(1, known_at_ms);
  first->expect(report, question);
  second->expect(report, question);
  auto whole = first->ask(report, question, {}).partial;
  report.merge(*whole, second->ask(report, question, {}).partial);
  query::Coordinator coordinator(all, known_at_ms, {});
  const auto page = report.finish(question, std::move(whole), coordinator).rows.take();
  EXPECT_EQ(page.rows.size(), 1U);
  EXPECT_TRUE(page.more);
}

TEST_F(Cluster, AProjectorThatFallsInMidAnswerIsNamedOrReplaced) {
  const auto server = serve(local, all_of(local));
  const std::string here = query::answer(local, [] { return *parse_date("2024-06-30"); },
                                         {.segments = segments_of(kAgeing), .parameters = kNone})
                               .body;
  Relay relay(server->address());
  connect({relay.address});
  see(1);
  const auto shards = pool->shards();
  {
    // Of its shards one has answered, and the rest have not.
    const auto of_question = shards->for_question(query::Lasting::kAnswer);
    std::vector<std::unique_ptr<query::ShardSession>> sessions;
    for (const std::int32_t partition : all_of(local)) sessions.push_back(of_question->open(partition, {}));
    for (const auto& session : sessions) session->expect_head();
    relay.falls = 1;
    EXPECT_EQ(sessions[0]->head().partition, 0);
    for (int partition : {1, 2}) {
      try {
        sessions[static_cast<std::size_t>(partition)]->head();
        ADD_FAILURE() << "shard " << partition << " has a head";
      } catch (const query::AskAgain& again) {
        EXPECT_EQ(again.problem.detail, fmt::format("shard {}: {} cannot be asked: it fell", partition, relay.address));
      }
    }
  }
  EXPECT_TRUE(soon([&] { return ask(kAgeing).status == 200; })) << "it was seen again";
  relay.falls = 3;
  const query::Rendered refused = ask(kAgeing);
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("it fell"), std::string::npos) << refused.body;
  relay.falls = 0;

  Relay falling(server->address());
  connect({falling.address, server->address()});
  see(2);
  for (int i = 0; i < 10; ++i) {
    falling.falls = 1;
    const query::Rendered rendered = ask(kAgeing);
    EXPECT_EQ(rendered.status, 200) << rendered.body;
    EXPECT_EQ(rendered.body, here);
  }
}

TEST_F(Cluster, WhatTakesTooMuchIsRefusedToAllWhoWaitForIt) {
  const auto server = serve(local, all_of(local));
  connect({server->address()});
  see(1);
  const std::vector<std::string> segments = segments_of(kAgeing);
  // As known at an instant the shards are waited for side by side.
  const query::ParameterMap parameters = {{"known_at", "2199-12-31T00:00:00Z"}};
  query::Request request{.segments = segments, .parameters = parameters};
  request.memory = std::make_shared<MemoryBudget>(100);
  const query::Rendered rendered = query::answer(*pool->shards(), [] { return *parse_date("2024-06-30"); }, request);
  EXPECT_EQ(rendered.status, 400) << rendered.body;
  EXPECT_NE(rendered.body.find("Too much is asked"), std::string::npos) << rendered.body;
}

TEST_F(Cluster, AProjectorGivesBackWhatAnAnswerTookOnceItWasGiven) {
  const auto memory = std::make_shared<MemoryBudget>(16 << 20);
  cluster::ShardServerOptions options{.listen = "127.0.0.1:0", .identity = identity_of(local), .memory = memory};
  options.report = [&] { return report_of(local, all_of(local)); };
  const auto server = cluster::ShardServer::start(local, std::move(options)).value();
  connect({server->address()});
  see(1);
  const auto shards = pool->shards();
  const auto session = shards->open(account_shard(), {});
  query::Question question;
  question.report = "rates";
  question.enclosed = query::encode(query::RatesWanted{});
  EXPECT_NE(session->ask(query::rates_report(), question, {}).partial, nullptr);
  EXPECT_TRUE(soon([&] { return memory->taken() == 0; })) << memory->taken();
  EXPECT_NE(session->ask(query::rates_report(), question, {}).partial, nullptr);
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
  for (const auto& [stranger, words] :
       {std::pair<const query::ShardSource*, const char*>{&other, "the rules UTC"}, {&five, "5 partitions, not 3"}}) {
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
  EXPECT_TRUE(soon([&] { return pool->shards()->partition_count() == 5 && ask(kAgeing).status == 200; }))
      << pool->trouble();
}

TEST_F(Cluster, WhoCannotBeFoundOrReachedIsNamed) {
  connect({"no.such.name.invalid:9090", "127.0.0.1:1"});
  see(1);
  EXPECT_TRUE(soon([&] { return pool->trouble().find("no.such.name.invalid:9090: ") != std::string::npos; }))
      << pool->trouble();
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
  server->changed_anyhow();
  EXPECT_TRUE(soon([&] { return ask(kAgeing, parameters).status == 200; }));
}

TEST_F(Cluster, NotesOfCommitsComeWithWhatIsSeenAndWhereSomeMayBeMissingThatIsTold) {
  const auto note_at = [](std::int64_t orders) {
    query::ChangeNote note;
    note.partition = 1;
    note.next_offsets[static_cast<std::size_t>(log::Topic::kOrders)] = orders;
    note.newest_recorded_ms = orders;
    note.news = domain::News::of<domain::OrderReady>() | domain::News::kParked;
    note.customers.add("C" + std::to_string(orders % 3));
    return note;
  };
  auto server = serve(local, all_of(local));
  const std::string address = server->address();
  server->changed([]() -> query::ChangeNote {
    ADD_FAILURE() << "nobody watches: nothing is made";
    return {};
  });
  std::mutex mutex;
  std::vector<query::ChangeNote> notes;
  int resyncs = 0;
  cluster::PoolOptions options;
  options.projectors = {address};
  options.on_note = [&](const query::ChangeNote& note) {
    const std::lock_guard lock(mutex);
    notes.push_back(note);
  };
  options.on_resync = [&] {
    const std::lock_guard lock(mutex);
    ++resyncs;
  };
  pool = std::make_unique<cluster::ProjectorPool>(std::move(options));
  const auto heard = [&](const auto& what) {
    return soon([&] {
      const std::lock_guard lock(mutex);
      return what();
    });
  };
  ASSERT_TRUE(heard([&] { return resyncs == 1; })) << "it came";
  server->changed([&] { return note_at(5); });
  ASSERT_TRUE(heard([&] { return notes.size() == 1; }));
  EXPECT_EQ(notes[0], note_at(5));
  // Commits of one shard that come between two looks are one note, of all that they were.
  for (std::int64_t i = 6; i <= 60; ++i) server->changed([&] { return note_at(i); });
  ASSERT_TRUE(heard([&] { return notes.back().next_offsets == note_at(60).next_offsets; }));
  query::ChangedCustomers customers;
  for (const query::ChangeNote& note : notes) customers.add_all(note.customers);
  EXPECT_EQ(customers.names(), (std::vector<std::string>{"C0", "C1", "C2"}));
  EXPECT_EQ(resyncs, 1);
  server->changed_anyhow();
  ASSERT_TRUE(heard([&] { return resyncs == 2; })) << "a shard was mended";
  server.reset();
  ASSERT_TRUE(heard([&] { return resyncs == 3; })) << "it went";
  server = serve(local, all_of(local), address);
  ASSERT_TRUE(heard([&] { return resyncs >= 4; })) << "it is there again";
  server->changed([&] { return note_at(61); });
  ASSERT_TRUE(heard([&] { return notes.back() == note_at(61); }));
  pool.reset();
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

TEST_F(Cluster, AFileOfManyRoundsIsThatOfTheShardsAndIsCutWhereOneGoes) {
  for (int i = 0; i < 4'000; ++i) {
    story.book.send(
        fmt::format(R"({{"event_id":"f{0}","customer_id":"F{1}","source":"test","occurred_at":"2024-05-02T12:00:00Z",)"
                    R"("payment_received":{{"payment_id":"P{0}","currency":"CNY","amount_minor":100,)"
                    R"("value_date":"2024-05-02"}}}})",
                    i, i % 500));
  }
  story.book.settle();
  auto first = serve(local, {0, 1});
  const auto second = serve(local, {2});
  connect({first->address(), second->address()});
  see(2);
  const auto today = [] { return *parse_date("2024-06-30"); };
  const std::vector<std::string> segments = segments_of("v1/payments");
  const query::ParameterMap parameters = {{"format", "csv"}};
  const query::Request request{.segments = segments, .parameters = parameters};
  const auto shards = pool->shards();
  const std::string whole = query::answer(local, today, request).body;
  EXPECT_EQ(std::ranges::count(whole, '\n'), 4'001);
  EXPECT_TRUE(query::answer(*shards, today, request).body == whole);
  query::Rendered rendered = query::begin_answer(*shards, today, request);
  ASSERT_EQ(rendered.status, 200) << rendered.body;
  ASSERT_NE(rendered.rest, nullptr);
  EXPECT_TRUE(whole.starts_with(rendered.body));
  first.reset();
  const auto all = [&] {
    while (!rendered.rest->next().is_last) {
    }
  };
  EXPECT_THROW(all(), query::Refusal);
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

// Some shards of this process, the others of projectors.
class Mixed final : public query::ShardSource {
 public:
  Mixed(const query::ShardSource& here, const query::ShardSource& there, unsigned far)
      : here_(here), there_(there), far_(far) {}

  std::int32_t partition_count() const override { return here_.partition_count(); }
  const domain::Rules& rules() const override { return here_.rules(); }
  std::string_view topic_prefix() const override { return here_.topic_prefix(); }
  bool has_folded(log::TopicPartition at, std::int64_t offset) const override { return here_.has_folded(at, offset); }
  std::unique_ptr<query::ShardSession> open(std::int32_t partition,
                                            std::optional<std::int64_t> known_at_ms) const override {
    return ((far_ >> partition) & 1U ? there_ : here_).open(partition, known_at_ms);
  }

 private:
  const query::ShardSource& here_;
  const query::ShardSource& there_;
  const unsigned far_;  // A bit a shard.
};

TEST_F(Cluster, WhicheverShardsAreHereOrElsewhereTheAnswersAreTheSame) {
  for (const HostileRecord& record : Hostile(11).records(400))
    story.book.send_record(record.topic, record.key, record.value, {});
  story.book.settle();
  const auto one = serve(local, {0});
  const auto other = serve(local, {1, 2});
  connect({one->address(), other->address()});
  see(2);
  const auto far = pool->shards();
  ASSERT_NE(far, nullptr);
  const query::Today today = [] { return Day{19'830}; };
  std::mt19937 random(3);
  for (unsigned split = 1; split < 8; ++split) {
    for (int i = 0; i < 30; ++i) {
      const Asked asked = any_question(random);
      const query::Request request{.segments = asked.path, .parameters = asked.parameters};
      EXPECT_EQ(query::answer(Mixed(local, *far, split), today, request).body,
                query::answer(local, today, request).body)
          << asked.text();
    }
  }
}

TEST_F(Cluster, APortThatIsTakenIsNotShared) {
  const auto server = serve(local, {0});
  const auto second =
      cluster::ShardServer::start(local, {.listen = server->address(), .identity = identity_of(local), .report = {}});
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
  cluster::ProjectorReport of{
      .shards = {report}, .unread = report.bounds, .troubles = {{"store", "it is ill"}}, .behind = "all"};
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

  query::ChangeNote note{.partition = 2,
                         .next_offsets = {1, 2, 3, 4, 5},
                         .newest_recorded_ms = 6,
                         .news = domain::News::of<domain::RefundPaid>() | domain::News::kConflict,
                         .customers = {}};
  note.customers.add("C1");
  EXPECT_EQ(cluster::from_message(cluster::to_message(note)).value(), note);
  note.customers.add_any();
  EXPECT_EQ(cluster::from_message(cluster::to_message(note)).value(), note);
  EXPECT_FALSE(cluster::from_message(query::v1::Note()));

  Problem problem{409, "Several", "which?"};
  problem.faults.add({3, "a.b", "is wrong"});
  problem.accounts = {"C1", "C2"};
  EXPECT_EQ(cluster::from_message(cluster::to_message(problem)).to_json(), problem.to_json());

  cluster::Identity identity{.version = "v",
                             .partition_count = 8,
                             .topic_prefix = "p.",
                             .fold = {"Asia/Shanghai", {true, false, true, false}, {1, 2, 3}}};
  EXPECT_EQ(cluster::from_message(cluster::to_message(identity))->difference(identity), "");
}

}  // namespace
}  // namespace daybook::test
