#include "store/documents_ahead.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "store/keys.h"

namespace daybook::store {

Result<std::optional<std::string>> DocumentsAhead::get(const std::string& key) {
  const std::string_view prefix = std::string_view(key).substr(0, DocumentKey::kHead);
  auto found = kinds_.find(prefix);
  if (found == kinds_.end()) found = kinds_.emplace(prefix, OfKind{}).first;
  OfKind& kind = found->second;
  const auto at = std::lower_bound(kind.ahead.begin() + static_cast<std::ptrdiff_t>(kind.next), kind.ahead.end(), key,
                                   [](const Read& read, const std::string& wanted) { return read.key < wanted; });
  if (at == kind.ahead.end()) return read(kind, key);
  if (at->key != key) {
    const std::string& before = at == kind.ahead.begin() ? kind.last_read : std::prev(at)->key;
    return before < key ? Result<std::optional<std::string>>(std::nullopt) : read(kind, key);
  }
  kind.next = static_cast<std::size_t>(at - kind.ahead.begin()) + 1;
  ++kind.served;
  return std::optional(std::move(at->bytes));
}

Result<std::optional<std::string>> DocumentsAhead::read(OfKind& kind, const std::string& key) {
  const bool rises = !kind.last_read.empty() && kind.last_read < key;
  // Of what a read brings, the key that it began at is one.
  const bool was_useful = 2 * (kind.served + 1) > kind.ahead.size() + 1;
  const std::size_t wanted = rises && was_useful ? std::min(2 * kind.wanted, kDocumentsMax) : 1;
  kind = OfKind();
  kind.last_read = key;
  kind.wanted = wanted;
  if (wanted == 1) return reads_.get(Table::kDocuments, key);
  std::optional<std::string> asked;
  std::size_t bytes = 0;
  std::size_t count = 0;
  const auto take = [&](std::string_view at, std::string_view value) -> Result<StoreReader::Next> {
    ++count;
    if (at == key) {
      asked = value;
    } else {
      bytes += at.size() + value.size();
      if (bytes > kBytesMax) return StoreReader::Next::kStop;
      kind.ahead.push_back({std::string(at), std::string(value)});
    }
    return count < wanted ? StoreReader::Next::kGoOn : StoreReader::Next::kStop;
  };
  RETURN_IF_ERROR(reads_.scan(Table::kDocuments, std::string_view(key).substr(0, DocumentKey::kHead), key, take));
  return asked;
}

}  // namespace daybook::store
