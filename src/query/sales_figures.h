// The figures of sales: the columns of a row, and what cells and postings add to them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/int128.h"
#include "domain/cell.h"
#include "query/question.h"
#include "query/value.h"

namespace daybook::query {

enum SalesFigure : std::size_t {
  kOrdered,
  kShipped,
  kInvoiced,
  kCollected,
  kFreight,
  kOrders,
  kShipments,
  kInvoices,
  kOrderedQuantity,
  kShippedQuantity,
  kSalesFigureCount,
};
inline constexpr std::array<std::string_view, kSalesFigureCount> kSalesFigureNames = {
    "ordered", "shipped",   "invoiced", "collected",        "freight",
    "orders",  "shipments", "invoices", "ordered_quantity", "shipped_quantity"};
// Those that can be asked for alone, in front of the others; among them amounts come first, then counts.
inline constexpr std::size_t kSalesMeasureCount = kOrderedQuantity;

inline bool is_amount(std::size_t figure) { return figure <= kFreight; }

using SalesFigures = std::array<Int128, kSalesFigureCount>;

// Counts of orders and shipments are taken by sku where sku is asked for, else once.
enum class Counts { kOnce, kBySku };

inline void add(SalesFigures& figures, domain::Measure measure, const domain::CellValue& added, Counts counts) {
  using domain::Measure;
  const auto& [value, quantity, count] = added;
  switch (measure) {
    case Measure::kOrdered:
      figures[kOrdered] += value;
      figures[kOrderedQuantity] += quantity;
      if (counts == Counts::kBySku) figures[kOrders] += count;
      return;
    case Measure::kShipped:
      figures[kShipped] += value;
      figures[kShippedQuantity] += quantity;
      if (counts == Counts::kBySku) figures[kShipments] += count;
      return;
    case Measure::kInvoiced:
      figures[kInvoiced] += value;
      figures[kInvoices] += quantity;
      return;
    case Measure::kCollected: figures[kCollected] += value; return;
    case Measure::kOrders:
      if (counts == Counts::kOnce) figures[kOrders] += quantity;
      return;
    case Measure::kShipments:
      figures[kFreight] += value;
      if (counts == Counts::kOnce) figures[kShipments] += quantity;
      return;
    default: return;
  }
}

// As it is shown: an amount, a count or a quantity.
Value shown(std::size_t figure, Int128 value, Currency currency);

namespace parameters {
// One of them alone.
Parameter sales_measure(std::string meaning);
// By what sales can be grouped.
std::vector<Parameter> sales_filters();
}  // namespace parameters

// The one that the parameter `measure` asks for, if any.
std::optional<std::size_t> measure_asked(const Question& question);

}  // namespace daybook::query
