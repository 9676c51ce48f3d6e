// Publishes to Kafka: idempotent, and acknowledged by every replica that is in step.
#pragma once

#include <atomic>
#include <shared_mutex>
#include <thread>

#include "log/kafka/client.h"
#include "log/log.h"

namespace daybook::log {

// Thread-safe. After a fatal error its client is replaced by a new one; what was not acknowledged
// by then fails, and is sent again by who appended it.
class Producer {
 public:
  static Result<std::unique_ptr<Producer>> make(const KafkaOptions& options, std::int32_t partition_count);
  // Waits a second for what is pending, which nobody waits for any more; the rest fails.
  ~Producer();

  void append(std::vector<NewRecord> records, AppendDone done);

  // The client in use. For tests that break it.
  std::shared_ptr<Client> client() const;

 private:
  struct Call;
  // A client and its topics.
  struct Link;
  // What a delivery report gets back: which record of which call.
  struct Slot {
    Call* call = nullptr;
    std::size_t index = 0;
  };

  Producer(KafkaOptions options, std::int32_t partition_count, std::shared_ptr<Link> link);
  static Result<std::shared_ptr<Link>> make_link(const KafkaOptions& options);
  static void on_delivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void* opaque);
  // Gives the records to the client, up to the first that it does not take.
  void hand_over(const std::vector<NewRecord>& records, const std::vector<std::int32_t>& partitions, Call* call);
  void run();
  // Fails what the client holds, and puts a new one in its place.
  void replace_client();
  void finish_one(Call* call);

  const KafkaOptions options_;
  const std::int32_t partition_count_;
  std::atomic<std::size_t> pending_bytes_ = 0;
  std::atomic<bool> stopping_ = false;

  mutable std::shared_mutex mutex_;  // Held shared while records are handed to the client.
  std::shared_ptr<Link> link_;       // Guarded by `mutex_`; null while none can be made.

  std::thread thread_;
};

}  // namespace daybook::log
