// daybook generate: a realistic synthetic history.
#include <fmt/format.h>

#include <chrono>

#include "log/embedded_log.h"
#include "tools/as_told.h"
#include "write_events.h"

namespace daybook::cli {
namespace {

struct GenerateFlags {
  tools::GenerateOptions options;
  std::string from = format_date(options.from);
  // --to: a last day, a URL to publish to, or one of each.
  std::vector<std::string> to;
  bool recorded_as_told = false;
  TargetFlags target;
};

constexpr std::size_t kTellingsAtOnce = 4096;

// What is wanted, promised and due of the last orders lies months behind them, and must be days that an event may have.
constexpr const char* kLastDayMax = "2198-12-31";

// Events on their way into a log of a story, with what their records point to.
struct Tellings {
  std::vector<events::v1::Event> events;
  std::vector<std::string> values;
  std::vector<std::int64_t> recorded_ms;

  // Up to kTellingsAtOnce; none after the last.
  void take_from(tools::AsTold& story) {
    events.resize(kTellingsAtOnce);
    values.clear();
    recorded_ms.clear();
    std::int64_t told_ms = 0;
    while (values.size() < kTellingsAtOnce && story.next(events[values.size()], told_ms)) {
      values.push_back(events[values.size()].SerializeAsString());
      recorded_ms.push_back(told_ms);
    }
  }
  std::vector<log::NewRecord> records() const {
    std::vector<log::NewRecord> records;
    for (std::size_t i = 0; i < values.size(); ++i) {
      records.push_back(
          {events::topic_of(events[i].payload_case()), events[i].customer_id(), values[i], std::nullopt, {}});
    }
    return records;
  }
};

int tell(const GenerateFlags& flags) {
  if (!flags.target.is_data_alone()) {
    return fail(
        {ErrorCode::kInvalidArgument, "--recorded-as-told writes the embedded log of a folder: give --data DIR alone"});
  }
  const Day today = static_cast<Day>(
      std::chrono::duration_cast<std::chrono::hours>(std::chrono::system_clock::now().time_since_epoch()).count() / 24);
  if (flags.options.to >= today) {
    return fail(
        {ErrorCode::kInvalidArgument,
         fmt::format("--recorded-as-told tells what has been: --to must be before today, {}", format_date(today))});
  }
  const auto settings = flags.target.settings();
  if (!settings) return fail(settings.error());
  log::EmbeddedLogOptions options;
  options.data_directory = settings->data;
  options.partition_count = settings->partitions.value_or(0);
  options.on_notice = say;
  const auto log = log::open_told_log(options);
  if (!log) return fail(log.error());

  tools::AsTold story(flags.options);
  Tellings tellings;
  std::size_t told = 0;
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  for (tellings.take_from(story); !tellings.values.empty(); tellings.take_from(story)) {
    if (told == 0) first_ms = tellings.recorded_ms.front();
    last_ms = tellings.recorded_ms.back();
    if (const auto done = (*log)->append(tellings.records(), tellings.recorded_ms); !done) {
      return fail(done.error());
    }
    told += tellings.values.size();
  }
  out("published {} events\n", told);
  if (told > 0) {
    out("recorded {} to {}\n", format_instant_ms(first_ms), format_instant_ms(last_ms));
  }
  return kDone;
}

int generate(GenerateFlags& flags) {
  const auto from = parse_date(flags.from);
  std::optional<Day> last_day = flags.options.to;
  for (const std::string& to : flags.to) {
    if (to.find("://") != std::string::npos) {
      flags.target.set_url(to);
    } else {
      last_day = parse_date(to);
    }
  }
  if (!from || !last_day || *from > *last_day) {
    return fail({ErrorCode::kInvalidArgument,
                 "--from and --to take dates YYYY-MM-DD, the first not after the second (and --to "
                 "takes a URL to publish to)"});
  }
  if (*last_day > *parse_date(kLastDayMax)) {
    return fail({ErrorCode::kInvalidArgument, fmt::format("--to is {} at most", kLastDayMax)});
  }
  flags.options.from = *from;
  flags.options.to = *last_day;
  if (flags.recorded_as_told) return tell(flags);
  tools::Generator generator(flags.options);
  return write_events([&](events::v1::Event& event) { return generator.next(event); }, flags.target);
}

}  // namespace

void add_generate(CLI::App& app, Run& run) {
  CLI::App* command =
      app.add_subcommand("generate",
                         "Make a realistic history of orders, deliveries, invoices and cash, about 8 events an\n"
                         "order, in order of time; the same flags give the same events everywhere. Writes lines\n"
                         "of JSON to stdout, or publishes them with --to, --brokers or --data. Published, they are\n"
                         "recorded now; with --recorded-as-told when they would have been told.");
  auto flags = std::make_shared<GenerateFlags>();
  auto& options = flags->options;
  command->add_option("--customers", options.customers, "how many accounts")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--orders", options.orders, "how many orders")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}))
      ->capture_default_str();
  command->add_option("--seed", options.seed, "another seed, another history")->capture_default_str();
  command->add_option("--from", flags->from, "first day")->capture_default_str();
  command
      ->add_option("--to", flags->to,
                   "last day, " + format_date(options.to) + " if not given; or where to publish, a URL")
      ->expected(1)
      ->take_all();
  command->add_flag("--recorded-as-told", flags->recorded_as_told,
                    "write into an empty embedded log under --data, recorded at the times of the story, so\n"
                    "that known_at and restatement have something to show; the log is marked as such");
  flags->target.add_logs_to(*command);
  command->callback([&run, flags] { run = [flags] { return generate(*flags); }; });
}

}  // namespace daybook::cli
