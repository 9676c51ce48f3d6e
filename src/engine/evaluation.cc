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
  const auto place = [](const store::Cell& cell) {
    return std::tuple(store::page_family(cell.id.measure), store::page_span(cell.id), cell.id);
  };
  std::ranges::sort(cells, {}, place);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < cells.size();) {
    store::Cell sum = cells[i];
    for (++i; i < cells.size() && cells[i].id == sum.id; ++i) sum.value += cells[i].value;
    if (!sum.value.is_zero()) cells[kept++] = sum;
  }
  cells.resize(kept);
}

}  // namespace daybook::engine
