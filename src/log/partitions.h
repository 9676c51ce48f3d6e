// Lists of partition numbers: which of a log's partitions somebody holds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace daybook::log {

// 0 … count − 1.
std::vector<std::int32_t> all_partitions(std::int32_t count);

// Of "0-3,6": numbers and ranges in any order, each number once and below 1024; rising. Nothing for any other text.
std::optional<std::vector<std::int32_t>> parse_partitions(std::string_view text);
// The shortest such text of a rising list: "0-3,6".
std::string format_partitions(std::span<const std::int32_t> partitions);

// Whether somebody can hold these of a log of `count`: at least one, rising, each once, all below `count`.
// kInvalidArgument says what is wrong.
Result<void> check_partitions(std::span<const std::int32_t> partitions, std::int32_t count);

}  // namespace daybook::log
