#include "support.h"

#include <sys/resource.h>

#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/ensure.h"
#include "base/hash.h"
#include "events/record.h"
#include "query/local_shards.h"
#include "query/router.h"
#include "tools/generate.h"

extern "C" [[gnu::noinline]] void daybook_budget_fold(daybook::engine::Shard& shard,
                                                      std::span<const daybook::log::Record> records,
                                                      std::size_t commit_every) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    shard.apply(records[i]);
    if ((i + 1) % commit_every == 0 || i + 1 == records.size()) daybook::bench::must(shard.commit());
  }
}

namespace daybook::bench {

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

namespace {

// Of a process or a thread, in its own code and in the kernel.
double cpu_seconds_of(int who) {
  rusage usage;
  getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

double cpu_seconds() { return cpu_seconds_of(RUSAGE_SELF); }
double thread_cpu_seconds() { return cpu_seconds_of(RUSAGE_THREAD); }

void give_up(const std::string& why) {
  fmt::print(stderr, "daybook_bench: {}\n", why);
  std::exit(1);
}

void record(const Figure& figure) {
  const char* path = std::getenv("DAYBOOK_BENCH_RESULTS");
  if (path == nullptr) return;
  const auto list = [](const Spread& spread) { return fmt::format("{}", fmt::join(spread.values, ", ")); };
  std::ofstream(path, std::ios::app) << fmt::format(
                                            R"({{"figure": "{}", "reached": [{}], "reference": [{}], "ratio": [{}]}})",
                                            figure.name, list(figure.reached), list(figure.reference),
                                            list(figure.ratio))
                                     << "\n";
}

double percentile(std::vector<double> values, double p) {
  ENSURE(!values.empty(), "something was measured");
  std::ranges::sort(values);
  const auto rank = static_cast<std::size_t>(std::ceil(p * static_cast<double>(values.size()) / 100));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

std::int64_t customers_for(std::int64_t orders) { return std::max<std::int64_t>(200, orders / 50); }

std::uint64_t load(log::Log& log, std::int64_t orders, std::int64_t customers, const LoadOptions& options) {
  tools::GenerateOptions history;
  history.orders = orders;
  history.customers = customers;
  history.from = day_from_civil({2020, 1, 1});
  tools::Generator generator(history);
  const auto start = Clock::now();
  std::mutex mutex;
  std::condition_variable changed;
  int under_way = 0;
  std::uint64_t count = 0;
  bool more = true;
  while (more) {
    struct Texts {
      std::vector<std::pair<std::string, std::string>> key_values;
      std::vector<log::Topic> topics;
    };
    auto texts = std::make_shared<Texts>();
    events::v1::Event event;
    while (texts->topics.size() < options.batch && (more = generator.next(event))) {
      Arena arena;
      events::Violations violations;
      const auto typed = events::validate(event, arena, violations);
      ENSURE(typed.has_value(), "the generator gives valid events");
      texts->topics.push_back(events::topic_of(typed->payload));
      texts->key_values.emplace_back(event.customer_id(), event.SerializeAsString());
    }
    std::vector<log::NewRecord> records;
    for (std::size_t i = 0; i < texts->topics.size(); ++i) {
      log::NewRecord record;
      record.topic = texts->topics[i];
      record.key = texts->key_values[i].first;
      record.value = texts->key_values[i].second;
      records.push_back(std::move(record));
    }
    if (options.events_per_second > 0) {
      const std::chrono::duration<double> due(static_cast<double>(count) / options.events_per_second);
      std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(due));
    }
    count += records.size();
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return under_way < options.under_way; });
    ++under_way;
    lock.unlock();
    log.append(std::move(records), [&, texts](Result<std::vector<log::Appended>> done) {
      must(done ? Result<void>() : Result<void>(unexpected(done.error())));
      const std::lock_guard guard(mutex);
      --under_way;
      changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return under_way == 0; });
  return count;
}

Folded::Folded(log::Log& log, const std::string& prefix, Indexes indexes) {
  engine::ProjectorOptions options;
  options.threads = kThreads;
  options.cache_bytes = plan.fold_cache;
  options.pending_bytes = plan.pending;
  options.spill_bytes = plan.spill;
  options.files_bytes = plan.files;
  const auto start = Clock::now();
  projector = must(engine::Projector::open(rules, directory.path(), log.partition_count(), memory, options));
  model = std::make_unique<live::LiveModel>(*projector, rules, prefix, indexes == Indexes::kNone ? 0 : plan.indexes);
  must(projector->start(log));
  while (!projector->caught_up()) {
    if (projector->state() == engine::ProjectorState::kFailed) give_up(projector->trouble());
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  seconds = seconds_since(start);
}

std::string Folded::digest() const {
  UInt128 sum = 0;
  for (const std::int32_t i : projector->partitions()) sum += projector->committed(i).digest;
  return to_hex(sum);
}

double question_ms(const live::LiveModel& model, const std::string& path, const query::ParameterMap& parameters) {
  std::vector<std::string> segments;
  for (std::size_t at = 0; at != std::string::npos;) {
    const std::size_t slash = path.find('/', at);
    segments.push_back(path.substr(at, slash == std::string::npos ? slash : slash - at));
    at = slash == std::string::npos ? slash : slash + 1;
  }
  const auto start = Clock::now();
  const auto answer = query::answer(query::LocalShards(model), [] { return day_from_civil({2024, 12, 31}); },
                                    {.segments = segments, .parameters = parameters});
  const double ms = seconds_since(start) * 1e3;
  ENSURE(answer.status == 200, "the question is good");
  return ms;
}

}  // namespace daybook::bench
