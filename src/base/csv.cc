#include "base/csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace daybook {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

class CsvFile::Parser {
 public:
  Parser(CsvFile& file, CsvOptions options, std::vector<FileFault>& faults)
      : file_(file), text_(file.content_), options_(options), faults_(faults) {}

  bool parse() {
    const std::size_t faults_before = faults_.size();
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    if (!is_valid_utf8(text_))
      return fault(first_bad_byte(), "is not UTF-8; convert the file first");
    while (at_ < text_.size()) {
      std::vector<Cell> row;
      if (!read_row(row)) return false;
      const bool blank = row.size() == 1 && row[0].text.empty();
      if (blank) continue;
      file_.columns_.empty() ? take_header(row) : take_row(row);
    }
    if (file_.columns_.empty()) return fault(0, "is empty: the first line names the columns");
    return faults_.size() == faults_before;
  }

 private:
  bool fault(std::size_t offset, std::string message) {
    faults_.push_back({file_.place(offset), std::move(message)});
    return false;
  }

  std::size_t first_bad_byte() const {
    // Lines are short; the first that is not valid by itself holds it.
    std::size_t begin = 0;
    while (begin < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', begin), text_.size());
      if (!is_valid_utf8(text_.substr(begin, end - begin))) return begin;
      begin = end + 1;
    }
    return 0;
  }

  // False after a fault behind which nothing can be made out.
  bool read_row(std::vector<Cell>& row) {
    while (true) {
      if (!read_cell(row.emplace_back())) return false;
      if (at_ == text_.size()) return true;
      const char end = text_[at_++];
      if (end == options_.delimiter) continue;
      if (end == '\r') ++at_;  // Of CRLF, as read_cell() made sure.
      return true;
    }
  }

  bool at_row_end() const {
    return at_ == text_.size() || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n";
  }

  bool read_cell(Cell& cell) {
    cell.offset = at_;
    if (at_ < text_.size() && text_[at_] == '"') return read_quoted(cell);
    while (!at_row_end() && text_[at_] != options_.delimiter) ++at_;
    cell.text = text_.substr(cell.offset, at_ - cell.offset);
    if (options_.trim) cell.text = trimmed(cell.text);
    return true;
  }

  bool read_quoted(Cell& cell) {
    std::string& text = file_.unquoted_.emplace_back();
    ++at_;
    while (true) {
      const std::size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos)
        return fault(cell.offset, "the quote that begins here does not end");
      text += text_.substr(at_, quote - at_);
      at_ = quote + 1;
      if (at_ == text_.size() || text_[at_] != '"') break;
      text += '"';
      ++at_;
    }
    if (!at_row_end() && text_[at_] != options_.delimiter) {
      return fault(at_, "text behind a closing quote");
    }
    cell.text = options_.trim ? trimmed(text) : std::string_view(text);
    return true;
  }

  void take_header(const std::vector<Cell>& row) {
    for (const Cell& cell : row) {
      const std::string name(trimmed(cell.text));
      if (name.empty()) fault(cell.offset, "a column without a name");
      if (std::ranges::find(file_.columns_, name) != file_.columns_.end()) {
        fault(cell.offset, fmt::format("the column '{}' stands twice", name));
      }
      file_.columns_.push_back(name);
    }
  }

  void take_row(const std::vector<Cell>& row) {
    if (row.size() != file_.columns_.size()) {
      fault(row[0].offset,
            fmt::format("has {} values for {} columns", row.size(), file_.columns_.size()));
      return;
    }
    file_.cells_.insert(file_.cells_.end(), row.begin(), row.end());
  }

  CsvFile& file_;
  const std::string_view text_;
  const CsvOptions options_;
  std::vector<FileFault>& faults_;
  std::size_t at_ = 0;
};

std::unique_ptr<const CsvFile> CsvFile::parse(std::string name, std::string content,
                                              CsvOptions options,
                                              std::vector<FileFault>& faults) {
  std::unique_ptr<CsvFile> file(new CsvFile(std::move(name), std::move(content)));
  if (!Parser(*file, options, faults).parse()) return nullptr;
  return file;
}

std::string CsvFile::place(std::size_t offset) const {
  const std::string_view before = std::string_view(content_).substr(0, offset);
  const auto line = 1 + std::ranges::count(before, '\n');
  std::string_view start = before.substr(before.rfind('\n') + 1);
  if (line == 1 && start.starts_with(kByteOrderMark)) start.remove_prefix(kByteOrderMark.size());
  const auto column = 1 + std::ranges::count_if(start, [](char c) {
                        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
                      });
  return fmt::format("{}:{}:{}", name_, line, column);
}

}  // namespace daybook
