// The customer files of a shard, as far as views ask for them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.h"
#include "base/result.h"
#include "domain/account_state.h"
#include "domain/rules.h"
#include "index/dictionary.h"
#include "store/labels.h"
#include "store/shard_store.h"

namespace daybook::index {

// One version of a customer file, in force from a day on. Empty texts: none.
struct FileVersion {
  Day from = 0;
  std::uint32_t name_size = 0;  // Of what stands in FileVersions::name().
  std::string_view region;
  std::string_view sales_rep;
  std::string_view grade;
  std::string_view parent;
  std::uint32_t name_begin = 0;  // Likewise.
  Currency credit_currency;
  std::optional<std::int64_t> credit_limit;  // In minor units of that currency.

  bool operator==(const FileVersion&) const = default;
};

// What documents come to that may lack a region or rep: their own, else the file's (null: none).
inline std::string_view region(const domain::Attributes& attributes, const FileVersion* file) {
  if (!attributes.region.empty()) return attributes.region;
  return file == nullptr ? std::string_view() : file->region;
}
inline std::string_view sales_rep(const domain::Attributes& attributes, const FileVersion* file) {
  if (!attributes.sales_rep.empty()) return attributes.sales_rep;
  return file == nullptr ? std::string_view() : file->sales_rep;
}

// All versions of one customer's file, in the order of domain::CustomerFile.
class FileVersions {
 public:
  FileVersions() = default;
  // Points into the texts of `file`.
  explicit FileVersions(const domain::CustomerFile& file);
  // Read from the store, with texts of the dictionary, but for names: hardly two are the same.
  static Result<FileVersions> load(const store::StoreReader& reads, const store::Labels& labels,
                                   store::LabelId customer, const domain::Rules& rules, Dictionary& dictionary);

  // In force on a day, and the last known; null when there is none.
  const FileVersion* on(Day day) const;
  const FileVersion* last() const { return versions_.empty() ? nullptr : &versions_.back(); }
  // What one of them calls the customer.
  std::string_view name(const FileVersion& version) const {
    return std::string_view(names_).substr(version.name_begin, version.name_size);
  }
  bool operator==(const FileVersions&) const = default;
  std::size_t bytes() const { return versions_.size() * sizeof(FileVersion) + names_.size(); }

 private:
  std::vector<FileVersion> versions_;
  std::string names_;  // One behind the other; of versions that follow each other under one name it stands once.
};

// The files of all customers. A value: copies share the versions.
class CustomerFiles {
 public:
  // No versions for a customer that is not there.
  const FileVersions& of(store::LabelId customer) const;
  void set(store::LabelId customer, FileVersions versions);
  std::size_t bytes() const;

 private:
  struct Entry {
    store::LabelId customer = 0;
    std::shared_ptr<const FileVersions> versions;
  };
  std::vector<Entry> entries_;  // By customer.
};

}  // namespace daybook::index
