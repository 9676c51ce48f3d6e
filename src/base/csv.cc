#include "base/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "base/hash.h"
#include "base/text.h"
#include "base/utf8.h"

namespace daybook {

CsvRows::CsvRows(std::string_view text, CsvOptions options, Fault fault)
    : text_(text), options_(options), fault_(std::move(fault)) {
  at_ = text_.size() - without_byte_order_mark(text_).size();
  if (auto wrong = encoding_fault(text_)) {
    this->fault(0, *std::move(wrong));
    at_ = text_.size();
  } else if (!is_valid_utf8(text_)) {
    this->fault(first_bad_byte(), "is not UTF-8; convert the file first");
    at_ = text_.size();
  } else {
    read_header();
  }
}

void CsvRows::fault(std::size_t offset, std::string message) { fault_(rows_, offset, std::move(message)); }

std::size_t CsvRows::first_bad_byte() const {
  // Lines are short; the first that is not valid by itself holds it.
  std::size_t begin = 0;
  while (begin < text_.size()) {
    const std::size_t end = std::min(text_.find('\n', begin), text_.size());
    if (!is_valid_utf8(text_.substr(begin, end - begin))) return begin;
    begin = end + 1;
  }
  return 0;
}

void CsvRows::read_header() {
  while (at_ < text_.size()) {
    if (!read_row(kColumnsMax)) {
      at_ = text_.size();
      return;
    }
    const bool blank = row_values_ == 1 && row_[0].text.empty();
    if (!blank) break;
  }
  if (row_values_ == 0 || (row_values_ == 1 && row_[0].text.empty())) {
    return fault(0, "is empty: the first line names the columns");
  }
  if (row_values_ > kColumnsMax) {
    at_ = text_.size();
    return fault(0, fmt::format("has {} columns; at most {} are read", row_values_, kColumnsMax));
  }
  std::unordered_set<std::string_view, TextHash> names;
  for (const CsvCell& cell : row_) {
    const std::string_view name = trimmed(cell.text);
    if (name.empty()) fault(cell.offset, "a column without a name");
    if (!names.insert(name).second) fault(cell.offset, fmt::format("the column '{}' stands twice", name));
    columns_.emplace_back(name);
  }
}

std::optional<std::span<const CsvCell>> CsvRows::next() {
  while (at_ < text_.size() && read_row(columns_.size())) {
    const bool blank = row_values_ == 1 && row_[0].text.empty();
    if (blank) continue;
    const bool fits = row_values_ == columns_.size();
    if (!fits) fault(row_[0].offset, fmt::format("has {} values for {} columns", row_values_, columns_.size()));
    ++rows_;
    if (fits) return std::span<const CsvCell>(row_);
  }
  at_ = text_.size();
  return std::nullopt;
}

bool CsvRows::read_row(std::size_t cells_max) {
  row_.clear();
  unquoted_.clear();
  row_values_ = 0;
  while (true) {
    CsvCell cell;
    const std::size_t unquoted_before = unquoted_.size();
    if (!read_cell(cell)) return false;
    if (++row_values_ <= cells_max) {
      row_.push_back(cell);
    } else {
      unquoted_.resize(unquoted_before);
    }
    if (at_ == text_.size()) return true;
    const char end = text_[at_++];
    if (end == options_.delimiter) continue;
    if (end == '\r') ++at_;  // Of CRLF, as read_cell() made sure.
    return true;
  }
}

bool CsvRows::at_row_end() const { return at_ == text_.size() || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n"; }

bool CsvRows::read_cell(CsvCell& cell) {
  cell.offset = at_;
  if (at_ < text_.size() && text_[at_] == '"') return read_quoted(cell);
  while (!at_row_end() && text_[at_] != options_.delimiter) ++at_;
  cell.text = text_.substr(cell.offset, at_ - cell.offset);
  if (options_.trim) cell.text = trimmed(cell.text);
  return true;
}

bool CsvRows::read_quoted(CsvCell& cell) {
  std::string& text = unquoted_.emplace_back();
  ++at_;
  while (true) {
    const std::size_t quote = text_.find('"', at_);
    if (quote == std::string_view::npos) {
      fault(cell.offset, "the quote that begins here does not end");
      return false;
    }
    text += text_.substr(at_, quote - at_);
    at_ = quote + 1;
    if (at_ == text_.size() || text_[at_] != '"') break;
    text += '"';
    ++at_;
  }
  if (!at_row_end() && text_[at_] != options_.delimiter) {
    fault(at_, "text behind a closing quote");
    return false;
  }
  cell.text = options_.trim ? trimmed(text) : std::string_view(text);
  return true;
}

std::string place_in(const std::string& name, std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::ranges::count(before, '\n');
  std::string_view start = before.substr(before.rfind('\n') + 1);
  if (line == 1) start = without_byte_order_mark(start);
  const auto column = 1 + std::ranges::count_if(start, std::not_fn(is_inside_character));
  return fmt::format("{}:{}:{}", name, line, column);
}

std::unique_ptr<const CsvFile> CsvFile::parse(std::string name, std::string content, CsvOptions options,
                                              std::vector<FileFault>& faults) {
  std::unique_ptr<CsvFile> file(new CsvFile(std::move(name), std::move(content)));
  const std::string_view text = file->content_;
  std::size_t found = 0;
  CsvRows rows(text, options, [&](std::size_t, std::size_t offset, std::string message) {
    if (++found <= kFaultsMax) faults.push_back({file->place(offset), std::move(message)});
  });
  file->columns_ = rows.columns();
  while (const auto row = rows.next()) {
    for (CsvCell cell : *row) {
      const bool lies_there = std::less_equal<>()(text.data(), cell.text.data()) &&
                              std::less_equal<>()(cell.text.data(), text.data() + text.size());
      if (!lies_there && !cell.text.empty()) cell.text = file->unquoted_.emplace_back(cell.text);
      file->cells_.push_back(cell);
    }
  }
  if (found > 0) return nullptr;
  return file;
}

}  // namespace daybook
