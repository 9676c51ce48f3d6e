#include "base/accept.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"

namespace daybook {
namespace {

std::string lower(std::string_view text) {
  std::string name(text);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

// Up to the first `mark`; `rest` goes on behind it.
std::string_view next(std::string_view& rest, char mark) {
  const std::size_t end = std::min(rest.find(mark), rest.size());
  const std::string_view part = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// "0.5", "1", "0.", "1.000"; of more decimals the first three.
int read_quality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || (text.size() > 1 && text[1] != '.')) return 1000;
  int quality = text[0] == '1' ? 1000 : 0, place = 100;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (c < '0' || c > '9') return 1000;
    quality += (c - '0') * place;
    place /= 10;
  }
  return std::min(quality, 1000);
}

// How closely `pattern` names `offer`; 0 where it does not.
int closeness(std::string_view pattern, std::string_view offer) {
  if (pattern == offer) return 3;
  const bool is_type = offer.find('/') != std::string_view::npos;
  if (pattern == (is_type ? "*/*" : "*")) return 1;
  return is_type && pattern.ends_with("/*") && offer.starts_with(pattern.substr(0, pattern.size() - 1)) ? 2 : 0;
}

}  // namespace

std::vector<Accepted> parse_accept(std::string_view header) {
  std::vector<Accepted> accepted;
  while (!header.empty()) {
    std::string_view entry = next(header, ',');
    Accepted one{.name = lower(next(entry, ';'))};
    while (!entry.empty()) {
      std::string_view value = next(entry, ';');
      if (lower(next(value, '=')) == "q") one.quality = read_quality(trimmed(value));
    }
    if (!one.name.empty()) accepted.push_back(std::move(one));
  }
  return accepted;
}

std::optional<std::size_t> preferred(std::span<const Accepted> accepted, std::span<const std::string_view> offers) {
  std::optional<std::size_t> best;
  std::tuple<int, int, std::ptrdiff_t> rank_of_best;
  for (std::size_t offer = 0; offer < offers.size(); ++offer) {
    // What names it most closely has its weight, the first of several.
    const Accepted* named = nullptr;
    int close = 0;
    for (const Accepted& each : accepted) {
      const int now = closeness(each.name, offers[offer]);
      if (now > close) named = &each;
      close = std::max(close, now);
    }
    if (named == nullptr || named->quality == 0) continue;
    const std::tuple rank(named->quality, close, accepted.data() - named);
    if (best && rank <= rank_of_best) continue;
    best = offer;
    rank_of_best = rank;
  }
  return best;
}

}  // namespace daybook
