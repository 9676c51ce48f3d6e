// Publishing through POST /v1/events, beside librdkafka's own producer with the same settings.
#include <librdkafka/rdkafka.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <semaphore>
#include <thread>

#include "base/ensure.h"
#include "events/record.h"
#include "feed.h"
#include "gateway/gateway.h"
#include "http/server.h"
#include "http_connection.h"
#include "log/kafka/kafka_log.h"
#include "log/kafka/topics.h"
#include "support.h"

namespace daybook::bench {
namespace {

struct Message {
  log::Topic topic{};
  std::string key;
  std::string value;
};

std::vector<Message> messages_of(History history) {
  std::vector<Message> messages;
  for (events::v1::Event event; history.next(event);) {
    Arena arena;
    events::Violations violations;
    const auto typed = events::validate(event, arena, violations);
    ENSURE(typed.has_value(), "the generator gives valid events");
    messages.push_back({events::topic_of(typed->payload), event.customer_id(), event.SerializeAsString()});
  }
  return messages;
}

// librdkafka as the log sets it (src/log/kafka/client.cc), and nothing of ours: `callers` batches of
// kEventsInBody are under way, each waited for as a whole.
class BareProducer {
 public:
  BareProducer(const log::KafkaOptions& options, int callers) : free_(callers) {
    char error[512];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    const auto set = [&](const char* key, const std::string& value) {
      ENSURE(rd_kafka_conf_set(conf, key, value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK, error);
    };
    set("bootstrap.servers", options.brokers);
    set("enable.idempotence", "true");
    set("acks", "all");
    set("compression.codec", "zstd");
    set("linger.ms", "2");
    set("message.max.bytes", std::to_string(log::kMessageBytesMax));
    set("queue.buffering.max.messages", "2000000");
    set("queue.buffering.max.kbytes", "1048576");
    set("partitioner", "murmur2_random");
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) give_up(rd_kafka_err2str(message->err));
      auto* const left = static_cast<std::atomic<std::size_t>*>(message->_private);
      if (--*left == 0) static_cast<BareProducer*>(opaque)->free_.release();
    });
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    ENSURE(client_ != nullptr, error);
    for (std::size_t i = 0; i < log::kEventTopicCount; ++i) {
      names_.push_back(log::topic_name(options.topic_prefix, log::kEventTopics[i]));
    }
    thread_ = std::thread([this] {
      while (!stopping_) rd_kafka_poll(client_, 50);
    });
  }
  ~BareProducer() {
    stopping_ = true;
    thread_.join();
    rd_kafka_destroy(client_);
  }

