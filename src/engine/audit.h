// The audit: recomputes every cell, row, anomaly and counter from the folded facts, and compares.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain/rules.h"
#include "store/labels.h"
#include "store/shard_state.h"
#include "store/shard_store.h"

namespace daybook::engine {

struct AuditReport {
  std::uint64_t facts = 0;
  std::uint64_t documents = 0;
  std::uint64_t customers = 0;
  std::uint64_t cells = 0;
  UInt128 digest = 0;  // As recomputed.
  UInt128 stored_digest = 0;
  // What differs, the first found first; at most a hundred.
  std::vector<std::string> faults;

  bool ok() const { return faults.empty(); }
};

// Audits one shard, or a snapshot of it. `progress` is called with the customers done, now and then.
Result<AuditReport> audit(const store::StoreReader& reads, const domain::Rules& rules,
                          const std::function<void(std::uint64_t)>& progress);

// Event ids that stand in more than one document, of all shards given: allowed, but worth knowing.
Result<std::vector<std::string>> shared_event_ids(const std::vector<const store::StoreReader*>& shards);

}  // namespace daybook::engine
