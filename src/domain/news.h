// What was read, as far as who shows figures has to know: of which types events were accepted, and what else was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "domain/event_types.h"

namespace daybook::domain {

// A set, in one number: whoever folds adds to it at each record.
class News {
 public:
  // What is no new fact, and that an account had its first. Behind the types of events, from the top of the number.
  enum Other : std::uint8_t { kNewAccount = 60, kParked = 61, kConflict = 62, kDuplicate = 63 };

  constexpr News() = default;
  constexpr News(Other other) : bits_(bit(other)) {}
  // Accepted: one of the type with this index; of a type by its payload; of any type of a family; of any.
  static constexpr News accepted(std::size_t type) { return News(bit(type)); }
  template <typename... Payloads>
  static constexpr News of() {
    return News((bit(event_types::index_of<Payloads>()) | ...));
  }
  static constexpr News of(Family family) {
    News all;
    for (std::size_t type = 0; type < kPayloadCount; ++type) {
      if (kEventTypes[type].family == family) all |= accepted(type);
    }
    return all;
  }
  static constexpr News any_fact() { return News((std::uint64_t{1} << kPayloadCount) - 1); }

  constexpr News& operator|=(News other) {
    bits_ |= other.bits_;
    return *this;
  }
  friend constexpr News operator|(News a, News b) { return a |= b; }
  constexpr News without(News other) const { return News(bits_ & ~other.bits_); }
  constexpr bool meets(News other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool operator==(const News&) const = default;

  // As it is sent; bits that mean nothing are let go of.
  constexpr std::uint64_t bits() const { return bits_; }
  static constexpr News from_bits(std::uint64_t bits) {
    return News(bits & (any_fact().bits_ | bit(kNewAccount) | bit(kParked) | bit(kConflict) | bit(kDuplicate)));
  }

 private:
  constexpr explicit News(std::uint64_t bits) : bits_(bits) {}
  static constexpr std::uint64_t bit(std::size_t place) { return std::uint64_t{1} << place; }
  static_assert(kPayloadCount <= kNewAccount, "the types of events do not fit beside the rest");

  std::uint64_t bits_ = 0;
};

}  // namespace daybook::domain
