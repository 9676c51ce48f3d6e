#include "cluster/shard_stream.h"

#include "cluster/messages.h"
#include "query/question_memory.h"

namespace daybook::cluster {
namespace {

// A byte of a partial, when it is read.
constexpr std::size_t kReadBytes = 6;

}  // namespace

ShardStream::ShardStream(std::shared_ptr<Endpoint> endpoint, std::optional<std::int64_t> known_at_ms,
                         std::chrono::system_clock::time_point deadline)
    : endpoint_(std::move(endpoint)), known_at_ms_(known_at_ms) {
  context_.set_deadline(deadline);
  // The stream begins with its first question, in one packet.
  context_.set_initial_metadata_corked(true);
}

ShardStream::~ShardStream() {
  if (stream_ == nullptr || status_) return;
  context_.TryCancel();
  stream_->Finish();
}

void ShardStream::ask(std::int32_t partition, std::string question) {
  const std::lock_guard lock(sending_);
  if (!partitions_.empty() && question != question_) write(false);
  question_ = std::move(question);
  partitions_.push_back(partition);
}

void ShardStream::send() {
  const std::lock_guard lock(sending_);
  if (!partitions_.empty()) write(true);
}

void ShardStream::write(bool answer_now) {
  query::v1::AskRequest request;
  if (stream_ == nullptr) {
    stream_ = endpoint_->stub().Ask(&context_);
    if (known_at_ms_) request.set_known_at_ms(*known_at_ms_);
  }
  request.mutable_partitions()->Assign(partitions_.begin(), partitions_.end());
  // A stream that is broken says so when it is read.
  in_pieces(question_, [&](std::string_view piece, bool is_last) {
    request.set_question(piece.data(), piece.size());
    request.set_is_last(is_last);
    request.set_answer_now(is_last && answer_now);
    const bool is_written = stream_->Write(request);
    request.Clear();
    return is_written;
  });
  partitions_.clear();
  question_ = {};
}

std::unique_ptr<query::v1::Part> ShardStream::hear(std::int32_t partition) {
  std::unique_lock lock(hearing_);
  auto& mine = parts_[partition];
  while (mine.empty()) {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    if (status_) return nullptr;
    if (is_reading_) {
      heard_.wait(lock);
    } else {
      read(lock);
    }
  }
  auto part = std::move(mine.front());
  mine.pop_front();
  return part;
}

void ShardStream::read(std::unique_lock<std::mutex>& lock) {
  query::v1::AskReply reply;
  is_reading_ = true;
  lock.unlock();
  const bool is_read = stream_->Read(&reply);
  lock.lock();
  is_reading_ = false;
  if (is_read) {
    keep(reply);
  } else {
    status_ = stream_->Finish();
  }
  heard_.notify_all();
}

void ShardStream::keep(query::v1::AskReply& reply) {
  try {
    for (query::v1::Part& part : *reply.mutable_parts()) {
      // Read, it takes some times as much; its groups and rows are not counted again.
      query::take_memory(kReadBytes * part.partial().size());
      parts_[part.partition()].push_back(std::make_unique<query::v1::Part>(std::move(part)));
    }
  } catch (...) {
    failure_ = std::current_exception();
  }
}

grpc::Status ShardStream::status() const {
  const std::lock_guard lock(hearing_);
  return *status_;
}

}  // namespace daybook::cluster
