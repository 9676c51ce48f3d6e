// What one valid event may cost, whatever it says: bytes that are allocated while it is folded, and bytes that the
// mirror keeps of it for good, both in proportion to the events and to the lines, instalments, allocations and ids
// in their lists. (What instructions it takes is held by tests/benchmarks/shapes.)
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "mirror/shard_mirror.h"
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
    mirror_ = std::make_shared<mirror::ShardMirror>(folding_.shard().store(), folding_.shard().labels(), rules_, options_);
    folding_.shard().listen(mirror_);
    build();
  }

  // Folds these events of an account that has no others, each in a commit of its own.
  Costs fold(const std::vector<HostileRecord>& records) {
    const std::string account = "account" + std::to_string(++accounts_);
    mirror_->merge();
    const std::size_t kept_before = mirror_->bytes();
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
    if (mirror_->image() == nullptr) build();
    mirror_->merge();
    costs.kept = mirror_->bytes() - std::min(mirror_->bytes(), kept_before);
    return costs;
  }

 private:
  void build() {
    const std::atomic<bool> stopping = false;
    ASSERT_TRUE(mirror_->build(stopping));
  }

  domain::Rules rules_ = utc_rules();
  Folding folding_{rules_};
  mirror::MirrorOptions options_{.bytes = 1 << 30};
  std::shared_ptr<mirror::ShardMirror> mirror_;
  std::array<std::int64_t, log::kEventTopicCount> next_{};
  std::size_t accounts_ = 0;
};

// The most that some events of one account may take: so much for each of them, for each thing in their lists, and
// for the large pieces in which the store and the mirror take their memory.
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

}  // namespace
}  // namespace daybook::test
