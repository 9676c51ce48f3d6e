#include "tools/as_told.h"

#include <functional>

#include "tools/random.h"

namespace daybook::tools {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kHourMs = 3600 * kSecondMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;

}  // namespace

AsTold::AsTold(const GenerateOptions& options) : options_(options), generator_(options) {}

bool AsTold::next(events::v1::Event& event, std::int64_t& told_ms) {
  while (more_ && (to_tell_.empty() || to_tell_.top().told_ms > occurred_ms_)) more_ = take_one();
  const std::int64_t end_ms = (Instant{options_.to} + 1) * kDayMs;
  if (to_tell_.empty() || to_tell_.top().told_ms >= end_ms) return false;
  event = to_tell_.top().event;
  told_ms = to_tell_.top().told_ms;
  to_tell_.pop();
  return true;
}

bool AsTold::take_one() {
  Telling telling;
  if (!generator_.next(telling.event)) return false;
  telling.number = ++taken_;
  occurred_ms_ = telling.event.occurred_at().seconds() * kSecondMs;
  telling.told_ms = occurred_ms_ + delay_ms(telling.event);
  to_tell_.push(std::move(telling));
  return true;
}

std::int64_t AsTold::delay_ms(const events::v1::Event& event) {
  Random random(mixed(options_.seed ^ 0x7E11, taken_));
  const std::int64_t roll = random.below(1000);
  const std::int64_t at_once = random.between(200, 90 * kSecondMs);
  if (event.source() != "erp" && event.source() != "bank") return at_once;
  if (roll < 16) return random.between(2 * kDayMs, 14 * kDayMs);
  if (roll < 66) return kDayMs - occurred_ms_ % kDayMs + random.between(1 * kHourMs, 5 * kHourMs);
  return at_once;
}

}  // namespace daybook::tools
