// The documents of an account, as they are stored.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/arena.h"
#include "base/hash.h"
#include "base/result.h"
#include "domain/account_state.h"
#include "store/labels.h"

namespace daybook::evaluation {

// A stored document: its bytes, and where what is new in them begins.
struct DocumentBytes {
  std::string_view bytes;
  std::size_t fresh_from = 0;
};

// Whether an account may lack it: where its id is empty it is the account's one document of its kind, told or
// not. Any other is asked for because a fact, a link or an index names it, and whoever named it made it.
inline bool may_be_absent(domain::DocumentRef ref) { return ref.id.empty(); }
// Says which document of the account cannot be had, and why.
Error damaged(std::string_view customer_id, domain::DocumentRef ref, const Error& why);
Error missing(std::string_view customer_id, domain::DocumentRef ref);

// An account whose documents are decoded when asked for. `load` gives the bytes of a document key;
// empty bytes: nothing is stored. They must stay where they are.
class StoredAccount : public domain::Account {
 public:
  using Load = std::function<Result<DocumentBytes>(const std::string& key)>;
  // Told of what document() cannot give. Where it returns, the document looks absent, and error() is what was told
  // last.
  using Fail = std::function<void(const Error&)>;
  // `name`: of the customer, for messages; it must outlive the account.
  StoredAccount(store::LabelId customer, std::string_view name, Load load, Fail fail = {})
      : customer_(customer), name_(name), load_(std::move(load)), fail_(std::move(fail)) {}

  // Null where nothing is stored and may_be_absent(). kCorrupt for a document that is damaged or missing, which the
  // message names; else what `load` failed of.
  Result<const domain::Document*> find(domain::DocumentRef ref);
  const domain::Document* document(domain::DocumentRef ref) override;
  const std::optional<Error>& error() const { return error_; }

 private:
  store::LabelId customer_;
  std::string_view name_;
  Load load_;
  Fail fail_;
  Arena arena_;
  std::unordered_map<std::string, std::optional<domain::Document>, TextHash> documents_;
  std::uint32_t next_number_ = 0;
  std::optional<Error> error_;
};

}  // namespace daybook::evaluation
