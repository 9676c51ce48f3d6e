#include "query/sales_figures.h"

#include <algorithm>
#include <utility>

namespace daybook::query {

Value shown(std::size_t figure, Int128 value, Currency currency) {
  if (is_amount(figure)) return Value::amount(value, currency);
  return figure < kSalesMeasureCount ? Value::integer(value) : Value::quantity(value);
}

namespace parameters {

Parameter sales_measure(std::string meaning) {
  return choice("measure", {kSalesFigureNames.begin(), kSalesFigureNames.begin() + kSalesMeasureCount}, "",
                std::move(meaning));
}

std::vector<Parameter> sales_filters() {
  return {region(),
          sales_rep(),
          customer_id(),
          currency(),
          {"sku", Parameter::Type::kText, "This sku; unassigned for none."},
          channel(),
          kind()};
}

}  // namespace parameters

std::optional<std::size_t> measure_asked(const Question& question) {
  const auto name = question.arguments.text("measure");
  if (!name) return std::nullopt;
  return static_cast<std::size_t>(std::ranges::find(kSalesFigureNames, *name) - kSalesFigureNames.begin());
}

}  // namespace daybook::query
