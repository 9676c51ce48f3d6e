// Calendar days and instants. A Day has no zone; an instant becomes a Day in the business time zone.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace daybook {

// Days since 1970-01-01, proleptic Gregorian calendar. Plain integers: differences are days.
using Day = std::int32_t;
// Seconds since 1970-01-01T00:00:00Z.
using Instant = std::int64_t;

// "Never": an end that has not come. Above every real date.
inline constexpr Day kNever = std::numeric_limits<Day>::max();

struct CivilDate {
  int year = 1970;
  int month = 1;
  int day = 1;
};
CivilDate civil_from_day(Day day);
Day day_from_civil(CivilDate date);
// 1 to 31.
int days_in_month(int year, int month);

// "2024-05-01", a real date from 1900-01-01 to 2199-12-31.
std::optional<Day> parse_date(std::string_view text);
std::string format_date(Day day);

inline constexpr Day kFirstDate = -25'567;  // 1900-01-01
inline constexpr Day kLastDate = 84'005;    // 2199-12-31
// Days that figures can have, for events with such dates: instalments that move with the last of them go back by as
// much as they lie apart, payment terms lead on by ten years, and a zone is at most a day off.
inline constexpr Day kFirstFigureDay = kFirstDate - (kLastDate - kFirstDate) - 1;
inline constexpr Day kLastFigureDay = kLastDate + 3'650 + 1;

// RFC 3339 with Z or an offset, fraction cut off; from 1900 to 2199.
std::optional<Instant> parse_instant(std::string_view text);
// The same in milliseconds since 1970, smaller fractions cut off.
std::optional<std::int64_t> parse_instant_ms(std::string_view text);
inline constexpr Instant kInstantMin = -2'208'988'800;  // 1900-01-01T00:00:00Z
inline constexpr Instant kInstantMax = 7'258'118'399;   // 2199-12-31T23:59:59Z
std::string format_instant(Instant instant);
// With three decimals.
std::string format_instant_ms(std::int64_t instant_ms);

// An instant, or none: as std::optional, in half the room.
class MaybeInstant {
 public:
  MaybeInstant() = default;
  MaybeInstant(Instant instant) : instant_(instant) {}  // NOLINT: an instant is one.

  bool has_value() const { return instant_ != kNone; }
  explicit operator bool() const { return has_value(); }
  Instant operator*() const { return instant_; }
  Instant value_or(Instant other) const { return has_value() ? instant_ : other; }
  bool operator==(const MaybeInstant&) const = default;

 private:
  static constexpr Instant kNone = std::numeric_limits<Instant>::min();
  Instant instant_ = kNone;
};

// Turns instants into business dates. Immutable; any thread.
class BusinessZone {
 public:
  // An IANA name ("UTC", "Asia/Shanghai"). kInvalidArgument when the system does not know it.
  static Result<BusinessZone> find(const std::string& name);

  Day day_of(Instant instant) const;
  // The first instant of a business date.
  Instant start_of(Day day) const;
  // When the zone's clocks show so many seconds after midnight. What they leave out in spring is the moment of
  // the change; what they show twice the earlier.
  Instant instant_of(Day day, int seconds) const;
  const std::string& name() const { return name_; }

 private:
  struct Rules;
  BusinessZone(std::string name, const Rules* rules) : name_(std::move(name)), rules_(rules) {}

  std::string name_;
  // Kept as long as the process lives; null for UTC.
  const Rules* rules_;
};

// Periods of reports, all in business dates.
enum class Grain : std::uint8_t { kNone, kDay, kWeek, kMonth, kQuarter, kYear };
std::optional<Grain> parse_grain(std::string_view text);
// First day of the period that holds `day`; the day itself for kDay, and for kNone.
Day period_start(Grain grain, Day day);
// "2024-03-05", "2024-W10", "2024-03", "2024-Q1", "2024"; empty for kNone.
std::string period_label(Grain grain, Day day);

}  // namespace daybook
