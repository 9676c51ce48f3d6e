// Answers as XLSX workbooks: a cover sheet that says what was asked, and the rows, with numbers as numbers and dates as
// dates.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/date.h"
#include "query/value.h"

namespace daybook::query {

// What a workbook's cover says: lines of a name and a value, lists as tables under their names.
struct WorkbookCover {
  std::string title;
  std::string meaning;
  Day asked_on = 0;  // The same question of the same day makes the same bytes.
  Row facts;
};

// A workbook on the disk, of this process alone: the file goes with it. Movable.
class WorkbookFile {
 public:
  // Takes over the open file.
  WorkbookFile(int descriptor, std::size_t bytes) : descriptor_(descriptor), bytes_(bytes) {}
  ~WorkbookFile();
  WorkbookFile(WorkbookFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), bytes_(other.bytes_) {}
  WorkbookFile& operator=(WorkbookFile&&) = delete;

  std::size_t bytes() const { return bytes_; }
  // Fills `to` with the bytes from there on; refuses where they cannot be read.
  void read(std::size_t from, std::string& to) const;

 private:
  int descriptor_;
  const std::size_t bytes_;
};

// Made row by row in a temporary file; one thread. What goes wrong is a Refusal: a disk that is full (503), or a text that
// is longer than a cell may be (406). Sheets are of 1,048,576 rows: more rows are on further sheets.
class Workbook {
 public:
  // The sheet of the rows, called so, with these columns. `sheet_rows_max`: of a sheet, its header among them.
  Workbook(std::string sheet_name, std::vector<std::string> columns, std::size_t sheet_rows_max = kSheetRowsMax);
  ~Workbook();
  Workbook(const Workbook&) = delete;
  Workbook& operator=(const Workbook&) = delete;

  static constexpr std::size_t kSheetRowsMax = 1'048'576;

  // Once, before or behind the rows: the cover is the first sheet.
  void write_cover(const WorkbookCover& cover);
  // A row with a value for each column. Text stays text, whatever it looks like. Numbers of more than 15 digits, which a
  // spreadsheet would change, become text that is marked (shaded, on the right); text are also dates that it does not know
  // (before 1900-03-01), instants and lists (as JSON).
  void write(const Row& row);
  // Cells so far with a number that became text.
  std::size_t marked() const;
  // Refuses where what was written so far does not stand on the disk.
  void check_disk() const;
  // Nothing may be written behind it.
  WorkbookFile finish();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace daybook::query
