#include "feed.h"

#include <fmt/format.h>

#include <atomic>

#include "events/json.h"
#include "http_connection.h"
#include "support.h"

namespace daybook::bench {

namespace {

tools::GenerateOptions enough_for(std::size_t count) {
  tools::GenerateOptions options;
  // Some seven events an order at least, and what the customers' files take.
  options.orders = static_cast<std::int64_t>(count / 6) + 100;
  options.customers = customers_for(options.orders);
  options.from = day_from_civil({2020, 1, 1});
  return options;
}

}  // namespace

History::History(std::size_t count, std::string accounts)
    : left_(count), accounts_(std::move(accounts)), generator_(enough_for(count)) {}

bool History::next(events::v1::Event& event) {
  if (left_ == 0) return false;
  do {
    if (!generator_.next(event)) give_up("the history is too short");
  } while (event.customer_id().find(':') != std::string::npos);  // Targets and rates are not an account's.
  event.set_customer_id(accounts_ + event.customer_id());
  --left_;
  return true;
}

const char* content_type(Form form) { return form == Form::kLines ? "application/x-ndjson" : "application/x-protobuf"; }

std::vector<std::string> bodies_of(History history, Form form) {
  std::vector<std::string> bodies;
  events::v1::Event event;
  for (bool more = history.next(event); more;) {
    std::string lines;
    events::v1::EventBatch batch;
    for (std::size_t i = 0; more && i < kEventsInBody; ++i, more = history.next(event)) {
      if (form == Form::kLines) {
        lines += events::to_json(event) + '\n';
      } else {
        *batch.add_events() = event;
      }
    }
    bodies.push_back(form == Form::kLines ? std::move(lines) : batch.SerializeAsString());
  }
  return bodies;
}

Posted post_all(const std::string& url, const std::vector<std::string>& bodies, Form form, int connections,
                double events_per_second) {
  std::atomic<std::size_t> next = 0;
  std::atomic<double> callers_cpu_seconds = 0;
  std::vector<std::thread> threads;
  const auto start = Clock::now();
  for (int i = 0; i < connections; ++i) {
    threads.emplace_back([&] {
      HttpConnection connection(url);
      for (std::size_t at = next++; at < bodies.size(); at = next++) {
        if (events_per_second > 0) {
          const std::chrono::duration<double> due(static_cast<double>(at * kEventsInBody) / events_per_second);
          std::this_thread::sleep_until(start + std::chrono::duration_cast<Clock::duration>(due));
        }
        const auto answer = connection.post("/v1/events", content_type(form), bodies[at]);
        if (answer.status != 200) give_up(fmt::format("POST /v1/events: {} {}", answer.status, answer.body));
      }
      callers_cpu_seconds += thread_cpu_seconds();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return {seconds_since(start), callers_cpu_seconds};
}

int feed(const std::string& url, double rate, double seconds) {
  const auto count = static_cast<std::size_t>(rate * seconds);
  const auto bodies =
      bodies_of(History(count, fmt::format("F{}-", Clock::now().time_since_epoch().count())), Form::kProtobuf);
  fmt::print("feeding\n");  // For who waits until it begins.
  std::fflush(stdout);
  const double took = post_all(url, bodies, Form::kProtobuf, 8, rate).seconds;
  fmt::print("fed, events/s                 {:.0f}\n", static_cast<double>(count) / took);
  return 0;
}

}  // namespace daybook::bench
