// Segment files of the embedded log. The first byte says how the rest is taken:
//   records to write, and damage to do: what is read is what was written, or its beginning, or the damage is told;
//   bytes behind a good header, a checksum where a record may begin: never more than whole records;
//   an index whose checksum is right; a file's name.
#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/hash.h"
#include "fuzz/target.h"
#include "log/embedded/record_format.h"
#include "log/embedded/segment.h"

namespace daybook::fuzz {
namespace {

using namespace log;  // NOLINT: this file is about nothing else.

const SegmentName kName{{Topic::kInvoices, 3}, 1'000};

SegmentIndex beginning() {
  SegmentIndex index;
  index.end_offset = kName.base_offset;
  return index;
}

Result<SegmentIndex> scan(std::string_view bytes, const SegmentIndex& known) {
  const MemoryFile memory(bytes);
  const auto file = File::open(memory.path(), O_RDONLY);
  expect(file.has_value(), "a file in memory opens");
  expect(check_segment_header(*file, kName).has_value(), "a header is as it was written");
  return scan_segment(*file, kName, known);
}

// Every record below what a scan says is whole, and follows the one before.
void expect_whole(std::string_view bytes, const SegmentIndex& found) {
  expect(found.end_position <= bytes.size(), "what is whole is in the file");
  std::size_t at = kSegmentHeaderSize;
  std::int64_t offset = kName.base_offset;
  for (; at < found.end_position; ++offset) {
    DecodedRecord record;
    expect(decode_record(bytes.substr(at), kName.base_offset, record) == Decoding::kWhole, "a record is whole");
    expect(record.place.offset == offset, "offsets have no gaps");
    decode_headers(record.headers);
    at += record.size;
  }
  expect(at == found.end_position && offset == found.end_offset, "an index ends behind a record");
  const auto again = decode_index(kName, encode_index(kName, found));
  expect(again && again->end_offset == found.end_offset && again->end_position == found.end_position &&
             again->last_timestamp_ms == found.last_timestamp_ms && again->entries.size() == found.entries.size(),
         "an index comes back");
}

void write_and_damage(Input input) {
  std::string bytes = encode_segment_header(kName);
  std::vector<std::size_t> ends = {bytes.size()};
  std::int64_t offset = kName.base_offset;
  std::int64_t group = offset;
  const auto count = input.byte() % 16;
  const auto harm = input.byte() % 4;
  const std::size_t place = input.byte() | std::size_t{input.byte()} << 8;
  for (int i = 0; i < count; ++i) {
    const std::uint8_t form = input.byte();
    const std::string_view key = input.until('\xff');
    const std::string_view value = input.until('\xff');
    if (form & 1) group = offset;
    NewRecord record{kName.at.topic, std::nullopt, std::nullopt, std::nullopt, {}};
    if (form & 2) record.key = key;
    if (form & 4) record.value = value;
    if (form & 8) record.headers.emplace_back(key, value);
    encode_record(record, {kName.base_offset, offset++, group, 1'000 + i}, bytes);
    DecodedRecord read;
    expect(decode_record(std::string_view(bytes).substr(ends.back()), kName.base_offset, read) == Decoding::kWhole,
           "what is written is a record");
    expect(read.key == record.key && read.value == record.value && decode_headers(read.headers) == record.headers,
           "a record comes back");
    expect(read.place.group_offset == group && read.place.timestamp_ms == 1'000 + i, "its place comes back");
    ends.push_back(bytes.size());
  }
  std::string damaged = bytes;
  const std::size_t at = kSegmentHeaderSize + place % (bytes.size() - kSegmentHeaderSize + 1);
  if (harm == 1) damaged.resize(at);
  if (harm == 2 && at < damaged.size()) damaged[at] = static_cast<char>(damaged[at] ^ (1 + input.byte() % 255));
  if (harm == 3) damaged.resize(at), damaged += input.rest();
  const auto found = scan(damaged, beginning());
  if (!found) {
    expect(found.error().code == ErrorCode::kCorrupt && harm != 0, "only damage is damage");
    return;
  }
  expect_whole(damaged, *found);
  expect(harm != 0 || found->end_position == bytes.size(), "what was written is read");
  // Checksums of 32 bits tell harm of this kind.
  const bool is_a_record_end = std::ranges::find(ends, found->end_position) != ends.end();
  expect(harm == 3 || is_a_record_end, "what is read was written");
}

// Makes each record's checksum right for as long as lengths lead on.
void read_records(std::string_view rest) {
  std::string bytes = encode_segment_header(kName);
  std::size_t at = bytes.size();
  bytes += rest;
  std::uint32_t length = 0;
  while (bytes.size() - at >= kRecordPrefixSize) {
    std::memcpy(&length, bytes.data() + at + 4, sizeof length);
    if (length > bytes.size() - at - 8) break;
    const auto sum = static_cast<std::uint32_t>(hash64({bytes.data() + at + 4, length + std::size_t{4}}));
    std::memcpy(bytes.data() + at, &sum, sizeof sum);
    at += 8 + std::size_t{length};
  }
  if (const auto found = scan(bytes, beginning())) expect_whole(bytes, *found);
}

void read_index(std::string_view rest) {
  const std::string empty = encode_index(kName, beginning());
  std::string bytes = empty.substr(0, 32);
  bytes += rest;
  ByteWriter(bytes).big64(hash64(bytes));
  const auto index = decode_index(kName, Exact(bytes).view());
  if (!index) return;
  expect(encode_index(kName, *index) == bytes, "an index comes back");
  index->find(kName, kName.base_offset + 7);
}

void read_name(std::string_view file) {
  const auto name = parse_segment_file(file);
  if (!name) return;
  expect(segment_file(*name) == file, "a name comes back");
  expect(name->base_offset >= 0 && name->at.partition >= 0, "a log has no offsets and partitions below 0");
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  daybook::fuzz::Input input(data, size);
  switch (input.byte() % 4) {
    case 0: daybook::fuzz::write_and_damage(input); break;
    case 1: daybook::fuzz::read_records(input.rest()); break;
    case 2: daybook::fuzz::read_index(input.rest()); break;
    default: daybook::fuzz::read_name(input.rest());
  }
  return 0;
}
