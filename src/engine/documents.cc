#include "engine/documents.h"

#include <algorithm>

#include "store/document_codec.h"
#include "store/keys.h"

namespace daybook::engine {
namespace {

constexpr std::uint32_t kAgeFirstSwept = 16;

}  // namespace

void HeldAccount::begin() {
  for (HeldDocument* document : decoded_) document->decoded = nullptr;
  decoded_.clear();
  owner_.decoded_.reset();
}

Result<HeldDocument*> HeldAccount::hold(domain::DocumentRef ref) {
  if (const auto at = held_.find(ref); at != held_.end()) {
    at->second->used = owner_.commit_;
    return at->second.get();
  }
  ASSIGN_OR_RETURN(std::optional<std::string> stored,
                   owner_.reads_.get(store::Table::kDocuments, store::document_key(customer_, ref)));
  auto held = std::make_unique<HeldDocument>();
  held->kind = ref.kind;
  held->id = ref.id;
  if (stored) held->value = *std::move(stored);
  held->stored = held->value.size();
  held->used = owner_.commit_;
  held->counted = held->bytes();
  owner_.bytes_ += held->counted;
  HeldDocument* const document = held.get();
  held_.emplace(document->ref(), std::move(held));
  return document;
}

void HeldAccount::mark_dirty(HeldDocument& document) {
  if (document.dirty) return;
  document.dirty = true;
  dirty_.push_back(&document);
}

std::span<HeldDocument* const> HeldAccount::dirty() {
  std::ranges::sort(dirty_, {}, [](const HeldDocument* document) { return document->ref(); });
  return dirty_;
}

const domain::Document* HeldAccount::document(domain::DocumentRef ref) {
  const auto held = hold(ref);
  if (!held) {
    error_ = held.error();
    return nullptr;
  }
  HeldDocument& document = **held;
  if (document.decoded == nullptr && !document.value.empty()) {
    const auto decoded =
        store::decode_document(document.ref(), document.value, document.stored, owner_.decoded_);
    if (!decoded) {
      error_ = decoded.error();
      return nullptr;
    }
    domain::Document& kept = owner_.decoded_.array<domain::Document>(1).front();
    kept = *decoded;
    kept.number = static_cast<std::uint32_t>(decoded_.size());
    document.decoded = &kept;
    decoded_.push_back(&document);
  }
  return document.decoded;
}

void HeldAccount::end() {
  begin();
  for (HeldDocument* document : dirty_) {
    document->dirty = false;
    document->stored = document->value.size();
    owner_.bytes_ += document->bytes() - document->counted;
    document->counted = document->bytes();
  }
  dirty_.clear();
}

HeldAccount& Documents::account(store::LabelId customer) {
  if (customer >= accounts_.size()) accounts_.resize(customer + 1);
  if (!accounts_[customer]) accounts_[customer] = std::make_unique<HeldAccount>(*this, customer);
  return *accounts_[customer];
}

void Documents::clean() {
  // Beyond the budget: first what was not used for long, then ever younger ones, down to what leaves
  // room for some commits without another sweep.
  if (bytes_ > bytes_max_) {
    for (std::uint32_t age = kAgeFirstSwept; bytes_ > bytes_max_ / 4 * 3; age /= 2) {
      for (const auto& account : accounts_) {
        if (!account) continue;
        boost::unordered::erase_if(account->held_, [&](const auto& held) {
          if (commit_ - held.second->used < age) return false;
          bytes_ -= held.second->counted;
          return true;
        });
      }
      if (age == 0) break;
    }
  }
  ++commit_;
}

}  // namespace daybook::engine
