#include "index/files.h"

#include <algorithm>

#include "evaluation/stored_account.h"

namespace daybook::index {

FileVersions::FileVersions(const domain::CustomerFile& file) {
  versions_.reserve(file.entries().size());
  for (const auto& entry : file.entries()) {
    const std::string_view called = entry.profile->name;
    if (versions_.empty() || name(versions_.back()) != called) names_ += called;
    versions_.push_back({.from = entry.from,
                         .name_size = static_cast<std::uint32_t>(called.size()),
                         .region = entry.profile->region,
                         .sales_rep = entry.profile->sales_rep,
                         .grade = entry.profile->grade,
                         .parent = entry.profile->parent_customer_id,
                         .name_begin = static_cast<std::uint32_t>(names_.size() - called.size()),
                         .credit_currency = entry.profile->credit_currency,
                         .credit_limit = entry.profile->credit_limit_minor});
  }
}

Result<FileVersions> FileVersions::load(const store::StoreReader& reads, const store::Labels& labels,
                                        store::LabelId customer, const domain::Rules& rules, Dictionary& dictionary) {
  std::string bytes;
  evaluation::StoredAccount account(customer, labels.get(customer).customer,
                                    [&](const std::string& key) -> Result<evaluation::DocumentBytes> {
                                      ASSIGN_OR_RETURN(auto stored, reads.get(store::Table::kDocuments, key));
                                      bytes = std::move(stored).value_or("");
                                      return evaluation::DocumentBytes{bytes, bytes.size()};
                                    });
  ASSIGN_OR_RETURN(const domain::Document* const document, account.find({domain::DocumentKind::kCustomer, {}}));
  const domain::CustomerFile file(document, domain::Known::all(), rules.zone);
  FileVersions versions(file);
  for (FileVersion& version : versions.versions_) {
    for (std::string_view* text : {&version.region, &version.sales_rep, &version.grade, &version.parent}) {
      *text = dictionary.keep(*text);
    }
  }
  return versions;
}

const FileVersion* FileVersions::on(Day day) const {
  const auto after = std::ranges::upper_bound(versions_, day, {}, &FileVersion::from);
  return after == versions_.begin() ? nullptr : &*std::prev(after);
}

const FileVersions& CustomerFiles::of(store::LabelId customer) const {
  static const FileVersions kNone;
  const auto at = std::ranges::lower_bound(entries_, customer, {}, &Entry::customer);
  return at == entries_.end() || at->customer != customer ? kNone : *at->versions;
}

void CustomerFiles::set(store::LabelId customer, FileVersions versions) {
  auto shared = std::make_shared<const FileVersions>(std::move(versions));
  const auto at = std::ranges::lower_bound(entries_, customer, {}, &Entry::customer);
  if (at != entries_.end() && at->customer == customer) {
    at->versions = std::move(shared);
  } else {
    entries_.insert(at, {customer, std::move(shared)});
  }
}

std::size_t CustomerFiles::bytes() const {
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) {
    bytes += sizeof(Entry) + sizeof(FileVersions) + 32 + entry.versions->bytes();
  }
  return bytes;
}

}  // namespace daybook::index
