// Texts that many cells share, as small numbers within a shard: customers, attributes (region and
// sales rep), dimensions (sku, channel, kind). Numbers are given in order of first sight and never
// change; they are local to the shard and enter no digest.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/int128.h"
#include "base/result.h"
#include "domain/figures.h"
#include "store/shard_store.h"

namespace daybook::store {

using LabelId = std::uint32_t;

struct Label {
  enum class Kind : std::uint8_t { kCustomer = 'c', kAttributes = 'a', kDimensions = 'd' };

  Kind kind{};
  // The bytes it was interned from; the views below point into it.
  std::string bytes;
  UInt128 hash = 0;
  std::string_view customer;
  domain::Attributes attributes;
  domain::Dimensions dimensions;
};

// One writer (the folding thread), any number of readers. Labels stay where they are.
class Labels {
 public:
  // Fills in what the store holds. Once, before anything else.
  Result<void> load(const Reads& reads);

  LabelId customer(std::string_view id);
  LabelId attributes(const domain::Attributes& attributes);
  LabelId dimensions(const domain::Dimensions& dimensions);

  const Label& get(LabelId id) const;
  // get() for the writer itself, which need not wait for anybody.
  const Label& own(LabelId id) const { return labels_[id]; }
  std::optional<LabelId> find_customer(std::string_view id) const;
  // Customers that have a name greater than `after` (all when empty), in byte order, at most `count`.
  std::vector<LabelId> customers_after(std::string_view after, std::size_t count) const;
  LabelId size() const;

  // Puts the labels given since the last call into the set.
  void write_new(WriteSet& set);

 private:
  LabelId intern(std::string bytes);
  LabelId add(std::string bytes);

  mutable std::shared_mutex mutex_;  // Guards all below; the writer reads without it.
  std::deque<Label> labels_;
  std::unordered_map<std::string_view, LabelId, TextHash> ids_;
  LabelId written_ = 0;
};

}  // namespace daybook::store
