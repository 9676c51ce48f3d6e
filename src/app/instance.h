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

#include "app/settings.h"
#include "engine/projector.h"
#include "gateway/gateway.h"
#include "http/server.h"
#include "log/log.h"
#include "views/live_model.h"
#include "views/router.h"

namespace daybook::app {

// Opens the log that the settings name. Notices go to `notice`.
Result<std::unique_ptr<log::Log>> open_log(const Settings& settings,
                                           const std::function<void(const std::string&)>& notice);

// Thread-safe. Everything ends in the destructor.
class Instance {
 public:
  using Notice = std::function<void(const std::string&)>;

  // Opens the data folder and serves. Where the broker is away an existing store is served all the
  // same, unready, while the log is tried again.
  static Result<std::unique_ptr<Instance>> start(const Settings& settings, Notice notice);
  ~Instance();

  std::string address() const { return address_; }
  // Why it had to stop by itself; empty while it has not.
  std::string failure() const;

 private:
  Instance(const Settings& settings, domain::Rules rules, Notice notice);

  void handle(http::Request request, http::Respond respond);
  http::Response status();
  http::Response metrics();
  http::Response ready();
  std::string alarm() const;
  Result<void> attach(std::unique_ptr<log::Log> log);
  void attend();
  // False: a shard could not be read.
  bool prove(views::Detail detail);
  void count_anomalies();
  Day today() const;

  Settings settings_;
  domain::Rules rules_;
  Notice notice_;
  std::string address_;
  std::unique_ptr<store::SharedMemory> memory_;
  std::unique_ptr<log::Log> log_;  // Set once, before attached_.
  std::unique_ptr<gateway::Gateway> gateway_;  // Likewise.
  std::unique_ptr<engine::Projector> projector_;
  std::unique_ptr<views::LiveModel> model_;
  std::atomic<bool> attached_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> proven_ = false;      // The proof was looked at since catching up, and held last.
  std::atomic<std::int64_t> proof_faults_ = 0;
  std::chrono::steady_clock::time_point started_at_ = std::chrono::steady_clock::now();
  std::uint64_t folded_before_ = 0;
  mutable std::mutex mutex_;
  std::string failure_;  // Guarded.
  std::map<std::string, std::int64_t> open_anomalies_;  // By kind, as last counted; guarded.
  // The attendant's: digest and day for which anomalies were counted last.
  std::optional<std::pair<UInt128, Day>> counted_for_;
  std::thread attendant_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace daybook::app
