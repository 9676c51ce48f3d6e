// What one question says to a projector, and what it hears from it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cluster/endpoint.h"

namespace daybook::cluster {

// A stream, which carries the sessions of all shards that the question asks of this projector. Thread-safe. What is
// asked is answered before more is asked, or either side may wait for the other.
class ShardStream {
 public:
  // A question as known at an instant, or as of now. After `deadline` it breaks.
  ShardStream(std::shared_ptr<Endpoint> endpoint, std::optional<std::int64_t> known_at_ms,
              std::chrono::system_clock::time_point deadline);
  // What is not answered is given up.
  ~ShardStream();
  ShardStream(const ShardStream&) = delete;
  ShardStream& operator=(const ShardStream&) = delete;

  // Asks a shard; no bytes: for its head alone. Sent with send() at the latest, and to all shards at once where they
  // are asked the same.
  void ask(std::int32_t partition, std::string question);
  // All that was asked is to be answered.
  void send();
  // Waits for the next piece of what this shard, which was asked, gives. Null: the stream broke, and status() says why.
  // What comes is taken from the question's memory, whichever shard's it is: the Refusal where there is too little is
  // thrown to all who wait.
  std::unique_ptr<query::v1::Part> hear(std::int32_t partition);
  // Once it broke.
  grpc::Status status() const;
  void cancel() { context_.TryCancel(); }

  const Endpoint& endpoint() const { return *endpoint_; }

 private:
  using Stream = grpc::ClientReaderWriter<query::v1::AskRequest, query::v1::AskReply>;

  // Under sending_.
  void write(bool answer_now);
  // Under hearing_, which it lets go of while it waits.
  void read(std::unique_lock<std::mutex>& lock);
  void keep(query::v1::AskReply& reply);

  const std::shared_ptr<Endpoint> endpoint_;
  const std::optional<std::int64_t> known_at_ms_;
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;  // Null before the first question; set under sending_.

  std::mutex sending_;  // Guards what is not sent yet: a question, and whose it is.
  std::string question_;
  std::vector<std::int32_t> partitions_;

  mutable std::mutex hearing_;  // Guards the rest.
  std::condition_variable heard_;
  bool is_reading_ = false;                                                     // One at a time, for all who wait.
  std::map<std::int32_t, std::deque<std::unique_ptr<query::v1::Part>>> parts_;  // Not taken yet, by partition.
  std::optional<grpc::Status> status_;                                          // Of the end.
  std::exception_ptr failure_;                                                  // What came could not be kept.
};

}  // namespace daybook::cluster