  double send(const std::vector<Message>& messages) {
    std::vector<std::atomic<std::size_t>> left((messages.size() + kEventsInBody - 1) / kEventsInBody);
    const auto start = Clock::now();
    for (std::size_t batch = 0; batch < left.size(); ++batch) {
      const std::size_t end = std::min((batch + 1) * kEventsInBody, messages.size());
      free_.acquire();
      left[batch] = end - batch * kEventsInBody;
      for (std::size_t i = batch * kEventsInBody; i < end; ++i) {
        const Message& message = messages[i];
        const rd_kafka_resp_err_t error =
            rd_kafka_producev(client_, RD_KAFKA_V_TOPIC(names_[static_cast<std::size_t>(message.topic)].c_str()),
                              RD_KAFKA_V_KEY(message.key.data(), message.key.size()), RD_KAFKA_V_MSGFLAGS(0),
                              RD_KAFKA_V_VALUE(const_cast<char*>(message.value.data()), message.value.size()),
                              RD_KAFKA_V_OPAQUE(&left[batch]), RD_KAFKA_V_END);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) give_up(rd_kafka_err2str(error));
      }
    }
    rd_kafka_flush(client_, 60'000);
    for (const auto& rest : left) {
      while (rest > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return seconds_since(start);
  }

 private:
  std::counting_semaphore<> free_;
  std::vector<std::string> names_;
  rd_kafka_t* client_ = nullptr;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// Until the server has folded what it took: it must not take the processor from what is measured next.
void wait_until_folded(const std::string& url) {
  HttpConnection connection(url);
  for (std::int64_t lag = 1; lag > 0;) {
    lag = 0;
    const auto status = boost::json::parse(connection.get("/v1/status").body);
    for (const auto& position : status.at("positions").as_array()) {
      const auto& of_partition = position.at("lag");
      lag += of_partition.is_null() ? 1 : of_partition.to_number<std::int64_t>();
    }
    if (lag > 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// As many as `daybook up` has.
http::ServerOptions server_options() {
  http::ServerOptions options;
  options.io_threads = kThreads;
  options.workers = kThreads * 2;
  return options;
}

// A server with a gateway and nothing behind it.
struct GatewayAlone {
  explicit GatewayAlone(const log::KafkaOptions& options)
      : log(must(log::open_kafka_log(options))),
        gateway(*log, {.topic_prefix = options.topic_prefix}),
        server(must(http::Server::start(server_options(), [this](http::Request request, http::Respond respond) {
          gateway.publish(std::move(request), std::move(respond));
        }))) {}
  ~GatewayAlone() {
    server->stop();
    log.reset();  // Its pending appends call the gateway.
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", server->port()); }

  std::unique_ptr<log::Log> log;
  gateway::Gateway gateway;
  std::unique_ptr<http::Server> server;
};

void compare(const std::string& form_name, const std::string& url, const log::KafkaOptions& options, Form form,
             std::size_t count, int callers, int runs) {
  const std::string accounts = fmt::format("P{}-", Clock::now().time_since_epoch().count());
  BareProducer producer(options, callers);
  const GatewayAlone alone(options);
  Spread bare, gateway, gateway_ratio, server, server_ratio;
  Spread bare_us, callers_us, gateway_us, gateway_us_ratio;
  // One round before the first is not counted: all of them know their way after it, the broker too.
  for (int run = -1; run < runs; ++run) {
    const std::string of_run = fmt::format("{}{}-", accounts, run);
    const auto messages = messages_of(History(count, of_run));
    const auto bodies = bodies_of(History(count, of_run), form);
    const double cpu_at_start = cpu_seconds();
    const double bare_seconds = producer.send(messages);
    const double bare_cpu = cpu_seconds() - cpu_at_start;
    const Posted to_gateway = post_all(alone.url(), bodies, form, callers);
    // The callers are threads of this process too.
    const double gateway_cpu = cpu_seconds() - cpu_at_start - bare_cpu - to_gateway.callers_cpu_seconds;
    const double server_seconds = post_all(url, bodies, form, callers).seconds;
    wait_until_folded(url);
    if (run < 0) continue;
    bare.add(static_cast<double>(count) / bare_seconds);
    gateway.add(static_cast<double>(count) / to_gateway.seconds);
    gateway_ratio.add(bare_seconds / to_gateway.seconds);
    server.add(static_cast<double>(count) / server_seconds);
    server_ratio.add(bare_seconds / server_seconds);
    const double us_an_event = 1e6 / static_cast<double>(count);
    bare_us.add(bare_cpu * us_an_event);
    callers_us.add(to_gateway.callers_cpu_seconds * us_an_event);
    gateway_us.add(gateway_cpu * us_an_event);
    gateway_us_ratio.add(gateway_cpu / bare_cpu);
  }
  fmt::print("{}\n", form_name);
  fmt::print("  librdkafka, k events/s      {}\n", bare.text(1e3));
  fmt::print("  gateway, k events/s         {}\n", gateway.text(1e3));
  fmt::print("  gateway / librdkafka        {}\n", gateway_ratio.text());
  fmt::print("  server, folding, k events/s {}\n", server.text(1e3));
  fmt::print("  server / librdkafka         {}\n", server_ratio.text());
  fmt::print("  processor time, us an event: librdkafka {}, gateway {}, its callers {}\n", bare_us.text(),
             gateway_us.text(), callers_us.text());
  record({"publish-" + form_name, server, bare, server_ratio});
  record({"gateway-" + form_name, gateway, bare, gateway_ratio});
  record({"gateway-" + form_name + "-processor", gateway_us, bare_us, gateway_us_ratio});
}

}  // namespace

int publish(const std::string& url, const std::string& brokers, std::int64_t events, int callers, int runs) {
  log::KafkaOptions options;
  options.brokers = brokers;
  options.topic_prefix = "bare.";  // The same topics, for nobody to fold.
  must(log::create_topics(options, kPartitions, 1));
  const auto count = static_cast<std::size_t>(events);
  compare("ndjson", url, options, Form::kLines, count, callers, runs);
  compare("protobuf", url, options, Form::kProtobuf, count, callers, runs);
  return 0;
}

}  // namespace daybook::bench
