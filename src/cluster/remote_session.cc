#include "cluster/remote_session.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "cluster/messages.h"

namespace daybook::cluster {

Conversation::Conversation(ProjectorPool& pool, const Identity& identity, query::Lasting lasting)
    : pool_(pool),
      identity_(identity),
      at_most_(lasting == query::Lasting::kFile ? pool.options().file_deadline : pool.options().question_deadline),
      deadline_(std::chrono::system_clock::now() + at_most_) {}

ShardStream& Conversation::with(const std::shared_ptr<Endpoint>& endpoint, std::optional<std::int64_t> known_at_ms) {
  const std::lock_guard lock(mutex_);
  auto& stream = streams_[endpoint.get()];
  if (stream == nullptr) stream = std::make_unique<ShardStream>(endpoint, known_at_ms, deadline_);
  return *stream;
}

void Conversation::send() {
  for (ShardStream* stream : streams()) stream->send();
}

void Conversation::cancel() {
  for (ShardStream* stream : streams()) stream->cancel();
}

std::vector<ShardStream*> Conversation::streams() {
  std::vector<ShardStream*> streams;
  const std::lock_guard lock(mutex_);
  for (const auto& [endpoint, stream] : streams_) streams.push_back(stream.get());
  return streams;
}

RemoteSession::RemoteSession(std::shared_ptr<Conversation> conversation, const std::shared_ptr<Endpoint>& endpoint,
                             std::int32_t partition, std::optional<std::int64_t> known_at_ms)
    : conversation_(std::move(conversation)),
      stream_(conversation_->with(endpoint, known_at_ms)),
      partition_(partition) {}

query::ShardHead RemoteSession::head() {
  expect_head();
  if (expects_head_) receive();
  expects_head_ = false;
  return *head_;
}

void RemoteSession::expect_head() {
  if (head_ || expects_head_) return;
  stream_.ask(partition_, {});
  expects_head_ = true;
}

void RemoteSession::expect(const query::Report& report, const query::Question& question) {
  stream_.ask(partition_, query::encode(question));
  expected_ = &report;
}

query::ShardReply RemoteSession::ask(const query::Report& report, const query::Question& question,
                                     const std::stop_token& stop) {
  stop_ = stop;
  const std::stop_callback cancel(stop, [this] { conversation_->cancel(); });
  if (expected_ != &report) stream_.ask(partition_, query::encode(question));
  expected_ = nullptr;
  auto partial = report.decode(receive());
  if (partial == nullptr) refuse_shard("what it gave cannot be read");
  return {head_->partition, std::move(partial)};
}

std::string RemoteSession::receive() {
  conversation_->send();
  const std::size_t bytes_max = conversation_->pool().options().partial_bytes_max;
  std::string bytes;
  for (bool is_last = false; !is_last;) {
    const auto part = stream_.hear(partition_);
    if (part == nullptr) fail();
    if (part->has_problem()) throw query::Refusal{from_message(part->problem())};
    check(part->head());
    bytes += part->partial();
    if (bytes.size() > bytes_max) {
      refuse_shard(fmt::format("it gives more than {} MiB for this question", bytes_max >> 20));
    }
    is_last = part->is_last();
  }
  return bytes;
}

void RemoteSession::check(const query::v1::Head& from) {
  const Identity& identity = conversation_->identity();
  if (from.version() != identity.version || from.rules() != identity.rules()) {
    refuse_shard(fmt::format("it is of version {} and the rules {} by now", from.version(), from.rules()));
  }
  const auto head = from_message(from);
  if (!head) refuse_shard(head.error().message);
  if (head->partition != partition_) refuse_shard(fmt::format("it answered for shard {}", head->partition));
  if (head_ && head_->next_offsets != head->next_offsets) refuse_shard("it answered for another moment");
  head_ = *head;
}

void RemoteSession::fail() {
  const grpc::Status status = stream_.status();
  ProjectorPool& pool = conversation_->pool();
  query::refuse_once_given_up(stop_);
  std::string why = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      refuse_shard(fmt::format("it did not answer within {} s", conversation_->at_most().count() / 1'000));
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::INVALID_ARGUMENT: refuse_shard(why);
    case grpc::StatusCode::OK: why = "it ended the conversation"; break;
    default: break;
  }
  pool.lost(stream_.endpoint(), why);
  throw query::AskAgain{
      {{503, "Shard not available",
        fmt::format("shard {}: {} cannot be asked: {}", partition_, stream_.endpoint().address(), why)}}};
}

void RemoteSession::refuse_shard(const std::string& why) const {
  query::refuse(503, "Shard not available",
                fmt::format("shard {} of {}: {}", partition_, stream_.endpoint().address(), why));
}

}  // namespace daybook::cluster
