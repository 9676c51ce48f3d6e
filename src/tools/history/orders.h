// Orders of the synthetic company, from placing to the last delivery.
//
//   place -> confirm -> (delay, change, cancel) -> ready -> dispatch 1..3 -> bill
//                                                           `-> deliver -> (return -> credit, or dispatch again)
#pragma once

#include "tools/history/receivables.h"
#include "tools/history/world.h"

namespace daybook::tools::history {

class Orders {
 public:
  // Plans the first order. Both must outlive it.
  Orders(World& world, Receivables& receivables);

  // Does what the step says: fills `event`, or gives false when it has become pointless.
  bool act(const Step& step, v1::Event& event);

 private:
  struct Line {
    std::uint32_t sku = 0;
    std::int64_t quantity_milli = 0;
    std::int64_t net = 0;
    std::int64_t tax = 0;
    bool cancelled = false;
  };
  struct Order {
    std::uint32_t number = 0;
    std::uint32_t customer = 0;
    Random random;
    bool sample = false;
    std::uint8_t lines_count = 0;
    std::uint8_t shipments = 1;
    bool return_planned = false;
    std::uint8_t returned_line = 0;
    std::int64_t returned_milli = 0;
    // Once billed alone; else empty.
    InvoiceRef invoice;
    // Steps planned; the place is free when there are none.
    std::uint32_t planned = 0;
    std::array<Line, 5> lines;
  };

  // Plans the next order after those placed so far, if there is to be one.
  void plan_arrival();
  void plan(Instant at, Action action, std::uint32_t place, std::uint32_t detail = 0);
  bool act(const Step& step, Order& order, v1::Event& event);

  void make_lines(Order& order);
  void set_price(Line& line, const Order& order) const;
  template <typename Lines>
  void write_lines(const Order& order, Lines& lines) const;
  void place(const Step& step, v1::Event& event);
  void confirm(const Step& step, Order& order, v1::Event& event);
  bool dispatch(const Step& step, Order& order, v1::Event& event);
  void deliver(const Step& step, Order& order, v1::Event& event);
  void return_goods(const Step& step, Order& order, v1::Event& event);
  // What came back in exchange leaves again.
  void resend(const Step& step, Order& order, v1::Event& event);
  bool bill(const Step& step, Order& order, v1::Event& event);
  bool credit_return(const Step& step, Order& order, v1::Event& event);
  // Of a line in the shipment with this number, from 0.
  static std::int64_t shipped_milli(const Order& order, std::size_t line, std::uint32_t shipment);
  v1::Event& begin_of(const Step& step, const Order& order, v1::Event& event);

  World& world_;
  Receivables& receivables_;
  Pool<Order> orders_;
  std::uint32_t placed_ = 0;
  // Of the history: the day on which orders come in now, its share of all weight, and its orders.
  Day day_;
  Random arrivals_;
  std::int64_t weight_before_ = 0;
  std::int64_t weight_of_all_ = 0;
  std::int64_t placed_before_today_ = 0;
};

}  // namespace daybook::tools::history
