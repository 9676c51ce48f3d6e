// How long after the log has an event its effect can be asked for.
#include <boost/json/parse.hpp>
#include <mutex>
#include <thread>

#include "feed.h"
#include "http_connection.h"
#include "support.h"

namespace daybook::bench {
namespace {

constexpr int kProbers = 8;

// Publishes an order, and asks for it from the moment at which the log had it. Gives milliseconds.
double probe(HttpConnection& connection, const std::string& account, int number) {
  const std::string order = fmt::format("PROBE-{}", number);
  const std::string body =
      fmt::format(R"({{"event_id":"{1}","customer_id":"{0}","source":"bench","occurred_at":"2024-06-30T08:00:00Z",)"
                  R"("order_placed":{{"order_id":"{1}","currency":"EUR",)"
                  R"("lines":[{{"line_id":"1","sku":"S","quantity":"1","net_minor":"100"}}]}}}})",
                  account, order);
  const auto published = connection.post("/v1/events", "application/json", body);
  const auto acknowledged = Clock::now();
  if (published.status != 200) give_up(published.body);
  const auto place = boost::json::parse(published.body).at("results").at(0);
  // The answer is given once the record is folded, and must hold the order then.
  const auto seen = connection.get(fmt::format("/v1/orders/{}?customer_id={}&wait_ms=10000&min_position={}:{}:{}",
                                               order, account, place.at("topic").as_string().c_str(),
                                               place.at("partition").as_int64(), place.at("offset").as_int64()));
  const double milliseconds = seconds_since(acknowledged) * 1e3;
  if (seen.status != 200) give_up(fmt::format("{} {}", seen.status, seen.body));
  return milliseconds;
}

}  // namespace

int freshness(const std::string& figure, const std::string& url, double rate, double seconds, int runs) {
  Spread median, p99, most;
  const auto started = Clock::now().time_since_epoch().count();
  for (int run = 0; run < runs; ++run) {
    const std::string accounts = fmt::format("N{}-{}-", started, run);
    const auto count = static_cast<std::size_t>(rate * seconds);
    const auto bodies = bodies_of(History(count, accounts), Form::kProtobuf);
    double fed = 0;
    std::atomic<bool> done = false;
    std::thread feeder([&] {
      fed = post_all(url, bodies, Form::kProtobuf, 8, rate).seconds;
      done = true;
    });
    std::vector<double> times;
    std::mutex mutex;  // Guards `times`.
    std::vector<std::thread> probers;
    for (int prober = 0; prober < kProbers; ++prober) {
      probers.emplace_back([&, prober] {
        HttpConnection connection(url);
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        for (int number = prober; !done; number += kProbers) {
          // Accounts of all partitions in turn, at no fixed place in any rhythm of the server.
          const double time = probe(connection, fmt::format("{}probe-{}", accounts, number % 64), number);
          {
            const std::lock_guard lock(mutex);
            times.push_back(time);
          }
          std::this_thread::sleep_for(std::chrono::microseconds(10'000 + number * 7'919 % 10'000));
        }
      });
    }
    feeder.join();
    for (std::thread& prober : probers) prober.join();
    const double reached = static_cast<double>(count) / fed;
    fmt::print("fed, events/s                 {:.0f}   {} orders asked for\n", reached, times.size());
    if (reached < 0.95 * rate) give_up("the server does not take events at that rate");
    median.add(percentile(times, 50));
    p99.add(percentile(times, 99));
    most.add(percentile(times, 100));
  }
  fmt::print("acknowledged to visible, ms: median  {}\n", median.text());
  fmt::print("                             p99     {}\n", p99.text());
  fmt::print("                             most    {}\n", most.text());
  record({figure, p99});
  return 0;
}

}  // namespace daybook::bench
