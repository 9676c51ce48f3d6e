// Reads from Kafka with a client of its own, from given offsets, in no group: history first, in the
// order of recorded times as far as that can be had; then, with a new client, what arrives.
#pragma once

#include <map>
#include <optional>

#include "log/kafka/client.h"
#include "log/kafka/ordered_queues.h"
#include "log/log.h"

namespace daybook::log {

class KafkaReader final : public Reader {
 public:
  static Result<std::unique_ptr<KafkaReader>> make(const KafkaOptions& options,
                                                   const std::vector<StartPosition>& starts);
  ~KafkaReader() override;

  Result<std::span<const Record>> poll(std::size_t records_max, std::chrono::milliseconds timeout) override;
  std::int64_t position(TopicPartition at) const override;
  std::optional<Error> trouble() const override;

 private:
  KafkaReader(KafkaOptions options, const std::vector<StartPosition>& starts);

  void use(std::unique_ptr<Client> client);

  // Assigns the partitions at their positions.
  Result<void> assign();
  void read_in_order();
  // Takes a client with room for the common queue of all partitions.
  Result<void> go_live();
  // Takes messages into `messages_`: those that are there, or the first to come within `timeout`.
  void fetch(std::size_t count_max, std::chrono::milliseconds timeout);
  void release_messages();
  // Makes a record of a message, or notes what it says.
  void take(const rd_kafka_message_t& message);
  void note_fault(const rd_kafka_message_t& message, TopicPartition at, std::int64_t position);
  Topic topic_of(const rd_kafka_topic_t* handle);
  // Those of our topic-partitions that the brokers do not know; nothing when none answers.
  std::optional<std::vector<std::string>> find_missing_topics();
  // Tells a deleted topic from a broker that does not know it yet.
  void look_for_topics();

  const KafkaOptions options_;
  std::unique_ptr<Client> client_;
  KafkaPtr<rd_kafka_queue_t> queue_;
  std::unique_ptr<OrderedQueues> ordered_;  // Until everything was read once.
  // Offset of the next record wanted.
  std::map<TopicPartition, std::int64_t> positions_;
  // Topics by librdkafka's own object, so that no name is compared for each record.
  std::map<const rd_kafka_topic_t*, Topic> topics_;
  // What the records of the last poll point into.
  std::vector<rd_kafka_message_t*> messages_;
  std::vector<Record> records_;
  std::optional<std::chrono::steady_clock::time_point> missing_since_;
  // Of topic-partitions, until something comes of them again.
  std::map<TopicPartition, Error> troubles_;
  bool has_new_trouble_ = false;
  // Set once for all: the reader reads no further.
  std::optional<Error> failure_;
};

}  // namespace daybook::log
