#include "engine/last_record.h"

#include <utility>

#include "base/hash.h"

namespace daybook::engine {
namespace {

// Of a record that is kept; larger ones would be held as long as the shard.
constexpr std::size_t kKeptBytes = 4'096;

std::uint64_t fingerprint(std::optional<std::string_view> key, std::optional<std::string_view> value) {
  // A missing key or value differs from an empty one.
  const auto has = static_cast<std::uint64_t>(key.has_value() | value.has_value() << 1);
  return hash64(value.value_or(""), hash64(key.value_or(""), has));
}

}  // namespace

std::uint64_t fingerprint(const log::Record& record) { return fingerprint(record.key, record.value); }

void LastRecord::keep(const log::Record& record) {
  const std::string_view key = record.key.value_or("");
  const std::string_view value = record.value.value_or("");
  kept_ = key.size() + value.size() <= kKeptBytes;
  if (!kept_) {
    large_ = fingerprint(record);
    return;
  }
  bytes_.clear();
  bytes_.append(key);
  bytes_.append(value);
  key_size_ = key.size();
  has_key_ = record.key.has_value();
  has_value_ = record.value.has_value();
}

std::optional<std::uint64_t> LastRecord::take_fingerprint() {
  const std::optional<std::uint64_t> large = std::exchange(large_, std::nullopt);
  if (!std::exchange(kept_, false)) return large;
  const std::string_view bytes = bytes_.view();
  return fingerprint(has_key_ ? std::optional(bytes.substr(0, key_size_)) : std::nullopt,
                     has_value_ ? std::optional(bytes.substr(key_size_)) : std::nullopt);
}

}  // namespace daybook::engine
