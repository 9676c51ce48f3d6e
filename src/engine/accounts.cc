#include "engine/accounts.h"

#include <algorithm>
#include <array>

#include "store/document_codec.h"
#include "store/keys.h"

namespace daybook::engine {
namespace {

// Of the budget, and beyond it: with more to remember, the store is asked.
constexpr std::size_t kSightingsShare = 4;

// With its place in the account's table.
std::size_t bytes_of(const HeldDocument& document) {
  return sizeof document + 32 + document.id.capacity() + document.value.capacity();
}
std::size_t bytes_of(const HeldPage& page) { return sizeof page + 16 + page.value.capacity(); }

}  // namespace

Result<HeldDocument*> HeldAccount::hold(domain::DocumentRef ref) {
  if (const auto at = documents_.find(ref); at != documents_.end()) {
    at->second->used = owner_.clock_;
    return at->second.get();
  }
  ASSIGN_OR_RETURN(std::optional<std::string> stored,
                   owner_.load(store::Table::kDocuments, store::document_key(customer_, ref)));
  auto held = std::make_unique<HeldDocument>();
  held->kind = ref.kind;
  held->id = ref.id;
  if (stored) held->value = *std::move(stored);
  held->stored = held->value.size();
  held->used = owner_.clock_;
  owner_.count(*held, bytes_of(*held));
  HeldDocument* const document = held.get();
  documents_.emplace(document->ref(), std::move(held));
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
  return document(**held);
}

const domain::Document* HeldAccount::document(HeldDocument& document) {
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

Result<void> HeldAccount::add_cells(std::span<const store::Cell> cells) {
  while (!cells.empty()) {
    const store::PageId id = store::page_of(cells.front().id);
    std::size_t count = 1;
    while (count < cells.size() && store::page_of(cells[count].id) == id) ++count;
    const auto [at, is_new] = pages_.try_emplace(id);
    HeldPage& page = at->second;
    page.used = owner_.clock_;
    if (is_new) {
      ASSIGN_OR_RETURN(std::optional<std::string> stored,
                       owner_.load(store::Table::kCells, store::page_key(customer_, id)));
      page.stored = stored.has_value();
      if (stored) page.value = *std::move(stored);
    }
    RETURN_IF_ERROR(store::decode_page(page.value, owner_.page_));
    store::merge_cells(owner_.page_, cells.first(count), owner_.merged_);
    store::encode_page(owner_.merged_, page.value);
    if (!page.dirty) dirty_pages_.push_back(id);
    page.dirty = true;
    cells = cells.subspan(count);
  }
  return {};
}

void HeldAccount::write(store::WriteSet& set) {
  for (HeldDocument* document : decoded_) document->decoded = nullptr;
  decoded_.clear();
  owner_.decoded_.reset();
  for (HeldDocument* document : dirty()) {
    const std::string key = store::document_key(customer_, document->ref());
    set.put_view(store::Table::kDocuments, key, document->value);
    if (document->stored == 0) owner_.note_stored(key);
    document->dirty = false;
    document->stored = document->value.size();
    owner_.count(*document, bytes_of(*document));
  }
  dirty_.clear();
  for (const store::PageId id : dirty_pages_) {
    HeldPage& page = pages_.at(id);
    const std::string key = store::page_key(customer_, id);
    if (page.value.empty()) {
      set.remove(store::Table::kCells, key);
    } else {
      set.put_view(store::Table::kCells, key, page.value);
      if (!page.stored) owner_.note_stored(key);
      page.stored = true;
    }
    page.dirty = false;
    owner_.count(page, bytes_of(page));
  }
  dirty_pages_.clear();
}

HeldAccount& Accounts::account(store::LabelId customer) {
  if (customer >= accounts_.size()) accounts_.resize(customer + 1);
  if (!accounts_[customer]) accounts_[customer] = std::make_unique<HeldAccount>(*this, customer);
  return *accounts_[customer];
}

void Accounts::count(Held& held, std::size_t bytes) {
  bytes_ += bytes - held.counted;
  held.counted = static_cast<std::uint32_t>(bytes);
}

Result<std::optional<std::string>> Accounts::load(store::Table table, const std::string& key) {
  if (empty_ || (stored_ && !stored_->may_hold(hash64(key)))) return std::optional<std::string>();
  return reads_.get(table, key);
}

void Accounts::note_stored(const std::string& key) {
  if (!stored_) return;
  stored_->add(hash64(key));
  if (stored_->bytes() > bytes_max_ / kSightingsShare) stored_.reset();
}

void Accounts::clean() {
  if (bytes_ <= bytes_max_) return;
  // How much was last used in each of some stretches of the clock; the older ones go, down to what leaves
  // room for some commits without another sweep.
  std::array<std::size_t, 64> used{};
  const std::uint64_t stretch = clock_ / used.size() + 1;
  const auto for_each = [&](auto&& visit) {
    for (const auto& account : accounts_) {
      if (!account) continue;
      boost::unordered::erase_if(account->documents_, [&](const auto& held) { return visit(*held.second); });
      boost::unordered::erase_if(account->pages_, [&](const auto& held) { return visit(held.second); });
    }
  };
  for_each([&](const Held& held) {
    used[held.used / stretch] += held.counted;
    return false;
  });
  std::size_t kept = 0;
  std::size_t first_kept = used.size();
  while (first_kept > 0 && kept + used[first_kept - 1] <= bytes_max_ / 4 * 3) kept += used[--first_kept];
  for_each([&](const Held& held) {
    if (held.used / stretch >= first_kept) return false;
    bytes_ -= held.counted;
    return true;
  });
  for (auto& account : accounts_) {
    if (account && account->documents_.empty() && account->pages_.empty()) account.reset();
  }
}

}  // namespace daybook::engine
