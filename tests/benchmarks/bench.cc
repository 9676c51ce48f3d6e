// Measurements that stand beside a reference taken in the same run: only ratios are worth quoting,
// the machines are shared and noisy. `run` beside this file prints them all as one table.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <random>
#include <thread>

#include "base/ensure.h"
#include "base/hash.h"
#include "engine/projector.h"
#include "events/record.h"
#include "log/embedded_log.h"
#include "log/kafka/kafka_log.h"
#include "log/kafka/topics.h"
#include "support/temp_dir.h"
#include "tools/generate.h"
#include "views/live_model.h"
#include "views/router.h"

namespace daybook {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kThreads = 2;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Processor time of the whole process: comparable also while something else takes the cores.
double cpu_seconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

template <typename T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "daybook_bench: {}\n", result.error().message);
    std::exit(1);
  }
  return std::move(result).value();
}
void must(Result<void> result) {
  if (!result) {
    fmt::print(stderr, "daybook_bench: {}\n", result.error().message);
    std::exit(1);
  }
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

// Publishes a generated history in large batches, several under way. Gives the number of events.
std::uint64_t load(log::Log& log, std::int64_t orders, std::int64_t customers) {
  constexpr std::size_t kBatch = 5'000;
  constexpr int kUnderWay = 8;
  tools::GenerateOptions options;
  options.orders = orders;
  options.customers = customers;
  options.from = day_from_civil({2020, 1, 1});
  tools::Generator generator(options);
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
    while (texts->topics.size() < kBatch && (more = generator.next(event))) {
      Arena arena;
      std::vector<events::Violation> violations;
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
    count += records.size();
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return under_way < kUnderWay; });
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

// One librdkafka client a thread, its share of the partitions of all topics, nothing decoded.
double consume_bare(const log::KafkaOptions& options, log::Log& log) {
  const auto ends = must(log.end_offsets(log::kEventTopics));
  const auto start = Clock::now();
  std::vector<std::thread> threads;
  for (int worker = 0; worker < kThreads; ++worker) {
    threads.emplace_back([&, worker] {
      char error[512];
      rd_kafka_conf_t* conf = rd_kafka_conf_new();
      const auto set = [&](const char* key, const std::string& value) {
        ENSURE(rd_kafka_conf_set(conf, key, value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK, error);
      };
      set("bootstrap.servers", options.brokers);
      set("group.id", "daybook-bench");
      set("enable.auto.commit", "false");
      set("check.crcs", "true");
      rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
      ENSURE(client != nullptr, error);
      rd_kafka_poll_set_consumer(client);
      rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(64);
      std::int64_t wanted = 0;
      for (const log::EndOffset& bounds : ends) {
        if (bounds.at.partition % kThreads != worker) continue;
        const std::string topic = log::topic_name(options.topic_prefix, bounds.at.topic);
        rd_kafka_topic_partition_list_add(list, topic.c_str(), bounds.at.partition)->offset = bounds.begin;
        wanted += bounds.end - bounds.begin;
      }
      rd_kafka_assign(client, list);
      rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client);
      std::vector<rd_kafka_message_t*> messages(8192);
      for (std::int64_t read = 0; read < wanted;) {
        const ssize_t count = rd_kafka_consume_batch_queue(queue, 100, messages.data(), messages.size());
        for (ssize_t i = 0; i < count; ++i) {
          read += messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
          rd_kafka_message_destroy(messages[i]);
        }
      }
      rd_kafka_queue_destroy(queue);
      rd_kafka_topic_partition_list_destroy(list);
      rd_kafka_consumer_close(client);
      rd_kafka_destroy(client);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return seconds_since(start);
}

// Reads and decodes everything, folds nothing.
double decode_only(log::Log& log) {
  const auto ends = must(log.end_offsets(log::kEventTopics));
  const auto start = Clock::now();
  std::vector<std::thread> threads;
  for (int worker = 0; worker < kThreads; ++worker) {
    threads.emplace_back([&, worker] {
      std::vector<log::StartPosition> starts;
      std::int64_t wanted = 0;
      for (const log::EndOffset& bounds : ends) {
        if (bounds.at.partition % kThreads != worker) continue;
        starts.push_back({bounds.at, bounds.begin});
        wanted += bounds.end - bounds.begin;
      }
      const auto reader = must(log.open_reader(std::move(starts)));
      events::RecordReader decoder(log.partition_count());
      for (std::int64_t read = 0; read < wanted;) {
        const auto records = must(reader->poll(8192, std::chrono::milliseconds(100)));
        for (const log::Record& record : records) {
          ENSURE(std::holds_alternative<domain::Event>(decoder.read(record)), "the generator's events are fit");
          if (++read % 1024 == 0) decoder.reset();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return seconds_since(start);
}

// A folded log, for questions.
struct Folded {
  test::TempDir directory;
  domain::Rules rules{BusinessZone::find("UTC").value(), {}};
  store::SharedMemory memory{256 << 20, 256 << 20};
  std::unique_ptr<engine::Projector> projector;
  std::unique_ptr<views::LiveModel> model;
  double seconds = 0;

  // `mirror_bytes`: what may be kept in memory for questions; 0: they read pages.
  explicit Folded(log::Log& log, const std::string& prefix, std::size_t mirror_bytes = 0) {
    engine::ProjectorOptions options;
    options.threads = kThreads;
    options.cache_bytes = 256 << 20;
    options.topic_prefix = prefix;
    const auto start = Clock::now();
    projector = must(engine::Projector::open(rules, directory.path(), log.partition_count(), memory, options));
    model = std::make_unique<views::LiveModel>(*projector, rules, prefix, mirror_bytes);
    must(projector->start(log));
    while (!projector->caught_up()) {
      if (projector->state() == engine::ProjectorState::kFailed) {
        fmt::print(stderr, "daybook_bench: {}\n", projector->trouble());
        std::exit(1);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    seconds = seconds_since(start);
  }

  std::string digest() const {
    UInt128 sum = 0;
    for (std::int32_t i = 0; i < projector->shard_count(); ++i) sum += projector->committed(i).digest;
    return to_hex(sum);
  }
};

int fold_kafka(const std::string& brokers, std::int64_t orders, int runs) {
  log::KafkaOptions options;
  options.brokers = brokers;
  options.topic_prefix = fmt::format("bench-{}.", Clock::now().time_since_epoch().count());
  must(log::create_topics(options, 8, 1));
  const auto log = must(log::open_kafka_log(options));
  const std::uint64_t events = load(*log, orders, std::max<std::int64_t>(200, orders / 50));
  Spread bare, fold, ratio, bare_cpu, fold_cpu;
  for (int run = 0; run < runs; ++run) {
    const double cpu_at_start = cpu_seconds();
    const double bare_seconds = consume_bare(options, *log);
    const double cpu_between = cpu_seconds();
    const Folded folded(*log, options.topic_prefix);
    bare_cpu.add((cpu_between - cpu_at_start) / static_cast<double>(events));
    fold_cpu.add((cpu_seconds() - cpu_between) / static_cast<double>(events));
    bare.add(static_cast<double>(events) / bare_seconds);
    fold.add(static_cast<double>(events) / folded.seconds);
    ratio.add(bare_seconds / folded.seconds);
  }
  fmt::print("events                        {}\n", events);
  fmt::print("bare consumer, M records/s    {}\n", bare.text(1e6));
  fmt::print("fold from Kafka, M events/s   {}\n", fold.text(1e6));
  fmt::print("bare, processor us a record   {}\n", bare_cpu.text(1e-6));
  fmt::print("fold, processor us an event   {}\n", fold_cpu.text(1e-6));
  fmt::print("fold / bare                   {}   (target at this stage 0.200)\n", ratio.text());
  return ratio.median() >= 0.2 ? 0 : 1;
}

int fold_embedded(std::int64_t orders, int runs) {
  test::TempDir directory;
  log::EmbeddedLogOptions options;
  options.data_directory = directory.path();
  options.partition_count = 8;
  const auto log = must(log::open_embedded_log(options));
  const std::uint64_t events = load(*log, orders, std::max<std::int64_t>(200, orders / 50));
  Spread decode, fold, ratio;
  for (int run = 0; run < runs; ++run) {
    const double decode_seconds = decode_only(*log);
    const Folded folded(*log, "");
    decode.add(static_cast<double>(events) / decode_seconds);
    fold.add(static_cast<double>(events) / folded.seconds);
    ratio.add(decode_seconds / folded.seconds);
  }
  fmt::print("events                        {}\n", events);
  fmt::print("decode only, M records/s      {}\n", decode.text(1e6));
  fmt::print("fold, embedded, M events/s    {}\n", fold.text(1e6));
  fmt::print("fold / decode only            {}\n", ratio.text());
  return 0;
}

// Questions as the server answers them, each on its own dates. A first touch is the first question of its
// kind on a date.
class Questions {
 public:
  explicit Questions(const views::LiveModel& model) : model_(model) {}

  Day random_day(Day from, Day to) {
    return from + static_cast<Day>(random_() % static_cast<std::uint32_t>(to - from + 1));
  }
  // Asks `runs` times, twice each; `ask` gives the parameters.
  void time(const char* what, const std::string& path, int runs,
            const std::function<views::ParameterMap()>& ask) {
    Spread first, again;
    for (int run = 0; run < runs; ++run) {
      const views::ParameterMap parameters = ask();
      first.add(milliseconds(path, parameters));
      again.add(milliseconds(path, parameters));
    }
    fmt::print("{:<40} {}   again {}\n", what, first.text(), again.text());
  }

 private:
  double milliseconds(const std::string& path, const views::ParameterMap& parameters) const {
    std::vector<std::string> segments;
    for (std::size_t at = 0; at != std::string::npos;) {
      const std::size_t slash = path.find('/', at);
      segments.push_back(path.substr(at, slash == std::string::npos ? slash : slash - at));
      at = slash == std::string::npos ? slash : slash + 1;
    }
    const auto start = Clock::now();
    const auto answer = views::answer(model_, [] { return day_from_civil({2024, 12, 31}); }, segments, parameters, "");
    const double ms = seconds_since(start) * 1e3;
    ENSURE(answer.status == 200, "the question is good");
    return ms;
  }

  const views::LiveModel& model_;
  std::minstd_rand random_{1};
};

int ageing(std::int64_t orders, int runs, std::size_t mirror_mib) {
  test::TempDir directory;
  log::EmbeddedLogOptions options;
  options.data_directory = directory.path();
  options.partition_count = 8;
  const auto log = must(log::open_embedded_log(options));
  load(*log, orders, 5'000);
  const Folded folded(*log, "", mirror_mib << 20);
  const views::LiveModel& model = *folded.model;
  fmt::print("orders (about as many invoices)          {}\n", orders);
  if (mirror_mib > 0) {
    const double cpu = cpu_seconds();
    const auto start = Clock::now();
    while (model.mirrors_ready() < model.partition_count()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    fmt::print("mirror ready after folding, s            {:.3f}   (processor {:.3f})\n", seconds_since(start),
               cpu_seconds() - cpu);
  }
  fmt::print("mirror, MiB                              {:.1f}\n",
             static_cast<double>(model.mirror_bytes()) / (1 << 20));
  const Day first = day_from_civil({2023, 1, 1});
  const Day last = day_from_civil({2024, 12, 31});
  Questions questions(model);
  const auto past = [&](views::ParameterMap more) {
    return [&, more] {
      views::ParameterMap parameters = more;
      parameters.emplace("as_of", format_date(questions.random_day(first, last)));
      return parameters;
    };
  };
  // A year from the first of some month on.
  const auto year = [&](views::ParameterMap more) {
    return [&, more] {
      views::ParameterMap parameters = more;
      const Day from = period_start(Grain::kMonth, questions.random_day(first, last - 365));
      parameters.emplace("from", format_date(from));
      parameters.emplace("to", format_date(period_start(Grain::kMonth, from + 370) - 1));
      return parameters;
    };
  };
  fmt::print("in ms: median [min .. max] of {} random dates, first touch, then again\n", runs);
  const std::string ages = "v1/receivables/ageing";
  questions.time("ageing totals", ages, runs, past({{"group_by", "none"}}));
  questions.time("ageing by customer", ages, runs, past({{"page_size", "1000"}}));
  questions.time("ageing by region", ages, runs, past({{"group_by", "region"}}));
  questions.time("ageing by issue date, totals", ages, runs, past({{"group_by", "none"}, {"basis", "issue_date"}}));
  questions.time("sales by region and month", "v1/sales", runs, year({{"grain", "month"}, {"group_by", "region"}}));
  questions.time("sales by rep and quarter", "v1/sales", runs, year({{"grain", "quarter"}, {"group_by", "sales_rep"}}));
  questions.time("sales by sku", "v1/sales", std::min(runs, 3), year({{"group_by", "sku"}}));
  questions.time("cycle percentiles by month", "v1/order-cycle", runs, year({}));
  questions.time("cycle by region", "v1/order-cycle", runs, year({{"group_by", "region"}}));
  return 0;
}

}  // namespace
}  // namespace daybook

int main(int argc, char** argv) {
  CLI::App app("Benchmarks of Daybook; each prints its figures beside their reference.");
  app.require_subcommand(1);
  std::int64_t orders = 100'000;
  int runs = 3;
  std::string brokers;
  int code = 0;
  const auto common = [&](CLI::App* command) {
    command->add_option("--orders", orders, "length of the history: about 8 events an order")->capture_default_str()->take_last();
    command->add_option("--runs", runs, "how often; min, median and max are printed")->capture_default_str()->take_last();
    return command;
  };
  CLI::App* kafka = common(app.add_subcommand("fold-kafka", "fold from Kafka beside a bare librdkafka consumer"));
  kafka->add_option("--brokers", brokers, "a running broker")->required();
  kafka->callback([&] { code = daybook::fold_kafka(brokers, orders, runs); });
  common(app.add_subcommand("fold-embedded", "fold from the embedded log beside decoding alone"))
      ->callback([&] { code = daybook::fold_embedded(orders, runs); });
  std::size_t mirror_mib = 256;
  CLI::App* ageing = common(app.add_subcommand("ageing", "questions at random past dates"));
  ageing->add_option("--mirror", mirror_mib, "MiB kept in memory for questions; 0: they read pages")
      ->capture_default_str();
  ageing->callback([&] { code = daybook::ageing(orders, runs, mirror_mib); });
  CLI11_PARSE(app, argc, argv);
  return code;
}
