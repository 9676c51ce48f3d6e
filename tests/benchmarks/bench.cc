// Measurements that stand beside a reference taken in the same run: only ratios are worth quoting,
// the machines are shared and noisy. `run` beside this file prints them all as one table.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <random>
#include <thread>

#include "live/live_model.h"
#include "log/embedded_log.h"
#include "support.h"

namespace daybook::bench {
namespace {

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Questions as the server answers them, each on its own dates. A first touch is the first question of its
// kind on a date.
class Questions {
 public:
  // Only those whose names hold a text. Both must outlive it.
  Questions(const live::LiveModel& model, const std::string& only) : model_(model), only_(only) {}

  Day random_day(Day from, Day to) {
    return from + static_cast<Day>(random_() % static_cast<std::uint32_t>(to - from + 1));
  }
  // Asks `runs` times, twice each; `ask` gives the parameters.
  void time(const char* what, const std::string& path, int runs, const std::function<query::ParameterMap()>& ask) {
    if (std::string_view(what).find(only_) == std::string_view::npos) return;
    Spread first, again;
    for (int run = 0; run < runs; ++run) {
      const query::ParameterMap parameters = ask();
      first.add(question_ms(model_, path, parameters));
      again.add(question_ms(model_, path, parameters));
    }
    fmt::print("{:<40} {}   again {}\n", what, first.text(), again.text());
  }

