// Folds a fixed history in one thread, for `budget` beside this file, which counts the instructions
// spent between its entry points and the bytes written.
#include <fstream>

#include "base/ensure.h"
#include "engine/shard.h"
#include "events/record.h"
#include "support.h"
#include "tools/generate.h"

namespace {

using namespace daybook;

struct Written {
  log::Topic topic;
  std::string key;
  std::string value;
};

// In the order of time, as `generate` gives them.
std::vector<Written> history(std::int64_t orders) {
  tools::GenerateOptions options;
  options.orders = orders;
  options.customers = bench::customers_for(orders);
  options.from = day_from_civil({2020, 1, 1});
  tools::Generator generator(options);
  std::vector<Written> written;
  events::v1::Event event;
  while (generator.next(event)) {
    written.push_back({events::topic_of(event.payload_case()), event.customer_id(), event.SerializeAsString()});
  }
  return written;
}

// All bytes that this process has given to the system to write.
std::uint64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  std::string name;
  for (std::uint64_t value = 0; io >> name >> value;) {
    if (name == "wchar:") return value;
  }
  bench::give_up("/proc/self/io tells nothing");
}

}  // namespace

// budget ORDERS BEFORE COMMIT_EVERY: folds what comes before the last events without counting, and prints
// the events then folded and the bytes written for them.
int main(int argc, char** argv) {
  ENSURE(argc == 4, "budget ORDERS BEFORE COMMIT_EVERY");
  const std::vector<Written> written = history(std::atoll(argv[1]));
  const auto before = static_cast<std::size_t>(std::atoll(argv[2]));
  ENSURE(before < written.size(), "something is left to count");
  std::vector<log::Record> records;
  std::array<std::int64_t, log::kEventTopicCount> next{};
  for (const Written& one : written) {
    log::Record& record = records.emplace_back();
    record.topic = one.topic;
    record.offset = next[static_cast<std::size_t>(one.topic)]++;
    record.timestamp_ms = 1'600'000'000'000 + static_cast<std::int64_t>(records.size());
    record.key = one.key;
    record.value = one.value;
  }
  const std::span<const log::Record> all(records);
  const test::TempDir directory;
  store::SharedMemory memory{64 << 20, 64 << 20};
  const domain::Rules rules{BusinessZone::find("UTC").value(), {}};
  auto store = bench::must(store::ShardStore::open(directory.path(), memory, store::ShardStore::Mode::kReadWrite));
  const auto shard = bench::must(engine::Shard::open(std::move(store), rules, {}));
  for (const log::Record& record : all.first(before)) shard->apply(record);
  bench::must(shard->commit());
  const std::uint64_t bytes_before = bytes_written();
  daybook_budget_fold(*shard, all.subspan(before), static_cast<std::size_t>(std::atoll(argv[3])));
  fmt::print("{} {}\n", all.size() - before, bytes_written() - bytes_before);
}
