#include "base/date.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <map>
#include <mutex>

namespace daybook {
namespace {

std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

Day floor_days(Instant instant) {
  return static_cast<Day>(instant >= 0 ? instant / 86400 : -((86399 - instant) / 86400));
}

// Cut to whole seconds, also before 1970.
Instant seconds_of(std::int64_t instant_ms) {
  return instant_ms >= 0 ? instant_ms / 1000 : -((999 - instant_ms) / 1000);
}

}  // namespace

// Howard Hinnant, "chrono-compatible low-level date algorithms".
Day day_from_civil(CivilDate date) {
  const int year = date.year - (date.month <= 2);
  const int era = (year >= 0 ? year : year - 399) / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDate civil_from_day(Day day) {
  const std::int64_t z = static_cast<std::int64_t>(day) + 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const int day_of_era = static_cast<int>(z - era * 146097);
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int mp = (5 * day_of_year + 2) / 153;
  const int month = mp < 10 ? mp + 3 : mp - 9;
  return {.year = static_cast<int>(year_of_era + era * 400 + (month <= 2)),
          .month = month,
          .day = day_of_year - (153 * mp + 2) / 5 + 1};
}

int days_in_month(int year, int month) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

std::optional<Day> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  bool digits_only = true;
  const auto digit = [&](std::size_t at) {
    const int value = text[at] - '0';
    digits_only = digits_only && value >= 0 && value <= 9;
    return value;
  };
  const int year = digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3);
  const int month = digit(5) * 10 + digit(6);
  const int day = digit(8) * 10 + digit(9);
  if (!digits_only || year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1 ||
      day > days_in_month(year, month)) {
    return std::nullopt;
  }
  return day_from_civil({.year = year, .month = month, .day = day});
}

