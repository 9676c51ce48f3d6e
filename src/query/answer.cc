#include "query/answer.h"

#include "base/bytes.h"

namespace daybook::query {

std::string sort_key(std::initializer_list<std::string_view> parts) {
  std::string key;
  for (const std::string_view part : parts) {
    key += part;
    key += '\0';
  }
  return key;
}

std::string sortable(std::int64_t number) {
  std::string key;
  ByteWriter(key).big64(static_cast<std::uint64_t>(number) ^ 0x8000'0000'0000'0000U);
  return key;
}

std::int64_t first_number(std::string_view key) {
  return static_cast<std::int64_t>(ByteReader(key).big64() ^ 0x8000'0000'0000'0000U);
}

Day first_day(std::string_view key) { return static_cast<Day>(first_number(key)); }

std::string position_key(std::int32_t partition, domain::Position at) {
  return sortable(at.topic) + sortable(partition) + sortable(at.offset);
}

void Rows::widen_to(const Rows& other) {
  const std::string& bound = other.until();
  if (!bound.empty() && is_wanted(bound)) {
    cut_.until = bound;
  } else {
    cut_.until = until();
  }
  if (cut_.count && other.cut_.count) cut_.count = std::max(*cut_.count, *other.cut_.count);
  if (!cut_.until.empty()) {
    std::erase_if(rows_, [&](const SortedRow& row) {
      const bool is_beyond = row.key >= cut_.until;
      if (is_beyond) give_back_memory(bytes_of(row));
      return is_beyond;
    });
  }
  if (is_full()) std::ranges::make_heap(rows_, {}, &SortedRow::key);
}

Rows::Page Rows::take() {
  std::ranges::sort(rows_, {}, &SortedRow::key);
  Page page{std::move(rows_), cut_.is_round && !cut_.until.empty()};
  if (cut_.count && page.rows.size() > *cut_.count) {
    page.more = true;
    page.rows.resize(*cut_.count);
  }
  return page;
}

std::string group_name(std::string_view value) { return std::string(value.empty() ? kUnassigned : value); }

std::string cut_region(std::string_view region, int level) {
  std::size_t end = std::string_view::npos;
  std::size_t at = 0;
  for (int i = 0; i < level; ++i) {
    end = region.find('/', at);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return std::string(level == 0 ? region : region.substr(0, end));
}

bool is_customer(std::string_view name) { return !name.starts_with("target:") && !name.starts_with("fx:"); }

}  // namespace daybook::query
