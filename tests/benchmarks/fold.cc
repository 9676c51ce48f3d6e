// How fast the log is folded, beside reading alone; and what the fold leaves on disk.
#include <librdkafka/rdkafka.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/ensure.h"
#include "events/record.h"
#include "log/embedded_log.h"
#include "log/kafka/kafka_log.h"
#include "log/kafka/topics.h"
#include "support.h"

namespace daybook::bench {
namespace {

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

// Topics of its own on the broker.
log::KafkaOptions new_topics(const std::string& brokers) {
  log::KafkaOptions options;
  options.brokers = brokers;
  options.topic_prefix = fmt::format("bench-{}.", Clock::now().time_since_epoch().count());
  must(log::create_topics(options, kPartitions, 1));
  return options;
}

// Reads what is in the log as `read` does, which gives the seconds it took, and folds it, `runs` times in
// turn. `reading` is what the reference is called.
template <typename Read>
void compare_fold(const std::string& figure, const char* reading, log::Log& log, const std::string& prefix,
                  std::uint64_t events, int runs, Read&& read) {
  Spread reference, fold, ratio, reference_us, fold_us, ratio_us;
  for (int run = 0; run < runs; ++run) {
    const double cpu_at_start = cpu_seconds();
    const double read_seconds = read();
    const double cpu_between = cpu_seconds();
    const Folded folded(log, prefix);
    reference_us.add((cpu_between - cpu_at_start) * 1e6 / static_cast<double>(events));
    fold_us.add((cpu_seconds() - cpu_between) * 1e6 / static_cast<double>(events));
    reference.add(static_cast<double>(events) / read_seconds);
    fold.add(static_cast<double>(events) / folded.seconds);
    ratio.add(read_seconds / folded.seconds);
  }
  ratio_us.add(fold_us.median() / reference_us.median());
  const auto line = [](const std::string& what, const std::string& value) { fmt::print("{:<40}{}\n", what, value); };
  line("events", std::to_string(events));
  line(fmt::format("{}, M records/s", reading), reference.text(1e6));
  line("fold, M events/s", fold.text(1e6));
  line(fmt::format("{}, processor us a record", reading), reference_us.text());
  line("fold, processor us an event", fold_us.text());
  line(fmt::format("fold / {}", reading), ratio.text());
  record({figure, fold, reference, ratio});
  record({figure + "-processor", fold_us, reference_us, ratio_us});
}

std::unique_ptr<log::Log> new_embedded_log(const std::string& directory) {
  log::EmbeddedLogOptions options;
  options.data_directory = directory;
  options.partition_count = kPartitions;
  return must(log::open_embedded_log(options));
}

// What VmHWM says of this process; see reset_memory_high_water().
double memory_high_water() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024;
  }
  give_up("/proc/self/status tells nothing");
}
void reset_memory_high_water() { std::ofstream("/proc/self/clear_refs") << "5"; }

// The total of open receivables and their ages at past dates, as the server answers it from memory: median.
double ageing_totals_ms(const Folded& folded) {
  while (folded.model->indexes_ready() < folded.model->partition_count()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  Spread ms;
  for (Day day = day_from_civil({2024, 1, 1}); day < day_from_civil({2024, 12, 31}); day += 17) {
    ms.add(question_ms(*folded.model, "v1/receivables/ageing", {{"as_of", format_date(day)}, {"group_by", "none"}}));
  }
  return ms.median();
}

// Of the files under `directory` that `counts` takes.
template <typename Counts>
std::uintmax_t bytes_of(const std::string& directory, Counts&& counts) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && counts(entry.path())) bytes += entry.file_size();
  }
  return bytes;
}

}  // namespace

int fill(const std::string& brokers, std::int64_t orders) {
  log::KafkaOptions options;
  options.brokers = brokers;
  options.properties["linger.ms"] = "50";  // Large batches.
  const auto log = must(log::open_kafka_log(options));
  const auto start = Clock::now();
  const std::uint64_t events = load(*log, orders, customers_for(orders));
  fmt::print("published, events             {}   ({:.0f} k/s)\n", events,
             static_cast<double>(events) / seconds_since(start) / 1e3);
  return 0;
}

int refold(const std::string& brokers, int runs) {
  log::KafkaOptions options;
  options.brokers = brokers;
  const auto log = must(log::open_kafka_log(options));
  std::int64_t events = 0;
  for (const log::EndOffset& bounds : must(log->end_offsets(log::kEventTopics))) events += bounds.end - bounds.begin;
  Spread fold, fold_cpu;
  for (int run = 0; run < runs; ++run) {
    const double cpu_at_start = cpu_seconds();
    const Folded folded(*log, "");
    fold_cpu.add((cpu_seconds() - cpu_at_start) * 1e6 / static_cast<double>(events));
    fold.add(static_cast<double>(events) / folded.seconds);
  }
  fmt::print(R"({{"rates": [{:.0f}], "processor_us": [{:.3f}]}})"
             "\n",
             fmt::join(fold.values, ", "), fmt::join(fold_cpu.values, ", "));
  return 0;
}

