// Documents of a shard in memory, by account: loaded from the store when asked for, and kept between
// commits within a budget.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/hash.h"
#include "domain/picture.h"
#include "store/labels.h"

namespace daybook::engine {

// A document in memory. Stays where it is until Documents::clean().
struct HeldDocument {
  domain::DocumentKind kind{};
  std::string id;
  std::string value;       // Empty: nothing was ever said about it.
  std::size_t stored = 0;  // Size of the value as stored: what was appended stands behind it.
  bool dirty = false;
  std::size_t incoming = 0;  // Bytes that it is going to be given.
  std::uint32_t used = 0;    // The last commit in which it was asked for.
  std::size_t counted = 0;   // Of bytes() in the budget.
  // As decoded since begin(); null before.
  const domain::Document* decoded = nullptr;

  domain::DocumentRef ref() const { return {kind, id}; }
  std::size_t bytes() const { return sizeof *this + 32 + id.capacity() + value.capacity(); }
};

class Documents;

// The documents of one account. One thread.
//
//   begin() ──► hold(), mark_dirty() … ──► document() … ──► end()
//
// A document that was decoded is not to be appended to before the next begin().
class HeldAccount : public domain::Account {
 public:
  HeldAccount(Documents& owner, store::LabelId customer) : owner_(owner), customer_(customer) {}

  store::LabelId customer() const { return customer_; }

  void begin();
  // The document of this reference, from the store when it is not here; an empty one when there is none.
  Result<HeldDocument*> hold(domain::DocumentRef ref);
  void mark_dirty(HeldDocument& document);
  // What was marked since begin(), in the order of their keys.
  std::span<HeldDocument* const> dirty();
  const domain::Document* document(domain::DocumentRef ref) override;
  // What went wrong in document(), whose result then was null.
  const std::optional<Error>& error() const { return error_; }
  // What is dirty is stored now.
  void end();

 private:
  friend class Documents;
  struct RefHash {
    std::size_t operator()(domain::DocumentRef ref) const {
      return hash64(ref.id) + static_cast<std::size_t>(ref.kind) * 0x9e37'79b9'7f4a'7c15;
    }
  };

  Documents& owner_;
  store::LabelId customer_;
  // The keys' ids are those of the documents.
  boost::unordered_flat_map<domain::DocumentRef, std::unique_ptr<HeldDocument>, RefHash> held_;
  std::vector<HeldDocument*> dirty_;
  std::vector<HeldDocument*> decoded_;
  std::optional<Error> error_;
};

// All accounts of a shard. One thread.
class Documents {
 public:
  // `reads` must outlive it.
  Documents(const store::Reads& reads, std::size_t bytes_max) : reads_(reads), bytes_max_(bytes_max) {}

  HeldAccount& account(store::LabelId customer);
  // After a commit: drops the documents longest unused when they are beyond the budget.
  void clean();
  std::size_t bytes() const { return bytes_; }

 private:
  friend class HeldAccount;

  const store::Reads& reads_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::uint32_t commit_ = 1;
  std::vector<std::unique_ptr<HeldAccount>> accounts_;  // By customer.
  Arena decoded_;  // Of the account that is being folded.
};

}  // namespace daybook::engine
