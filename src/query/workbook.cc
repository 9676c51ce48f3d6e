#include "query/workbook.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "base/date.h"
#include "query/request.h"

namespace daybook::query {
namespace {

// What a spreadsheet's numbers keep.
constexpr std::size_t kDigitsMax = 15;
// It counts a 29 February 1900, which was none: days before are other days there.
constexpr Day kFirstSheetDate = -25'508;  // 1900-03-01.
constexpr Day kSheetDayOf1970 = 25'569;
// Characters of a cell.
constexpr std::size_t kTextMax = 32'767;
// In characters.
constexpr double kColumnWidthMin = 12;
// Behind numbers that are text.
constexpr lxw_color_t kMarkColor = 0xFFF2CC;

[[noreturn]] void refuse_for(lxw_error error) {
  refuse(503, "Workbook not written", fmt::format("the workbook cannot be written: {}", lxw_strerror(error)));
}
void check(lxw_error error) {
  if (error != LXW_NO_ERROR) refuse_for(error);
}

bool is_number(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kInteger:
    case Value::Kind::kAmount:
    case Value::Kind::kQuantity:
    case Value::Kind::kRatio:
    case Value::Kind::kRate:
    case Value::Kind::kMean: return true;
    default: return false;
  }
}

// Those behind leading zeros.
std::size_t digits_of(std::string_view number) {
  const std::size_t first = number.find_first_of("123456789");
  if (first == std::string_view::npos) return 1;
  return static_cast<std::size_t>(
      std::ranges::count_if(number.substr(first), [](char c) { return c >= '0' && c <= '9'; }));
}

std::size_t decimals_of(std::string_view number) {
  const std::size_t point = number.find('.');
  return point == std::string_view::npos ? 0 : number.size() - point - 1;
}

bool is_hexadecimal(char c) { return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f') || ('A' <= c && c <= 'F'); }

// As a cell holds it: characters that XML has no place for stand as `_xFFFF_` by their number (libxlsxwriter writes other
// control characters so), and so does the beginning of what a spreadsheet would take for one.
std::string sheet_text(std::string_view text) {
  constexpr std::string_view kNoCharacter[] = {"\xEF\xBF\xBE", "\xEF\xBF\xBF"};
  std::string cell;
  cell.reserve(text.size());
  for (; !text.empty(); text.remove_prefix(1)) {
    const bool is_like_one = text.size() >= 7 && text.starts_with("_x") && text[6] == '_' &&
                             std::ranges::all_of(text.substr(2, 4), is_hexadecimal);
    if (is_like_one) {
      cell += "_x005F_";
    } else if (text.front() == '\0') {
      cell += "_x0000_";
    } else if (text.starts_with(kNoCharacter[0]) || text.starts_with(kNoCharacter[1])) {
      cell += text.starts_with(kNoCharacter[0]) ? "_xFFFE_" : "_xFFFF_";
      text.remove_prefix(2);
    } else {
      cell += text.front();
    }
  }
  return cell;
}

double double_of(std::string_view number) {
  double value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  return value;
}

}  // namespace

struct Workbook::Parts {
  // A file of this process alone, which goes with it.
  class TemporaryFile {
   public:
    TemporaryFile() {
      std::error_code error;
      const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
      folder_ = error ? std::string("/tmp") : folder.string();
      path_ = folder_ + "/daybook-workbook-XXXXXX";
      const int descriptor = mkstemp(path_.data());
      if (descriptor < 0) refuse(503, "Workbook not written", "no file can be made at " + path_);
      ::close(descriptor);
    }
    ~TemporaryFile() { ::unlink(path_.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    const std::string& path() const { return path_; }
    std::string& folder() { return folder_; }

   private:
    std::string folder_;
    std::string path_;
  };

  std::string sheet_name;
  std::vector<std::string> columns;
  TemporaryFile file;
  lxw_workbook* book = nullptr;
  lxw_format* bold = nullptr;
  lxw_format* date = nullptr;
  lxw_format* mark = nullptr;
  std::size_t marked = 0;
  std::map<std::size_t, lxw_format*> by_decimals;
  std::vector<lxw_worksheet*> all_sheets;
  lxw_worksheet* cover = nullptr;
  lxw_row_t sheet_rows_max = 0;
  lxw_worksheet* sheet = nullptr;  // That of the rows, or the last of them.
  lxw_row_t next_row = 0;          // Of it.
  int sheets = 0;

  // What is not finished is not put together either: that would take as long as it is large.
  ~Parts() {
    if (book == nullptr) return;
    for (lxw_worksheet* const each : all_sheets) {
      if (each->optimize_tmpfile != nullptr) std::fclose(std::exchange(each->optimize_tmpfile, nullptr));
    }
    lxw_workbook_free(book);
  }

  lxw_format* with_decimals(std::size_t decimals) {
    lxw_format*& format = by_decimals[decimals];
    if (format == nullptr) {
      format = workbook_add_format(book);
      format_set_num_format(format, decimals == 0 ? "#,##0" : ("#,##0." + std::string(decimals, '0')).c_str());
    }
    return format;
  }

  void write_text(lxw_worksheet* to, lxw_row_t row, lxw_col_t column, const std::string& text,
                  lxw_format* format = nullptr) {
    const lxw_error error = worksheet_write_string(to, row, column, sheet_text(text).c_str(), format);
    if (error == LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED) {
      refuse(406, "Too long for a cell",
             fmt::format("a text of {} bytes in column {} is longer than the {} characters that a cell of a sheet "
                         "takes: CSV and JSON have it whole",
                         text.size(), column + 1, kTextMax));
    }
    check(error);
  }

  void write_cell(lxw_worksheet* to, lxw_row_t row, lxw_col_t column, const Value& value) {
    if (value.kind() == Value::Kind::kNull) return;
    const std::string text = value.to_text();
    if (is_number(value) && digits_of(text) <= kDigitsMax) {
      check(worksheet_write_number(to, row, column, double_of(text), with_decimals(decimals_of(text))));
    } else if (is_number(value)) {
      write_text(to, row, column, text, mark);
      ++marked;
    } else if (value.kind() == Value::Kind::kBoolean) {
      check(worksheet_write_boolean(to, row, column, text == "true", nullptr));
    } else if (const auto day = value.kind() == Value::Kind::kDate ? parse_date(text) : std::nullopt;
               day && *day >= kFirstSheetDate) {
      check(worksheet_write_number(to, row, column, *day + kSheetDayOf1970, date));
    } else if (!text.empty()) {
      write_text(to, row, column, text);
    }
  }

  void begin_sheet() {
    end_sheet();
    const std::string name = ++sheets == 1 ? sheet_name : fmt::format("{} {}", sheet_name, sheets);
    sheet = workbook_add_worksheet(book, name.c_str());
    if (sheet == nullptr) refuse(503, "Workbook not written", "no further sheet can be made");
    all_sheets.push_back(sheet);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto column = static_cast<lxw_col_t>(i);
      check(worksheet_set_column(sheet, column, column,
                                 std::max(kColumnWidthMin, static_cast<double>(columns[i].size()) + 2), nullptr));
      write_text(sheet, 0, column, columns[i], bold);
    }
    worksheet_freeze_panes(sheet, 1, 0);
    next_row = 1;
  }
  void end_sheet() {
    if (sheet == nullptr) return;
    check(worksheet_autofilter(sheet, 0, 0, next_row - 1, static_cast<lxw_col_t>(columns.size() - 1)));
    check_disk(sheet);
  }
  // What was written of the sheet stands on the disk; the library does not look.
  static void check_disk(const lxw_worksheet* of) {
    if (of->optimize_tmpfile != nullptr &&
        (std::fflush(of->optimize_tmpfile) != 0 || std::ferror(of->optimize_tmpfile) != 0)) {
      refuse(503, "Workbook not written", "there is no room for the workbook's temporary file");
    }
  }
};

WorkbookFile::~WorkbookFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void WorkbookFile::read(std::size_t from, std::string& to) const {
  for (std::size_t got = 0; got < to.size();) {
    const auto count = ::pread(descriptor_, to.data() + got, to.size() - got, static_cast<off_t>(from + got));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) refuse(503, "Workbook not read", "the workbook's temporary file cannot be read");
    got += static_cast<std::size_t>(count);
  }
}

Workbook::Workbook(std::string sheet_name, std::vector<std::string> columns, std::size_t sheet_rows_max)
    : parts_(std::make_unique<Parts>()) {
  static_assert(kSheetRowsMax == LXW_ROW_MAX);
  parts_->sheet_rows_max = static_cast<lxw_row_t>(sheet_rows_max);
  parts_->sheet_name = std::move(sheet_name);
  parts_->columns = std::move(columns);
  lxw_workbook_options options{};
  options.constant_memory = LXW_TRUE;
  options.tmpdir = parts_->file.folder().data();
  parts_->book = workbook_new_opt(parts_->file.path().c_str(), &options);
  if (parts_->book == nullptr) refuse(503, "Workbook not written", "there is no memory for a workbook");
  parts_->bold = workbook_add_format(parts_->book);
  format_set_bold(parts_->bold);
  parts_->date = workbook_add_format(parts_->book);
  format_set_num_format(parts_->date, "yyyy-mm-dd");
  parts_->mark = workbook_add_format(parts_->book);
  format_set_num_format(parts_->mark, "@");
  format_set_align(parts_->mark, LXW_ALIGN_RIGHT);
  format_set_bg_color(parts_->mark, kMarkColor);
  parts_->cover = workbook_add_worksheet(parts_->book, "report");
  if (parts_->cover == nullptr) refuse(503, "Workbook not written", "the cover cannot be made");
  parts_->all_sheets.push_back(parts_->cover);
}

Workbook::~Workbook() = default;

void Workbook::write_cover(const WorkbookCover& cover) {
  lxw_doc_properties properties{};
  std::string title = "Daybook: " + cover.title;
  properties.title = title.data();
  properties.created = std::time_t{cover.asked_on} * 86'400;
  check(workbook_set_properties(parts_->book, &properties));
  lxw_worksheet* const sheet = parts_->cover;
  check(worksheet_set_column(sheet, 0, 0, 24, nullptr));
  check(worksheet_set_column(sheet, 1, 40, 20, nullptr));
  lxw_row_t row = 0;
  parts_->write_text(sheet, row++, 0, cover.title, parts_->bold);
  parts_->write_text(sheet, row++, 0, cover.meaning);
  ++row;
  const auto write_lists = [&](const std::string& name, const Value& list) {
    parts_->write_text(sheet, ++row, 0, name, parts_->bold);
    ++row;
    bool has_header = false;
    for (const auto& [none, one] : list.parts()) {
      lxw_col_t column = 0;
      if (one.kind() != Value::Kind::kObject) {
        parts_->write_cell(sheet, row++, column, one);
        continue;
      }
      if (!std::exchange(has_header, true)) {
        for_each_column(one.parts(), [&](const std::string& of, const Value&) {
          parts_->write_text(sheet, row, column++, of, parts_->bold);
        });
        ++row;
        column = 0;
      }
      for_each_column(one.parts(),
                      [&](const std::string&, const Value& value) { parts_->write_cell(sheet, row, column++, value); });
      ++row;
    }
  };
  std::vector<const std::pair<std::string, Value>*> lists;
  for (const auto& fact : cover.facts.values) {
    if (fact.second.kind() == Value::Kind::kList) {
      lists.push_back(&fact);
      continue;
    }
    for_each_column({fact}, [&](const std::string& name, const Value& value) {
      parts_->write_text(sheet, row, 0, name);
      parts_->write_cell(sheet, row++, 1, value);
    });
  }
  for (const auto* fact : lists) write_lists(fact->first, fact->second);
  Parts::check_disk(sheet);
}

void Workbook::write(const Row& row) {
  if (parts_->sheet == nullptr || parts_->next_row == parts_->sheet_rows_max) parts_->begin_sheet();
  lxw_col_t column = 0;
  for_each_column(row.values, [&](const std::string&, const Value& value) {
    parts_->write_cell(parts_->sheet, parts_->next_row, column++, value);
  });
  ++parts_->next_row;
}

std::size_t Workbook::marked() const { return parts_->marked; }

void Workbook::check_disk() const {
  if (parts_->sheet != nullptr) Parts::check_disk(parts_->sheet);
}

WorkbookFile Workbook::finish() {
  if (parts_->sheet == nullptr) parts_->begin_sheet();
  parts_->end_sheet();
  check(workbook_close(std::exchange(parts_->book, nullptr)));
  const int descriptor = ::open(parts_->file.path().c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about{};
  if (descriptor < 0 || ::fstat(descriptor, &about) != 0) {
    if (descriptor >= 0) ::close(descriptor);
    refuse(503, "Workbook not read", "the workbook's temporary file cannot be read");
  }
  return {descriptor, static_cast<std::size_t>(about.st_size)};
}

}  // namespace daybook::query
