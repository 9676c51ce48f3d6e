// Comma-separated files as RFC 4180 has them: quoted fields with breaks and doubled quotes, LF or
// CRLF, a byte order mark or none. The first line names the columns.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
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

struct CsvCell {
  std::string_view text;
  // Where it begins in the file.
  std::size_t offset = 0;
};

// The rows of a text, one after the other: memory does not grow with their number, and time goes with the text's
// bytes, whatever is wrong with it. One thread at a time.
class CsvRows {
 public:
  // Is told what is wrong, and where: in which row below the columns' names, from 0, and where in the text.
  using Fault = std::function<void(std::size_t row, std::size_t offset, std::string message)>;
  static constexpr std::size_t kColumnsMax = 10'000;

  // Reads the columns' names. `text` must outlive it.
  CsvRows(std::string_view text, CsvOptions options, Fault fault);

  // None where the text cannot be read: it is not UTF-8, or has no line.
  const std::vector<std::string>& columns() const { return columns_; }
  // Of the row that next() gave last, those with faults counted.
  std::size_t row() const { return rows_ - 1; }
  // The next row, as many cells as there are columns, until the next call; nothing at the end. A row with more
  // values or fewer is a fault, and left out; behind a quote that does not end there are no rows.
  std::optional<std::span<const CsvCell>> next();

 private:
  void read_header();
  void fault(std::size_t offset, std::string message);
  std::size_t first_bad_byte() const;
  // False at the end, and after a fault behind which nothing can be made out. Keeps `cells_max` cells.
  bool read_row(std::size_t cells_max);
  bool at_row_end() const;
  bool read_cell(CsvCell& cell);
  bool read_quoted(CsvCell& cell);

  const std::string_view text_;
  const CsvOptions options_;
  const Fault fault_;
  std::size_t at_ = 0;
  std::vector<std::string> columns_;
  // The row read last, and how many values it has.
  std::vector<CsvCell> row_;
  std::size_t row_values_ = 0;
  std::size_t rows_ = 0;              // Read so far.
  std::deque<std::string> unquoted_;  // Its values that do not stand in the text as they are.
};

// "orders.csv:17:4" (line and character, from 1): where `offset` is in the text of a file.
std::string place_in(const std::string& name, std::string_view text, std::size_t offset);

// One file, read whole. Immutable; its values point into it.
class CsvFile {
 public:
  using Cell = CsvCell;
  // Of one file, that are told.
  static constexpr std::size_t kFaultsMax = 100;

  // Null when the file has faults: not UTF-8, a row with more or fewer values than there are
  // columns, a quote that does not end, a column's name missing or given twice. The first of them are
  // added to `faults`.
  static std::unique_ptr<const CsvFile> parse(std::string name, std::string content, CsvOptions options,
                                              std::vector<FileFault>& faults);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& columns() const { return columns_; }
  std::size_t rows() const { return columns_.empty() ? 0 : cells_.size() / columns_.size(); }
  const Cell& cell(std::size_t row, std::size_t column) const { return cells_[row * columns_.size() + column]; }
  // "orders.csv:17:4".
  std::string place(std::size_t offset) const { return place_in(name_, content_, offset); }

 private:
  CsvFile(std::string name, std::string content) : name_(std::move(name)), content_(std::move(content)) {}

  std::string name_;
  std::string content_;
  std::vector<std::string> columns_;
  std::vector<Cell> cells_;
  std::deque<std::string> unquoted_;  // Values that do not stand in the file as they are.
};

}  // namespace daybook
