// What the benchmarks share: time, spreads of a few runs, histories in a log, a folded log.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/memory_plan.h"
#include "engine/projector.h"
#include "engine/shard.h"
#include "live/live_model.h"
#include "log/log.h"
#include "query/request.h"
#include "support/temp_dir.h"

// Folds records in one thread, a commit after so many of them: what callgrind counts, by this name.
extern "C" void daybook_budget_fold(daybook::engine::Shard& shard, std::span<const daybook::log::Record> records,
                                    std::size_t commit_every);

namespace daybook::bench {

using Clock = std::chrono::steady_clock;
inline constexpr int kThreads = 2;
inline constexpr std::int32_t kPartitions = 8;

double seconds_since(Clock::time_point start);
// Processor time of the whole process: comparable also while something else takes the cores.
double cpu_seconds();
// Of the calling thread.
double thread_cpu_seconds();

// Ends the program with what went wrong.
[[noreturn]] void give_up(const std::string& why);
template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error().message);
  return std::move(result).value();
}
inline void must(Result<void> result) {
  if (!result) give_up(result.error().message);
}

// Min, median and max of a few runs.
struct Spread {
  std::vector<double> values;
  void add(double value) {
    values.push_back(value);
    std::ranges::sort(values);
  }
  double median() const { return values[values.size() / 2]; }
  std::string text(double unit = 1) const {
    return fmt::format("{:.3f} [{:.3f} .. {:.3f}]", median() / unit, values.front() / unit, values.back() / unit);
  }
};

// A line of the table that `run` prints: table.py knows its title, unit and target.
struct Figure {
  std::string name;
  Spread reached;
  Spread reference = {};  // Of the same runs, and `ratio` to it; both empty where there is none.
  Spread ratio = {};
};
// Appends it to the file named by DAYBOOK_BENCH_RESULTS, if one is.
void record(const Figure& figure);

// The value at rank ⌈p·n/100⌉.
double percentile(std::vector<double> values, double p);

std::int64_t customers_for(std::int64_t orders);

struct LoadOptions {
  std::size_t batch = 5'000;
  int under_way = 8;
  double events_per_second = 0;  // 0: as fast as it goes.
};
// Publishes a generated history in batches, several under way. Gives the number of events.
std::uint64_t load(log::Log& log, std::int64_t orders, std::int64_t customers, const LoadOptions& options = {});

// A folded log, for questions.
struct Folded {
  test::TempDir directory;
  domain::Rules rules{BusinessZone::find("UTC").value(), {}};
  // With the default bound.
  app::MemoryPlan plan = app::MemoryPlan::of(1 << 30);
  store::SharedMemory memory{plan.block_cache, plan.write_buffers};
  std::unique_ptr<engine::Projector> projector;
  std::unique_ptr<live::LiveModel> model;
  double seconds = 0;

  // Without indexes questions read pages.
  enum class Indexes { kNone, kAsPlanned };
  explicit Folded(log::Log& log, const std::string& prefix, Indexes indexes = Indexes::kNone);
  ~Folded() { projector->stop(); }

  std::string digest() const;
};

// Milliseconds until the answer is there, as the server makes it but without HTTP. The question must be good.
double question_ms(const live::LiveModel& model, const std::string& path, const query::ParameterMap& parameters);

// Publishes a history in large batches to the topics without a prefix, which are there.
int fill(const std::string& brokers, std::int64_t orders);

// Folds those topics, and prints as JSON the events a second and the processor time an event of each run.
int refold(const std::string& brokers, int runs);

// Makes the data directory `to` out of `from`, which a server or a generator closed: all its partitions so many
// times over.
int enlarge(const std::string& from, const std::string& to, int times);

// The benchmarks: each prints its figures, records them, and gives the exit code.
int fold_kafka(const std::string& brokers, std::int64_t orders, int runs);
int fold_live(const std::string& brokers, std::int64_t orders, int runs);
int fold_embedded(std::int64_t orders, int runs);
int growth(std::int64_t orders, int factor);
int size(const std::string& brokers, const std::string& log_directory, std::int64_t orders);
// Of a server that runs.
int feed(const std::string& url, double rate, double seconds);
int freshness(const std::string& figure, const std::string& url, double rate, double seconds, int runs);
// Prints the rate reached, and median and p99 in ms.
int steady(const std::string& url, const std::string& targets_file, double rate, int connections, double seconds);
int publish(const std::string& url, const std::string& brokers, std::int64_t events, int callers, int runs);

}  // namespace daybook::bench
