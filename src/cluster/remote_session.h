// One moment of a shard that a projector elsewhere holds.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cluster/projector_pool.h"
#include "cluster/shard_stream.h"

namespace daybook::cluster {

// The streams of one question: one to each projector that holds a shard of it. Thread-safe.
class Conversation {
 public:
  // `pool` and `identity` must outlive it.
  Conversation(ProjectorPool& pool, const Identity& identity, query::Lasting lasting);

  // The one to a projector, for sessions as known at an instant: the same in all calls.
  ShardStream& with(const std::shared_ptr<Endpoint>& endpoint, std::optional<std::int64_t> known_at_ms);
  // What was asked and not sent yet: of all, so that projectors work side by side.
  void send();
  void cancel();

  // After this it breaks.
  std::chrono::milliseconds at_most() const { return at_most_; }
  ProjectorPool& pool() { return pool_; }
  const Identity& identity() const { return identity_; }

 private:
  std::vector<ShardStream*> streams();

  ProjectorPool& pool_;
  const Identity& identity_;
  const std::chrono::milliseconds at_most_;
  const std::chrono::system_clock::time_point deadline_;
  std::mutex mutex_;  // Guards the next.
  std::map<const Endpoint*, std::unique_ptr<ShardStream>> streams_;
};

// Opened with what is asked first. One thread; those of one conversation may be heard by several.
class RemoteSession final : public query::ShardSession {
 public:
  RemoteSession(std::shared_ptr<Conversation> conversation, const std::shared_ptr<Endpoint>& endpoint,
                std::int32_t partition, std::optional<std::int64_t> known_at_ms);

  query::ShardHead head() override;
  void expect(const query::Report& report, const query::Question& question) override;
  void expect_head() override;
  query::ShardReply ask(const query::Report& report, const query::Question& question,
                        const std::stop_token& stop) override;

 private:
  // What the projector gave for what was asked last; refuses what is none, or of another moment.
  std::string receive();
  void check(const query::v1::Head& head);
  // The stream broke: the projector is away, or it refused. Throws.
  [[noreturn]] void fail();
  [[noreturn]] void refuse_shard(const std::string& why) const;

  const std::shared_ptr<Conversation> conversation_;
  ShardStream& stream_;  // Of the conversation.
  const std::int32_t partition_;
  // Asked already, and not answered: a question of this report; the head.
  const query::Report* expected_ = nullptr;
  bool expects_head_ = false;
  std::stop_token stop_;                  // Of the question that is answered.
  std::optional<query::ShardHead> head_;  // Of the first answer, and of all.
};

}  // namespace daybook::cluster
