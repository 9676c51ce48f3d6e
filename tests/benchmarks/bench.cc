// Measurements that stand beside a reference taken in the same run: only ratios are worth quoting,
// the machines are shared and noisy. `run` beside this file prints them all as one table.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/ensure.h"
#include "log/embedded_log.h"
#include "support.h"
#include "views/live_model.h"
#include "views/router.h"

namespace daybook::bench {
namespace {

int ageing(std::int64_t orders, int runs) {
  test::TempDir directory;
  log::EmbeddedLogOptions options;
  options.data_directory = directory.path();
  options.partition_count = 8;
  const auto log = must(log::open_embedded_log(options));
  load(*log, orders, 5'000);
  const Folded folded(*log, "");
  const views::LiveModel model(*folded.projector, folded.rules, "");
  const views::Today today = [] { return day_from_civil({2024, 12, 31}); };
  const auto time = [&](const std::string& path, const views::ParameterMap& parameters) {
    Spread spread;
    for (int run = 0; run < runs; ++run) {
      const auto start = Clock::now();
      std::vector<std::string> segments;
      for (std::size_t at = 0; at != std::string::npos;) {
        const std::size_t slash = path.find('/', at);
        segments.push_back(path.substr(at, slash == std::string::npos ? slash : slash - at));
        at = slash == std::string::npos ? slash : slash + 1;
      }
      const auto answer = views::answer(model, today, segments, parameters, "");
      ENSURE(answer.status == 200, "the question is good");
      spread.add(seconds_since(start) * 1e3);
    }
    return spread.text();
  };
  fmt::print("orders (about as many invoices)      {}\n", orders);
  fmt::print("ageing totals, past date, ms         {}\n",
             time("v1/receivables/ageing", {{"as_of", "2023-06-30"}, {"group_by", "none"}}));
  fmt::print("ageing by customer, past date, ms    {}\n",
             time("v1/receivables/ageing", {{"as_of", "2023-06-30"}, {"page_size", "1000"}}));
  fmt::print("sales by region and month, ms        {}\n",
             time("v1/sales", {{"from", "2023-01-01"}, {"to", "2023-12-31"}, {"grain", "month"}, {"group_by", "region"}}));
  fmt::print("cycle percentiles by month, ms       {}\n",
             time("v1/order-cycle", {{"from", "2023-01-01"}, {"to", "2023-12-31"}}));
  return 0;
}

}  // namespace
}  // namespace daybook::bench

int main(int argc, char** argv) {
  CLI::App app("Benchmarks of Daybook; each prints its figures beside their reference.");
  app.require_subcommand(1);
  std::int64_t orders = 100'000;
  int runs = 3;
  std::string brokers;
  int code = 0;
  const auto common = [&](CLI::App* command) {
    command->add_option("--orders", orders, "length of the history: about 8 events an order")->capture_default_str();
    command->add_option("--runs", runs, "how often; min, median and max are printed")->capture_default_str();
    return command;
  };
  const auto on_kafka = [&](CLI::App* command) {
    common(command)->add_option("--brokers", brokers, "a running broker")->required();
    return command;
  };
  on_kafka(app.add_subcommand("fill", "publish a history in large batches, for other programs to fold"))
      ->callback([&] { code = daybook::bench::fill(brokers, orders); });
  on_kafka(app.add_subcommand("refold", "fold what `fill` has published, as often as asked"))
      ->callback([&] { code = daybook::bench::refold(brokers, runs); });
  on_kafka(app.add_subcommand("fold-kafka", "fold from Kafka beside a bare librdkafka consumer"))
      ->callback([&] { code = daybook::bench::fold_kafka(brokers, orders, runs); });
  on_kafka(app.add_subcommand("fold-live", "the same on a log that was written live in small batches"))
      ->callback([&] { code = daybook::bench::fold_live(brokers, orders, runs); });
  common(app.add_subcommand("fold-embedded", "fold from the embedded log beside decoding alone"))
      ->callback([&] { code = daybook::bench::fold_embedded(orders, runs); });
  int factor = 20;
  CLI::App* growth = common(app.add_subcommand("growth", "fold of a long history beside that of a short one"));
  growth->add_option("--factor", factor, "how much longer")->capture_default_str();
  growth->callback([&] { code = daybook::bench::growth(orders, factor); });
  std::string log_directory;
  CLI::App* size = on_kafka(app.add_subcommand("size", "read models on disk beside the log they came from"));
  size->add_option("--log-directory", log_directory, "where the broker keeps its log")->required();
  size->callback([&] { code = daybook::bench::size(brokers, log_directory, orders); });
  common(app.add_subcommand("ageing", "questions at a past date"))
      ->callback([&] { code = daybook::bench::ageing(orders, runs); });
  std::string url;
  double rate = 20'000;
  double seconds = 10;
  const auto on_server = [&](CLI::App* command) {
    command->add_option("--url", url, "a running server")->required();
    command->add_option("--rate", rate, "events/s that arrive meanwhile")->capture_default_str();
    command->add_option("--seconds", seconds, "for so long")->capture_default_str();
    return command;
  };
  on_server(app.add_subcommand("feed", "publish at a rate"))->callback([&] {
    code = daybook::bench::feed(url, rate, seconds);
  });
  std::string figure = "freshness-kafka";
  CLI::App* freshness = on_server(app.add_subcommand("freshness", "from acknowledged to visible, while events arrive"));
  freshness->add_option("--runs", runs, "how often")->capture_default_str();
  freshness->add_option("--figure", figure, "its name in the table")->capture_default_str();
  freshness->callback([&] { code = daybook::bench::freshness(figure, url, rate, seconds, runs); });
  std::int64_t events = 200'000;
  int callers = 64;
  CLI::App* publish = app.add_subcommand("publish", "POST /v1/events beside librdkafka's own producer");
  publish->add_option("--url", url, "a running server on Kafka")->required();
  publish->add_option("--brokers", brokers, "its broker")->required();
  publish->add_option("--events", events, "in each run")->capture_default_str();
  publish->add_option("--callers", callers, "who publish at the same time")->capture_default_str();
  publish->add_option("--runs", runs, "how often")->capture_default_str();
  publish->callback([&] { code = daybook::bench::publish(url, brokers, events, callers, runs); });
  CLI11_PARSE(app, argc, argv);
  return code;
}
