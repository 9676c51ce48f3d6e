#include "cluster/remote_session.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "cluster/messages.h"

namespace daybook::cluster {
namespace {

// A byte of a partial, when it is read.
constexpr std::size_t kReadBytes = 6;

}  // namespace

RemoteSession::RemoteSession(ProjectorPool& pool, std::shared_ptr<Endpoint> endpoint, const Identity& identity,
                             std::int32_t partition, std::optional<std::int64_t> known_at_ms)
    : pool_(pool), endpoint_(std::move(endpoint)), identity_(identity), partition_(partition), known_at_ms_(known_at_ms) {
  context_.set_deadline(std::chrono::system_clock::now() + pool_.options().question_deadline);
}

RemoteSession::~RemoteSession() {
  if (stream_ == nullptr) return;
  context_.TryCancel();
  stream_->Finish();
}

query::ShardHead RemoteSession::head() {
  expect_head();
  if (expects_head_) receive();
  expects_head_ = false;
  return *head_;
}

void RemoteSession::expect_head() {
  if (head_ || expects_head_) return;
  send({});
  expects_head_ = true;
}

void RemoteSession::expect(const query::Report& report, const query::Question& question) {
  send(query::encode(question));
  expected_ = &report;
}

query::ShardReply RemoteSession::ask(const query::Report& report, const query::Question& question,
                                     const std::stop_token& stop) {
  stop_ = stop;
  const std::stop_callback cancel(stop, [this] { context_.TryCancel(); });
  if (expected_ != &report) send(query::encode(question));
  expected_ = nullptr;
  auto partial = report.decode(receive());
  if (partial == nullptr) refuse_shard("what it gave cannot be read");
  return {head_->partition, std::move(partial)};
}

void RemoteSession::send(std::string_view question) {
  query::v1::AskRequest request;
  if (stream_ == nullptr) {
    stream_ = endpoint_->stub().Ask(&context_);
    request.set_partition(partition_);
    if (known_at_ms_) request.set_known_at_ms(*known_at_ms_);
  }
  // A stream that is broken says so when it is read.
  in_pieces(question, [&](std::string_view piece, bool is_last) {
    request.set_question(piece.data(), piece.size());
    request.set_is_last(is_last);
    return stream_->Write(request);
  });
}

std::string RemoteSession::receive() {
  std::string bytes;
  query::v1::AskReply reply;
  do {
    if (!stream_->Read(&reply)) fail();
    if (reply.has_problem()) throw query::Refusal{from_message(reply.problem())};
    check(reply.head());
    // Read, it takes some times as much; its groups and rows are not counted again.
    query::take_memory(kReadBytes * reply.partial().size());
    bytes += reply.partial();
    if (bytes.size() > pool_.options().partial_bytes_max) {
      refuse_shard(fmt::format("it gives more than {} MiB for this question", pool_.options().partial_bytes_max >> 20));
    }
  } while (!reply.is_last());
  return bytes;
}

void RemoteSession::check(const query::v1::Head& from) {
  if (from.version() != identity_.version || from.rules() != identity_.rules()) {
    refuse_shard(fmt::format("it is of version {} and the rules {} by now", from.version(), from.rules()));
  }
  const auto head = from_message(from);
  if (!head) refuse_shard(head.error().message);
  if (head->partition != partition_) refuse_shard(fmt::format("it answered for shard {}", head->partition));
  if (head_ && head_->next_offsets != head->next_offsets) refuse_shard("it answered for another moment");
  head_ = *head;
}

void RemoteSession::fail() {
  const grpc::Status status = stream_->Finish();
  stream_.reset();
  query::refuse_once_given_up(stop_);
  std::string why = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      refuse_shard(fmt::format("it did not answer within {} s", pool_.options().question_deadline.count() / 1'000));
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::INVALID_ARGUMENT: refuse_shard(why);
    case grpc::StatusCode::OK: why = "it ended the conversation"; break;
    default: break;
  }
  pool_.lost(*endpoint_, why);
  throw query::AskAgain{{{503, "Shard not available",
                         fmt::format("shard {}: {} cannot be asked: {}", partition_, endpoint_->address(), why)}}};
}

void RemoteSession::refuse_shard(const std::string& why) const {
  query::refuse(503, "Shard not available", fmt::format("shard {} of {}: {}", partition_, endpoint_->address(), why));
}

}  // namespace daybook::cluster
