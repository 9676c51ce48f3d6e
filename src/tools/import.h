// CSV files into events, as a mapping says (docs/importing.md).
#pragma once

#include <string>
#include <vector>

#include "daybook/events/v1/event.pb.h"
#include "tools/import/inputs.h"

namespace daybook::tools {

struct ImportReport {
  // In order of occurred_at; those of one second in the order of the mapping's [[events]], then of
  // the rows. None when there are faults.
  std::vector<events::v1::Event> events;
  // At most kFileFaultsMax, in the order met.
  std::vector<FileFault> faults;
};
inline constexpr std::size_t kFileFaultsMax = 100;

// The same files give the same events, ids included.
ImportReport import_events(const SourceFile& mapping, const std::vector<SourceFile>& csv);

}  // namespace daybook::tools
