// Dates, decimals, money, texts and packed bytes: what everything else counts on.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include <cstdint>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "base/money.h"
#include "base/nearest.h"
#include "base/period_label.h"
#include "base/radix_sort.h"
#include "base/search_text.h"
#include "base/text.h"
#include "base/utf8.h"

namespace daybook {
namespace {

Day day(const char* text) { return parse_date(text).value(); }
Instant instant(const char* text) { return parse_instant(text).value(); }

// --- dates ------------------------------------------------------------------------------------

TEST(Dates, EpochIsDayZero) {
  EXPECT_EQ(day("1970-01-01"), 0);
  EXPECT_EQ(day("1969-12-31"), -1);
  EXPECT_EQ(day("2000-03-01"), 11017);
}

TEST(Dates, LeapYearsFollowTheGregorianRule) {
  EXPECT_TRUE(parse_date("2024-02-29"));
  EXPECT_TRUE(parse_date("2000-02-29"));
  EXPECT_FALSE(parse_date("2023-02-29"));
  EXPECT_FALSE(parse_date("1900-02-29"));
  EXPECT_FALSE(parse_date("2100-02-29"));
  EXPECT_EQ(day("2024-03-01") - day("2024-02-28"), 2);
  EXPECT_EQ(day("1900-03-01") - day("1900-02-28"), 1);
}

TEST(Dates, RangeIs1900To2199) {
  EXPECT_TRUE(parse_date("1900-01-01"));
  EXPECT_TRUE(parse_date("2199-12-31"));
  EXPECT_FALSE(parse_date("1899-12-31"));
  EXPECT_FALSE(parse_date("2200-01-01"));
}

TEST(Dates, EveryDayOfTheRangeComesBack) {
  for (Day d = day("1900-01-01"); d <= day("2199-12-31"); ++d) {
    ASSERT_EQ(day_from_civil(civil_from_day(d)), d);
    ASSERT_EQ(parse_date(format_date(d)), d);
  }
}

TEST(Dates, OtherFormsAreRefused) {
  for (const char* text :
       {"", "2024-5-01", "2024-05-1", "2024/05/01", "20240501", "2024-05-01 ", " 2024-05-01", "2024-13-01",
        "2024-00-10", "2024-04-31", "2024-04-00", "+024-05-01", "2024-05-0x", "2024-05-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

// --- instants ---------------------------------------------------------------------------------

TEST(Instants, OffsetsAreTakenOff) {
  EXPECT_EQ(instant("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(instant("1970-01-01T08:00:00+08:00"), 0);
  EXPECT_EQ(instant("1969-12-31T18:30:00-05:30"), 0);
  EXPECT_EQ(instant("2024-05-01T00:00:00+00:00"), instant("2024-05-01T00:00:00-00:00"));
}

TEST(Instants, FractionsAreCutOff) {
  EXPECT_EQ(instant("2024-05-01T10:00:00.9Z"), instant("2024-05-01T10:00:00Z"));
  EXPECT_EQ(instant("2024-05-01T10:00:00.999999999Z"), instant("2024-05-01T10:00:00Z"));
  EXPECT_EQ(instant("1969-12-31T23:59:59.5Z"), -1);
  EXPECT_EQ(instant("2024-05-01T10:00:00.25+02:00"), instant("2024-05-01T08:00:00Z"));
}

TEST(Instants, RangeIsTakenAfterTheOffset) {
  EXPECT_EQ(instant("1900-01-01T00:00:00Z"), kInstantMin);
  EXPECT_EQ(instant("2199-12-31T23:59:59Z"), kInstantMax);
  EXPECT_EQ(instant("1899-12-31T22:00:00-02:00"), kInstantMin);
  EXPECT_EQ(instant("2200-01-01T07:59:59+08:00"), kInstantMax);
  EXPECT_FALSE(parse_instant("1900-01-01T00:00:00+00:01"));
  EXPECT_FALSE(parse_instant("2199-12-31T23:59:59-00:01"));
  EXPECT_FALSE(parse_instant("1899-12-30T23:59:59-23:59"));
}

TEST(Instants, OtherFormsAreRefused) {
  for (const char* text : {"",
                           "2024-05-01",
                           "2024-05-01T10:00:00",
                           "2024-05-01T10:00Z",
                           "2024-05-01 10:00:00Z",
                           "2024-05-01t10:00:00Z",
                           "2024-05-01T10:00:00z",
                           "2024-05-01T24:00:00Z",
                           "2024-05-01T10:60:00Z",
                           "2024-05-01T10:00:60Z",
                           "2024-05-01T10:00:00.Z",
                           "2024-05-01T10:00:00.1234567890Z",
                           "2024-05-01T10:00:00,5Z",
                           "2024-05-01T10:00:00+0800",
                           "2024-05-01T10:00:00+08",
                           "2024-05-01T10:00:00+8:00",
                           "2024-05-01T10:00:00+24:00",
                           "2024-05-01T10:00:00+08:60",
                           "2024-05-01T10:00:00ZZ",
                           "2024-02-30T10:00:00Z",
                           "2024-05-01T10:00:00.5"}) {
    EXPECT_FALSE(parse_instant(text)) << text;
  }
}

TEST(Instants, AreWrittenInUtc) {
  EXPECT_EQ(format_instant(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_instant(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(format_instant(instant("2024-05-01T01:02:03+08:00")), "2024-04-30T17:02:03Z");
  EXPECT_EQ(format_instant_ms(1'500), "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(format_instant_ms(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(parse_instant_ms("1969-12-31T23:59:59.9994Z"), -1);
  EXPECT_EQ(parse_instant_ms("2024-05-01T08:00:00.5+08:00"), 1'714'521'600'500);
  EXPECT_EQ(parse_instant("1969-12-31T23:59:59.5Z"), -1);
  EXPECT_EQ(format_instant_ms(-1000), "1969-12-31T23:59:59.000Z");
}

// --- business zone ----------------------------------------------------------------------------

TEST(BusinessZones, UtcChangesAtMidnightBeforeAndAfter1970) {
  const BusinessZone zone = BusinessZone::find("UTC").value();
  EXPECT_EQ(zone.day_of(-1), -1);
  EXPECT_EQ(zone.day_of(0), 0);
  EXPECT_EQ(zone.day_of(86'399), 0);
  EXPECT_EQ(zone.day_of(86'400), 1);
  EXPECT_EQ(zone.day_of(-86'400), -1);
  EXPECT_EQ(zone.day_of(-86'401), -2);
}

TEST(BusinessZones, ShanghaiChangesAtSixteenHoursUtc) {
  const BusinessZone zone = BusinessZone::find("Asia/Shanghai").value();
  EXPECT_EQ(zone.day_of(instant("2024-05-31T15:59:59Z")), day("2024-05-31"));
  EXPECT_EQ(zone.day_of(instant("2024-05-31T16:00:00Z")), day("2024-06-01"));
  EXPECT_EQ(zone.day_of(instant("2024-12-31T16:00:00Z")), day("2025-01-01"));
}

TEST(BusinessZones, BerlinFollowsSummerTime) {
  const BusinessZone zone = BusinessZone::find("Europe/Berlin").value();
  // Clocks go from +01:00 to +02:00 on 2024-03-31 and back on 2024-10-27, at 01:00 UTC.
  EXPECT_EQ(zone.day_of(instant("2024-03-30T22:59:59Z")), day("2024-03-30"));
  EXPECT_EQ(zone.day_of(instant("2024-03-30T23:00:00Z")), day("2024-03-31"));
  EXPECT_EQ(zone.day_of(instant("2024-03-31T21:59:59Z")), day("2024-03-31"));
  EXPECT_EQ(zone.day_of(instant("2024-03-31T22:00:00Z")), day("2024-04-01"));
  EXPECT_EQ(zone.day_of(instant("2024-10-26T22:00:00Z")), day("2024-10-27"));
  EXPECT_EQ(zone.day_of(instant("2024-10-27T22:59:59Z")), day("2024-10-27"));
  EXPECT_EQ(zone.day_of(instant("2024-10-27T23:00:00Z")), day("2024-10-28"));
}

TEST(BusinessZones, SummerTimeGoesOnBehindTheChangesThatAreListed) {
  struct Case {
    const char* zone;
    const char* instant;
    const char* date;
  };
  for (const Case& c : {Case{"America/New_York", "2037-07-15T04:30:00Z", "2037-07-15"},
                        Case{"America/New_York", "2038-07-15T04:30:00Z", "2038-07-15"},
                        Case{"America/New_York", "2199-01-15T04:30:00Z", "2199-01-14"},
                        Case{"Europe/London", "2100-07-01T23:30:00Z", "2100-07-02"},
                        Case{"Europe/London", "2100-12-01T23:30:00Z", "2100-12-01"},
                        // Winter is the exception there.
                        Case{"Europe/Dublin", "2150-07-01T23:30:00Z", "2150-07-02"},
                        Case{"Europe/Dublin", "2150-12-01T23:30:00Z", "2150-12-01"},
                        Case{"Antarctica/Troll", "2199-07-01T22:30:00Z", "2199-07-02"},
                        Case{"Antarctica/Troll", "2199-12-01T23:30:00Z", "2199-12-01"},
                        Case{"Australia/Sydney", "2180-01-01T13:00:00Z", "2180-01-02"},
                        Case{"Australia/Sydney", "2180-07-01T13:30:00Z", "2180-07-01"}}) {
    EXPECT_EQ(BusinessZone::find(c.zone)->day_of(instant(c.instant)), day(c.date)) << c.zone << " " << c.instant;
  }
}

TEST(BusinessZones, ClocksThatLeaveATimeOutOrShowItTwice) {
  struct Case {
    const char* date;
    int hour;
    const char* instant;
  };
  const BusinessZone berlin = BusinessZone::find("Europe/Berlin").value();
  for (const Case& c : {Case{"2024-03-31", 1, "2024-03-31T00:00:00Z"}, Case{"2024-03-31", 2, "2024-03-31T01:00:00Z"},
                        Case{"2024-03-31", 3, "2024-03-31T01:00:00Z"}, Case{"2024-10-27", 2, "2024-10-27T00:00:00Z"},
                        Case{"2024-10-27", 3, "2024-10-27T02:00:00Z"}, Case{"2150-07-01", 0, "2150-06-30T22:00:00Z"}}) {
    EXPECT_EQ(format_instant(berlin.instant_of(day(c.date), c.hour * 3600)), c.instant) << c.date << " " << c.hour;
  }
}

TEST(BusinessZones, ADateBeginsWhereTheZoneSays) {
  EXPECT_EQ(format_instant(BusinessZone::find("Asia/Shanghai")->start_of(*parse_date("2024-05-01"))),
            "2024-04-30T16:00:00Z");
  const BusinessZone berlin = BusinessZone::find("Europe/Berlin").value();
  EXPECT_EQ(format_instant(berlin.start_of(*parse_date("2024-03-31"))), "2024-03-30T23:00:00Z");
  EXPECT_EQ(format_instant(berlin.start_of(*parse_date("2024-04-01"))), "2024-03-31T22:00:00Z");
  EXPECT_EQ(BusinessZone::find("UTC")->start_of(*parse_date("1900-01-01")), kInstantMin);
}

TEST(BusinessZones, TwoZonesUsedInTurnDoNotDisturbEachOther) {
  const BusinessZone east = BusinessZone::find("Asia/Shanghai").value();
  const BusinessZone west = BusinessZone::find("America/New_York").value();
  const Instant noon = instant("2024-05-01T20:00:00Z");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(east.day_of(noon), day("2024-05-02"));
    EXPECT_EQ(west.day_of(noon), day("2024-05-01"));
  }
}

TEST(BusinessZones, UnknownNameIsRefusedAndNamed) {
  for (const std::string name : {"Mars/Olympus", "", "/usr/share/zoneinfo/Europe/Berlin", "../zoneinfo/Europe/Berlin",
                                 "libc:localtime", "localtime", "Fixed/UTC+01:00:00", "right/Europe/Berlin"}) {
    const auto zone = BusinessZone::find(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(zone.error().message.find("'" + name + "'"), std::string::npos);
  }
}

// --- periods ----------------------------------------------------------------------------------

TEST(Periods, WeeksAreIsoWeeks) {
  struct Case {
    const char* date;
    const char* week;
  };
  for (const Case& c : std::vector<Case>{{"2024-12-29", "2024-W52"},
                                         {"2024-12-30", "2025-W01"},
                                         {"2021-01-03", "2020-W53"},
                                         {"2021-01-04", "2021-W01"},
                                         {"2020-12-31", "2020-W53"},
                                         {"2016-01-03", "2015-W53"},
                                         {"2023-01-01", "2022-W52"},
                                         {"2023-01-02", "2023-W01"},
                                         {"2018-12-31", "2019-W01"},
                                         {"1970-01-01", "1970-W01"},
                                         {"1969-12-28", "1969-W52"},
                                         {"2024-03-05", "2024-W10"}}) {
    EXPECT_EQ(period_label(Grain::kWeek, day(c.date)), c.week) << c.date;
  }
}

TEST(Periods, WeeksBeginOnMondayAlsoBefore1970) {
  EXPECT_EQ(period_start(Grain::kWeek, day("2024-07-01")), day("2024-07-01"));
  EXPECT_EQ(period_start(Grain::kWeek, day("2024-07-07")), day("2024-07-01"));
  EXPECT_EQ(period_start(Grain::kWeek, day("1969-12-28")), day("1969-12-22"));
  EXPECT_EQ(period_start(Grain::kWeek, day("1969-12-29")), day("1969-12-29"));
}

TEST(Periods, QuartersHoldThreeMonths) {
  const char* const labels[] = {"Q1", "Q1", "Q1", "Q2", "Q2", "Q2", "Q3", "Q3", "Q3", "Q4", "Q4", "Q4"};
  for (int month = 1; month <= 12; ++month) {
    const Day last = day_from_civil({2024, month, days_in_month(2024, month)});
    EXPECT_EQ(period_label(Grain::kQuarter, last), std::string("2024-") + labels[month - 1]);
    EXPECT_EQ(period_start(Grain::kQuarter, last), day_from_civil({2024, (month - 1) / 3 * 3 + 1, 1}));
  }
}

TEST(Periods, LabelsOfEveryGrain) {
  const Day d = day("2024-03-05");
  EXPECT_EQ(period_label(Grain::kDay, d), "2024-03-05");
  EXPECT_EQ(period_label(Grain::kMonth, d), "2024-03");
  EXPECT_EQ(period_label(Grain::kYear, d), "2024");
  EXPECT_EQ(period_label(Grain::kNone, d), "");
  EXPECT_EQ(period_start(Grain::kMonth, d), day("2024-03-01"));
  EXPECT_EQ(period_start(Grain::kYear, d), day("2024-01-01"));
  EXPECT_EQ(period_start(Grain::kDay, d), d);
}

TEST(Periods, ALabelIsReadAsThePeriodThatHasIt) {
  struct {
    const char* label;
    const char* from;
    const char* to;
  } const cases[] = {{"2024-02-29", "2024-02-29", "2024-02-29"}, {"2024-W10", "2024-03-04", "2024-03-10"},
                     {"2020-W53", "2020-12-28", "2021-01-03"},   {"2024-W01", "2024-01-01", "2024-01-07"},
                     {"2023-02", "2023-02-01", "2023-02-28"},    {"2024-02", "2024-02-01", "2024-02-29"},
                     {"2024-12", "2024-12-01", "2024-12-31"},    {"2024-Q1", "2024-01-01", "2024-03-31"},
                     {"2024-Q3", "2024-07-01", "2024-09-30"},    {"2024-Q4", "2024-10-01", "2024-12-31"},
                     {"2024", "2024-01-01", "2024-12-31"},       {"1900", "1900-01-01", "1900-12-31"},
                     {"2199", "2199-01-01", "2199-12-31"}};
  for (const auto& c : cases) {
    const auto period = parse_period_label(c.label);
    ASSERT_TRUE(period) << c.label;
    EXPECT_EQ(format_date(period->from), c.from) << c.label;
    EXPECT_EQ(format_date(period->to), c.to) << c.label;
  }
}

TEST(Periods, EveryLabelOfEveryDateIsRead) {
  for (const Grain grain : {Grain::kDay, Grain::kWeek, Grain::kMonth, Grain::kQuarter, Grain::kYear}) {
    for (Day day = kFirstDate; day <= kLastDate; ++day) {
      const auto period = parse_period_label(period_label(grain, day));
      ASSERT_TRUE(period) << period_label(grain, day);
      ASSERT_EQ(period->from, period_start(grain, day));
      ASSERT_TRUE(period->holds(day));
      // The next day has another label.
      ASSERT_EQ(period_label(grain, period->to), period_label(grain, day));
      ASSERT_NE(period_label(grain, period->to + 1), period_label(grain, day));
    }
  }
}

TEST(Periods, WhatIsNoLabelIsNotRead) {
  for (const char* text : {"",           "2",          "202",
                           "20245",      "2024-",      "2024-1",
                           "2024-00",    "2024-13",    "2024-001",
                           "2024-W",     "2024-W1",    "2024-W00",
                           "2024-W54",   "2023-W53",   "2024-w10",
                           "2024W10",    "2024-Q",     "2024-Q0",
                           "2024-Q5",    "2024-q1",    "2024-Q01",
                           "2024-02-30", "2024-2-3",   " 2024",
                           "2024 ",      "+024",       "-024",
                           "2024-+1",    "2024-W+1",   "1899",
                           "1899-12",    "1899-12-31", "1899-W52",
                           "2200",       "2200-01",    "2200-Q1",
                           "2200-W02",   "2200-01-01", "2024-03-04/2024-03-10",
                           "99999999"}) {
    EXPECT_FALSE(parse_period_label(text)) << text;
  }
}

TEST(Periods, GrainsAreNamedInLowerCase) {
  for (const char* name : {"day", "week", "month", "quarter", "year"}) EXPECT_TRUE(parse_grain(name)) << name;
  for (const char* name : {"", "Day", "days", "decade", "none"}) EXPECT_FALSE(parse_grain(name)) << name;
}

// --- decimals ---------------------------------------------------------------------------------

TEST(Decimals, EverySpellingComesBack) {
  for (const char* text : {"0", "00", "000.000", "1", "1.0", "12.5", "12.50", "012.50", "0.000001", "000000000001",
                           "999999999999", "999999999999.999999", "100", "0.10", "00.1"}) {
    const auto decimal = parse_decimal(text, kQuantityPlaces);
    ASSERT_TRUE(decimal) << text;
    EXPECT_EQ(format_decimal(*decimal), text);
  }
  EXPECT_EQ(format_decimal(parse_decimal("999999999999.999999999999", kRatePlaces).value()),
            "999999999999.999999999999");
}

TEST(Decimals, SpellingsOfOneNumberHaveOneValue) {
  for (const char* text : {"12.5", "12.50", "012.500000"}) {
    EXPECT_EQ(to_string(parse_decimal(text, kQuantityPlaces)->scaled(kQuantityPlaces)), "12500000") << text;
  }
  EXPECT_EQ(to_string(parse_decimal("999999999999.999999999999", kRatePlaces)->scaled(kRatePlaces)),
            "999999999999999999999999");
}

TEST(Decimals, LimitsOfDigits) {
  EXPECT_TRUE(parse_decimal("123456789012", 6));
  EXPECT_FALSE(parse_decimal("1234567890123", 6));
  EXPECT_FALSE(parse_decimal("0000000000000", 6));
  EXPECT_TRUE(parse_decimal("1.123456", 6));
  EXPECT_FALSE(parse_decimal("1.1234567", 6));
  EXPECT_FALSE(parse_decimal("1.0000000", 6));
}

TEST(Decimals, OtherFormsAreRefused) {
  for (const char* text :
       {"", ".", ".5", "5.", "-1", "+1", "1e3", "1,5", "1.2.3", " 1", "1 ", "0x1", "1_000", "NaN", "\xD9\xA1"}) {
    EXPECT_FALSE(parse_decimal(text, 6)) << text;
  }
}

TEST(Decimals, ScaledFormIsTheShortest) {
  EXPECT_EQ(format_scaled(12'500'000, 6), "12.5");
  EXPECT_EQ(format_scaled(-3'000'000, 6), "-3");
  EXPECT_EQ(format_scaled(0, 6), "0");
  EXPECT_EQ(format_scaled(1, 6), "0.000001");
  EXPECT_EQ(format_scaled(-1, 6), "-0.000001");
  EXPECT_EQ(format_scaled(100, 0), "100");
}

TEST(Decimals, DivisionRoundsHalfAwayFromZero) {
  struct Case {
    int numerator, denominator, rounded, floor;
  };
  for (const Case& c : {Case{5, 2, 3, 2},
                        {-5, 2, -3, -3},
                        {1, 3, 0, 0},
                        {-1, 3, 0, -1},
                        {2, 3, 1, 0},
                        {-2, 3, -1, -1},
                        {1, 2, 1, 0},
                        {-1, 2, -1, -1},
                        {0, 7, 0, 0},
                        {6, 3, 2, 2},
                        {-6, 3, -2, -2},
                        {3, 6, 1, 0},
                        {249, 100, 2, 2},
                        {250, 100, 3, 2},
                        {-250, 100, -3, -3},
                        {-249, 100, -2, -3}}) {
    EXPECT_EQ(static_cast<int>(divide_rounded(c.numerator, c.denominator)), c.rounded)
        << c.numerator << "/" << c.denominator;
    EXPECT_EQ(static_cast<int>(divide_floor(c.numerator, c.denominator)), c.floor)
        << c.numerator << "/" << c.denominator;
  }
}

TEST(Decimals, DivisionOfLargeNumbersIsExact) {
  const Int128 large = static_cast<Int128>(kAmountMax) * 1'000'000'000'000LL;
  EXPECT_EQ(to_string(divide_rounded(large * 2 + 1, large * 2)), "1");
  EXPECT_EQ(to_string(divide_rounded(large * 3, large * 2)), "2");
  EXPECT_EQ(to_string(divide_rounded(-large * 3, large * 2)), "-2");
}

// --- money ------------------------------------------------------------------------------------

TEST(Money, AllCurrenciesAreThereOnceByCode) {
  const std::vector<Currency>& all = Currency::all();
  EXPECT_GT(all.size(), 150U);
  EXPECT_LT(all.size(), 250U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(Currency::parse(all[i].code()), all[i]);
    EXPECT_TRUE(i == 0 || all[i - 1].code() < all[i].code());
  }
  EXPECT_NE(std::ranges::find(all, *Currency::parse("CNY")), all.end());
}

TEST(Money, AmountsHaveTheDecimalsOfTheirCurrency) {
  struct Case {
    const char* code;
    std::int64_t minor;
    const char* text;
  };
  for (const Case& c : {Case{"JPY", 1234, "1234"},
                        {"JPY", -5, "-5"},
                        {"CNY", 123450, "1234.50"},
                        {"CNY", 5, "0.05"},
                        {"CNY", -5, "-0.05"},
                        {"CNY", 0, "0.00"},
                        {"KWD", 1, "0.001"},
                        {"KWD", -1234, "-1.234"},
                        {"UYW", 12345, "1.2345"},
                        {"UYW", -1, "-0.0001"},
                        {"KRW", 0, "0"}}) {
    EXPECT_EQ(format_amount(c.minor, Currency::parse(c.code).value()), c.text) << c.code;
  }
}

TEST(Money, SumsBeyondSixtyFourBitsAreWrittenWhole) {
  const Int128 sum = static_cast<Int128>(kAmountMax) * 1'000'000;
  EXPECT_EQ(format_amount(sum, Currency::parse("CNY").value()), "10000000000000000000.00");
  EXPECT_EQ(format_amount(-sum, Currency::parse("CNY").value()), "-10000000000000000000.00");
}

TEST(Money, CodesComeBackAndSortAsTexts) {
  Currency before;
  for (const char* code : {"AED", "BHD", "CNY", "EUR", "JPY", "KWD", "USD", "UYW", "ZMW"}) {
    const Currency currency = Currency::parse(code).value();
    EXPECT_EQ(currency.code(), code);
    EXPECT_EQ(Currency::from_number(currency.number()), currency);
    EXPECT_LT(before, currency);
    before = currency;
  }
}

TEST(Money, CodesThatAreNoneAreRefused) {
  for (const char* code : {"", "cny", "CN", "CNYX", "XXX", "ZZZ", "C1Y", "AAA"}) {
    EXPECT_FALSE(Currency::parse(code)) << code;
  }
  EXPECT_EQ(Currency().code(), "");
  EXPECT_FALSE(Currency());
}

// --- texts ------------------------------------------------------------------------------------

TEST(Texts, LabelsTakeAnyScript) {
  for (const char* text : {"a", "I-1", "a b", "华南", "Größe", "\xF0\x9F\x93\x92", "x/y",
                           "\xE2\x80\x8D"
                           "a"}) {
    EXPECT_FALSE(label_fault(text)) << text << ": " << *label_fault(text);
  }
}

TEST(Texts, LabelsAreMeasuredInBytes) {
  EXPECT_FALSE(label_fault(std::string(128, 'x')));
  EXPECT_TRUE(label_fault(std::string(129, 'x')));
  std::string wide;
  for (int i = 0; i < 64; ++i) wide += "é";
  EXPECT_FALSE(label_fault(wide));
  EXPECT_TRUE(label_fault(wide + "x"));
  EXPECT_FALSE(label_fault(std::string(160, 'x'), 160));
  EXPECT_TRUE(label_fault(std::string(161, 'x'), 160));
  EXPECT_TRUE(label_fault(""));
}

TEST(Texts, LabelsHoldNothingThatNobodySees) {
  // Soft hyphen, zero width space, word joiner, byte order mark.
  for (const char* text : {"\xC2\xAD", "\xE2\x80\x8B", "\xE2\x81\xA0", "\xEF\xBB\xBF"}) {
    for (const std::string& label : {text + std::string("a"), std::string("a") + text, "a" + std::string(text) + "b"}) {
      EXPECT_TRUE(label_fault(label)) << label;
      EXPECT_TRUE(region_fault("CN/" + label)) << label;
    }
    EXPECT_FALSE(free_text_fault(text));
  }
}

TEST(Texts, LabelsHoldNoControlCharacters) {
  using namespace std::string_literals;
  for (const std::string& text : {"a\0b"s, "a\nb"s, "a\tb"s, "a\x1F"s + "b", "a\x7F"s + "b", "a\xC2\x80"s + "b",
                                  "a\xC2\x9F"s + "b", "a\xE2\x80\xA8"s + "b", "a\xE2\x80\xA9"s + "b"}) {
    EXPECT_TRUE(label_fault(text)) << text;
  }
}

TEST(Texts, LabelsHoldNoBidirectionalOverridesOrIsolates) {
  for (const char* middle : {"\xE2\x80\xAA", "\xE2\x80\xAB", "\xE2\x80\xAC", "\xE2\x80\xAD", "\xE2\x80\xAE",
                             "\xE2\x81\xA6", "\xE2\x81\xA7", "\xE2\x81\xA8", "\xE2\x81\xA9"}) {
    EXPECT_TRUE(label_fault(std::string("a") + middle + "b")) << middle;
  }
  EXPECT_NE(label_fault("a\xE2\x80\xAE"
                        "b")
                ->find("U+202E"),
            std::string::npos);
}

TEST(Texts, LabelsHaveNoWhiteSpaceAtEitherEnd) {
  for (const char* space : {" ", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x8A", "\xE2\x80\xAF",
                            "\xE2\x81\x9F", "\xE3\x80\x80"}) {
    EXPECT_TRUE(label_fault(std::string(space) + "a")) << space;
    EXPECT_TRUE(label_fault(std::string("a") + space)) << space;
    EXPECT_TRUE(label_fault(space));
    EXPECT_FALSE(label_fault(std::string("a") + space + "b"));
  }
}

TEST(Texts, PlainIsAsciiWithoutBlanksOfAnySize) {
  for (std::size_t size = 0; size <= 50; ++size) {
    // On the heap to its last byte, so that a sanitizer sees what is read past it.
    std::vector<char> text(size, 'x');
    EXPECT_TRUE(is_plain({text.data(), size})) << size;
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        text[at] = static_cast<char>(byte);
        ASSERT_EQ(is_plain({text.data(), size}), byte > ' ' && byte < 0x7f) << size << ' ' << at << ' ' << byte;
      }
      text[at] = at % 2 == 0 ? '!' : '~';
    }
  }
}

TEST(Texts, Utf8MustBeTheShortestForm) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("\xC2\x80"));
  EXPECT_TRUE(is_valid_utf8("\xE0\xA0\x80"));
  EXPECT_TRUE(is_valid_utf8("\xED\x9F\xBF"));
  EXPECT_TRUE(is_valid_utf8("\xEE\x80\x80"));
  EXPECT_TRUE(is_valid_utf8("\xF0\x90\x80\x80"));
  EXPECT_TRUE(is_valid_utf8("\xF4\x8F\xBF\xBF"));
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC0\xAF", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x80\xAF", "\xE0\x9F\xBF",
        "\xE0\xA0", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x80\x80\xAF", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"}) {
    EXPECT_FALSE(is_valid_utf8(text));
    EXPECT_FALSE(is_valid_utf8(std::string("a") + text));
    EXPECT_TRUE(label_fault(std::string("a") + text));
    EXPECT_TRUE(free_text_fault(text));
  }
}

TEST(Texts, AreCutBetweenCharacters) {
  EXPECT_EQ(first_characters("", 0), "");
  EXPECT_EQ(first_characters("abc", 3), "abc");
  EXPECT_EQ(first_characters("abc", 2), "ab");
  for (const auto& [bytes, expected] :
       {std::pair(0, ""), {1, ""}, {2, ""}, {3, "中"}, {4, "中"}, {5, "中"}, {6, "中"}, {7, "中😀"}, {8, "中😀x"}}) {
    EXPECT_EQ(first_characters("中😀xy", static_cast<std::size_t>(bytes)), expected) << bytes;
  }
  // Nothing begins in them.
  EXPECT_EQ(first_characters(std::string(70, '\xBA'), 64), "");
}

TEST(Texts, RegionsAreLabelsJoinedBySlashes) {
  for (const std::string& text : {std::string("CN"), std::string("中国/华南"), std::string("a/b/c/d/e/f"),
                                  std::string(64, 'x') + "/" + std::string(63, 'y'), std::string(128, 'x')}) {
    EXPECT_FALSE(region_fault(text)) << text;
  }
  for (const std::string& text :
       {std::string(""), std::string("/"), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string("a/ b"), std::string("a /b"), std::string("a/b/c/d/e/f/g"), std::string(129, 'x'),
        std::string(64, 'x') + "/" + std::string(64, 'y'), std::string("a/\xFF")}) {
    EXPECT_TRUE(region_fault(text)) << text;
  }
}

TEST(Texts, FreeTextTakesAnythingUpTo512Bytes) {
  EXPECT_FALSE(free_text_fault(""));
  EXPECT_FALSE(free_text_fault(" two\nlines\t"));
  EXPECT_FALSE(free_text_fault(std::string(512, 'x')));
  EXPECT_TRUE(free_text_fault(std::string(513, 'x')));
}

// --- packed bytes -----------------------------------------------------------------------------

TEST(Bytes, NumbersComeBackInOrder) {
  std::vector<std::uint64_t> numbers;
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    numbers.insert(numbers.end(), {power - 1, power, power + 1});
  }
  numbers.push_back(UINT64_MAX);
  std::string bytes;
  ByteWriter out(bytes);
  for (const std::uint64_t number : numbers) {
    out.varint(number);
    out.zigzag(static_cast<std::int64_t>(number));
    out.varint128(static_cast<UInt128>(number) << 64 | number);
    out.zigzag128(-static_cast<Int128>(number) * 3);
  }
  ByteReader in(bytes);
  for (const std::uint64_t number : numbers) {
    ASSERT_EQ(in.varint(), number);
    ASSERT_EQ(in.zigzag(), static_cast<std::int64_t>(number));
    ASSERT_TRUE(in.varint128() == (static_cast<UInt128>(number) << 64 | number));
    ASSERT_TRUE(in.zigzag128() == -static_cast<Int128>(number) * 3);
  }
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.done());
}

TEST(Bytes, ExtremesOfSignedNumbersComeBack) {
  const Int128 least = static_cast<Int128>(static_cast<UInt128>(1) << 127);
  std::string bytes;
  ByteWriter out(bytes);
  out.zigzag(INT64_MIN);
  out.zigzag(INT64_MAX);
  out.zigzag128(least);
  out.zigzag128(~least);
  ByteReader in(bytes);
  EXPECT_EQ(in.zigzag(), INT64_MIN);
  EXPECT_EQ(in.zigzag(), INT64_MAX);
  EXPECT_TRUE(in.zigzag128() == least);
  EXPECT_TRUE(in.zigzag128() == ~least);
  EXPECT_TRUE(in.ok() && in.done());
}

TEST(Bytes, SmallSignedNumbersTakeOneByte) {
  for (const std::int64_t number : {0, -1, 1, -64, 63}) {
    std::string bytes;
    ByteWriter(bytes).zigzag(number);
    EXPECT_EQ(bytes.size(), 1U) << number;
  }
}

TEST(Bytes, NumbersThatAreTooLongAreFaults) {
  for (const std::string& bytes : {std::string(10, '\xFF'), std::string(9, '\xFF') + "\x02", std::string(11, '\x80')}) {
    ByteReader in(bytes);
    EXPECT_EQ(in.varint(), 0U);
    EXPECT_FALSE(in.ok());
  }
  for (const std::string& bytes :
       {std::string(19, '\xFF'), std::string(18, '\xFF') + "\x04", std::string(20, '\x80')}) {
    ByteReader in(bytes);
    EXPECT_TRUE(in.varint128() == 0);
    EXPECT_FALSE(in.ok());
  }
}

TEST(Bytes, TruncatedInputIsAFaultEverywhere) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(7);
  out.varint(300);
  out.varint128(static_cast<UInt128>(1) << 100);
  out.string("text");
  out.big16(1);
  out.big32(2);
  out.big64(3);
  const auto read = [](std::string_view part) {
    ByteReader in(part);
    in.u8();
    in.varint();
    in.varint128();
    in.string();
    in.big16();
    in.big32();
    in.big64();
    return in.ok() && in.done();
  };
  EXPECT_TRUE(read(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read(std::string(bytes, 0, size))) << size;  // A copy: reading past it would show.
  }
}

TEST(Bytes, AfterAFaultEverythingIsZero) {
  ByteReader in(
      "\x05"
      "ab");
  EXPECT_EQ(in.string(), "");
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.left(), 0U);
  EXPECT_EQ(in.u8(), 0);
  EXPECT_EQ(in.varint(), 0U);
  EXPECT_EQ(in.big64(), 0U);
  EXPECT_EQ(in.raw(1), "");
  EXPECT_FALSE(in.ok());
}

TEST(Bytes, ALengthBeyondAnyInputIsAFault) {
  std::string bytes;
  ByteWriter(bytes).varint(UINT64_MAX);
  bytes += "rest";
  ByteReader in(bytes);
  EXPECT_EQ(in.string(), "");
  EXPECT_FALSE(in.ok());
}

TEST(Bytes, BigEndianBytesSortAsNumbers) {
  std::string before;
  for (const std::uint32_t number : {0U, 1U, 255U, 256U, 65'535U, 65'536U, 0x7FFF'FFFFU, 0x8000'0000U, 0xFFFF'FFFFU}) {
    std::string bytes;
    ByteWriter(bytes).big32(number);
    EXPECT_EQ(bytes.size(), 4U);
    EXPECT_TRUE(number == 0 || before < bytes);
    EXPECT_EQ(ByteReader(bytes).big32(), number);
    before = bytes;
  }
}

TEST(Bytes, OneHundredTwentyEightBitsAreWrittenInDecimal) {
  EXPECT_EQ(to_string(Int128{0}), "0");
  EXPECT_EQ(to_string(static_cast<Int128>(static_cast<UInt128>(1) << 127)), "-170141183460469231731687303715884105728");
  EXPECT_EQ(to_string(~static_cast<Int128>(static_cast<UInt128>(1) << 127)), "170141183460469231731687303715884105727");
}

// --- memory ---------------------------------------------------------------------------------------

TEST(ArenaTest, KeepsWhatOneUseTookWhateverItsOrder) {
  Arena arena;
  std::size_t after_first = 0;
  for (int use = 0; use < 200; ++use) {
    // The large piece comes at another place each time.
    for (int i = 0; i < 20; ++i) {
      const auto small = arena.array<std::uint64_t>(5'000);
      small.back() = 1;
      if (i == use % 20) arena.array<std::uint64_t>(100'000).back() = 1;
    }
    arena.reset();
    if (use == 0) after_first = arena.bytes_kept();
  }
  EXPECT_LE(arena.bytes_kept(), after_first + 100'000 * sizeof(std::uint64_t));
}

TEST(ArenaTest, WhatItGaveStaysUntilTheReset) {
  Arena arena;
  std::vector<std::string_view> copies;
  for (int i = 0; i < 10'000; ++i) copies.push_back(arena.copy(std::to_string(i) + std::string(100, 'x')));
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(copies[static_cast<std::size_t>(i)].starts_with(std::to_string(i)));
}

TEST(RadixSort, SortsStablyWhateverTheNumbersShare) {
  struct Item {
    std::uint64_t number;
    std::size_t place;
  };
  std::mt19937_64 random(1);
  const std::vector<std::uint64_t> masks = {
      0, 0xff, 0x3ff, 0xf000'0000'0000'0000, 0x8000'0000'0000'0001, ~std::uint64_t{0}};
  for (const std::size_t size : {0, 1, 2, 23, 25, 127, 128, 129, 5'000}) {
    for (const std::uint64_t mask : masks) {
      std::vector<Item> items;
      for (std::size_t i = 0; i < size; ++i) items.push_back({(random() & mask) | (~mask & 0x0123'4567'89ab'cdef), i});
      std::vector<Item> expected = items;
      std::ranges::stable_sort(expected, {}, &Item::number);
      std::vector<Item> spare;
      radix_sort(items, spare, [](const Item& item) { return item.number; });
      for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(items[i].place, expected[i].place) << size << " " << mask;
    }
  }
}

TEST(TextTest, AByteOrderMarkIsLeftOutOnce) {
  EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBFx"), "x");
  EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBF\xEF\xBB\xBF"), "\xEF\xBB\xBF");
  for (const char* text : {"", "x", "\xEF\xBB", "x\xEF\xBB\xBF"}) EXPECT_EQ(without_byte_order_mark(text), text);
}

TEST(TextTest, WiderEncodingsAreKnownByHowTheyBegin) {
  using namespace std::string_view_literals;
  const auto name_of = [](std::string_view text) {
    const auto fault = encoding_fault(text);
    return fault ? fault->substr(0, fault->find(';')) : "";
  };
  for (const auto text : {"\xFF\xFE"sv, "\xFE\xFF"sv, "{\0"sv, "\0{"sv, "\xFF\xFE{\0\"\0"sv, "a\0,\0"sv, "\0a\0,"sv}) {
    EXPECT_EQ(name_of(text), "is UTF-16") << testing::PrintToString(text);
  }
  for (const auto text : {"\xFF\xFE\0\0"sv, "\0\0\xFE\xFF"sv, "{\0\0\0"sv}) {
    EXPECT_EQ(name_of(text), "is UTF-32") << testing::PrintToString(text);
  }
  for (const auto text : {""sv, "{"sv, "\0"sv, "\0\0"sv, "{}"sv, "\xEF\xBB\xBF{"sv, "\xFFx"sv, "客"sv}) {
    EXPECT_EQ(name_of(text), "") << testing::PrintToString(text);
  }
}

TEST(NearestTest, ThatIsNamedWhichIsNearEnough) {
  const std::vector<std::string> known = {"publish", "parked", "query", "up", "memory_mib"};
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"publsh", "publish"},
      {"pubilsh", "publish"},
      {"qeury", "query"},
      {"queri", "query"},
      {"memory", "memory_mib"},
      {"memory_mb", "memory_mib"},
      {"ups", "up"},
      {"PUBLISH", ""},
      {"serve", ""},
      {"", ""},
      {"x", ""},
  };
  for (const auto& [word, nearest] : cases) {
    EXPECT_EQ(nearest_words(word, known), *nearest == '\0' ? "" : fmt::format("; did you mean '{}'?", nearest)) << word;
  }
  EXPECT_EQ(nearest_words("x", {}), "");
  EXPECT_EQ(nearest_words(std::string(100'000, 'x'), known), "");
}

// --- tables -----------------------------------------------------------------------------------

TEST(Tables, NobodyCanChooseTextsThatFallTogether) {
  // Another place in each process.
  EXPECT_NE(TextHash()("a"), hash64("a"));
  EXPECT_NE(table_hash("a", 1), hash64("a", 1));
  EXPECT_EQ(TextHash()("a"), TextHash()(std::string("a")));
}

// --- zones ------------------------------------------------------------------------------------

// At midnight clocks went back to 23 o'clock, and the old day on.
TEST(BusinessZones, AtTheInstantOfAChangeTheNewOffsetHolds) {
  const BusinessZone zone = BusinessZone::find("America/Sao_Paulo").value();
  const Instant change = *parse_instant("2018-02-18T02:00:00Z");
  for (const auto& [seconds, day] :
       {std::pair(-3600, "2018-02-17"), std::pair(-1, "2018-02-17"), std::pair(0, "2018-02-17"),
        std::pair(3599, "2018-02-17"), std::pair(3600, "2018-02-18")}) {
    EXPECT_EQ(format_date(zone.day_of(change + seconds)), day) << seconds;
  }
}

TEST(SearchText, CaseIsFoldedCharacterByCharacter) {
  EXPECT_EQ(fold_case("INV-2024/a"), "inv-2024/a");
  EXPECT_EQ(fold_case("ÄÖÜ ÉÈ Ÿ Œ"), "äöü éè ÿ œ");
  EXPECT_EQ(fold_case("ΑΣς ДЯ Ł"), "ασσ дя ł");
  EXPECT_EQ(fold_case("Ｆｕｌｌ湖南"), "ｆｕｌｌ湖南");
  EXPECT_EQ(fold_case("\xE2\x84\xAA"), "k") << "the sign of Kelvin";
  EXPECT_EQ(fold_case("Straße"), "straße") << "what would become two characters stays";
  EXPECT_EQ(fold_case(""), "");
  for (char32_t c = 1; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    append_code_point(c, text);
    const std::string once = fold_case(text);
    ASSERT_TRUE(is_valid_utf8(once)) << static_cast<unsigned>(c);
    ASSERT_EQ(fold_case(once), once) << static_cast<unsigned>(c);
  }
}

TEST(SearchText, WordsHaveOneBlankBetweenThem) {
  EXPECT_EQ(words_of("  Acme\tTrading, Ltd. "), "acme trading ltd");
  EXPECT_EQ(words_of("A&B (Holding)"), "a b holding");
  EXPECT_EQ(words_of("湖南 Acme（中国）"), "湖南 acme 中国");
  EXPECT_EQ(words_of("-- \u3000"), "");
  EXPECT_EQ(words_of(std::string("a\0b", 3)), "a b");
}

TEST(SearchText, EachWordAndEachChineseCharacterBegins) {
  const auto beginnings = [](std::string_view name) {
    const std::string words = words_of(name);
    std::string all;
    for (const std::size_t at : word_beginnings(words)) all += "[" + words.substr(at) + "]";
    return all;
  };
  EXPECT_EQ(beginnings("Acme Trading"), "[acme trading][trading]");
  EXPECT_EQ(beginnings("湖南Acme2"), "[湖南acme2][南acme2][acme2]");
  EXPECT_EQ(beginnings(""), "");
}

}  // namespace
}  // namespace daybook
