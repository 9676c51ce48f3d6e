// CSV: both readers agree, faults have their place in the text, and a table that is written comes back. The first two
// bytes are the options.
#include <algorithm>

#include "base/csv.h"
#include "base/text.h"
#include "fuzz/target.h"

namespace daybook::fuzz {
namespace {

using Table = std::vector<std::vector<std::string>>;

Table table_of(const CsvFile& file) {
  Table table = {file.columns()};
  for (std::size_t row = 0; row < file.rows(); ++row) {
    auto& cells = table.emplace_back();
    for (std::size_t column = 0; column < file.columns().size(); ++column) {
      cells.emplace_back(file.cell(row, column).text);
    }
  }
  return table;
}

std::string written(const Table& table, char delimiter) {
  std::string text;
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += delimiter;
      text += '"';
      for (const char c : row[i]) text.append(c == '"' ? 2 : 1, c);
      text += '"';
    }
    text += '\n';
  }
  return text;
}

// "t.csv:LINE:CHARACTER", within the text.
void expect_place(const FileFault& fault, std::string_view text) {
  std::size_t line = 0;
  std::size_t character = 0;
  expect(std::sscanf(fault.place.c_str(), "t.csv:%zu:%zu", &line, &character) == 2, "a fault has its place");
  const auto breaks = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  expect(line >= 1 && line <= breaks + 1, "a fault is in one of the lines");
  expect(character >= 1 && character <= text.size() + 1, "a fault is in its line");
  expect(!fault.message.empty(), "a fault says what is wrong");
}

void read(std::string_view text, CsvOptions options) {
  const Exact exact(text);
  std::size_t faults_count = 0;
  CsvRows rows(exact.view(), options, [&](std::size_t, std::size_t offset, const std::string&) {
    expect(offset <= text.size(), "a fault is in the text");
    ++faults_count;
  });
  Table streamed = {rows.columns()};
  while (const auto cells = rows.next()) {
    expect(cells->size() == rows.columns().size(), "a row has as many cells as there are columns");
    auto& row = streamed.emplace_back();
    for (const CsvCell& cell : *cells) {
      expect(cell.offset <= text.size(), "a cell is in the text");
      row.emplace_back(cell.text);
    }
  }

  std::vector<FileFault> faults;
  const auto file = CsvFile::parse("t.csv", std::string(text), options, faults);
  expect((file == nullptr) == !faults.empty(), "a file is read, or it has faults");
  expect(faults.size() == std::min(faults_count, CsvFile::kFaultsMax), "both readers find the same faults");
  for (const FileFault& fault : faults) expect_place(fault, text);
  if (file == nullptr) return;
  const Table table = table_of(*file);
  expect(table == streamed, "both readers find the same cells");
  const std::string text_again = written(table, options.delimiter);
  // A zero byte behind the first quote is taken for UTF-16.
  if (encoding_fault(text_again)) return;
  std::vector<FileFault> more;
  const auto again = CsvFile::parse("t.csv", text_again, options, more);
  expect(again != nullptr && table_of(*again) == table, "a table comes back");
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace daybook;
  fuzz::Input input(data, size);
  constexpr std::string_view kDelimiters = ",;\t|";
  CsvOptions options;
  options.delimiter = kDelimiters[input.byte() % kDelimiters.size()];
  options.trim = input.byte() % 2 == 0;
  fuzz::read(input.rest(), options);
  fuzz::expect_linear(input.rest(), [&](std::string text) {
    std::vector<FileFault> faults;
    CsvFile::parse("t.csv", std::move(text), options, faults);
  });
  return 0;
}
