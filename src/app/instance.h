// The all-in-one: log, projector, views and gateway wired together in one process.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "app/log_watch.h"
#include "app/logging.h"
#include "app/metrics.h"
#include "app/settings.h"
#include "app/waiting_questions.h"
#include "engine/dead_letters.h"
#include "engine/projector.h"
#include "gateway/gateway.h"
#include "http/bodies.h"
#include "http/server.h"
#include "live/live_model.h"
#include "log/log.h"
#include "query/local_shards.h"
#include "query/router.h"

namespace daybook::app {

// Opens the log that the settings name. What people must know of it goes to `notice`.
Result<std::unique_ptr<log::Log>> open_log(const Settings& settings,
                                           const std::function<void(const std::string&)>& notice);

// Thread-safe. Everything ends in the destructor.
class Instance {
 public:
  // Opens the data folder and serves. Where the broker is away an existing store is served all the
  // same, unready, while the log is tried again.
  static Result<std::unique_ptr<Instance>> start(const Settings& settings, LogLine line);
  ~Instance();

  std::string address() const { return address_; }
  // Why it had to stop by itself; empty while it has not.
  std::string failure() const;

 private:
  Instance(const Settings& settings, domain::Rules rules, LogLine line);

  // What is wrong, by kind: a label of metrics, and the words for people.
  using Troubles = std::map<std::string, std::string>;
  Troubles troubles() const;
  // A line when one comes, and when it has gone.
  void tell_troubles();
  void notice(const std::string& words) { line_(Severity::kWarning, words); }
  // The log that the settings name, with its words going to ours. `has_store`: something can be served without it.
  Result<std::unique_ptr<log::Log>> open_log(std::optional<std::int32_t> partitions, bool has_store);

  void handle(http::Request request, http::Respond respond);
  void answer(http::Request request, http::Respond respond);
  // A question: answered by this worker, or by another one once what it waits for is folded.
  void ask(http::Request request, http::Respond respond);
  http::Response answer_question(const http::Request& request);
  http::Response status();
  http::Response metrics();
  http::Response ready();
  Result<void> attach(std::unique_ptr<log::Log> log);
  void attend();
  void look_out();
  void note_log_away(const Error& error);
  // False: a shard could not be read.
  bool prove(query::Detail detail);
  void count_anomalies();
  // How far each topic-partition is behind, and since when.
  void follow_lag();
  Day today() const;

  Settings settings_;
  domain::Rules rules_;
  LogLine line_;
  std::function<void(int level, const std::string&)> kafka_lines_;
  std::string address_;
  std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
  std::unique_ptr<store::SharedMemory> memory_;
  std::shared_ptr<MemoryBudget> answers_;  // They may outlive the instance.
  std::unique_ptr<log::Log> log_;  // Set once, before attached_.
  std::unique_ptr<gateway::Gateway> gateway_;  // Likewise.
  std::unique_ptr<engine::Projector> projector_;
  std::unique_ptr<live::LiveModel> model_;
  std::unique_ptr<query::LocalShards> shards_;  // Of the model.
  std::unique_ptr<WaitingQuestions> waiting_;
  // Set once, before attached_; they use the log.
  std::unique_ptr<LogWatch> watch_;
  std::unique_ptr<engine::DeadLetters> dead_letters_;
  std::atomic<bool> attached_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::int64_t> proof_faults_ = 0;
  std::chrono::steady_clock::time_point started_at_ = std::chrono::steady_clock::now();
  std::uint64_t folded_before_ = 0;
  mutable std::mutex mutex_;
  std::string failure_;  // Guarded.
  std::string log_away_;  // Why it could not be opened yet; guarded.
  std::map<std::string, std::int64_t> open_anomalies_;  // By kind, as last counted; guarded.
  std::optional<std::int64_t> unresolved_parked_;       // Likewise.
  // Guarded: when an end beyond what is folded was first seen, of those that are behind.
  std::map<log::TopicPartition, std::chrono::steady_clock::time_point> behind_since_;
  struct KnownTrouble {
    std::chrono::steady_clock::time_point since;
    bool told = false;
    explicit KnownTrouble(std::chrono::steady_clock::time_point now) : since(now) {}
  };
  std::map<std::string, KnownTrouble> known_troubles_;  // By kind; the lookout's.
  // The attendant's: digest and day for which anomalies were counted last.
  std::optional<std::pair<UInt128, Day>> counted_for_;
  std::thread attendant_;
  std::thread lookout_;
  std::unique_ptr<http::Server> server_;
  std::atomic<http::Server*> serving_ = nullptr;  // It, once it serves: for its own workers.
};

}  // namespace daybook::app
