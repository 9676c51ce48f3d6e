// Answers as XLSX workbooks: a cover sheet that says what was asked, and the rows, with numbers as numbers and dates as
// dates.
#pragma once

#include <memory>
#include <string>
#include <string_view>
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

// Made row by row in a temporary file; one thread. What goes wrong is a Refusal: a disk that is full (503), or a text that
// is longer than a cell may be (406). Sheets are of 1,048,576 rows: more rows are on further sheets.
class Workbook {
 public:
  // The sheet of the rows, called so, with these columns.
  Workbook(std::string sheet_name, std::vector<std::string> columns);
  ~Workbook();
  Workbook(const Workbook&) = delete;
  Workbook& operator=(const Workbook&) = delete;

  // The cover is written before the first row.
  void write_cover(const WorkbookCover& cover);
  // A row with a value for each column. Text stays text, whatever it looks like; so do numbers of more than 15 digits, which
  // a spreadsheet would change, dates that it does not know (before 1900-03-01), instants and lists (as JSON).
  void write(const Row& row);
  // The file's bytes; nothing may be written behind it.
  std::string finish();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace daybook::query