int fold_kafka(const std::string& brokers, std::int64_t orders, int runs) {
  const log::KafkaOptions options = new_topics(brokers);
  const auto log = must(log::open_kafka_log(options));
  const std::uint64_t events = load(*log, orders, customers_for(orders));
  compare_fold("fold-kafka", "bare consumer", *log, options.topic_prefix, events, runs,
               [&] { return consume_bare(options, *log); });
  return 0;
}

int fold_live(const std::string& brokers, std::int64_t orders, int runs) {
  log::KafkaOptions options = new_topics(brokers);
  options.properties["linger.ms"] = "5";
  const auto log = must(log::open_kafka_log(options));
  // A few events at a time, as upstream systems have them.
  const auto start = Clock::now();
  const std::uint64_t events =
      load(*log, orders, customers_for(orders), {.batch = 10, .under_way = 1'000, .events_per_second = 20'000});
  fmt::print("written at, events/s          {:.0f}\n", static_cast<double>(events) / seconds_since(start));
  compare_fold("fold-live", "bare consumer", *log, options.topic_prefix, events, runs,
               [&] { return consume_bare(options, *log); });
  return 0;
}

int fold_embedded(std::int64_t orders, int runs) {
  test::TempDir directory;
  const auto log = new_embedded_log(directory.path());
  const std::uint64_t events = load(*log, orders, customers_for(orders));
  compare_fold("fold-embedded", "decode only", *log, "", events, runs, [&] { return decode_only(*log); });
  return 0;
}

int growth(std::int64_t orders, int factor) {
  struct Grown {
    double rate = 0;
    double processor_us = 0;
  };
  fmt::print("{:>10} {:>10} {:>14} {:>12} {:>14} {:>12}\n", "events", "M events/s", "processor us", "memory MiB",
             "bytes an event", "ageing ms");
  const auto grow = [](std::int64_t length) {
    test::TempDir directory;
    const auto log = new_embedded_log(directory.path());
    const auto events = static_cast<double>(load(*log, length, customers_for(length)));
    reset_memory_high_water();
    const double cpu = cpu_seconds();
    const Folded folded(*log, "", Folded::Indexes::kAsPlanned);
    const Grown grown{events / folded.seconds, (cpu_seconds() - cpu) * 1e6 / events};
    const double memory = memory_high_water();
    const auto bytes =
        static_cast<double>(bytes_of(folded.directory.path(), [](const std::filesystem::path&) { return true; }));
    fmt::print("{:>10.0f} {:>10.3f} {:>14.2f} {:>12.0f} {:>14.1f} {:>12.2f}\n", events, grown.rate / 1e6,
               grown.processor_us, memory / (1 << 20), bytes / events, ageing_totals_ms(folded));
    return grown;
  };
  Spread rate, short_rate, ratio, processor, short_processor, processor_ratio;
  const auto add = [](const Grown& grown, Spread& rates, Spread& times) {
    rates.add(grown.rate);
    times.add(grown.processor_us);
  };
  add(grow(orders), short_rate, short_processor);
  grow(orders * factor / 4);
  add(grow(orders * factor), rate, processor);
  // Once more, so that a busy moment of the machine does not decide.
  add(grow(orders), short_rate, short_processor);
  for (const double each : short_rate.values) ratio.add(rate.median() / each);
  for (const double each : short_processor.values) processor_ratio.add(processor.median() / each);
  fmt::print("long / short                  {}   processor {}\n", ratio.text(), processor_ratio.text());
  record({"growth", rate, short_rate, ratio});
  record({"growth-processor", processor, short_processor, processor_ratio});
  return 0;
}

int size(const std::string& brokers, const std::string& log_directory, std::int64_t orders) {
  const log::KafkaOptions options = new_topics(brokers);
  const auto log = must(log::open_kafka_log(options));
  const std::uint64_t events = load(*log, orders, customers_for(orders));
  Folded folded(*log, options.topic_prefix);
  folded.projector->stop();
  for (const std::int32_t i : folded.projector->partitions()) must(folded.projector->shard(i)->store().compact());
  folded.projector.reset();
  // Index files are set aside beforehand, and hold nothing.
  const auto log_bytes = static_cast<double>(bytes_of(log_directory, [&](const std::filesystem::path& path) {
    return path.extension() == ".log" && path.parent_path().filename().string().starts_with(options.topic_prefix);
  }));
  const auto model_bytes =
      static_cast<double>(bytes_of(folded.directory.path(), [](const std::filesystem::path&) { return true; }));
  ENSURE(log_bytes > 0, "the broker keeps its log there");
  fmt::print("events                        {}\n", events);
  fmt::print("log, zstd, bytes an event     {:.1f}\n", log_bytes / static_cast<double>(events));
  fmt::print("read models, bytes an event   {:.1f}\n", model_bytes / static_cast<double>(events));
  fmt::print("read models / log             {:.3f}\n", model_bytes / log_bytes);
  record({"size", {{model_bytes}}, {{log_bytes}}, {{model_bytes / log_bytes}}});
  return 0;
}

}  // namespace daybook::bench
