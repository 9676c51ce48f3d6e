// Anomalies as stored: one key each, so that those of a document can be compared before and after.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/cell.h"
#include "store/labels.h"

namespace daybook::store {

struct AnomalyRow {
  std::string key;
  std::string value;
  auto operator<=>(const AnomalyRow&) const = default;
};
// `emitter`: the document whose evaluation found it.
AnomalyRow encode_anomaly(LabelId customer, domain::DocumentRef emitter, const domain::Anomaly& anomaly);

struct StoredAnomaly {
  LabelId customer = 0;
  domain::Anomaly anomaly;  // Texts point into key and value.
};
Result<StoredAnomaly> decode_anomaly(std::string_view key, std::string_view value);

}  // namespace daybook::store
