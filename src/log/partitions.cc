#include "log/partitions.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <numeric>

namespace daybook::log {
namespace {

constexpr std::int32_t kPartitionsMax = 1024;

std::optional<std::int32_t> parse_number(std::string_view text) {
  std::int32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  // It would take a sign, too.
  const bool is_digits = !text.empty() && text.front() != '-';
  if (!is_digits || error != std::errc() || at != end || number >= kPartitionsMax) return std::nullopt;
  return number;
}

bool is_rising(std::span<const std::int32_t> partitions) {
  return std::ranges::adjacent_find(partitions, std::greater_equal()) == partitions.end();
}

}  // namespace

std::vector<std::int32_t> all_partitions(std::int32_t count) {
  std::vector<std::int32_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::optional<std::vector<std::int32_t>> parse_partitions(std::string_view text) {
  std::vector<std::int32_t> partitions;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const std::size_t dash = part.find('-');
    const auto first = parse_number(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_number(part.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    for (std::int32_t partition = *first; partition <= *last; ++partition) partitions.push_back(partition);
    // What is named again and again is not kept until it is found out.
    if (partitions.size() > static_cast<std::size_t>(kPartitionsMax)) return std::nullopt;
    begin = end + 1;
  }
  std::ranges::sort(partitions);
  if (!is_rising(partitions)) return std::nullopt;
  return partitions;
}

std::string format_partitions(std::span<const std::int32_t> partitions) {
  std::string text;
  for (std::size_t i = 0; i < partitions.size();) {
    std::size_t last = i;
    while (last + 1 < partitions.size() && partitions[last + 1] == partitions[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(partitions[i]);
    if (last > i) text += '-' + std::to_string(partitions[last]);
    i = last + 1;
  }
  return text;
}

Result<void> check_partitions(std::span<const std::int32_t> partitions, std::int32_t count) {
  if (partitions.empty()) return unexpected(ErrorCode::kInvalidArgument, "no shard is named: one at least is held");
  if (!is_rising(partitions)) {
    return unexpected(ErrorCode::kInvalidArgument,
                      "shards are named by rising numbers, each once; not so in " + format_partitions(partitions));
  }
  for (const std::int32_t partition : {partitions.front(), partitions.back()}) {
    if (partition >= 0 && partition < count) continue;
    return unexpected(ErrorCode::kInvalidArgument, "there is no shard " + std::to_string(partition) +
                                                       ": the log has partitions " +
                                                       format_partitions(all_partitions(count)));
  }
  return {};
}

}  // namespace daybook::log
