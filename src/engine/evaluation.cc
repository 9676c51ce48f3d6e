#include "engine/evaluation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/radix_sort.h"
#include "store/document_codec.h"
#include "store/keys.h"

namespace daybook::engine {
namespace {

// Rises with page and measure. Cells of which it is the same are few.
std::uint32_t head_of(const store::CellId& id) {
  const store::PageId page = store::page_of(id);
  const auto family = static_cast<std::uint32_t>(page.family & 0x1f);  // Capital letters, in their order.
  static_assert(static_cast<int>(domain::Measure::kShipments) < 64);
  return family << 22 | static_cast<std::uint32_t>(page.span) << 6 | static_cast<std::uint32_t>(id.measure);
}

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

Error damaged(std::string_view customer_id, domain::DocumentRef ref, const Error& why) {
  return {why.code, fmt::format("customer '{}', {} '{}': {}", customer_id, domain::kind_name(ref.kind), ref.id, why.message)};
}

Error missing(std::string_view customer_id, domain::DocumentRef ref) {
  return damaged(customer_id, ref, {ErrorCode::kCorrupt, "something names it, and the store does not hold it"});
}

Result<const domain::Document*> StoredAccount::find(domain::DocumentRef ref) {
  std::string key = store::DocumentKey{customer_, ref}.bytes();
  auto at = documents_.find(key);
  if (at == documents_.end()) {
    const auto stored = load_(key);
    if (!stored) return unexpected(damaged(name_, ref, stored.error()));
    at = documents_.emplace(std::move(key), std::nullopt).first;
    if (!stored->bytes.empty()) {
      // The id must outlive the caller's: it is taken from the key kept here.
      ref.id = std::string_view(at->first).substr(at->first.size() - ref.id.size());
      auto decoded = store::decode_document(ref, stored->bytes, stored->fresh_from, arena_);
      if (!decoded) {
        const Error why = damaged(name_, ref, decoded.error());
        documents_.erase(at);  // With the id in its key.
        return unexpected(why);
      }
      at->second = *decoded;
      at->second->number = next_number_++;
    }
  }
  if (at->second) return &*at->second;
  if (!may_be_absent(ref)) return unexpected(missing(name_, ref));
  return nullptr;
}

const domain::Document* StoredAccount::document(domain::DocumentRef ref) {
  const auto found = find(ref);
  if (found) return *found;
  error_ = found.error();
  if (fail_) fail_(*error_);
  return nullptr;
}

void Contribution::cell(const domain::CellKey& key, const domain::CellValue& value) {
  if (value.is_zero()) return;
  store::Cell cell;
  cell.id = {.measure = key.measure,
             .currency = key.currency.number(),
             .attributes = labels_.attributes(key.attributes),
             .dimensions = labels_.dimensions(key.dimensions),
             .day = key.day,
             .day2 = key.day2,
             .counts_from = key.counts_from};
  cell.value = value;
  cells_.push_back(cell);
  if (domain::has_items(key.measure)) {
    const Day day = store::opened_day(key.measure, key.day, labels_.own(cell.id.attributes).attributes);
    if (std::ranges::find(opened_on_, day) == opened_on_.end()) opened_on_.push_back(day);
  }
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

const std::vector<store::AnomalyRow>& Contribution::anomalies() {
  std::ranges::sort(anomalies_);
  anomalies_.erase(std::unique(anomalies_.begin(), anomalies_.end()), anomalies_.end());
  return anomalies_;
}

void add_up(std::vector<store::Cell>& cells) {
  struct Place {
    std::uint32_t head;
    const store::Cell* cell;
  };
  thread_local std::vector<Place> places;
  thread_local std::vector<Place> spare;
  thread_local std::vector<store::Cell> sums;
  places.clear();
  places.reserve(cells.size());
  for (const store::Cell& cell : cells) places.push_back({head_of(cell.id), &cell});
  radix_sort(places, spare, [](const Place& place) { return place.head; });
  sums.clear();
  for (auto at = places.begin(); at != places.end();) {
    auto end = at + 1;
    while (end != places.end() && end->head == at->head) ++end;
    std::sort(at, end, [](const Place& a, const Place& b) { return a.cell->id < b.cell->id; });
    while (at != end) {
      store::Cell sum = *at->cell;
      for (++at; at != end && at->cell->id == sum.id; ++at) sum.value += at->cell->value;
      if (!sum.value.is_zero()) sums.push_back(sum);
    }
  }
  cells.swap(sums);
}

}  // namespace daybook::engine
