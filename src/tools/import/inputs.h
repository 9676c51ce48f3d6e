// The named inputs of a mapping: rows of one or several CSV files alike, found by key.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/csv.h"

namespace daybook::tools {

struct SourceFile {
  std::string name;
  std::string content;
};

struct Row {
  const CsvFile* file = nullptr;
  std::size_t index = 0;

  const CsvFile::Cell& cell(std::size_t column) const { return file->cell(index, column); }
  std::string place() const { return file->place(cell(0).offset); }
};

struct InputOptions {
  // Shell patterns of file names, without folders.
  std::vector<std::string> files;
  // The columns that rows are looked up by; none: they are not.
  std::vector<std::string> key;
  CsvOptions csv;
};

// Immutable once read.
class Input {
 public:
  // Reads the files whose names fit. Null after faults; `mapping_place` is where the input is
  // described.
  static std::unique_ptr<const Input> read(std::string name, const InputOptions& options,
                                           const std::string& mapping_place, const std::vector<SourceFile>& files,
                                           std::vector<FileFault>& faults);

  const std::string& name() const { return name_; }
  std::size_t key_columns() const { return key_columns_.size(); }
  // In the order of the files given, then of the file.
  const std::vector<Row>& rows() const { return rows_; }
  // The first row of each key, in order.
  std::vector<Row> first_rows() const;
  std::optional<std::size_t> column(std::string_view name) const;
  // All rows with this key; as many values as key_columns().
  const std::vector<Row>& find(const std::vector<std::string>& key) const;

 private:
  explicit Input(std::string name) : name_(std::move(name)) {}
  std::string key_of(const Row& row) const;

  std::string name_;
  std::vector<std::unique_ptr<const CsvFile>> files_;
  std::vector<Row> rows_;
  std::vector<std::size_t> key_columns_;
  std::unordered_map<std::string, std::vector<Row>> by_key_;
};

// Whether the file name at the end of the path fits one of the input's patterns.
bool fits(const InputOptions& options, const std::string& path);

}  // namespace daybook::tools
