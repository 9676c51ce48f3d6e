// Comma-separated files as RFC 4180 has them: quoted fields with breaks and doubled quotes, LF or
// CRLF, a byte order mark or none. The first line names the columns.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

// What is wrong with a text file, and where.
struct FileFault {
  // "orders.csv:17:4" (line and character, from 1).
  std::string place;
  std::string message;
};

struct CsvOptions {
  char delimiter = ',';
  // White space at both ends of every value is dropped.
  bool trim = true;
};

// One file, read whole. Immutable; its values point into it.
class CsvFile {
 public:
  struct Cell {
    std::string_view text;
    // Where it begins in the file.
    std::size_t offset = 0;
  };

  // Null when the file has faults: not UTF-8, a row with more or fewer values than there are
  // columns, a quote that does not end, a column's name missing or given twice.
  static std::unique_ptr<const CsvFile> parse(std::string name, std::string content,
                                              CsvOptions options, std::vector<FileFault>& faults);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& columns() const { return columns_; }
  std::size_t rows() const { return columns_.empty() ? 0 : cells_.size() / columns_.size(); }
  const Cell& cell(std::size_t row, std::size_t column) const {
    return cells_[row * columns_.size() + column];
  }
  // "orders.csv:17:4".
  std::string place(std::size_t offset) const;

 private:
  class Parser;
  CsvFile(std::string name, std::string content)
      : name_(std::move(name)), content_(std::move(content)) {}

  std::string name_;
  std::string content_;
  std::vector<std::string> columns_;
  std::vector<Cell> cells_;
  std::deque<std::string> unquoted_;  // Values that do not stand in the file as they are.
};

}  // namespace daybook
