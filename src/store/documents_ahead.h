// Documents of an account that are asked for one at a time, and read several at a time.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/shard_store.h"

namespace daybook::store {

// Documents that are asked for by rising ids are mostly neighbours: from one that was asked for on it reads further, in
// one scan, the further the more of what it read before was asked for, and one alone while hardly any was. One thread.
class DocumentsAhead {
 public:
  // What it read and nobody asked for yet takes at most so much for each kind, or one document.
  static constexpr std::size_t kDocumentsMax = 64;
  static constexpr std::size_t kBytesMax = 64 << 10;

  // `reads` must outlive it, and stay as it is.
  explicit DocumentsAhead(const StoreReader& reads) : reads_(reads) {}

  // As reads.get(Table::kDocuments, key), of the keys of one account.
  Result<std::optional<std::string>> get(const std::string& key);

 private:
  struct Read {
    std::string key;
    std::string bytes;
  };
  struct OfKind {
    std::string last_read;  // The key that a read began at.
    std::size_t wanted = 1;
    std::vector<Read> ahead;  // By key, and behind it.
    std::size_t next = 0;     // The first of them that was neither asked for nor passed over.
    std::size_t served = 0;
  };

  Result<std::optional<std::string>> read(OfKind& kind, const std::string& key);

  const StoreReader& reads_;
  std::map<std::string, OfKind, std::less<>> kinds_;  // By what its keys begin with.
};

}  // namespace daybook::store
