// A stored record, as docs/formats.md ("Embedded log") draws it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "log/log.h"

namespace daybook::log {

// Bytes up to the flags: what must be there before anything of a record can be judged.
inline constexpr std::size_t kRecordPrefixSize = 25;
// Above any record that is ever written; a length beyond it is damage.
inline constexpr std::size_t kStoredRecordMax = kRecordBytesMax + 4'096;

// Where in the log a record is.
struct RecordPlace {
  // First offset of its segment.
  std::int64_t base_offset = 0;
  std::int64_t offset = 0;
  // First offset of this topic-partition in the group that was written and synced together. That
  // this record was written proves that everything below had been synced before.
  std::int64_t group_offset = 0;
  std::int64_t timestamp_ms = 0;
};

struct DecodedRecord {
  RecordPlace place;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::string_view headers;
  // Bytes it takes in the segment.
  std::size_t size = 0;
};

enum class Decoding {
  kWhole,
  kCutShort,  // The bytes end within the record.
  kDamaged,   // Not a record, or not the one that was written.
};

void encode_record(const NewRecord& record, const RecordPlace& place, std::string& out);
// Judges what begins `bytes`; `out` points into them. Fills out.size also when the record is cut
// short, as soon as its length is there (else 0).
Decoding decode_record(std::string_view bytes, std::int64_t base_offset, DecodedRecord& out);
// The offset that a record beginning `bytes` would have, if one did; nothing of it is checked.
std::optional<std::int64_t> peek_offset(std::string_view bytes, std::int64_t base_offset);
// The headers of a decoded record.
std::vector<std::pair<std::string, std::string>> decode_headers(std::string_view headers);

}  // namespace daybook::log
