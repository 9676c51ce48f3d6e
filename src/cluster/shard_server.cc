#include "cluster/shard_server.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "cluster/keep_alive.h"
#include "cluster/messages.h"
#include "daybook/query/v1/shards.grpc.pb.h"
#include "query/catalog.h"
#include "query/parallel.h"
#include "query/question_memory.h"

namespace daybook::cluster {
namespace {

using std::chrono::milliseconds;

// Who watches hears within this that all is as it was.
constexpr milliseconds kLookPatience{1'000};
// A question whose asker has gone is given up within this.
constexpr milliseconds kLookForGoneEvery{50};
constexpr milliseconds kShutdownPatience{500};
// Who has looked comes again within this, or has gone: what changes is told to nobody then.
constexpr milliseconds kWatchedFor{5'000};
// Notes of commits that somebody may not have seen yet; who has missed more has to look at everything.
constexpr std::size_t kNotesKept = 256;
// Other threads are not called for what takes no longer than they take to come.
constexpr milliseconds kQuick{1};
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

  void changed(const std::function<query::ChangeNote()>& note) {
    std::optional<query::ChangeNote> made;
    if (is_watched()) made = note();
    const std::lock_guard lock(mutex_);
    ++number_;
    if (made) {
      notes_.emplace_back(number_, *std::move(made));
      if (notes_.size() > kNotesKept) {
        notes_known_from_ = notes_.front().first;
        notes_.pop_front();
      }
    } else {
      forget_notes();
    }
    change_.notify_all();
  }
  void changed_anyhow() {
    const std::lock_guard lock(mutex_);
    ++number_;
    forget_notes();
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
  bool is_watched() const { return Clock::now().time_since_epoch().count() < watched_until_; }
  void looked_at() { watched_until_ = (Clock::now() + kWatchedFor).time_since_epoch().count(); }
  // Under mutex_: whoever has not seen all until now has to look at everything.
  void forget_notes() {
    notes_known_from_ = number_;
    notes_.clear();
  }

  using Clock = std::chrono::steady_clock;
  std::atomic<Clock::rep> watched_until_ = 0;
  std::mutex mutex_;  // Guards the rest.
  std::condition_variable change_;
  // Rises with each change, and from one start of the program to the next: a watcher's number of another start is behind.
  std::uint64_t number_ = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  // The last ones, each with the number that its change had: all of those with a greater one than this.
  std::deque<std::pair<std::uint64_t, query::ChangeNote>> notes_;
  std::uint64_t notes_known_from_ = number_;
  bool is_stopping_ = false;
};

// What is asked on one stream: moments of shards, and what is asked of them.
class Answering {
 public:
  using Stream = grpc::ServerReaderWriter<query::v1::AskReply, query::v1::AskRequest>;

  // `memory`: that this thread works for.
  Answering(const query::ShardSource& source, const Identity& identity, Stream& stream, query::QuestionMemory& memory,
            std::stop_token stop)
      : source_(source), identity_(identity), stream_(stream), memory_(memory), stop_(std::move(stop)) {}

  // To its end, on this thread and, where several shards are asked, on others.
  grpc::Status hold();

 private:
  struct Asked {
    std::vector<std::int32_t> partitions;
    std::string bytes;
    std::optional<query::Question> question = {};
    const query::Report* report = nullptr;  // Null: heads alone are wanted.
    // Guarded by mutex_: no row from this key on is on the page, by the shards that have answered.
    std::string until = {};
  };
  struct Moment {
    std::unique_ptr<query::ShardSession> session;  // Null before it could be opened.
    query::v1::Head head;
  };

  // Reads up to the one that wants answers. False: the asker has no more.
  bool read();
  // What of it cannot be understood; OK: nothing.
  grpc::Status understand();
  // By all shards that are asked.
  void answer();
  void answer(Asked& asked, std::int32_t partition, Moment& moment);
  // What the question gives of this shard: who is asked later makes no more rows than the page still needs.
  std::string ask(Asked& asked, std::int32_t partition, Moment& moment);
  void refuse(std::int32_t partition, const Moment& moment, const Problem& problem);
  void give(query::v1::Part part);
  // Under mutex_.
  void write();

  const query::ShardSource& source_;
  const Identity& identity_;
  Stream& stream_;
  query::QuestionMemory& memory_;
  const std::stop_token stop_;
  std::optional<std::int64_t> known_at_ms_;
  std::vector<Asked> asked_;
  std::optional<Problem> refused_;          // Why what was asked could not be kept.
  std::map<std::int32_t, Moment> moments_;  // By partition.
  std::mutex mutex_;  // Guards the rest: what is to be written, and the writing; and how far pages go.
  query::v1::AskReply reply_;
  std::size_t reply_bytes_ = 0;
};

grpc::Status Answering::hold() {
  while (read()) {
    if (const grpc::Status status = understand(); !status.ok()) return status;
    answer();
    asked_.clear();
    refused_.reset();
    // A moment takes nothing that is counted, and what was made for answers is gone.
    memory_.keep(0);
  }
  return grpc::Status::OK;
}

bool Answering::read() {
  query::v1::AskRequest request;
  bool is_begun = false;
  while (stream_.Read(&request)) {
    if (request.has_known_at_ms()) known_at_ms_ = request.known_at_ms();
    if (!is_begun) asked_.push_back({{request.partitions().begin(), request.partitions().end()}, {}});
    is_begun = !request.is_last();
    try {
      query::take_memory(request.question().size());
      asked_.back().bytes += request.question();
      if (asked_.back().bytes.size() > kQuestionBytesMax) {
        asked_.back().bytes.clear();
        query::refuse(400, "Too much is asked", fmt::format("a question of more than {} bytes", kQuestionBytesMax));
      }
    } catch (const query::Refusal& refused) {
      // The rest has to be read before the asker hears of it.
      refused_ = refused.problem;
    }
    if (request.answer_now()) return true;
  }
  return false;
}

grpc::Status Answering::understand() {
  std::set<std::int32_t> partitions;
  for (Asked& asked : asked_) {
    for (const std::int32_t partition : asked.partitions) {
      if (!partitions.insert(partition).second) {
        return {grpc::StatusCode::INVALID_ARGUMENT, "a shard is asked twice at once"};
      }
    }
    if (asked.bytes.empty() || refused_) continue;
    asked.question = query::decode<query::Question>(asked.bytes);
    asked.report = asked.question ? query::find_report(asked.question->report) : nullptr;
    if (asked.report == nullptr) return {grpc::StatusCode::INVALID_ARGUMENT, "no question of this version"};
  }
  return grpc::Status::OK;
}

void Answering::answer() {
  std::vector<std::function<void()>> jobs;
  for (Asked& asked : asked_) {
    for (const std::int32_t partition : asked.partitions) {
      Moment& moment = moments_[partition];
      jobs.emplace_back([&, partition] { answer(asked, partition, moment); });
    }
  }
  // What is evaluated anew is worth every processor; of what is read off, shards that come first show whether it is, and
  // cut the page for the rest.
  const bool is_work = known_at_ms_ || std::ranges::any_of(asked_, [](const Asked& asked) {
                         return asked.report != nullptr && asked.report->evaluates_anew();
                       });
  std::size_t done = 0;
  for (bool is_quick = !is_work; is_quick && done < jobs.size(); ++done) {
    const auto begun = std::chrono::steady_clock::now();
    jobs[done]();
    is_quick = std::chrono::steady_clock::now() - begun < kQuick;
  }
  query::on_all_processors(jobs.size() - done, [&](std::size_t i) { jobs[done + i](); });
  const std::lock_guard lock(mutex_);
  write();
}

void Answering::answer(Asked& asked, std::int32_t partition, Moment& moment) {
  if (refused_) return refuse(partition, moment, *refused_);
  try {
    if (moment.session == nullptr) {
      auto session = source_.open(partition, known_at_ms_);
      moment.head = to_message(session->head(), identity_);
      moment.session = std::move(session);
    }
    const std::string partial = asked.report == nullptr ? std::string() : ask(asked, partition, moment);
    in_pieces(partial, [&](std::string_view piece, bool is_last) {
      query::v1::Part part;
      part.set_partition(partition);
      *part.mutable_head() = moment.head;
      part.set_partial(piece.data(), piece.size());
      part.set_is_last(is_last);
      give(std::move(part));
      return true;
    });
  } catch (const query::Refusal& refusal) {
    refuse(partition, moment, refusal.problem);
  }
}

std::string Answering::ask(Asked& asked, std::int32_t partition, Moment& moment) {
  std::optional<query::Question> narrower;
  {
    const std::lock_guard lock(mutex_);
    // Never the first: the asker merges the others into its part, whose page must not end before the row that tells that
    // there are more.
    if (!asked.until.empty() && partition != asked.partitions.front()) {
      narrower = *asked.question;
      narrower->page.until = asked.until;
    }
  }
  const auto partial = moment.session->ask(*asked.report, narrower ? *narrower : *asked.question, stop_).partial;
  std::string encoded = partial->encode();
  query::take_memory(encoded.size());
  if (std::string until = asked.report->rows_until(*partial); !until.empty()) {
    const std::lock_guard lock(mutex_);
    if (asked.until.empty() || until < asked.until) asked.until = std::move(until);
  }
  return encoded;
}

void Answering::refuse(std::int32_t partition, const Moment& moment, const Problem& problem) {
  query::v1::Part part;
  part.set_partition(partition);
  if (moment.session != nullptr) *part.mutable_head() = moment.head;
  *part.mutable_problem() = to_message(problem);
  part.set_is_last(true);
  give(std::move(part));
}

void Answering::give(query::v1::Part part) {
  const std::size_t bytes = part.ByteSizeLong();
  const std::lock_guard lock(mutex_);
  if (reply_bytes_ + bytes > kPieceBytes) write();
  reply_bytes_ += bytes;
  *reply_.add_parts() = std::move(part);
}

void Answering::write() {
  if (reply_.parts().empty()) return;
  // Who has gone is noticed where the next question is read.
  stream_.Write(reply_);
  reply_.Clear();
  reply_bytes_ = 0;
}

grpc::Status Service::Ask(grpc::ServerContext* context, Answering::Stream* stream) {
  const Calls::Entry call(calls_, *context);
  query::QuestionMemory memory(options_.memory);
  const query::QuestionMemory::Work work(&memory);
  return Answering(source_, options_.identity, *stream, memory, call.stop()).hold();
}

grpc::Status Service::Look(grpc::ServerContext* context, const query::v1::LookRequest* request,
                           query::v1::LookReply* reply) {
  std::uint64_t number = 0;
  bool is_resync = false;
  std::map<std::int32_t, query::ChangeNote> notes;  // By partition: what is told at once is one.
  looked_at();
  {
    std::unique_lock lock(mutex_);
    change_.wait_for(lock, kLookPatience,
                     [&] { return is_stopping_ || number_ != request->seen() || context->IsCancelled(); });
    number = number_;
    is_resync = request->seen() < notes_known_from_;
    for (const auto& [at, note] : notes_) {
      if (is_resync || at <= request->seen()) continue;
      const auto [merged, is_new] = notes.emplace(note.partition, note);
      if (!is_new) merged->second.add(note);
    }
  }
  looked_at();
  *reply = to_message(options_.report());
  reply->set_is_resync(is_resync);
  for (const auto& [partition, note] : notes) *reply->add_notes() = to_message(note);
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
  void changed(const std::function<query::ChangeNote()>& note) override { service_.changed(note); }
  void changed_anyhow() override { service_.changed_anyhow(); }

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
