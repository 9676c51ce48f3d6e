// A librdkafka client object: its properties, what its error callback has said, and its end.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "log/kafka/options.h"

namespace daybook::log {

// Our error for one of librdkafka's.
ErrorCode error_code_of(rd_kafka_resp_err_t error);
// "`what`: " and librdkafka's words for it.
Unexpected kafka_error(rd_kafka_resp_err_t error, const std::string& what);

// Deleters, so that librdkafka's objects can be held.
struct KafkaDelete {
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_AdminOptions_t* options) const { rd_kafka_AdminOptions_destroy(options); }
  void operator()(rd_kafka_ConfigResource_t* resource) const { rd_kafka_ConfigResource_destroy(resource); }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
template <typename T>
using KafkaPtr = std::unique_ptr<T, KafkaDelete>;

// Once the queues of all its partitions were full, librdkafka's thread for a broker sleeps for a second, and
// does not see that they are emptied. From 2.2 on it looks again as often as it is told to; before that any
// request to the broker wakes it.
bool fetcher_looks_again();
inline constexpr std::chrono::milliseconds kFetcherLooksAfter{20};

class Client {
 public:
  enum class Kind { kConsumer, kProducer };
  using DeliveryReport = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void*);

  // kInvalidArgument when a property is unknown or not allowed.
  static Result<std::unique_ptr<Client>> make(const KafkaOptions& options, Kind kind,
                                              DeliveryReport delivered = nullptr);
  // librdkafka may wait for ever where a topic was deleted: then the object is left behind.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* get() const { return handle_; }

  // Every broker was lost, and nobody has said since that one is back.
  bool brokers_down() const { return state_->brokers_down; }
  void set_brokers_up();
  // Brokers and topics, all of them or none. For a client that is no reader: its other events are served too.
  Result<KafkaPtr<const rd_kafka_metadata_t>> ask_metadata(bool all_topics, std::chrono::milliseconds timeout);
  // kUnavailable, for a question that no broker answered: says what keeps us out, where one is there and turned
  // us away (a wrong password, a certificate).
  Unexpected no_answer(rd_kafka_resp_err_t error) const;
  // A fault after which this object is of no use.
  std::optional<Error> fatal() const;
  // A topic was unknown to a broker: deleted, or not known to it yet.
  bool topic_missed() const { return state_->topic_missed; }
  void set_topic_missed() { state_->topic_missed = true; }
  void clear_topic_missed() { state_->topic_missed = false; }

  // A member of a group tells the others when it ends.
  void leave_group_at_end() { leaves_group_ = true; }
  // Its end is known to hang: the destructor does not wait for it.
  void leave_behind() { left_behind_ = true; }

 private:
  // What callbacks write. Outlives the client where the object is left behind.
  struct State {
    std::atomic<bool> brokers_down = false;
    std::atomic<bool> topic_missed = false;
    std::mutex mutex;
    std::function<void(int, const std::string&)> on_log;
    std::function<void(const std::string&)> on_statistics;
    std::optional<Error> fatal;  // Guarded by `mutex`.
    std::string refusal;         // Why a broker turned us away last; guarded by `mutex`.
  };

  Client(rd_kafka_t* handle, std::string brokers, std::shared_ptr<State> state)
      : handle_(handle), brokers_(std::move(brokers)), state_(std::move(state)) {}
  static void on_error(rd_kafka_t* handle, int error, const char* reason, void* opaque);
  static int on_statistics(rd_kafka_t* handle, char* text, std::size_t size, void* opaque);
  static void on_log(const rd_kafka_t* handle, int level, const char* facility, const char* words);

  rd_kafka_t* const handle_;
  const std::string brokers_;
  const std::shared_ptr<State> state_;
  bool left_behind_ = false;
  bool leaves_group_ = false;
};

// Replaces each offset of `partitions`, RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END, by that of the
// record it stands for, with one request to each leader. Unlike rd_kafka_query_watermark_offsets(), which
// goes on waiting for a broker that is away (2.0: for ever), it keeps to `timeout`. The first partition's error where
// one has any; LEADER_NOT_AVAILABLE where it has no leader, as after a broker was away; whoever repeats the question asks
// for the metadata of all topics first, without which librdkafka does not look for another leader.
rd_kafka_resp_err_t look_up_offsets(rd_kafka_t* client, rd_kafka_topic_partition_list_t* partitions,
                                    std::chrono::milliseconds timeout);

}  // namespace daybook::log
