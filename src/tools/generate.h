// A realistic synthetic history: customers, orders, deliveries, invoices and cash, with the mishaps
// that real ledgers are full of. The same options give the same events on every machine.
#pragma once

#include <cstdint>
#include <memory>

#include "base/date.h"
#include "daybook/events/v1/event.pb.h"

namespace daybook::tools {

struct GenerateOptions {
  std::int64_t customers = 200;
  std::int64_t orders = 10'000;
  std::uint64_t seed = 1;
  // First and last day of the history. Orders spread over all of it, more before the year's end and
  // on Mondays; what would happen after the last day does not, so the newest invoices are open.
  Day from = day_from_civil({2023, 1, 1});
  Day to = day_from_civil({2024, 12, 31});
};

// Gives the events one by one, in order of occurred_at. Every one is valid, no id is used twice,
// and what refers to something comes after it. About 8 events an order; the memory used follows the
// customers and the orders under way, not the length of the history.
class Generator {
 public:
  // `customers` above 0, `orders` not negative, `from` not after `to`.
  explicit Generator(const GenerateOptions& options);
  ~Generator();

  // False when the history has ended.
  bool next(events::v1::Event& event);

 private:
  class Company;
  std::unique_ptr<Company> company_;
};

}  // namespace daybook::tools
