// While history is read: the messages of several partitions in the order of their recorded times.
//
// A client fetches its partitions in equal pieces, so topics with few records run far ahead of the
// others, and what belongs together would be read apart. Here each partition has a queue of its own,
// and the one whose next message is the oldest is taken. The order is a matter of cost alone: where a
// partition keeps the others waiting for long they go on without it.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/kafka/client.h"

namespace daybook::log {

// One thread. Goes before the client.
class OrderedQueues {
 public:
  struct Partition {
    std::string topic;
    std::int32_t number = 0;
  };

  // `partitions`: all that are assigned to the client. `common`: the queue they are assigned with.
  OrderedQueues(rd_kafka_t* client, rd_kafka_queue_t* common, std::vector<Partition> partitions);
  ~OrderedQueues();
  OrderedQueues(const OrderedQueues&) = delete;
  OrderedQueues& operator=(const OrderedQueues&) = delete;

  // Appends up to `count_max` messages, events among them, which become the caller's; waits at most
  // `timeout` for the first.
  void fetch(std::vector<rd_kafka_message_t*>& to, std::size_t count_max, std::chrono::milliseconds timeout);
  // Every partition was given out to its end.
  bool at_end() const;

 private:
  struct Lane {
    Partition partition;
    KafkaPtr<rd_kafka_queue_t> queue;  // Null until its first message came through the common one.
    std::vector<rd_kafka_message_t*> messages;
    std::size_t next = 0;      // Of the messages; those before it were given out.
    std::int64_t time_ms = 0;  // Recorded time of the next one.
    bool ended = false;        // The end of the partition was the last that came.
    bool late = false;         // The others do not wait for it.

    bool empty() const { return next == messages.size(); }
    bool holds_up() const { return empty() && !ended && !late; }
  };

  // Takes what is in the common queue, waiting at most `timeout` for the first.
  void drain_common(std::chrono::milliseconds timeout);
  void sort_in(rd_kafka_message_t* message);
  void put(Lane& lane, rd_kafka_message_t* message);
  void refill(Lane& lane);
  // Moves what may be given out.
  void give(std::vector<rd_kafka_message_t*>& to, std::size_t count_max);
  // The others have waited long enough.
  bool patience_is_over();
  void wait(std::chrono::milliseconds timeout);
  // Asks the lane's broker something where only that makes librdkafka fetch again (fetcher_looks_again()); the
  // answer is of no interest.
  void wake_fetcher(const Lane& lane);

  rd_kafka_t* client_;
  rd_kafka_queue_t* common_;
  std::vector<Lane> lanes_;
  std::vector<rd_kafka_message_t*> general_;  // About no partition.
  std::vector<rd_kafka_message_t*> batch_;
  std::optional<std::chrono::steady_clock::time_point> held_up_since_;
  std::chrono::steady_clock::time_point wake_at_;
};

}  // namespace daybook::log
