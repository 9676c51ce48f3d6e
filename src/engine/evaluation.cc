#include "engine/evaluation.h"

#include <algorithm>

#include "store/document_codec.h"
#include "store/keys.h"

namespace daybook::engine {

const domain::Document* StoredAccount::document(domain::DocumentRef ref) {
  std::string key = store::document_key(customer_, ref);
  auto at = documents_.find(key);
  if (at == documents_.end()) {
    at = documents_.emplace(std::move(key), std::nullopt).first;
    const auto stored = load_(at->first);
    if (!stored) {
      error_ = stored.error();
    } else if (!stored->bytes.empty()) {
      // The id must outlive the caller's: it is taken from the key kept here.
      const auto decoded = store::decode_document(store::document_ref(at->first), stored->bytes,
                                                  stored->fresh_from, arena_);
      if (decoded) {
        at->second = *decoded;
        at->second->number = next_number_++;
      } else {
        error_ = decoded.error();
      }
    }
  }
  return at->second ? &*at->second : nullptr;
}

void Contribution::cell(const domain::CellKey& key, const domain::CellValue& value) {
  if (value.is_zero()) return;
  if (!last_attributes_id_ || !(key.attributes == last_attributes_)) {
    last_attributes_ = key.attributes;
    last_attributes_id_ = labels_.attributes(key.attributes);
  }
  if (!last_dimensions_id_ || !(key.dimensions == last_dimensions_)) {
    last_dimensions_ = key.dimensions;
    last_dimensions_id_ = labels_.dimensions(key.dimensions);
  }
  store::Cell cell;
  cell.id = {.measure = key.measure,
             .currency = key.currency.number(),
             .attributes = *last_attributes_id_,
             .dimensions = *last_dimensions_id_,
             .day = key.day,
             .day2 = key.day2,
             .counts_from = key.counts_from};
  cell.value = value;
  cells_.push_back(cell);
}

const std::vector<store::AnomalyRow>& Contribution::anomalies() {
  std::ranges::sort(anomalies_);
  anomalies_.erase(std::unique(anomalies_.begin(), anomalies_.end()), anomalies_.end());
  return anomalies_;
}

void add_up(std::vector<store::Cell>& cells) {
  // Pages are worked out once a cell, not once a comparison.
  struct Placed {
    std::uint32_t page;
    store::Cell cell;
  };
  std::vector<Placed> placed;
  placed.reserve(cells.size());
  for (const store::Cell& cell : cells) {
    const auto family = static_cast<std::uint8_t>(store::page_family(cell.id.measure));
    placed.push_back({static_cast<std::uint32_t>(family) << 16 | store::page_span(cell.id), cell});
  }
  std::ranges::sort(placed, [](const Placed& a, const Placed& b) {
    return a.page != b.page ? a.page < b.page : a.cell.id < b.cell.id;
  });
  cells.clear();
  for (std::size_t i = 0; i < placed.size();) {
    store::Cell sum = placed[i].cell;
    for (++i; i < placed.size() && placed[i].cell.id == sum.id; ++i) sum.value += placed[i].cell.value;
    if (!sum.value.is_zero()) cells.push_back(sum);
  }
}

}  // namespace daybook::engine
