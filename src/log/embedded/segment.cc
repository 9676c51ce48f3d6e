#include "log/embedded/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/bytes.h"
#include "base/hash.h"
#include "log/embedded/record_format.h"

namespace daybook::log {
namespace {

constexpr std::string_view kSegmentMagic = "daybklog";
constexpr std::string_view kIndexMagic = "daybkidx";
constexpr std::uint32_t kFormatVersion = 1;
constexpr std::string_view kSegmentSuffix = ".seg";
constexpr std::string_view kIndexSuffix = ".idx";
constexpr std::size_t kChecksumSize = 8;
// So that the offsets of its records, 32 bits beyond it, are numbers.
constexpr std::int64_t kBaseOffsetMax =
    std::numeric_limits<std::int64_t>::max() - std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kScanBlock = 4 * 1024 * 1024;

void write_identity(ByteWriter& writer, std::string_view magic, const SegmentName& name) {
  writer.raw(magic);
  writer.big32(kFormatVersion);
  writer.big32(static_cast<std::uint32_t>(name.at.topic));
  writer.big32(static_cast<std::uint32_t>(name.at.partition));
  writer.big32(0);
  writer.big64(static_cast<std::uint64_t>(name.base_offset));
}

// What is left of `bytes` between identity and checksum, when both are as they should be.
std::optional<std::string_view> open_envelope(std::string_view magic, const SegmentName& name, std::string_view bytes) {
  std::string identity;
  ByteWriter writer(identity);
  write_identity(writer, magic, name);
  if (!bytes.starts_with(identity) || bytes.size() < identity.size() + kChecksumSize) {
    return std::nullopt;
  }
  const std::string_view sealed = bytes.substr(0, bytes.size() - kChecksumSize);
  if (ByteReader(bytes.substr(sealed.size())).big64() != hash64(sealed)) return std::nullopt;
  return sealed.substr(identity.size());
}

// Whether a whole record in `bytes` belongs to a group that began after `expected_offset`, which
// proves that the record of that offset had been synced.
bool proves_synced(std::string_view bytes, const SegmentName& name, std::int64_t expected_offset) {
  // Every byte may be the start of a record. Offsets that cannot be are told first: most bytes are
  // none, and a checksum over what happens to look like a length is dear.
  const std::int64_t offset_limit = expected_offset + static_cast<std::int64_t>(bytes.size() / kRecordPrefixSize) + 1;
  DecodedRecord record;
  for (; bytes.size() >= kRecordPrefixSize; bytes.remove_prefix(1)) {
    const std::int64_t offset = *peek_offset(bytes, name.base_offset);
    if (offset <= expected_offset || offset > offset_limit) continue;
    if (decode_record(bytes, name.base_offset, record) == Decoding::kWhole &&
        record.place.group_offset > expected_offset) {
      return true;
    }
  }
  return false;
}

Result<std::string> read_range(const File& file, std::uint64_t from, std::uint64_t to) {
  std::string bytes(to - from, '\0');
  ASSIGN_OR_RETURN(const std::size_t got, file.read_at(bytes.data(), bytes.size(), from));
  bytes.resize(got);
  return bytes;
}

}  // namespace

std::string segment_stem(const SegmentName& name) {
  return fmt::format("{}-{}-{:020}", topic_family(name.at.topic), name.at.partition, name.base_offset);
}

std::string segment_file(const SegmentName& name) { return segment_stem(name).append(kSegmentSuffix); }

std::string index_file(const SegmentName& name) { return segment_stem(name).append(kIndexSuffix); }

std::optional<SegmentName> parse_segment_file(std::string_view file) {
  for (std::size_t i = 0; i < kTopicCount; ++i) {
    SegmentName name;
    name.at.topic = static_cast<Topic>(i);
    const std::string_view family = topic_family(name.at.topic);
    if (!file.starts_with(family)) continue;
    const char* const end = file.data() + file.size();
    const char* at = file.data() + family.size();
    if (at == end) continue;
    at = std::from_chars(at + 1, end, name.at.partition).ptr;
    if (at == end) continue;
    std::from_chars(at + 1, end, name.base_offset);
    const bool can_be = name.at.partition >= 0 && 0 <= name.base_offset && name.base_offset <= kBaseOffsetMax;
    // Only what is written exactly so is ours.
    if (can_be && segment_file(name) == file) return name;
  }
  return std::nullopt;
}

std::optional<SegmentName> parse_index_file(std::string_view file) {
  if (!file.ends_with(kIndexSuffix)) return std::nullopt;
  file.remove_suffix(kIndexSuffix.size());
  return parse_segment_file(std::string(file).append(kSegmentSuffix));
}

void SegmentIndex::add(const SegmentName& name, std::size_t size, std::int64_t timestamp_ms) {
  const std::uint64_t indexed = entries.empty() ? kSegmentHeaderSize : entries.back().position;
  if (end_position >= indexed + kIndexStride) {
    entries.push_back({static_cast<std::uint32_t>(end_offset - name.base_offset), end_position});
  }
  ++end_offset;
  end_position += size;
  last_timestamp_ms = std::max(last_timestamp_ms, timestamp_ms);
}

IndexEntry SegmentIndex::find(const SegmentName& name, std::int64_t offset) const {
  const auto relative = static_cast<std::uint32_t>(offset - name.base_offset);
  const auto after =
      std::upper_bound(entries.begin(), entries.end(), relative,
                       [](std::uint32_t wanted, const IndexEntry& entry) { return wanted < entry.relative_offset; });
  return after == entries.begin() ? IndexEntry{0, kSegmentHeaderSize} : *std::prev(after);
}

std::string encode_segment_header(const SegmentName& name) {
  std::string bytes;
  ByteWriter writer(bytes);
  write_identity(writer, kSegmentMagic, name);
  writer.big64(hash64(bytes));
  return bytes;
}

Result<void> check_segment_header(const File& file, const SegmentName& name) {
  ASSIGN_OR_RETURN(const std::string bytes, read_range(file, 0, kSegmentHeaderSize));
  if (open_envelope(kSegmentMagic, name, bytes)) return {};
  return unexpected(ErrorCode::kCorrupt, fmt::format("{}: its header is not that of version {} of "
                                                     "the log, or is damaged; restore the file",
                                                     file.path(), kFormatVersion));
}

std::string encode_index(const SegmentName& name, const SegmentIndex& index) {
  std::string bytes;
  ByteWriter writer(bytes);
  write_identity(writer, kIndexMagic, name);
  writer.big64(static_cast<std::uint64_t>(index.end_offset));
  writer.big64(index.end_position);
  writer.big64(static_cast<std::uint64_t>(index.last_timestamp_ms));
  for (const IndexEntry& entry : index.entries) {
    writer.big32(entry.relative_offset);
    writer.big64(entry.position);
  }
  writer.big64(hash64(bytes));
  return bytes;
}

std::optional<SegmentIndex> decode_index(const SegmentName& name, std::string_view bytes) {
  const std::optional<std::string_view> body = open_envelope(kIndexMagic, name, bytes);
  if (!body) return std::nullopt;
  ByteReader reader(*body);
  SegmentIndex index;
  index.end_offset = static_cast<std::int64_t>(reader.big64());
  index.end_position = reader.big64();
  index.last_timestamp_ms = static_cast<std::int64_t>(reader.big64());
  while (reader.ok() && !reader.done()) {
    const std::uint32_t relative_offset = reader.big32();
    index.entries.push_back({relative_offset, reader.big64()});
  }
  return reader.ok() ? std::optional(std::move(index)) : std::nullopt;
}

Result<SegmentIndex> scan_segment(const File& file, const SegmentName& name, SegmentIndex known) {
  ASSIGN_OR_RETURN(const std::uint64_t file_end, file.size());
  while (known.end_position < file_end) {
    ASSIGN_OR_RETURN(const std::string block,
                     read_range(file, known.end_position, std::min(file_end, known.end_position + kScanBlock)));
    const std::uint64_t block_start = known.end_position;
    std::size_t at = 0;
    DecodedRecord record;
    Decoding decoding = Decoding::kCutShort;
    while (at < block.size()) {
      decoding = decode_record(std::string_view(block).substr(at), name.base_offset, record);
      if (decoding != Decoding::kWhole || record.place.offset != known.end_offset) break;
      known.add(name, record.size, record.place.timestamp_ms);
      at += record.size;
    }
    if (at == block.size()) continue;
    const bool more_to_read = block_start + block.size() < file_end;
    if (decoding == Decoding::kCutShort && more_to_read && at > 0) continue;

    ASSIGN_OR_RETURN(const std::string rest, read_range(file, known.end_position, file_end));
    if (proves_synced(rest, name, known.end_offset)) {
      return unexpected(ErrorCode::kCorrupt, fmt::format("{}: the record at byte {} (offset {}) is damaged, and whole "
                                                         "ones follow it; restore the file",
                                                         file.path(), known.end_position, known.end_offset));
    }
    break;
  }
  return known;
}

}  // namespace daybook::log
