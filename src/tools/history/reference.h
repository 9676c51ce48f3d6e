// Customer files, sales targets and exchange rates of the synthetic company.
#pragma once

#include "tools/history/world.h"

namespace daybook::tools::history {

class Reference {
 public:
  // Makes the customers, and plans their files, the targets and the rates.
  explicit Reference(World& world);

  void open_account(const Step& step, v1::Event& event);
  // Now and then a customer gets another rep, other terms or another limit.
  void review_account(const Step& step, v1::Event& event);
  void publish_rate(const Step& step, v1::Event& event);
  void set_target(const Step& step, v1::Event& event);

 private:
  struct Rate {
    const char* currency;
    std::int64_t ten_thousandths;  // CNY for one unit.
    Random random;
  };

  Customer make_customer(std::uint32_t number) const;
  void write_profile(std::uint32_t number, Instant at, v1::Event& event);

  World& world_;
  std::vector<Rate> rates_;
};

}  // namespace daybook::tools::history
