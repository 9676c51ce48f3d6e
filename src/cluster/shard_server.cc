#include "cluster/shard_server.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "cluster/keep_alive.h"
#include "cluster/messages.h"
#include "daybook/query/v1/shards.grpc.pb.h"
#include "query/catalog.h"
#include "query/question_memory.h"

namespace daybook::cluster {
namespace {

using std::chrono::milliseconds;

// Who watches hears within this that all is as it was.
constexpr milliseconds kLookPatience{1'000};
// A question whose asker has gone is given up within this.
constexpr milliseconds kLookForGoneEvery{50};
constexpr milliseconds kShutdownPatience{500};
// The largest question: a file to reconcile with, as it was read.
constexpr std::size_t kQuestionBytesMax = std::size_t{256} << 20;

// Calls under way, each with what stops its work once its asker has gone.
class Calls {
 public:
  Calls() : thread_([this](const std::stop_token& stop) { look_for_gone(stop); }) {}

  class Entry {
   public:
    Entry(Calls& calls, grpc::ServerContext& context) : calls_(calls), context_(context) {
      const std::lock_guard lock(calls_.mutex_);
      calls_.open_.emplace(&context_, &stop_);
      calls_.begun_.notify_one();
    }
    ~Entry() {
      const std::lock_guard lock(calls_.mutex_);
      calls_.open_.erase(&context_);
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    std::stop_token stop() const { return stop_.get_token(); }

   private:
    Calls& calls_;
    grpc::ServerContext& context_;
    std::stop_source stop_;
  };

 private:
  // The synchronous server tells of a cancelled call only who asks.
  void look_for_gone(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      begun_.wait(lock, stop, [&] { return !open_.empty(); });
      for (const auto& [context, source] : open_) {
        if (context->IsCancelled()) source->request_stop();
      }
      begun_.wait_for(lock, stop, kLookForGoneEvery, [] { return false; });
    }
  }

  std::mutex mutex_;  // Guards the next.
  std::map<grpc::ServerContext*, std::stop_source*> open_;
  std::condition_variable_any begun_;
  std::jthread thread_;
};

class Service final : public query::v1::Shards::Service {
 public:
  Service(const query::ShardSource& source, ShardServerOptions options)
      : source_(source), options_(std::move(options)), identity_(to_message(options_.identity)) {}

  grpc::Status Ask(grpc::ServerContext* context,
                   grpc::ServerReaderWriter<query::v1::AskReply, query::v1::AskRequest>* stream) override;
  grpc::Status Look(grpc::ServerContext* context, const query::v1::LookRequest* request,
                    query::v1::LookReply* reply) override;

  void changed() {
    const std::lock_guard lock(mutex_);
    ++number_;
    change_.notify_all();
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    change_.notify_all();
  }

 private:
  const query::ShardSource& source_;
  const ShardServerOptions options_;
  const query::v1::Identity identity_;
  Calls calls_;
  std::mutex mutex_;  // Guards the rest.
  std::condition_variable change_;
  std::uint64_t number_ = 1;
  bool is_stopping_ = false;
};

query::v1::AskReply refusal(const Problem& problem) {
  query::v1::AskReply reply;
  *reply.mutable_problem() = to_message(problem);
  reply.set_is_last(true);
  return reply;
}

grpc::Status Service::Ask(grpc::ServerContext* context,
                          grpc::ServerReaderWriter<query::v1::AskReply, query::v1::AskRequest>* stream) {
  const Calls::Entry call(calls_, *context);
  query::QuestionMemory memory(options_.memory);
  const query::QuestionMemory::Work work(&memory);
  std::unique_ptr<query::ShardSession> session;
  std::optional<query::v1::Head> head;
  std::string bytes;
  query::v1::AskRequest request;
  while (stream->Read(&request)) {
    query::v1::AskReply reply;
    try {
      query::take_memory(request.question().size());
      bytes += request.question();
      if (bytes.size() > kQuestionBytesMax) {
        return {grpc::StatusCode::RESOURCE_EXHAUSTED, fmt::format("a question of more than {} bytes", kQuestionBytesMax)};
      }
      if (!request.is_last()) continue;
      if (session == nullptr) {
        session = source_.open(request.partition(), request.has_known_at_ms() ? std::optional(request.known_at_ms())
                                                                              : std::nullopt);
        head = to_message(session->head(), options_.identity);
      }
      std::string partial;
      if (!bytes.empty()) {
        const auto question = query::decode<query::Question>(bytes);
        const query::Report* report = question ? query::find_report(question->report) : nullptr;
        if (report == nullptr) return {grpc::StatusCode::INVALID_ARGUMENT, "no question of this version"};
        partial = session->ask(*report, *question, call.stop()).partial->encode();
        query::take_memory(partial.size());
      }
      const bool written = in_pieces(partial, [&](std::string_view piece, bool is_last) {
        *reply.mutable_head() = *head;
        reply.set_partial(piece.data(), piece.size());
        reply.set_is_last(is_last);
        return stream->Write(reply);
      });
      if (!written) return grpc::Status::CANCELLED;
    } catch (const query::Refusal& refused) {
      reply = refusal(refused.problem);
      if (head) *reply.mutable_head() = *head;
      if (!stream->Write(reply)) return grpc::Status::CANCELLED;
    }
    bytes.clear();
  }
  return grpc::Status::OK;
}

grpc::Status Service::Look(grpc::ServerContext* context, const query::v1::LookRequest* request,
                           query::v1::LookReply* reply) {
  std::uint64_t number = 0;
  {
    std::unique_lock lock(mutex_);
    change_.wait_for(lock, kLookPatience,
                     [&] { return is_stopping_ || number_ != request->seen() || context->IsCancelled(); });
    number = number_;
  }
  *reply = to_message(options_.report());
  reply->set_number(number);
  *reply->mutable_identity() = identity_;
  return grpc::Status::OK;
}

class Server final : public ShardServer {
 public:
  Server(const query::ShardSource& source, ShardServerOptions options)
      : listen_(options.listen), threads_max_(options.threads_max), service_(source, std::move(options)) {}

  Result<void> listen() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(listen_, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(kMessageBytesMax);
    // Or two processes would share a port, and each get some of the questions.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kKeepAliveMs / 2);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepAliveMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepAliveMs);
    grpc::ResourceQuota quota("questions");
    quota.SetMaxThreads(threads_max_);
    builder.SetResourceQuota(quota);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return unexpected(ErrorCode::kUnavailable, fmt::format("cannot listen on {}: the address is taken, or not one of "
                                                             "this machine",
                                                             listen_));
    }
    address_ = fmt::format("{}:{}", listen_.substr(0, listen_.rfind(':')), port);
    return {};
  }
  ~Server() override {
    service_.stop();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + kShutdownPatience);
  }

  std::string address() const override { return address_; }
  void changed() override { service_.changed(); }

 private:
  const std::string listen_;
  const int threads_max_;
  Service service_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;  // Ends before the service does.
};

}  // namespace

Result<std::unique_ptr<ShardServer>> ShardServer::start(const query::ShardSource& source, ShardServerOptions options) {
  auto server = std::make_unique<Server>(source, std::move(options));
  RETURN_IF_ERROR(server->listen());
  return std::unique_ptr<ShardServer>(std::move(server));
}

}  // namespace daybook::cluster
