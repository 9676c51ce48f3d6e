#include "tools/import/inputs.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

namespace daybook::tools {
namespace {

// Ends each value of a key: none holds it, for identifiers have no control characters.
constexpr char kKeyEnd = '\x1F';

}  // namespace

bool fits(const InputOptions& options, const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return std::ranges::any_of(
      options.files, [&](const std::string& pattern) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
}

std::unique_ptr<const Input> Input::read(std::string name, const InputOptions& options,
                                         const std::string& mapping_place, const std::vector<SourceFile>& files,
                                         std::vector<FileFault>& faults) {
  std::unique_ptr<Input> input(new Input(std::move(name)));
  const std::size_t faults_before = faults.size();
  for (const SourceFile& source : files) {
    if (!fits(options, source.name)) continue;
    auto file = CsvFile::parse(source.name, source.content, options.csv, faults);
    if (file == nullptr) continue;
    if (!input->files_.empty() && file->columns() != input->files_[0]->columns()) {
      faults.push_back({file->place(0), fmt::format("has other columns than {}, which is also '{}'",
                                                    input->files_[0]->name(), input->name_)});
      continue;
    }
    for (std::size_t i = 0; i < file->rows(); ++i) input->rows_.push_back({file.get(), i});
    input->files_.push_back(std::move(file));
  }
  if (faults.size() != faults_before) return nullptr;
  if (input->files_.empty()) {
    faults.push_back(
        {mapping_place, fmt::format("no file given is '{}': {}", input->name_, fmt::join(options.files, ", "))});
    return nullptr;
  }
  for (const std::string& key : options.key) {
    const auto column = input->column(key);
    if (!column) {
      faults.push_back({mapping_place, fmt::format("'{}' has no column '{}' for its key", input->name_, key)});
      return nullptr;
    }
    input->key_columns_.push_back(*column);
  }
  if (!options.key.empty()) {
    for (const Row& row : input->rows_) input->by_key_[input->key_of(row)].push_back(row);
  }
  return input;
}

std::string Input::key_of(const Row& row) const {
  std::string key;
  for (const std::size_t column : key_columns_) (key += row.cell(column).text) += kKeyEnd;
  return key;
}

std::vector<Row> Input::first_rows() const {
  std::vector<Row> first;
  for (const Row& row : rows_) {
    const Row& found = by_key_.at(key_of(row)).front();
    if (found.file == row.file && found.index == row.index) first.push_back(row);
  }
  return first;
}

std::optional<std::size_t> Input::column(std::string_view name) const {
  const auto& columns = files_.front()->columns();
  const auto found = std::ranges::find(columns, name);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

const std::vector<Row>& Input::find(const std::vector<std::string>& key) const {
  static const std::vector<Row> kNone;
  std::string joined;
  for (const std::string& part : key) (joined += part) += kKeyEnd;
  const auto found = by_key_.find(joined);
  return found == by_key_.end() ? kNone : found->second;
}

}  // namespace daybook::tools
