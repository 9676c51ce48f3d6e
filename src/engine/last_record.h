// What the last record applied is known by when it is read again.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "log/log.h"

namespace daybook::engine {

// What `record` is known by when it is read again.
std::uint64_t fingerprint(const log::Record& record);

// Keeps the last of many records until its fingerprint is asked for: only that one is ever stored, and
// copying bytes is cheaper than hashing them.
class LastRecord {
 public:
  void keep(const log::Record& record);
  // Of the record kept; nothing when none has been since the last call.
  std::optional<std::uint64_t> take_fingerprint();

 private:
  // Key and value, one behind the other.
  ByteBuffer bytes_;
  std::size_t key_size_ = 0;
  bool has_key_ = false;
  bool has_value_ = false;
  bool kept_ = false;
  std::optional<std::uint64_t> large_;  // Of a record that is too large to be kept.
};

}  // namespace daybook::engine
