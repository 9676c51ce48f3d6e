#include "log/embedded/record_format.h"

#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "base/hash.h"

namespace daybook::log {
namespace {

static_assert(std::endian::native == std::endian::little, "fixed integers are stored little-endian");

constexpr std::size_t kLengthAt = 4;
constexpr std::size_t kBodyAt = 8;
constexpr std::size_t kGroupAt = 12;
constexpr std::size_t kTimestampAt = 16;
constexpr std::size_t kFlagsAt = 24;

constexpr std::uint8_t kHasKey = 1;
constexpr std::uint8_t kHasValue = 2;

template <typename T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
void store(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

std::uint32_t checksum(std::string_view bytes) { return static_cast<std::uint32_t>(hash64(bytes)); }

}  // namespace

void encode_record(const NewRecord& record, const RecordPlace& place, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + kFlagsAt);
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>((record.key ? kHasKey : 0) | (record.value ? kHasValue : 0)));
  if (record.key) writer.varint(record.key->size());
  if (record.value) writer.varint(record.value->size());
  if (record.key) writer.raw(*record.key);
  if (record.value) writer.raw(*record.value);
  for (const auto& [name, value] : record.headers) {
    writer.string(name);
    writer.string(value);
  }
  char* const at = out.data() + start;
  const std::size_t size = out.size() - start;
  store(at + kLengthAt, static_cast<std::uint32_t>(size - kBodyAt));
  store(at + kBodyAt, static_cast<std::uint32_t>(place.offset - place.base_offset));
  store(at + kGroupAt, static_cast<std::uint32_t>(place.offset - place.group_offset));
  store(at + kTimestampAt, place.timestamp_ms);
  store(at, checksum({at + kLengthAt, size - kLengthAt}));
}

Decoding decode_record(std::string_view bytes, std::int64_t base_offset, DecodedRecord& out) {
  out.size = 0;
  if (bytes.size() < kBodyAt) return Decoding::kCutShort;
  const char* const at = bytes.data();
  const std::size_t size = kBodyAt + load<std::uint32_t>(at + kLengthAt);
  if (size < kRecordPrefixSize || size > kStoredRecordMax) return Decoding::kDamaged;
  out.size = size;
  if (bytes.size() < size) return Decoding::kCutShort;
  if (load<std::uint32_t>(at) != checksum({at + kLengthAt, size - kLengthAt})) {
    return Decoding::kDamaged;
  }
  out.place.base_offset = base_offset;
  out.place.offset = base_offset + load<std::uint32_t>(at + kBodyAt);
  out.place.group_offset = out.place.offset - load<std::uint32_t>(at + kGroupAt);
  out.place.timestamp_ms = load<std::int64_t>(at + kTimestampAt);

  const std::uint8_t flags = static_cast<std::uint8_t>(at[kFlagsAt]);
  ByteReader reader(bytes.substr(kRecordPrefixSize, size - kRecordPrefixSize));
  const std::uint64_t key_size = flags & kHasKey ? reader.varint() : 0;
  const std::uint64_t value_size = flags & kHasValue ? reader.varint() : 0;
  const std::string_view key = reader.raw(key_size);
  const std::string_view value = reader.raw(value_size);
  if (!reader.ok()) return Decoding::kDamaged;
  out.key = flags & kHasKey ? std::optional(key) : std::nullopt;
  out.value = flags & kHasValue ? std::optional(value) : std::nullopt;
  out.headers = {reader.at(), reader.left()};
  return Decoding::kWhole;
}

std::optional<std::int64_t> peek_offset(std::string_view bytes, std::int64_t base_offset) {
  if (bytes.size() < kRecordPrefixSize) return std::nullopt;
  return base_offset + load<std::uint32_t>(bytes.data() + kBodyAt);
}

std::vector<std::pair<std::string, std::string>> decode_headers(std::string_view headers) {
  std::vector<std::pair<std::string, std::string>> decoded;
  ByteReader reader(headers);
  while (!reader.done()) {
    std::string name(reader.string());
    decoded.emplace_back(std::move(name), reader.string());
  }
  return decoded;
}

}  // namespace daybook::log