 private:
  const live::LiveModel& model_;
  const std::string& only_;
  std::minstd_rand random_{1};
};

int ageing(std::int64_t orders, int runs, bool indexed, const std::string& only) {
  test::TempDir directory;
  log::EmbeddedLogOptions options;
  options.data_directory = directory.path();
  options.partition_count = 8;
  const auto log = must(log::open_embedded_log(options));
  const std::int64_t before_ms = now_ms();
  load(*log, orders, 5'000);
  const std::int64_t loaded_ms = now_ms();
  const Folded folded(*log, "", indexed ? Folded::Indexes::kAsPlanned : Folded::Indexes::kNone);
  const live::LiveModel& model = *folded.model;
  fmt::print("orders (about as many invoices)          {}\n", orders);
  if (indexed) {
    const double cpu = cpu_seconds();
    const auto start = Clock::now();
    while (model.indexes_ready() < model.partition_count()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    fmt::print("index ready after folding, s            {:.3f}   (processor {:.3f})\n", seconds_since(start),
               cpu_seconds() - cpu);
  }
  fmt::print("index, MiB                              {:.1f}\n", static_cast<double>(model.index_bytes()) / (1 << 20));
  const Day first = day_from_civil({2023, 1, 1});
  const Day last = day_from_civil({2024, 12, 31});
  Questions questions(model, only);
  const auto past = [&](query::ParameterMap more) {
    return [&, more] {
      query::ParameterMap parameters = more;
      parameters.emplace("as_of", format_date(questions.random_day(first, last)));
      return parameters;
    };
  };
  // A year from the first of some month on.
  const auto year = [&](query::ParameterMap more) {
    return [&, more] {
      query::ParameterMap parameters = more;
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
  questions.time("credits over items, totals", ages, runs, past({{"group_by", "none"}, {"credits", "fifo"}}));
  questions.time("credits over items, customers", ages, runs, past({{"page_size", "1000"}, {"credits", "fifo"}}));
  questions.time("trend of 12 months, totals", ages + "/trend", runs, year({}));
  questions.time("trend of 12 months, customers", ages + "/trend", std::min(runs, 5),
                 year({{"group_by", "customer"}, {"page_size", "1000"}}));
  questions.time("trend of 12 months, credits over items", ages + "/trend", std::min(runs, 5),
                 year({{"credits", "fifo"}}));
  // A month that has ended.
  const auto month = [&](query::ParameterMap more) {
    return [&, more] {
      query::ParameterMap parameters = more;
      const Day from = period_start(Grain::kMonth, questions.random_day(first, last - 31));
      parameters.emplace("from", format_date(from));
      parameters.emplace("to", format_date(period_start(Grain::kMonth, from + 32) - 1));
      return parameters;
    };
  };
  questions.time("bridge of a month", "v1/receivables/bridge", runs, month({}));
  questions.time("bridge of a month by region", "v1/receivables/bridge", runs, month({{"group_by", "region"}}));
  questions.time("entries of a month, a page", "v1/receivables/entries", runs, month({}));
  questions.time("ratios of a month", "v1/receivables/ratios", runs, month({}));
  questions.time("worklist, a page", "v1/receivables/worklist", runs, past({}));
  questions.time("dunning, a page", "v1/receivables/dunning", runs, past({}));
  questions.time("customers with credit, a page", "v1/customers", runs, past({}));
  questions.time("anomalies open, a page", "v1/anomalies", std::min(runs, 5), past({}));
  // Recorded while the history was written; each instant is asked for the first time.
  const auto known = [&](query::ParameterMap more) {
    return [&, more] {
      query::ParameterMap parameters = more;
      parameters.emplace("as_of", format_date(questions.random_day(first, last)));
      const double share = static_cast<double>(questions.random_day(10, 95)) / 100;
      const double recorded_ms = static_cast<double>(before_ms) + share * static_cast<double>(loaded_ms - before_ms);
      parameters.emplace("known_at", format_instant_ms(static_cast<std::int64_t>(recorded_ms)));
      return parameters;
    };
  };
  questions.time("ageing totals, known at a past instant", ages, std::min(runs, 5), known({{"group_by", "none"}}));
  questions.time("ageing by customer, known then", ages, std::min(runs, 5), known({{"page_size", "1000"}}));
  questions.time("ageing by region, known then", ages, std::min(runs, 5), known({{"group_by", "region"}}));
  questions.time("trend of 12 months, known then", ages + "/trend", std::min(runs, 3), [&] {
    query::ParameterMap parameters = known(year({})())();
    parameters.erase("as_of");
    return parameters;
  });
  const auto tenth = [&](query::ParameterMap more) {
    return [&, more] {
      const auto at = [&](double share) {
        return format_instant_ms(before_ms +
                                 static_cast<std::int64_t>(share * static_cast<double>(loaded_ms - before_ms)));
      };
      query::ParameterMap parameters = more;
      parameters.emplace("known_from", at(0.8));
      parameters.emplace("known_to", at(0.9));
      return parameters;
    };
  };
  questions.time("restatement of a tenth, a page", "v1/receivables/restatement", std::min(runs, 3), tenth({}));
  questions.time("restatement of a tenth in a region, a page", "v1/receivables/restatement", std::min(runs, 3),
                 tenth({{"region", "EU"}}));
  questions.time("invoices overdue, a page", "v1/invoices", runs, past({{"state", "overdue"}}));
  questions.time("invoices of a rep that nobody is", "v1/invoices", std::min(runs, 5), past({{"sales_rep", "nobody"}}));
  questions.time("payments not applied, a page", "v1/payments", runs, past({{"state", "unapplied"}}));
  questions.time("orders late, a page", "v1/orders", runs, past({{"state", "late"}}));
  questions.time("shipments of no warehouse, a page", "v1/shipments", std::min(runs, 5),
                 past({{"warehouse", "none of them"}}));
  questions.time("sales by region and month", "v1/sales", runs, year({{"grain", "month"}, {"group_by", "region"}}));
  questions.time("sales by rep and quarter", "v1/sales", runs, year({{"grain", "quarter"}, {"group_by", "sales_rep"}}));
  questions.time("sales by sku", "v1/sales", std::min(runs, 3), year({{"group_by", "sku"}}));
  questions.time("sales by region, known then", "v1/sales", std::min(runs, 3), [&] {
    query::ParameterMap parameters = known(year({{"group_by", "region"}})())();
    parameters.erase("as_of");
    return parameters;
  });
  questions.time("postings of a month's sales, a page", "v1/sales/postings", runs, month({}));
  questions.time("postings of a month, ordered of a region", "v1/sales/postings", runs,
                 month({{"measure", "ordered"}, {"region", "EU"}}));
  questions.time("postings of a month, shipped", "v1/sales/postings", runs, month({{"measure", "shipped"}}));
  questions.time("cycle percentiles by month", "v1/order-cycle", runs, year({}));
  questions.time("cycle by region", "v1/order-cycle", runs, year({{"group_by", "region"}}));
  questions.time("on time in full by month", "v1/order-cycle/on-time", runs, year({}));
  questions.time("on time in full by region", "v1/order-cycle/on-time", runs, year({{"group_by", "region"}}));
  questions.time("open orders, a page", "v1/order-cycle/open", runs, past({}));
  questions.time("open orders of a region, a page", "v1/order-cycle/open", runs, past({{"region", "EU"}}));
  questions.time("open orders known then, a page", "v1/order-cycle/open", std::min(runs, 3), known({}));
  // A month that has ended against the one before.
  const auto two_months = [&](query::ParameterMap more) {
    return [&, more] {
      query::ParameterMap parameters = more;
      const Day from = period_start(Grain::kMonth, questions.random_day(first + 31, last - 31));
      parameters.emplace("period", period_label(Grain::kMonth, from));
      parameters.emplace("baseline", period_label(Grain::kMonth, from - 1));
      return parameters;
    };
  };
  questions.time("cycle factors of a month", "v1/order-cycle/factors", runs, two_months({}));
  questions.time("cycle factors of a month by region", "v1/order-cycle/factors", runs,
                 two_months({{"group_by", "region"}}));
  questions.time("orders of a month's cycle, a page", "v1/order-cycle/orders", runs, month({}));
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
  on_kafka(app.add_subcommand("fill", "publish a history in large batches, for other programs to fold"))->callback([&] {
    code = daybook::bench::fill(brokers, orders);
  });
  on_kafka(app.add_subcommand("refold", "fold what `fill` has published, as often as asked"))->callback([&] {
    code = daybook::bench::refold(brokers, runs);
  });
  on_kafka(app.add_subcommand("fold-kafka", "fold from Kafka beside a bare librdkafka consumer"))->callback([&] {
    code = daybook::bench::fold_kafka(brokers, orders, runs);
  });
  on_kafka(app.add_subcommand("fold-live", "the same on a log that was written live in small batches"))->callback([&] {
    code = daybook::bench::fold_live(brokers, orders, runs);
  });
  common(app.add_subcommand("fold-embedded", "fold from the embedded log beside decoding alone"))->callback([&] {
    code = daybook::bench::fold_embedded(orders, runs);
  });
  int factor = 20;
  CLI::App* growth = common(app.add_subcommand("growth", "fold of a long history beside that of a short one"));
  growth->add_option("--factor", factor, "how much longer")->capture_default_str();
  growth->callback([&] { code = daybook::bench::growth(orders, factor); });
  std::string from, to;
  int times = 5;
  CLI::App* enlarge = app.add_subcommand("enlarge", "a data directory, its partitions several times over");
  enlarge->add_option("--from", from, "of a server that has stopped, with the embedded log")->required();
  enlarge->add_option("--to", to, "the new one")->required();
  enlarge->add_option("--times", times, "how often")->capture_default_str();
  enlarge->callback([&] { code = daybook::bench::enlarge(from, to, times); });
  std::string log_directory;
  CLI::App* size = on_kafka(app.add_subcommand("size", "read models on disk beside the log they came from"));
  size->add_option("--log-directory", log_directory, "where the broker keeps its log")->required();
  size->callback([&] { code = daybook::bench::size(brokers, log_directory, orders); });
  bool from_pages = false;
  CLI::App* ageing = common(app.add_subcommand("ageing", "questions at random past dates"));
  ageing->add_flag("--from-pages", from_pages, "without indexes in memory");
  std::string only;
  ageing->add_option("--only", only, "questions whose names hold this text");
  ageing->callback([&] { code = daybook::bench::ageing(orders, runs, !from_pages, only); });
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
  std::string targets;
  double questions = 1'000;
  int connections = 64;
  CLI::App* steady = app.add_subcommand("steady", "ask for pages at a rate, whatever the answers take");
  steady->add_option("--url", url, "a running server")->required();
  steady->add_option("--targets", targets, "a file of paths, of which each question takes one")->required();
  steady->add_option("--rate", questions, "questions a second")->capture_default_str();
  steady->add_option("--connections", connections, "that take turns")->capture_default_str();
  steady->add_option("--seconds", seconds, "for so long")->capture_default_str();
  steady->callback([&] { code = daybook::bench::steady(url, targets, questions, connections, seconds); });
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
