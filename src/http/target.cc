#include "http/target.h"

#include <algorithm>

#include "base/text.h"

namespace daybook::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Calls `take` with each part of `text` between separators.
template <typename Take>
void split(std::string_view text, char separator, const Take& take) {
  while (true) {
    const std::size_t end = text.find(separator);
    take(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

// "http://host/path" is asked for as "/path" is.
std::string_view without_origin(std::string_view target) {
  const auto authority = authority_of(target);
  if (!authority) return target;
  const std::string_view path = target.substr(static_cast<std::size_t>(authority->end() - target.begin()));
  return path.empty() ? "/" : path;
}

class Decoder {
 public:
  std::string decode(std::string_view text, bool plus_is_blank) {
    auto decoded = percent_decode(text, plus_is_blank);
    if (!decoded) {
      fault_ = "a '%' is not followed by two hexadecimal digits";
      return {};
    }
    if (!is_valid_utf8(*decoded)) fault_ = "the target is not UTF-8";
    return *std::move(decoded);
  }
  std::optional<std::string> fault() const { return fault_; }

 private:
  std::optional<std::string> fault_;
};

}  // namespace

std::optional<std::string_view> authority_of(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    return target.substr(0, target.find('/'));
  }
  return std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

std::optional<std::string> read_target(std::string_view target, Request& request) {
  target = without_origin(target);
  if (!target.starts_with('/')) return "the target does not begin with '/'";
  const std::size_t path_end = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, path_end);
  request.path = path;
  Decoder decoder;
  if (path.size() > 1) {
    split(path.substr(1), '/',
          [&](std::string_view segment) { request.segments.push_back(decoder.decode(segment, false)); });
  }
  if (path_end < target.size()) {
    split(target.substr(path_end + 1), '&', [&](std::string_view pair) {
      if (pair.empty()) return;
      const std::size_t equals = std::min(pair.find('='), pair.size());
      const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
      request.parameters.emplace(decoder.decode(pair.substr(0, equals), true), decoder.decode(value, true));
    });
  }
  return decoder.fault();
}

}  // namespace daybook::http
