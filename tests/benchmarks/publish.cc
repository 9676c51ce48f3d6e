// Publishing through POST /v1/events, beside librdkafka's own producer with the same settings.
#include <librdkafka/rdkafka.h>

#include <atomic>
#include <semaphore>
#include <thread>

#include "base/ensure.h"
#include "events/record.h"
#include "feed.h"
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
    std::vector<events::Violation> violations;
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
        const rd_kafka_resp_err_t error = rd_kafka_producev(
            client_, RD_KAFKA_V_TOPIC(names_[static_cast<std::size_t>(message.topic)].c_str()),
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

void compare(const std::string& figure, const std::string& url, const log::KafkaOptions& options, Form form,
             std::size_t count, int callers, int runs) {
  const std::string accounts = fmt::format("P{}-", Clock::now().time_since_epoch().count());
  BareProducer producer(options, callers);
  producer.send(messages_of(History(kEventsInBody, accounts)));  // It knows its way from here on.
  Spread bare, http, ratio;
  for (int run = 0; run < runs; ++run) {
    const std::string of_run = fmt::format("{}{}-", accounts, run);
    const auto messages = messages_of(History(count, of_run));
    const auto bodies = bodies_of(History(count, of_run), form);
    const double bare_seconds = producer.send(messages);
    const double http_seconds = post_all(url, bodies, form, callers);
    bare.add(static_cast<double>(count) / bare_seconds);
    http.add(static_cast<double>(count) / http_seconds);
    ratio.add(bare_seconds / http_seconds);
  }
  fmt::print("{}\n", figure);
  fmt::print("  librdkafka, k events/s      {}\n", bare.text(1e3));
  fmt::print("  POST, k events/s            {}\n", http.text(1e3));
  fmt::print("  POST / librdkafka           {}\n", ratio.text());
  record({figure, http, bare, ratio});
}

}  // namespace

int publish(const std::string& url, const std::string& brokers, std::int64_t events, int callers, int runs) {
  log::KafkaOptions options;
  options.brokers = brokers;
  options.topic_prefix = "bare.";  // The same topics, for nobody to fold.
  must(log::create_topics(options, kPartitions, 1));
  const auto count = static_cast<std::size_t>(events);
  compare("publish-ndjson", url, options, Form::kLines, count, callers, runs);
  compare("publish-protobuf", url, options, Form::kProtobuf, count, callers, runs);
  return 0;
}

}  // namespace daybook::bench
