#include "tools/history/world.h"

#include <fmt/format.h>

namespace daybook::tools::history {

std::string customer_id(std::uint32_t customer) { return fmt::format("C-{:05}", customer + 1); }
std::string order_id(std::uint32_t number) { return fmt::format("SO-{:06}", number); }
std::string sales_rep(const Customer& customer) { return fmt::format("rep-{:02}", customer.rep); }

void begin(World& world, v1::Event& event, Instant at, std::string customer_id, const char* source) {
  event.Clear();
  ++world.events;
  // Looks like a random UUID, and follows from the seed and the event's number.
  const std::uint64_t high = mixed(world.options.seed, 2 * world.events);
  const std::uint64_t low = mixed(world.options.seed, 2 * world.events + 1);
  event.set_event_id(fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xFFFF, high & 0xFFF,
                                 0x8000 | (low >> 48 & 0x3FFF), low & 0xFFFFFFFFFFFF));
  event.set_customer_id(std::move(customer_id));
  event.set_source(source);
  event.mutable_occurred_at()->set_seconds(at);
}

}  // namespace daybook::tools::history
