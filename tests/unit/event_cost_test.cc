// What one valid event may cost, whatever it says: bytes that are allocated while it is folded, and bytes that the
// index keeps of it for good, both in proportion to the events and to the lines, instalments, allocations and ids
// in their lists, or where an event concerns all instalments of an invoice, to those. (What time it takes is held by
// tests/benchmarks/shapes.)
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "index/shard_index.h"
#include "support/book.h"
#include "support/folding.h"

namespace {

std::size_t allocated_bytes = 0;

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  __atomic_fetch_add(&allocated_bytes, bytes, __ATOMIC_RELAXED);
  return std::malloc(bytes == 0 ? 1 : bytes);
}
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (void* const memory = operator new(bytes, std::nothrow)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace daybook::test {
namespace {

// What was told, and what it took.
struct Costs {
  std::size_t events = 0;
  std::size_t things = 0;
  std::size_t allocated = 0;
  std::size_t kept = 0;
};

class Ledger {
 public:
  Ledger() {
    index_ = std::make_shared<index::ShardIndex>(folding_.shard().store(), folding_.shard().labels(), rules_, options_);
    folding_.shard().listen(index_);
    build();
  }

  // Folds these events of an account that has no others, each in a commit of its own.
  Costs fold(const std::vector<HostileRecord>& records) {
    const std::string account = "account" + std::to_string(++accounts_);
    index_->merge();
    const std::size_t kept_before = index_->bytes();
    Costs costs;
    for (const HostileRecord& told : records) {
      events::v1::Event event;
      if (!event.ParseFromString(told.value)) continue;
      if (event.has_exchange_rate_published() || event.has_sales_target_set()) continue;
      event.set_customer_id(account);
      log::Record record;
      record.topic = told.topic;
      record.offset = next_[static_cast<std::size_t>(told.topic)]++;
      record.timestamp_ms = 1'700'000'000'000;
      record.key = account;
      const std::string value = event.SerializeAsString();
      record.value = value;
      const std::size_t before = allocated_bytes;
      folding_.apply(record);
      folding_.commit();
      costs.allocated += allocated_bytes - before;
      ++costs.events;
      costs.things += things_in(event);
    }
    if (index_->snapshot() == nullptr) build();
    index_->merge();
    costs.kept = index_->bytes() - std::min(index_->bytes(), kept_before);
    return costs;
  }

 private:
  void build() {
    const std::atomic<bool> stopping = false;
    ASSERT_TRUE(index_->build(stopping));
  }

  domain::Rules rules_ = utc_rules();
  Folding folding_{rules_};
  index::IndexOptions options_{.bytes = 1 << 30};
  std::shared_ptr<index::ShardIndex> index_;
  std::array<std::int64_t, log::kEventTopicCount> next_{};
  std::size_t accounts_ = 0;
};

// The most that some events of one account may take: so much for each of them, for each thing in their lists, and
// for the large pieces in which the store and the index take their memory.
constexpr std::size_t kAnEvent = 64 << 10;
constexpr std::size_t kAThing = 8 << 10;
constexpr std::size_t kAllocatedInPieces = 24 << 20;
constexpr std::size_t kKeptInPieces = 1 << 20;
// And over many accounts, for each event and thing.
constexpr std::size_t kAllocatedOnAverage = 6 << 10;
constexpr std::size_t kKeptOnAverage = 2 << 10;

TEST(EventCost, IsBoundedWhateverItSays) {
  Costs sum;
  for (std::uint32_t seed = 1; seed <= 3'000;) {
    Ledger ledger;
    for (int i = 0; i < 100; ++i, ++seed) {
      const Costs costs = ledger.fold(Hostile(seed, Values::kWhole).records(6));
      const std::size_t in_proportion = costs.events * kAnEvent + costs.things * kAThing;
      EXPECT_LE(costs.allocated, kAllocatedInPieces + in_proportion) << "seed " << seed;
      EXPECT_LE(costs.kept, kKeptInPieces + in_proportion) << "seed " << seed;
      sum.events += costs.events;
      sum.things += costs.things;
      sum.allocated += costs.allocated;
      sum.kept += costs.kept;
    }
  }
  EXPECT_LE(sum.allocated, (sum.events + sum.things) * kAllocatedOnAverage);
  EXPECT_LE(sum.kept, (sum.events + sum.things) * kKeptOnAverage);
  // Long lists were among them.
  EXPECT_GT(sum.things, 100'000U);
}

// An invoice in instalments, and what concerns all of them, again and again. Every second day one is due, and they move
// by a day, so that none takes another's place.
constexpr int kInstalments = 1'000;
constexpr int kTimes = 100;
// The most that each time may take for each instalment.
constexpr std::size_t kAllocatedAnInstalment = 4 << 10;
constexpr std::size_t kKeptAnInstalment = 256;

class Instalments {
 public:
  Instalments() {
    std::string instalments;
    for (int i = 0; i < kInstalments; ++i) {
      instalments += fmt::format(R"({}{{"due_date":"{}","amount_minor":100}})", i == 0 ? "" : ",", date(2 * i));
    }
    tell(
        0,
        fmt::format(
            R"("invoice_issued":{{"invoice_id":"I","currency":"CNY","net_minor":{},"issue_date":"{}","instalments":[{}]}})",
            100 * kInstalments, date(0), instalments));
  }

  void tell(int day, const std::string& payload) {
    const std::string json =
        fmt::format(R"({{"event_id":"e{}","customer_id":"C","source":"s","occurred_at":"{}T12:00:00Z",{}}})",
                    records_.size(), date(day), payload);
    events::v1::Event event;
    events::Violations violations;
    ASSERT_TRUE(events::read_event(json, event, violations)) << json;
    HostileRecord record;
    record.topic = events::topic_of(event.payload_case());
    record.value = event.SerializeAsString();
    records_.push_back(std::move(record));
  }
  static std::string date(int day) { return format_date(day_from_civil({2000, 1, 1}) + day); }

  void expect_bounded(const std::string& what) {
    Ledger ledger;
    const Costs costs = ledger.fold(records_);
    const std::size_t concerned = costs.events * kInstalments;
    EXPECT_LE(costs.allocated, kAllocatedInPieces + costs.events * kAnEvent + concerned * kAllocatedAnInstalment)
        << what;
    EXPECT_LE(costs.kept, kKeptInPieces + concerned * kKeptAnInstalment) << what;
  }

 private:
  std::vector<HostileRecord> records_;
};

TEST(EventCost, IsWhatItConcernsHoweverOftenThatWasConcernedBefore) {
  Instalments moved;
  for (int i = 0; i < kTimes; ++i) {
    moved.tell(1 + i, fmt::format(R"("invoice_due_date_changed":{{"invoice_id":"I","due_date":"{}"}})",
                                  Instalments::date(2 * kInstalments + i)));
  }
  moved.expect_bounded("due dates moved");

  Instalments disputed;
  for (int i = 0; i < kTimes; ++i) {
    disputed.tell(1 + 2 * i, fmt::format(R"("invoice_disputed":{{"dispute_id":"D{}","invoice_id":"I"}})", i));
    disputed.tell(2 + 2 * i,
                  fmt::format(R"("dispute_resolved":{{"dispute_id":"D{}","invoice_id":"I","outcome":"UPHELD"}})", i));
  }
  disputed.expect_bounded("disputed as a whole");

  Instalments paid;
  paid.tell(
      0, fmt::format(R"("payment_received":{{"payment_id":"P","currency":"CNY","amount_minor":{},"value_date":"{}"}})",
                     100 * kInstalments, Instalments::date(0)));
  for (int i = 0; i < kTimes; ++i) {
    paid.tell(
        1 + 2 * i,
        fmt::format(
            R"("payment_allocated":{{"allocation_id":"A{}","payment_id":"P","date":"{}","allocations":[{{"invoice_id":"I","amount_minor":{}}}]}})",
            i, Instalments::date(1 + 2 * i), 100 * kInstalments));
    paid.tell(2 + 2 * i, fmt::format(R"("payment_unallocated":{{"allocation_id":"A{}","payment_id":"P","date":"{}"}})",
                                     i, Instalments::date(2 + 2 * i)));
  }
  paid.expect_bounded("paid as a whole");
}

}  // namespace
}  // namespace daybook::test
