// Pages asked for at a steady rate, whatever the answers take: latencies count from when a question was due.
#include <fstream>
#include <mutex>
#include <random>
#include <thread>

#include "http_connection.h"
#include "support.h"

namespace daybook::bench {

int steady(const std::string& url, const std::string& targets_file, double rate, int connections, double seconds) {
  std::vector<std::string> targets;
  std::ifstream file(targets_file);
  for (std::string line; std::getline(file, line);) targets.push_back(line);
  if (targets.empty()) give_up("no targets in " + targets_file);

  std::mutex mutex;
  std::vector<double> all_ms;
  std::vector<std::thread> threads;
  const auto start = Clock::now();
  for (int i = 0; i < connections; ++i) {
    threads.emplace_back([&, i] {
      HttpConnection connection(url);
      std::minstd_rand random(static_cast<unsigned>(i) + 1);
      std::vector<double> ms;
      // Each connection has its turns, evenly among those of the others.
      for (double due = i / rate; due < seconds; due += connections / rate) {
        const auto at = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(due));
        std::this_thread::sleep_until(at);
        const auto answer = connection.get(targets[random() % targets.size()]);
        if (answer.status != 200) give_up(fmt::format("{} {}", answer.status, answer.body));
        ms.push_back(seconds_since(at) * 1e3);
      }
      const std::lock_guard lock(mutex);
      all_ms.insert(all_ms.end(), ms.begin(), ms.end());
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double took = seconds_since(start);
  fmt::print("{:.0f} {:.3f} {:.3f}\n", static_cast<double>(all_ms.size()) / took, percentile(all_ms, 50),
             percentile(all_ms, 99));
  return 0;
}

}  // namespace daybook::bench
