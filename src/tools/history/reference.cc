#include "tools/history/reference.h"

#include <fmt/format.h>

#include "base/decimal.h"

namespace daybook::tools::history {
namespace {

constexpr std::array kFirstNames = {"Bright", "Evergreen", "Golden", "Harbour", "Jade",   "Lotus",
                                    "North",  "Pacific",   "Red",    "Silver",  "Summit", "United"};
constexpr std::array kTrades = {"Bearings", "Ceramics", "Electronics", "Fittings", "Foods", "Machinery",
                                "Motors",   "Optics",   "Packaging",   "Textiles", "Tools", "Valves"};
constexpr std::int64_t kReps = 24;
constexpr std::array<std::int16_t, 6> kTerms = {0, 7, 14, 30, 30, 45};
// What an order comes to in euro cents, roughly: targets are set by it.
constexpr std::int64_t kOrderCents = 900'000;

Day quarter_after(Day day) {
  const Day start = period_start(Grain::kQuarter, day);
  return period_start(Grain::kQuarter, start + 95);
}

}  // namespace

Reference::Reference(World& world)
    : world_(world),
      rates_{{"EUR", 78'000, Random(mixed(world.options.seed, 0xE0))},
             {"JPY", 490, Random(mixed(world.options.seed, 0xE1))}} {
  const Instant start = Instant{world_.options.from} * kDay;
  world_.customers.reserve(static_cast<std::size_t>(world_.options.customers));
  for (std::int64_t i = 0; i < world_.options.customers; ++i) {
    world_.customers.push_back(make_customer(static_cast<std::uint32_t>(i)));
  }
  world_.agenda.plan(start, Action::kOpenAccount, 0);
  for (std::uint32_t i = 0; i < rates_.size(); ++i) {
    world_.agenda.plan(start, Action::kPublishRate, i);
  }
  for (std::uint32_t i = 0; i < kTerritories.size(); ++i) {
    world_.agenda.plan(start, Action::kSetTarget, i);
  }
}

Customer Reference::make_customer(std::uint32_t number) const {
  Customer customer;
  customer.random = Random(mixed(world_.options.seed ^ 0xC0, number));
  Random& random = customer.random;
  customer.territory = static_cast<std::uint8_t>(random.below(kTerritories.size()));
  customer.rep = static_cast<std::uint8_t>(1 + random.below(kReps));
  customer.grade = "ABBCC"[random.below(5)];
  customer.terms_days = kTerms[static_cast<std::size_t>(random.below(kTerms.size()))];
  if (random.chance(700)) {
    customer.credit_limit = random.skewed(50'000 * customer.place().price_level, 100) / 1000 * 1000;
  }
  customer.parent = number;
  if (number > 10 && random.chance(120)) customer.parent = static_cast<std::uint32_t>(random.below(number / 2));
  customer.usual_delay = static_cast<std::int16_t>(random.chance(600) ? random.between(-8, 0) : random.skewed(8, 120));
  customer.billed_monthly = random.chance(80);
  customer.pays_in_runs = random.chance(200);
  return customer;
}

void Reference::write_profile(std::uint32_t number, Instant at, v1::Event& event) {
  const Customer& customer = world_.customers[number];
  begin(world_, event, at, customer_id(number), "crm");
  auto& profile = *event.mutable_customer_profile_set();
  const std::uint64_t name = mixed(world_.options.seed, number);
  profile.set_name(fmt::format("{} {} {}", kFirstNames[name % kFirstNames.size()],
                               kTrades[(name >> 16) % kTrades.size()], number + 1));
  profile.set_region(customer.place().region);
  profile.set_sales_rep(sales_rep(customer));
  profile.set_grade(std::string(1, customer.grade));
  if (customer.parent != number) profile.set_parent_customer_id(customer_id(customer.parent));
  if (customer.credit_limit >= 0) {
    profile.set_credit_currency(customer.place().currency);
    profile.set_credit_limit_minor(customer.credit_limit);
  }
  profile.set_payment_terms_days(customer.terms_days);
}

void Reference::open_account(const Step& step, v1::Event& event) {
  write_profile(step.subject, step.at, event);
  Random& random = world_.customers[step.subject].random;
  world_.agenda.plan(days_later(step.at, random.between(60, 1500), random), Action::kReviewAccount, step.subject);
  // All accounts are open before the first order of the first day.
  const std::uint32_t next = step.subject + 1;
  if (next == world_.customers.size()) return;
  const Instant start = Instant{world_.options.from} * kDay;
  world_.agenda.plan(start + next * 6 * kHour / world_.options.customers, Action::kOpenAccount, next);
}

void Reference::review_account(const Step& step, v1::Event& event) {
  Customer& customer = world_.customers[step.subject];
  Random& random = customer.random;
  switch (random.below(3)) {
    case 0: customer.rep = static_cast<std::uint8_t>(1 + random.below(kReps)); break;
    case 1: customer.terms_days = kTerms[static_cast<std::size_t>(random.below(kTerms.size()))]; break;
    default: customer.credit_limit = random.skewed(60'000 * customer.place().price_level, 100) / 1000 * 1000;
  }
  write_profile(step.subject, step.at, event);
  world_.agenda.plan(days_later(step.at, random.between(200, 1500), random), Action::kReviewAccount, step.subject);
}

void Reference::publish_rate(const Step& step, v1::Event& event) {
  Rate& rate = rates_[step.subject];
  begin(world_, event, step.at, std::string("fx:") + rate.currency, "treasury");
  auto& published = *event.mutable_exchange_rate_published();
  published.set_currency(rate.currency);
  published.set_base_currency("CNY");
  published.set_date(format_date(day_of(step.at)));
  published.set_rate(format_scaled(rate.ten_thousandths, 4));
  rate.ten_thousandths += rate.random.between(-rate.ten_thousandths / 200, rate.ten_thousandths / 200);
  world_.agenda.plan(step.at + 7 * kDay, Action::kPublishRate, step.subject);
}

void Reference::set_target(const Step& step, v1::Event& event) {
  const Territory& territory = kTerritories[step.subject];
  begin(world_, event, step.at, std::string("target:") + territory.region, "crm");
  auto& target = *event.mutable_sales_target_set();
  const Day day = day_of(step.at);
  target.set_region(territory.region);
  target.set_period(period_label(Grain::kQuarter, day));
  target.set_measure(v1::SALES_MEASURE_ORDERED);
  target.set_currency(territory.currency);
  const std::int64_t days = world_.options.to - world_.options.from + 1;
  const std::int64_t orders_a_quarter = world_.options.orders * 91 / days / std::ssize(kTerritories) + 1;
  Random random(mixed(world_.options.seed ^ 0x7A, static_cast<std::uint64_t>(day) << 8 | step.subject));
  target.set_amount_minor(orders_a_quarter * kOrderCents * territory.price_level / 100 / 100 * random.between(85, 120) /
                          1000 * 1000);
  world_.agenda.plan(Instant{quarter_after(day)} * kDay, Action::kSetTarget, step.subject);
}

}  // namespace daybook::tools::history
