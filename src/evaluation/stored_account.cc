#include "evaluation/stored_account.h"

#include <fmt/format.h>

#include "store/document_codec.h"
#include "store/keys.h"

namespace daybook::evaluation {

Error damaged(std::string_view customer_id, domain::DocumentRef ref, const Error& why) {
  return {why.code,
          fmt::format("customer '{}', {} '{}': {}", customer_id, domain::kind_name(ref.kind), ref.id, why.message)};
}

Error missing(std::string_view customer_id, domain::DocumentRef ref) {
  return damaged(customer_id, ref, {ErrorCode::kCorrupt, "something names it, and the store does not hold it"});
}

Result<const domain::Document*> StoredAccount::find(domain::DocumentRef ref) {
  std::string key = store::DocumentKey{customer_, ref}.bytes();
  auto at = documents_.find(key);
  if (at == documents_.end()) {
    const auto stored = load_(key);
    if (!stored) return unexpected(damaged(name_, ref, stored.error()));
    at = documents_.emplace(std::move(key), std::nullopt).first;
    if (!stored->bytes.empty()) {
      // The id must outlive the caller's: it is taken from the key kept here.
      ref.id = std::string_view(at->first).substr(at->first.size() - ref.id.size());
      auto decoded = store::decode_document(ref, stored->bytes, stored->fresh_from, arena_);
      if (!decoded) {
        const Error why = damaged(name_, ref, decoded.error());
        documents_.erase(at);  // With the id in its key.
        return unexpected(why);
      }
      at->second = *decoded;
      at->second->number = next_number_++;
    }
  }
  if (at->second) return &*at->second;
  if (!may_be_absent(ref)) return unexpected(missing(name_, ref));
  return nullptr;
}

const domain::Document* StoredAccount::document(domain::DocumentRef ref) {
  const auto found = find(ref);
  if (found) return *found;
  error_ = found.error();
  if (fail_) fail_(*error_);
  return nullptr;
}

}  // namespace daybook::evaluation
