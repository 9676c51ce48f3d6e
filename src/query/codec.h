// Questions and partials as bytes. What crosses from one process to another is a struct with
//   template <typename Visit> void for_each_field(const Visit& visit) { visit(a, b, …); }
// of numbers, texts, standard containers and such structs; both ways go over the one list of its fields. One that has
// is_sound() is refused where that is false.
//
// Integers are zigzag varints, containers have their size in front. Reader and writer are of one version: what each
// side is says the connection (shard_query.h), not the bytes.
#pragma once

#include <array>
#include <concepts>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/decimal.h"
#include "base/money.h"

namespace daybook::query {

// Appends to `to`, which must outlive it.
class Encoder {
 public:
  explicit Encoder(std::string& to) : to_(to) {}

  void operator()(bool value) { to_.u8(value ? 1 : 0); }
  template <std::integral T>
  void operator()(T value) {
    to_.zigzag(static_cast<std::int64_t>(value));
  }
  void operator()(Int128 value) { to_.zigzag128(value); }
  template <typename T>
    requires std::is_enum_v<T>
  void operator()(T value) {
    to_.zigzag(static_cast<std::int64_t>(value));
  }
  void operator()(const std::string& value) { to_.string(value); }
  void operator()(Currency value) { to_.varint(value.number()); }
  void operator()(const Decimal& value) {
    to_.varint128(value.digits);
    to_.u8(value.fraction_digits);
    to_.u8(value.leading_zeros);
  }
  void operator()(std::monostate) {}
  template <typename T>
  void operator()(const std::optional<T>& value) {
    (*this)(value.has_value());
    if (value) (*this)(*value);
  }
  template <typename A, typename B>
  void operator()(const std::pair<A, B>& value) {
    (*this)(value.first);
    (*this)(value.second);
  }
  template <typename... T>
  void operator()(const std::tuple<T...>& value) {
    std::apply([&](const auto&... each) { ((*this)(each), ...); }, value);
  }
  template <typename T, std::size_t Size>
  void operator()(const std::array<T, Size>& value) {
    for (const T& each : value) (*this)(each);
  }
  template <typename T>
  void operator()(const std::vector<T>& value) {
    to_.varint(value.size());
    for (const auto& each : value) (*this)(each);
  }
  template <typename Key, typename T, typename Less>
  void operator()(const std::map<Key, T, Less>& value) {
    to_.varint(value.size());
    for (const auto& each : value) (*this)(each);
  }
  template <typename... T>
  void operator()(const std::variant<T...>& value) {
    to_.varint(value.index());
    std::visit([&](const auto& each) { (*this)(each); }, value);
  }
  template <typename T>
    requires requires(T& value) { value.for_each_field([](auto&...) {}); }
  void operator()(const T& value) {
    // The one list of fields is of a T that may be changed; here nothing is.
    const_cast<T&>(value).for_each_field([&](const auto&... fields) { ((*this)(fields), ...); });
  }

 private:
  ByteWriter to_;
};

// Reads what an Encoder wrote. After a fault ok() is false and nothing more is read; it never reads past the end, nor
// takes more memory than the bytes can be worth.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : from_(bytes) {}

  // All was there, and no more.
  bool done() const { return ok() && from_.done(); }
  bool ok() const { return ok_ && from_.ok(); }

  void operator()(bool& value) { value = from_.u8() != 0; }
  template <std::integral T>
  void operator()(T& value) {
    const std::int64_t wide = from_.zigzag();
    value = static_cast<T>(wide);
    ok_ = ok_ && static_cast<std::int64_t>(value) == wide;
  }
  void operator()(Int128& value) { value = from_.zigzag128(); }
  template <typename T>
    requires std::is_enum_v<T>
  void operator()(T& value) {
    std::underlying_type_t<T> number{};
    (*this)(number);
    value = static_cast<T>(number);
  }
  void operator()(std::string& value) { value = from_.string(); }
  void operator()(Currency& value) {
    const auto currency = Currency::known(from_.varint());
    ok_ = ok_ && currency.has_value();
    value = currency.value_or(Currency());
  }
  void operator()(Decimal& value) {
    value.digits = from_.varint128();
    value.fraction_digits = from_.u8();
    value.leading_zeros = from_.u8();
  }
  void operator()(std::monostate&) {}
  template <typename T>
  void operator()(std::optional<T>& value) {
    bool is_there = false;
    (*this)(is_there);
    value.reset();
    if (is_there) (*this)(value.emplace());
  }
  template <typename A, typename B>
  void operator()(std::pair<A, B>& value) {
    (*this)(value.first);
    (*this)(value.second);
  }
  template <typename... T>
  void operator()(std::tuple<T...>& value) {
    std::apply([&](auto&... each) { ((*this)(each), ...); }, value);
  }
  template <typename T, std::size_t Size>
  void operator()(std::array<T, Size>& value) {
    for (T& each : value) (*this)(each);
  }
  template <typename T>
  void operator()(std::vector<T>& value) {
    value.clear();
    for (std::uint64_t left = size(); left > 0 && ok(); --left) (*this)(value.emplace_back());
  }
  template <typename Key, typename T, typename Less>
  void operator()(std::map<Key, T, Less>& value) {
    value.clear();
    for (std::uint64_t left = size(); left > 0 && ok(); --left) {
      std::pair<Key, T> each;
      (*this)(each);
      value.insert(value.end(), std::move(each));
    }
  }
  template <typename... T>
  void operator()(std::variant<T...>& value) {
    const std::uint64_t index = from_.varint();
    std::size_t at = 0;
    const bool is_known = ((at++ == index ? ((*this)(value.template emplace<T>()), true) : false) || ...);
    ok_ = ok_ && is_known;
  }
  template <typename T>
    requires requires(T& value) { value.for_each_field([](auto&...) {}); }
  void operator()(T& value) {
    // What is written here lies a few deep; bytes that lie deeper are none of ours, and would take the stack.
    ok_ = ok_ && ++depth_ <= kDepthMax;
    if (!ok_) return;
    value.for_each_field([&](auto&... fields) { ((*this)(fields), ...); });
    --depth_;
    if constexpr (requires { value.is_sound(); }) ok_ = ok_ && value.is_sound();
  }

 private:
  static constexpr int kDepthMax = 32;

  // Of a container: each element takes a byte at least.
  std::uint64_t size() {
    const std::uint64_t size = from_.varint();
    ok_ = ok_ && size <= from_.left();
    return ok() ? size : 0;
  }

  ByteReader from_;
  bool ok_ = true;
  int depth_ = 0;
};

template <typename T>
std::string encode(const T& value) {
  std::string bytes;
  Encoder encoder(bytes);
  encoder(value);
  return bytes;
}

// Nothing where the bytes are not those of a T.
template <typename T>
std::optional<T> decode(std::string_view bytes) {
  T value;
  Decoder decoder(bytes);
  decoder(value);
  if (!decoder.done()) return std::nullopt;
  return value;
}

}  // namespace daybook::query