std::string format_date(Day day) {
  const CivilDate date = civil_from_day(day);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::optional<Instant> parse_instant(std::string_view text) {
  const auto ms = parse_instant_ms(text);
  if (!ms) return std::nullopt;
  return seconds_of(*ms);
}

std::optional<std::int64_t> parse_instant_ms(std::string_view text) {
  if (text.size() < 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':') return std::nullopt;
  const auto day = parse_date(text.substr(0, 10));
  // An offset may carry the last hours of 1899 or the first of 2200 into range.
  std::optional<Day> base = day;
  if (!base && text.substr(0, 10) == "1899-12-31") base = day_from_civil({1899, 12, 31});
  if (!base && text.substr(0, 10) == "2200-01-01") base = day_from_civil({2200, 1, 1});
  const auto hour = digits(text.substr(11, 2));
  const auto minute = digits(text.substr(14, 2));
  const auto second = digits(text.substr(17, 2));
  if (!base || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(19);
  std::int64_t ms = 0;
  if (rest.front() == '.') {
    std::size_t end = 1;
    for (std::int64_t worth = 100; end < rest.size() && rest[end] >= '0' && rest[end] <= '9'; ++end, worth /= 10) {
      ms += (rest[end] - '0') * worth;
    }
    if (end == 1 || end > 10) return std::nullopt;
    rest.remove_prefix(end);
  }
  Instant offset = 0;
  if (rest != "Z") {
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return std::nullopt;
    const auto offset_hour = digits(rest.substr(1, 2));
    const auto offset_minute = digits(rest.substr(4, 2));
    if (!offset_hour || !offset_minute || *offset_hour > 23 || *offset_minute > 59) {
      return std::nullopt;
    }
    offset = (*offset_hour * 3600 + *offset_minute * 60) * (rest[0] == '-' ? -1 : 1);
  }
  const Instant instant = static_cast<Instant>(*base) * 86400 + *hour * 3600 + *minute * 60 + *second - offset;
  if (instant < kInstantMin || instant > kInstantMax) return std::nullopt;
  return instant * 1000 + ms;
}

std::string format_instant(Instant instant) {
  const Day day = floor_days(instant);
  const int second = static_cast<int>(instant - static_cast<Instant>(day) * 86400);
  return fmt::format("{}T{:02}:{:02}:{:02}Z", format_date(day), second / 3600, second / 60 % 60, second % 60);
}

std::string format_instant_ms(std::int64_t instant_ms) {
  const Instant instant = seconds_of(instant_ms);
  std::string text = format_instant(instant);
  text.insert(text.size() - 1, fmt::format(".{:03}", instant_ms - instant * 1000));
  return text;
}

// Behind the last change that a zone's file lists, the file's rule goes on for ever; this library knows it.
struct BusinessZone::Rules {
  absl::TimeZone zone;
};

Result<BusinessZone> BusinessZone::find(const std::string& name) {
  if (name == "UTC") return BusinessZone(name, nullptr);
  // Of what the library knows beside: names of files, of the machine's zone and of offsets; and of the database itself,
  // zones that count leap seconds.
  const bool is_name = !name.empty() && name.front() != '/' && name.find_first_of(":.") == std::string::npos &&
                       !name.starts_with("Fixed/") && !name.starts_with("right/") && name != "localtime";
  static std::mutex mutex;
  static std::map<std::string, Rules> known;
  const std::lock_guard lock(mutex);
  auto found = known.find(name);
  if (found == known.end()) {
    Rules rules;
    if (!is_name || !absl::LoadTimeZone(absl::string_view(name), &rules.zone)) {
      return unexpected(ErrorCode::kInvalidArgument,
                        fmt::format("business_time_zone: '{}' is not an IANA time zone known here "
                                    "(for example UTC, Asia/Shanghai, Europe/Berlin)",
                                    name));
    }
    found = known.emplace(name, rules).first;
  }
  return BusinessZone(name, &found->second);
}

Day BusinessZone::day_of(Instant instant) const {
  if (rules_ == nullptr) return floor_days(instant);
  // Zones change offset rarely: a thread remembers the span of the last answer.
  struct Span {
    const Rules* rules = nullptr;
    Instant begin = 0;
    Instant end = 0;
    Instant offset = 0;
  };
  thread_local Span span;
  if (span.rules != rules_ || instant < span.begin || instant >= span.end) {
    const absl::TimeZone& zone = rules_->zone;
    const absl::Time time = absl::FromUnixSeconds(instant);
    absl::TimeZone::CivilTransition change;
    // What clocks go on with, not what they leave: where they go back, the latter comes once more, later.
    const auto instant_of_change = [&] { return absl::ToUnixSeconds(zone.At(change.to).trans); };
    span = {rules_, std::numeric_limits<Instant>::min(), std::numeric_limits<Instant>::max(), zone.At(time).offset};
    // A change at this very instant has taken place.
    if (zone.PrevTransition(time + absl::Seconds(1), &change)) span.begin = instant_of_change();
    if (zone.NextTransition(time, &change)) span.end = instant_of_change();
  }
  return floor_days(instant + span.offset);
}

Instant BusinessZone::instant_of(Day day, int seconds) const {
  if (rules_ == nullptr) return static_cast<Instant>(day) * 86'400 + seconds;
  const absl::CivilSecond local(absl::CivilSecond(absl::CivilDay() + day) + seconds);
  const auto times = rules_->zone.At(local);
  return absl::ToUnixSeconds(times.kind == absl::TimeZone::TimeInfo::SKIPPED ? times.trans : times.pre);
}

Instant BusinessZone::start_of(Day day) const {
  // Business dates rise with instants, and begin at most a day from UTC's.
  Instant low = (static_cast<Instant>(day) - 2) * 86'400;
  Instant high = (static_cast<Instant>(day) + 2) * 86'400;
  while (low < high) {
    const Instant middle = low + (high - low) / 2;
    if (day_of(middle) >= day) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

std::optional<Grain> parse_grain(std::string_view text) {
  if (text == "day") return Grain::kDay;
  if (text == "week") return Grain::kWeek;
  if (text == "month") return Grain::kMonth;
  if (text == "quarter") return Grain::kQuarter;
  if (text == "year") return Grain::kYear;
  return std::nullopt;
}

Day period_start(Grain grain, Day day) {
  const CivilDate date = civil_from_day(day);
  switch (grain) {
    case Grain::kNone:
    case Grain::kDay: return day;
    case Grain::kWeek: return day - (((day + 3) % 7) + 7) % 7;  // 1970-01-01 was a Thursday; weeks begin on Monday.
    case Grain::kMonth: return day_from_civil({date.year, date.month, 1});
    case Grain::kQuarter: return day_from_civil({date.year, (date.month - 1) / 3 * 3 + 1, 1});
    case Grain::kYear: return day_from_civil({date.year, 1, 1});
  }
  return day;
}

std::string period_label(Grain grain, Day day) {
  const CivilDate date = civil_from_day(day);
  switch (grain) {
    case Grain::kNone: return "";
    case Grain::kDay: return format_date(day);
    case Grain::kWeek: {
      // An ISO week belongs to the year of its Thursday.
      const Day thursday = period_start(Grain::kWeek, day) + 3;
      const int year = civil_from_day(thursday).year;
      return fmt::format("{:04}-W{:02}", year, (thursday - day_from_civil({year, 1, 1})) / 7 + 1);
    }
    case Grain::kMonth: return fmt::format("{:04}-{:02}", date.year, date.month);
    case Grain::kQuarter: return fmt::format("{:04}-Q{}", date.year, (date.month - 1) / 3 + 1);
    case Grain::kYear: return fmt::format("{:04}", date.year);
  }
  return "";
}

}  // namespace daybook
