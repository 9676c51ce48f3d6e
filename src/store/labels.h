// Texts that many cells share, as small numbers within a shard: customers, attributes (region and
// sales rep), dimensions (sku, channel, kind). Numbers are given in order of first sight and never
// change; they are local to the shard and enter no digest.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/int128.h"
#include "base/result.h"
#include "domain/cell.h"
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
  Labels() = default;
  Labels(const Labels&) = delete;
  Labels& operator=(const Labels&) = delete;

  // Fills in what the store holds. Once, before anything else. kCorrupt when one is missing or damaged: the labels
  // are then of no use.
  Result<void> load(const StoreReader& reads);

  LabelId customer(std::string_view id);
  LabelId attributes(const domain::Attributes& attributes);
  LabelId dimensions(const domain::Dimensions& dimensions);

  const Label& get(LabelId id) const;
  // Whether there is one of this number: to be asked of numbers that were read.
  bool has(LabelId id) const { return id < size(); }
  // get() for the writer itself, which need not wait for anybody.
  const Label& own(LabelId id) const { return *labels_[id]; }
  std::optional<LabelId> find_customer(std::string_view id) const;
  // Customers that have a name greater than `after` (all when empty), in byte order, at most `count`.
  std::vector<LabelId> customers_after(std::string_view after, std::size_t count) const;
  LabelId size() const;
  // size() for the writer itself.
  std::size_t own_size() const { return labels_.size(); }
  // What all of them take of memory. The writer's.
  std::size_t bytes() const {
    return labels_.size() * (sizeof(Label) + sizeof(Label*)) + text_bytes_ + ids_.bucket_count() * kPlaceBytes;
  }

  // Puts the labels given since the last call into the set.
  void write_new(WriteBatch& set);
  // It was given since then. The writer's.
  bool is_new(LabelId id) const { return id >= written_; }

 private:
  // A label by its parts, as they are looked up.
  struct Parts {
    Label::Kind kind;
    std::string_view first;
    std::string_view second;
    std::int64_t number;
  };
  static Parts parts_of(const Label& label);
  static bool has_parts(const Label& label, const Parts& parts);
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;
    const Labels* labels;
    std::size_t operator()(const Parts& parts) const;
    std::size_t operator()(LabelId id) const { return (*this)(parts_of(labels->own(id))); }
  };
  struct Equal {
    using is_transparent = void;
    const Labels* labels;
    bool operator()(LabelId a, LabelId b) const { return a == b; }
    bool operator()(const Parts& parts, LabelId id) const { return has_parts(labels->own(id), parts); }
    bool operator()(LabelId id, const Parts& parts) const { return (*this)(parts, id); }
  };

  // Of a place in ids_.
  static constexpr std::size_t kPlaceBytes = sizeof(LabelId) + 1;

  LabelId intern(const Parts& parts);
  LabelId add(std::string bytes);
  // The next one, without a place among ids_. False for bytes that no version wrote.
  bool keep(std::string bytes);

  mutable std::shared_mutex mutex_;  // Guards all below; the writer reads without it.
  std::vector<std::unique_ptr<Label>> labels_;
  boost::unordered_flat_set<LabelId, Hash, Equal> ids_{0, Hash{this}, Equal{this}};
  std::size_t text_bytes_ = 0;  // Of bytes that do not fit into a label.
  LabelId written_ = 0;
};

}  // namespace daybook::store
