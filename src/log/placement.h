// What every log asks of a record before it takes it.
#pragma once

#include "log/log.h"

namespace daybook::log {

// Bytes of a record that count against kRecordBytesMax.
std::size_t record_bytes(const NewRecord& record);

// The partition of each record, or kInvalidArgument with the index of the first that cannot be
// taken.
Result<std::vector<std::int32_t>> place_records(std::span<const NewRecord> records, std::int32_t partition_count);

// kInvalidArgument unless each start names a topic-partition that can be, and none twice.
Result<void> check_starts(std::span<const StartPosition> starts, std::int32_t partition_count);

}  // namespace daybook::log
