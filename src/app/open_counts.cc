#include "app/open_counts.h"

#include <utility>

#include "query/reports/anomalies.h"
#include "query/reports/parked.h"

namespace daybook::app {

void OpenCounts::count(const query::ShardSource& shards, UInt128 digest, Day today, const std::stop_token& stop) {
  const Of now{digest, today};
  if (counted_ == now) return;
  auto anomalies = query::open_anomalies(shards, today, stop);
  keep(now, std::move(anomalies), query::unresolved_parked(shards, stop));
}

void OpenCounts::count_own(std::span<const std::int32_t> partitions, const query::ShardSource& shards, UInt128 digest,
                           Day today, const std::stop_token& stop) {
  const Of now{digest, today};
  if (counted_ == now) return;
  keep(now, query::open_anomalies_of(partitions, shards, today, stop), std::nullopt);
}

void OpenCounts::keep(const Of& of, std::map<std::string, std::int64_t> anomalies,
                      std::optional<std::int64_t> unresolved) {
  counted_ = of;
  const std::lock_guard lock(mutex_);
  open_anomalies_ = std::move(anomalies);
  unresolved_parked_ = unresolved;
}

void OpenCounts::add_metrics(MetricSheet& sheet) const {
  const std::lock_guard lock(mutex_);
  sheet.gauge("daybook_anomalies_open",
              "Anomalies open today by kind, as counted last: every half minute, less often where that takes long.");
  for (const auto& [kind, count] : open_anomalies_) sheet.add({{"kind", kind}}, static_cast<double>(count));
  if (unresolved_parked_) {
    sheet.gauge("daybook_parked_unresolved",
                "Parked records that name an event which was not accepted since, as counted last.");
    sheet.add({}, static_cast<double>(*unresolved_parked_));
  }
}

}  // namespace daybook::app
