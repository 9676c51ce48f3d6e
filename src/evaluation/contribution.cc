#include "evaluation/contribution.h"

#include <algorithm>
#include <utility>

namespace daybook::evaluation {
namespace {

bool is_same_place(std::string_view a, std::string_view b) { return a.data() == b.data() && a.size() == b.size(); }

// The label of what is the same among those known, or of `make()`, which is kept as long as there is room.
template <typename Known, typename IsSame, typename Make>
store::LabelId find(Known& known, const IsSame& is_same, const Make& make) {
  for (const auto& [texts, id] : known) {
    if (is_same(texts)) return id;
  }
  const auto made = make();
  if (known.size() < known.capacity()) known.push_back(made);
  return made.second;
}

}  // namespace

store::Cell Contribution::stored(const domain::CellKey& key, const domain::CellValue& value) {
  store::Cell cell;
  cell.id = {.measure = key.measure,
             .currency = key.currency.number(),
             .attributes = labels_.attributes(key.attributes),
             .dimensions = labels_.dimensions(key.dimensions),
             .day = key.day,
             .day2 = key.day2,
             .counts_from = key.counts_from};
  cell.value = value;
  return cell;
}

void Contribution::cell(const domain::CellKey& key, const domain::CellValue& value) {
  if (value.is_zero()) return;
  const store::Cell cell = stored(key, value);
  cells_.push_back(cell);
  if (domain::has_items(key.measure)) {
    note_opened(store::opened_day(key.measure, key.day, labels_.own(cell.id.attributes).attributes));
  }
}

void Contribution::open_amounts(domain::OpenAmounts&& amounts) {
  // That of a cell of open amounts is the day to which it belongs.
  if (amounts.ever_open()) note_opened(amounts.issue_day());
  open_ = std::move(amounts);
}

store::LabelId CellLabels::attributes(const domain::Attributes& attributes) {
  const auto is_same = [&](const domain::Attributes& known) {
    return known.file_day == attributes.file_day && is_same_place(known.region, attributes.region) &&
           is_same_place(known.sales_rep, attributes.sales_rep);
  };
  return find(attributes_, is_same, [&] { return std::pair(attributes, labels_.attributes(attributes)); });
}

store::LabelId CellLabels::dimensions(const domain::Dimensions& dimensions) {
  if (dimensions.sku.empty() && dimensions.channel.empty() && dimensions.kind == 0) {
    if (!no_dimensions_) no_dimensions_ = labels_.dimensions({});
    return *no_dimensions_;
  }
  const auto is_same = [&](const domain::Dimensions& known) {
    return is_same_place(known.sku, dimensions.sku) && is_same_place(known.channel, dimensions.channel) &&
           known.kind == dimensions.kind;
  };
  return find(dimensions_, is_same, [&] { return std::pair(dimensions, labels_.dimensions(dimensions)); });
}

std::span<const Day> Contribution::opened_on() {
  std::ranges::sort(opened_on_);
  opened_on_.erase(std::unique(opened_on_.begin(), opened_on_.end()), opened_on_.end());
  return opened_on_;
}

const std::vector<store::AnomalyRow>& Contribution::anomalies() {
  std::ranges::sort(anomalies_);
  anomalies_.erase(std::unique(anomalies_.begin(), anomalies_.end()), anomalies_.end());
  return anomalies_;
}

}  // namespace daybook::evaluation
