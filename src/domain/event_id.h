// The id that an event came with. A view of memory that whoever has the event keeps.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/hex_id.h"

namespace daybook::domain {

// Held as its text, or as the 16 bytes that its digits stand for: few events are asked for their id.
class EventId {
 public:
  EventId() = default;
  EventId(std::string_view text) : bytes_(text) {}  // NOLINT: texts are ids.
  // `bytes` are HexId::kBytes.
  EventId(HexForm form, std::string_view bytes) : bytes_(bytes), form_(form) {}

  // Of the bytes; none where they are the text.
  std::optional<HexForm> form() const { return form_; }
  std::string_view bytes() const { return bytes_; }

  std::string text() const {
    if (!form_) return std::string(bytes_);
    HexId id;
    id.form = *form_;
    std::ranges::copy(bytes_, id.bytes.begin());
    std::array<char, HexId::kTextMax> text;
    return std::string(text.data(), id.write(text.data()));
  }

 private:
  std::string_view bytes_;
  std::optional<HexForm> form_;
};

}  // namespace daybook::domain
