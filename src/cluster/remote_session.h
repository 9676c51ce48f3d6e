// One moment of a shard that a projector elsewhere holds.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cluster/projector_pool.h"

namespace daybook::cluster {

// Opened with what is asked first. One thread.
class RemoteSession final : public query::ShardSession {
 public:
  // `pool` and `identity` must outlive it.
  RemoteSession(ProjectorPool& pool, std::shared_ptr<Endpoint> endpoint, const Identity& identity, std::int32_t partition,
                std::optional<std::int64_t> known_at_ms);
  ~RemoteSession() override;

  query::ShardHead head() override;
  void expect(const query::Report& report, const query::Question& question) override;
  void expect_head() override;
  query::ShardReply ask(const query::Report& report, const query::Question& question, const std::stop_token& stop) override;

 private:
  using Stream = grpc::ClientReaderWriter<query::v1::AskRequest, query::v1::AskReply>;

  void send(std::string_view question);
  // What the projector gave for what was sent last; refuses what is none, or of another moment.
  std::string receive();
  void check(const query::v1::Head& head);
  // The stream broke: the projector is away, or it refused. Throws.
  [[noreturn]] void fail();
  [[noreturn]] void refuse_shard(const std::string& why) const;

  ProjectorPool& pool_;
  const std::shared_ptr<Endpoint> endpoint_;
  const Identity& identity_;
  const std::int32_t partition_;
  const std::optional<std::int64_t> known_at_ms_;
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;  // Null before the first question.
  // Sent already, and not answered: a question of this report; the head.
  const query::Report* expected_ = nullptr;
  bool expects_head_ = false;
  std::stop_token stop_;  // Of the question that is answered.
  std::optional<query::ShardHead> head_;     // Of the first answer, and of all.
};

}  // namespace daybook::cluster
