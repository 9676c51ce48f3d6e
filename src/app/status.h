// /v1/status: how a program is, from values. Who has them from elsewhere, from those that hold the shards, writes the
// same page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/troubles.h"
#include "base/date.h"
#include "cluster/shard_report.h"
#include "log/log.h"

namespace daybook::app {

struct StatusReport {
  // Those that it is about, rising; none: of a program that neither folds nor asks.
  std::vector<std::int32_t> shards;
  // Of these, rising. Where one is missing, nothing is summed up: it would be a part that looks like a whole.
  std::vector<cluster::ShardReport> reports;
  // Of partitions that were added to the log since: nobody reads them.
  std::vector<log::EndOffset> unread;
  std::string topic_prefix;
  std::optional<std::int32_t> partitions;         // Of the log; nothing while that is not known.
  std::optional<std::string> business_time_zone;  // Likewise of the read model.
  std::optional<Day> today;
  std::string log;  // "embedded" or "kafka".
  bool recorded_as_told = false;
  bool unprotected = false;  // Other machines can reach it, and nothing keeps them out.
  Troubles troubles;
};

// As JSON.
std::string to_json(const StatusReport& report);

}  // namespace daybook::app
