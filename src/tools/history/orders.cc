#include "tools/history/orders.h"

#include <fmt/format.h>

#include "base/decimal.h"

namespace daybook::tools::history {
namespace {

constexpr std::array kChannels = {"web", "field", "phone", "edi", "web"};
constexpr std::array kCarriers = {"SF", "DHL", "Maersk", "Yamato", "DB Schenker"};
constexpr std::array kDelayReasons = {"MATERIAL", "CAPACITY", "QUALITY", "CARRIER", "CUSTOMS", "CREDIT_HOLD"};
constexpr std::array kCancelReasons = {"PRICE", "DUPLICATE", "NO_DEMAND", "TOO_LATE"};
constexpr std::array kReturnReasons = {"DAMAGED", "WRONG_ITEM", "QUALITY", "SURPLUS"};
constexpr std::array kSigners = {"Chen", "Fischer", "Laurent", "Sato", "Wang", "de Vries"};
constexpr std::int64_t kSkus = 240;

// How busy a day is: the year's end most, the new year and February least; weekends hardly.
std::int64_t weight_of(Day day) {
  constexpr std::array<std::int64_t, 12> kMonths = {80, 65, 100, 98, 95, 105, 92, 88, 106, 110, 125, 136};
  // From Thursday on: that was 1970-01-01.
  constexpr std::array<std::int64_t, 7> kWeekdays = {100, 92, 18, 10, 124, 110, 105};
  return kMonths[static_cast<std::size_t>(civil_from_day(day).month - 1)] *
         kWeekdays[static_cast<std::size_t>(((day % 7) + 7) % 7)];
}

template <std::size_t kCount>
const char* any_of(const std::array<const char*, kCount>& words, Random& random) {
  return words[static_cast<std::size_t>(random.below(kCount))];
}

std::string quantity_text(std::int64_t milli) { return format_scaled(milli, 3); }

}  // namespace

Orders::Orders(World& world, Receivables& receivables)
    : world_(world), receivables_(receivables), day_(world.options.from), arrivals_(mixed(world.options.seed, 0x0A)) {
  for (Day day = world_.options.from; day <= world_.options.to; ++day) weight_of_all_ += weight_of(day);
  plan_arrival();
}

void Orders::plan_arrival() {
  if (placed_ == world_.options.orders) return;
  const auto placed_by = [&](std::int64_t weight) {
    return static_cast<std::int64_t>(Int128{world_.options.orders} * weight / weight_of_all_);
  };
  std::int64_t placed_after_today = placed_by(weight_before_ + weight_of(day_));
  while (placed_ >= placed_after_today) {
    weight_before_ += weight_of(day_);
    placed_before_today_ = placed_after_today;
    placed_after_today = placed_by(weight_before_ + weight_of(++day_));
  }
  // The day's orders one after another over eleven hours.
  const std::int64_t orders_today = placed_after_today - placed_before_today_;
  const std::int64_t part = 11 * kHour * 1000 / orders_today;
  const std::int64_t at_ms = (placed_ - placed_before_today_) * part + arrivals_.below(part);
  world_.agenda.plan(day_ * kDay + 7 * kHour + at_ms / 1000, Action::kPlace, 0);
}

void Orders::plan(Instant at, Action action, std::uint32_t place, std::uint32_t detail) {
  ++orders_[place].planned;
  world_.agenda.plan(at, action, place, detail);
}

v1::Event& Orders::begin_of(const Step& step, const Order& order, v1::Event& event) {
  begin(world_, event, step.at, customer_id(order.customer), "erp");
  return event;
}

bool Orders::act(const Step& step, v1::Event& event) {
  if (step.action == Action::kPlace) {
    place(step, event);
    plan_arrival();
    return true;
  }
  Order& order = orders_[step.subject];
  --order.planned;
  const bool happened = act(step, order, event);
  if (order.planned == 0) orders_.remove(step.subject);
  return happened;
}

bool Orders::act(const Step& step, Order& order, v1::Event& event) {
  switch (step.action) {
    case Action::kConfirm: confirm(step, order, event); return true;
    case Action::kDelay: {
      auto& delayed = *begin_of(step, order, event).mutable_order_delayed();
      delayed.set_order_id(order_id(order.number));
      delayed.set_stage(static_cast<v1::DelayStage>(order.random.between(1, 4)));
      delayed.set_reason_code(any_of(kDelayReasons, order.random));
      delayed.set_promised_date(format_date(day_of(step.at) + static_cast<Day>(order.random.between(10, 30))));
      return true;
    }
    case Action::kChange: {
      Line& line = order.lines[0];
      line.quantity_milli =
          std::max<std::int64_t>(1000, line.quantity_milli * order.random.between(6, 15) / 10 / 1000 * 1000);
      set_price(line, order);
      auto& changed = *begin_of(step, order, event).mutable_order_changed();
      changed.set_order_id(order_id(order.number));
      write_lines(order, *changed.mutable_lines());
      return true;
    }
    case Action::kCancelAll:
    case Action::kCancelLine: {
      auto& cancelled = *begin_of(step, order, event).mutable_order_cancelled();
      cancelled.set_order_id(order_id(order.number));
      cancelled.set_reason_code(any_of(kCancelReasons, order.random));
      if (step.action == Action::kCancelLine) {
        order.lines[order.lines_count - 1u].cancelled = true;
        cancelled.add_line_ids(std::to_string(order.lines_count));
      }
      return true;
    }
    case Action::kReady:
      begin_of(step, order, event).mutable_order_ready()->set_order_id(order_id(order.number));
      plan(days_later(step.at, order.random.between(1, 3), order.random), Action::kDispatch, step.subject);
      return true;
    case Action::kDispatch: return dispatch(step, order, event);
    case Action::kDeliver: deliver(step, order, event); return true;
    case Action::kReturn: return_goods(step, order, event); return true;
    case Action::kResend: resend(step, order, event); return true;
    case Action::kBill: return bill(step, order, event);
    default: return credit_return(step, order, event);
  }
}

void Orders::set_price(Line& line, const Order& order) const {
  const Territory& territory = world_.customers[order.customer].place();
  Random price(mixed(world_.options.seed ^ 0x5C, line.sku));
  const std::int64_t cents = price.skewed(12'000, 180);
  line.net = order.sample ? 0
                          : static_cast<std::int64_t>(
                                divide_rounded(Int128{cents} * territory.price_level * line.quantity_milli, 100'000));
  line.tax = static_cast<std::int64_t>(divide_rounded(Int128{line.net} * territory.tax_per_mille, 1000));
}

void Orders::make_lines(Order& order) {
  Random& random = order.random;
  order.lines_count = static_cast<std::uint8_t>(std::min(random.between(1, 5), random.between(1, 5)));
  for (std::size_t i = 0; i < order.lines_count; ++i) {
    Line& line = order.lines[i];
    line.sku = static_cast<std::uint32_t>(random.below(kSkus));
    // One article in twenty goes by weight.
    line.quantity_milli = line.sku % 20 == 0 ? random.skewed(12'500, 100) : random.skewed(12, 130) * 1000;
    if (order.sample) line.quantity_milli = 1000;
    set_price(line, order);
  }
}

template <typename Lines>
void Orders::write_lines(const Order& order, Lines& lines) const {
  for (std::size_t i = 0; i < order.lines_count; ++i) {
    const Line& line = order.lines[i];
    auto& to = *lines.Add();
    to.set_line_id(std::to_string(i + 1));
    to.set_sku(fmt::format("SKU-{:04}", line.sku + 1));
    to.set_quantity(quantity_text(line.quantity_milli));
    to.set_net_minor(line.net);
    to.set_tax_minor(line.tax);
  }
}

void Orders::place(const Step& step, v1::Event& event) {
  Order order;
  order.number = ++placed_;
  order.random = Random(mixed(world_.options.seed ^ 0x0D, order.number));
  Random& random = order.random;
  // Some customers order far more often than others.
  order.customer = static_cast<std::uint32_t>(random.below(random.below(world_.options.customers) + 1));
  order.sample = random.chance(20);
  make_lines(order);
  const bool divisible = order.lines_count > 1 || order.lines[0].quantity_milli >= 3000;
  if (divisible && random.chance(250)) order.shipments = random.chance(200) ? 3 : 2;

  const Customer& customer = world_.customers[order.customer];
  auto& placed = *begin_of(step, order, event).mutable_order_placed();
  placed.set_order_id(order_id(order.number));
  if (order.sample) placed.set_kind(v1::ORDER_KIND_SAMPLE);
  // The rest falls back on the customer file.
  if (random.chance(850)) {
    placed.set_region(customer.place().region);
    placed.set_sales_rep(sales_rep(customer));
  }
  placed.set_channel(any_of(kChannels, random));
  placed.set_currency(customer.place().currency);
  placed.set_requested_date(format_date(day_of(step.at) + static_cast<Day>(random.between(10, 30))));
  write_lines(order, *placed.mutable_lines());

  const Instant confirmed = step.at + random.skewed(6 * kHour, 150);
  plan(confirmed, Action::kConfirm, orders_.add(order));
}

void Orders::confirm(const Step& step, Order& order, v1::Event& event) {
  Random& random = order.random;
  auto& confirmed = *begin_of(step, order, event).mutable_order_confirmed();
  confirmed.set_order_id(order_id(order.number));
  confirmed.set_promised_date(format_date(day_of(step.at) + static_cast<Day>(random.between(9, 25))));
  if (random.chance(25)) {
    plan(days_later(step.at, random.between(1, 6), random), Action::kCancelAll, step.subject);
    return;
  }
  std::int64_t days_until_ready = random.skewed(6, 110) + 1;
  if (random.chance(80)) {
    const std::int64_t delayed_after = random.between(1, days_until_ready);
    plan(days_later(step.at, delayed_after, random), Action::kDelay, step.subject);
    days_until_ready = days_until_ready + random.skewed(6, 100) + 1;
  }
  const std::int64_t early = days_until_ready / 2;
  if (!order.sample && random.chance(30)) {
    plan(days_later(step.at, early, random), Action::kChange, step.subject);
  } else if (order.lines_count > 1 && random.chance(20)) {
    plan(days_later(step.at, early, random), Action::kCancelLine, step.subject);
  }
  plan(days_later(step.at, days_until_ready, random), Action::kReady, step.subject);
}

std::int64_t Orders::shipped_milli(const Order& order, std::size_t line, std::uint32_t shipment) {
  if (order.lines[line].cancelled) return 0;
  const std::int64_t all = order.lines[line].quantity_milli;
  if (order.lines_count >= order.shipments) return line % order.shipments == shipment ? all : 0;
  const std::int64_t unit = all % 1000 == 0 ? 1000 : 1;
  const auto until = [&](std::int64_t count) { return all / unit * count / order.shipments * unit; };
  return until(shipment + 1) - until(shipment);
}

bool Orders::dispatch(const Step& step, Order& order, v1::Event& event) {
  Random& random = order.random;
  const std::uint32_t shipment = step.detail;
  if (shipment + 1 < order.shipments) {
    plan(days_later(step.at, random.between(2, 9), random), Action::kDispatch, step.subject, shipment + 1);
  } else if (!order.sample) {
    plan(days_later(step.at, random.between(1, 3), random), Action::kBill, step.subject);
  }
  const Customer& customer = world_.customers[order.customer];
  auto& dispatched = *begin_of(step, order, event).mutable_shipment_dispatched();
  for (std::size_t i = 0; i < order.lines_count; ++i) {
    const std::int64_t milli = shipped_milli(order, i, shipment);
    if (milli == 0) continue;
    auto& line = *dispatched.add_lines();
    line.set_line_id(std::to_string(i + 1));
    line.set_quantity(quantity_text(milli));
  }
  if (dispatched.lines().empty()) return false;
  dispatched.set_shipment_id(fmt::format("SH-{:06}-{}", order.number, shipment + 1));
  dispatched.set_order_id(order_id(order.number));
  dispatched.set_warehouse(customer.place().warehouse);
  dispatched.set_carrier(any_of(kCarriers, random));
  if (random.chance(400)) {
    dispatched.set_freight_minor(random.skewed(40 * customer.place().price_level, 120));
    dispatched.set_currency(customer.place().currency);
  }
  // Some proofs never come back.
  if (random.chance(970)) {
    plan(days_later(step.at, random.between(1, 5), random), Action::kDeliver, step.subject, shipment);
  }
  return true;
}

void Orders::deliver(const Step& step, Order& order, v1::Event& event) {
  Random& random = order.random;
  auto& delivered = *begin_of(step, order, event).mutable_shipment_delivered();
  delivered.set_shipment_id(fmt::format("SH-{:06}-{}", order.number, step.detail + 1));
  delivered.set_order_id(order_id(order.number));
  if (random.chance(600)) delivered.set_signed_by(any_of(kSigners, random));
  // At most one return an order.
  if (!order.return_planned && random.chance(20)) {
    order.return_planned = true;
    plan(days_later(step.at, random.between(3, 14), random), Action::kReturn, step.subject, step.detail);
  }
}

void Orders::return_goods(const Step& step, Order& order, v1::Event& event) {
  Random& random = order.random;
  std::size_t line = 0;
  while (shipped_milli(order, line, step.detail) == 0) ++line;
  const std::int64_t shipped = shipped_milli(order, line, step.detail);
  order.returned_line = static_cast<std::uint8_t>(line);
  order.returned_milli = shipped < 2000 ? shipped : random.between(1, shipped / 1000) * 1000;
  auto& returned = *begin_of(step, order, event).mutable_shipment_returned();
  returned.set_return_id(fmt::format("RET-{:06}", order.number));
  returned.set_shipment_id(fmt::format("SH-{:06}-{}", order.number, step.detail + 1));
  returned.set_order_id(order_id(order.number));
  returned.set_reason_code(any_of(kReturnReasons, random));
  auto& to = *returned.add_lines();
  to.set_line_id(std::to_string(line + 1));
  to.set_quantity(quantity_text(order.returned_milli));
  if (random.chance(250)) {
    returned.set_to_be_resent(true);
    plan(days_later(step.at, random.between(1, 6), random), Action::kResend, step.subject);
  } else if (!order.sample) {
    plan(days_later(step.at, random.between(4, 12), random), Action::kCreditReturn, step.subject);
  }
}

void Orders::resend(const Step& step, Order& order, v1::Event& event) {
  Random& random = order.random;
  auto& dispatched = *begin_of(step, order, event).mutable_shipment_dispatched();
  dispatched.set_shipment_id(fmt::format("SH-{:06}-{}", order.number, order.shipments + 1));
  dispatched.set_order_id(order_id(order.number));
  dispatched.set_warehouse(world_.customers[order.customer].place().warehouse);
  dispatched.set_carrier(any_of(kCarriers, random));
  auto& line = *dispatched.add_lines();
  line.set_line_id(std::to_string(order.returned_line + 1));
  line.set_quantity(quantity_text(order.returned_milli));
  plan(days_later(step.at, random.between(1, 5), random), Action::kDeliver, step.subject, order.shipments);
}

bool Orders::bill(const Step& step, Order& order, v1::Event& event) {
  Unbilled bill{.order_number = order.number};
  for (std::size_t i = 0; i < order.lines_count; ++i) {
    if (order.lines[i].cancelled) continue;
    bill.net += order.lines[i].net;
    bill.tax += order.lines[i].tax;
  }
  if (world_.customers[order.customer].billed_monthly) {
    receivables_.bill_later(order.customer, bill, step.at);
    return false;
  }
  order.invoice = receivables_.issue(order.customer, bill, step.at, event);
  return true;
}

bool Orders::credit_return(const Step& step, Order& order, v1::Event& event) {
  const Line& line = order.lines[order.returned_line];
  const auto part = [&](std::int64_t amount) {
    return static_cast<std::int64_t>(Int128{amount} * order.returned_milli / line.quantity_milli);
  };
  return receivables_.credit(order.customer, order.invoice, {part(line.net), part(line.tax)}, "RETURN", step.at, event);
}

}  // namespace daybook::tools::history
