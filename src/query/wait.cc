#include "query/wait.h"

#include <fmt/format.h>

#include <algorithm>

namespace daybook::query {

Wait read_wait(const ShardSource& source, Parameters& parameters) {
  Wait wait;
  wait.at_most = std::chrono::milliseconds(parameters.integer("wait_ms", 0, 60'000).value_or(5'000));
  for (const std::string& item : parameters.list("min_position")) {
    const std::size_t last = item.rfind(':');
    const std::size_t middle = last == std::string::npos ? last : item.rfind(':', last - 1);
    std::optional<log::Topic> topic;
    std::int64_t partition = -1;
    std::int64_t offset = -1;
    if (middle != std::string::npos && middle > 0) {
      topic = log::parse_topic_name(source.topic_prefix(), item.substr(0, middle));
      const auto number = [](std::string_view text) -> std::int64_t {
        if (text.empty() || text.size() > 18) return -1;
        std::int64_t value = 0;
        for (const char c : text) {
          if (c < '0' || c > '9') return -1;
          value = value * 10 + (c - '0');
        }
        return value;
      };
      partition = number(std::string_view(item).substr(middle + 1, last - middle - 1));
      offset = number(std::string_view(item).substr(last + 1));
    }
    if (!topic || *topic == log::Topic::kDeadLetter || partition < 0 || partition >= source.partition_count() ||
        offset < 0) {
      refuse_parameter("min_position", fmt::format("'{}' is not topic:partition:offset", item));
    }
    wait.positions.push_back({{*topic, static_cast<std::int32_t>(partition)}, offset, item});
  }
  return wait;
}

const Wait::Position* first_missing(const ShardSource& source, const Wait& wait) {
  const auto missing = std::ranges::find_if(
      wait.positions, [&](const Wait::Position& wanted) { return !source.has_folded(wanted.at, wanted.offset); });
  return missing == wait.positions.end() ? nullptr : &*missing;
}

void refuse_unfolded(const Wait& wait, const Wait::Position& missing) {
  refuse(503, "Not folded yet", fmt::format("{} was not folded within {} ms", missing.text, wait.at_most.count()));
}

}  // namespace daybook::query
