// What the departments of the synthetic company share: the agenda, the customers, the numbers
// given.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <queue>
#include <string>
#include <vector>

#include "daybook/events/v1/event.pb.h"
#include "tools/generate.h"
#include "tools/random.h"

namespace daybook::tools::history {

namespace v1 = events::v1;

inline constexpr Instant kHour = 3600;
inline constexpr Instant kDay = 24 * kHour;

// Something that will happen, unless it has become pointless by then.
enum class Action : std::uint8_t {
  // Reference data (reference.cc).
  kOpenAccount,
  kReviewAccount,
  kPublishRate,
  kSetTarget,
  // Orders and shipments (orders.cc).
  kPlace,
  kConfirm,
  kDelay,
  kChange,
  kCancelAll,
  kCancelLine,
  kReady,
  kDispatch,
  kDeliver,
  kReturn,
  kResend,
  kBill,
  kCreditReturn,
  // Invoices and cash (receivables.cc).
  kBillMonth,
  kReissue,
  kHandOver,
  kMoveDueDate,
  kVoid,
  kDispute,
  kResolve,
  kCreditDispute,
  kBonus,
  kAllocateBonus,
  kMisbookNote,
  kVoidNote,
  kRightNote,
  kUnallocateNote,
  kMoveNote,
  kCreditPaid,
  kRefundPaid,
  kPromise,
  kWithdrawPromise,
  kPay,
  kPayRun,
  kAllocate,
  kUnallocate,
  kBounce,
  kRefund,
  kWriteOff,
  kWriteOffDifference,
  kRecover,
  kLateFee,
};

struct Step {
  Instant at = 0;
  std::uint64_t tie = 0;      // Steps of one second: in the order in which they were planned.
  std::uint32_t subject = 0;  // A customer, a place in a pool … as the action has it.
  std::uint32_t detail = 0;
  Action action{};

  bool operator>(const Step& other) const { return at != other.at ? at > other.at : tie > other.tie; }
};

class Agenda {
 public:
  void plan(Instant at, Action action, std::uint32_t subject, std::uint32_t detail = 0) {
    steps_.push({at, ++planned_, subject, detail, action});
  }
  bool empty() const { return steps_.empty(); }
  Step take() {
    const Step step = steps_.top();
    steps_.pop();
    return step;
  }

 private:
  std::priority_queue<Step, std::vector<Step>, std::greater<>> steps_;
  std::uint64_t planned_ = 0;
};

// Things under way, each until it is done with; places are used again. References hold until then.
template <typename Thing>
class Pool {
 public:
  std::uint32_t add(Thing thing) {
    if (free_.empty()) {
      things_.push_back(std::move(thing));
      return static_cast<std::uint32_t>(things_.size() - 1);
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    things_[place] = std::move(thing);
    return place;
  }
  Thing& operator[](std::uint32_t place) { return things_[place]; }
  void remove(std::uint32_t place) {
    things_[place] = Thing{};
    free_.push_back(place);
  }

 private:
  std::deque<Thing> things_;
  std::vector<std::uint32_t> free_;
};

struct Territory {
  const char* region;
  const char* currency;
  // Minor units of the currency for a hundred euro cents.
  std::int64_t price_level;
  std::int64_t tax_per_mille;
  const char* warehouse;
};
inline constexpr std::array<Territory, 11> kTerritories = {{
    {"CN/East/Shanghai", "CNY", 780, 130, "Shanghai"},
    {"CN/East/Zhejiang", "CNY", 780, 130, "Shanghai"},
    {"CN/South/Guangdong", "CNY", 780, 130, "Shenzhen"},
    {"CN/South/Hunan", "CNY", 780, 130, "Shenzhen"},
    {"CN/North/Beijing", "CNY", 780, 130, "Tianjin"},
    {"CN/West/Sichuan", "CNY", 780, 130, "Shenzhen"},
    {"EU/DE", "EUR", 100, 190, "Hamburg"},
    {"EU/FR", "EUR", 100, 200, "Hamburg"},
    {"EU/NL", "EUR", 100, 210, "Hamburg"},
    {"JP/Kanto", "JPY", 160, 100, "Yokohama"},
    {"JP/Kansai", "JPY", 160, 100, "Yokohama"},
}};

// An order that waits for the monthly invoice.
struct Unbilled {
  std::uint32_t order_number = 0;
  std::int64_t net = 0;
  std::int64_t tax = 0;
};

struct Customer {
  Random random;
  std::uint8_t territory = 0;
  std::uint8_t rep = 0;
  char grade = 'B';
  std::int16_t terms_days = 30;
  std::int64_t credit_limit = -1;  // In minor units; below 0: none.
  std::uint32_t parent = 0;        // Its own number: none.
  // Days after the due date on which it usually pays; below 0: before.
  std::int16_t usual_delay = 0;
  bool billed_monthly = false;
  bool pays_in_runs = false;
  bool run_planned = false;
  std::vector<Unbilled> unbilled;
  std::vector<std::uint32_t> to_pay;  // Places of invoices, for the next payment run.

  const Territory& place() const { return kTerritories[territory]; }
};

struct World {
  explicit World(const GenerateOptions& given) : options(given) {}

  const GenerateOptions options;
  Agenda agenda;
  std::vector<Customer> customers;
  std::uint64_t events = 0;

  Instant end() const { return (Instant{options.to} + 1) * kDay; }
};

inline Day day_of(Instant at) { return static_cast<Day>(at / kDay); }
// Some time of a working day that is `days` later.
inline Instant days_later(Instant at, std::int64_t days, Random& random) {
  return (at / kDay + days) * kDay + 7 * kHour + random.below(11 * kHour);
}

std::string customer_id(std::uint32_t customer);
std::string order_id(std::uint32_t number);
std::string sales_rep(const Customer& customer);

// Starts `event` anew with its envelope.
void begin(World& world, v1::Event& event, Instant at, std::string customer_id, const char* source);

}  // namespace daybook::tools::history
