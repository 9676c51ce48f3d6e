// Numbers, dates and instants as texts: what is read is written as it is read, and arithmetic is exact. Two texts, with
// a zero byte between them.
#include "base/date.h"
#include "base/decimal.h"
#include "base/hex_id.h"
#include "base/money.h"
#include "fuzz/target.h"
#include "tools/import/date_pattern.h"
#include "tools/import/exact.h"
#include "tools/import/written_number.h"

namespace daybook::fuzz {
namespace {

using tools::Exact;

bool same(const std::optional<Exact>& a, const std::optional<Exact>& b) {
  return a.has_value() == b.has_value() && (!a || tools::compare(*a, *b) == 0);
}

void expect_comes_back(const Exact& number) {
  const std::string text = tools::format_exact(number);
  const auto again = tools::parse_exact(text);
  expect(!again || same(again, number), "a number comes back");
  expect(tools::format_exact(again.value_or(number)) == text, "a number has one shortest form");
}

void reckon(const Exact& a, const Exact& b) {
  expect(same(tools::add(a, b), tools::add(b, a)), "a + b = b + a");
  expect(same(tools::multiply(a, b), tools::multiply(b, a)), "a · b = b · a");
  if (const auto sum = tools::add(a, b)) {
    expect_comes_back(*sum);
    if (const auto back = tools::subtract(*sum, b)) expect(same(back, a), "a + b − b = a");
  }
  if (const auto product = tools::multiply(a, b)) expect_comes_back(*product);
  const auto order = tools::compare(a, b);
  const auto other = tools::compare(b, a);
  expect(order.has_value() == other.has_value() && (!order || *order == -*other), "a < b where b > a");
  for (const int places : {0, 2, 6}) {
    const auto near = tools::rounded(a, places);
    if (!near) continue;
    expect_comes_back(*near);
    expect(same(tools::rounded(*near, places), near), "what is rounded is round");
  }
}

void read(std::string_view text, std::string_view other) {
  const auto exact = tools::parse_exact(text);
  if (exact) expect_comes_back(*exact);
  for (const char sign : {'.', ','}) {
    const auto number = tools::parse_written_number(text, sign);
    if (number) expect_comes_back(*number);
    if (exact && number && sign == '.') expect(same(exact, number), "both readers find the same number");
    if (const auto second = tools::parse_written_number(other, sign); number && second) reckon(*number, *second);
  }
  for (const int places : {kQuantityPlaces, kRatePlaces}) {
    const auto decimal = parse_decimal(text, places);
    if (!decimal) continue;
    expect(format_decimal(*decimal) == text, "a decimal keeps its spelling");
    expect(same(tools::parse_exact(format_scaled(decimal->scaled(places), places)), exact), "a decimal has its value");
    tools::parse_exact(format_fixed(decimal->scaled(places), places));
  }
  if (const auto day = parse_date(text)) expect(format_date(*day) == text, "a date comes back");
  if (const auto instant = parse_instant(text)) {
    expect(parse_instant(format_instant(*instant)) == instant, "an instant comes back");
    const auto ms = parse_instant_ms(text);
    expect(ms && parse_instant_ms(format_instant_ms(*ms)) == ms, "an instant comes back in milliseconds");
  }
  if (const auto id = HexId::parse(text)) {
    char written[HexId::kTextMax];
    expect(std::string_view(written, id->write(written)) == text, "an id comes back");
  }
  if (const auto currency = Currency::parse(text)) expect(currency->code() == text, "a currency comes back");
  if (const auto time = tools::parse_time_of_day(text)) {
    expect(*time >= 0 && *time < 86'400, "a time is of a day");
    tools::instant_in_zone(kFirstDate, *time, "Europe/Berlin");
    tools::instant_in_zone(kLastDate, *time, "America/New_York");
  }
  if (tools::pattern_fault(text)) return;
  if (const auto parsed = tools::parse_by_pattern(other, text)) {
    expect(parsed->day >= kFirstDate && parsed->day <= kLastDate, "a date is from 1900 to 2199");
    expect(!parsed->seconds || (*parsed->seconds >= 0 && *parsed->seconds < 86'400), "a time is of a day");
  }
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  daybook::fuzz::Input input(data, size);
  const std::string_view text = input.until('\0');
  daybook::fuzz::read(text, input.rest());
  daybook::fuzz::read(input.rest(), text);
  return 0;
}
