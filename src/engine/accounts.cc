#include "engine/accounts.h"

#include <algorithm>
#include <array>

#include "evaluation/stored_account.h"
#include "store/document_codec.h"
#include "store/keys.h"

namespace daybook::engine {
namespace {

// Of the budget, and beyond it: with more to remember, the store is asked.
constexpr std::size_t kSightingsShare = 4;

std::size_t bytes_of(const std::string& text) { return text.capacity() < sizeof text / 2 ? 0 : text.capacity() + 1; }
std::size_t bytes_of(const HeldDocument& document) {
  return sizeof document + bytes_of(document.id) + bytes_of(document.value);
}
std::size_t bytes_of(const HeldPage& page) { return sizeof page + bytes_of(page.value); }

// Of a table of pointers: each place has a byte of its own besides.
template <typename Table>
std::size_t table_bytes(const Table& table) {
  return table.bucket_count() * (sizeof(void*) + 1);
}

// Tables keep the places of what was dropped.
template <typename Table>
void shrink(Table& table) {
  if (table.size() < table.bucket_count() / 2) table.rehash(0);
}

}  // namespace

std::size_t HeldAccount::bytes() const { return sizeof *this + table_bytes(documents_) + table_bytes(pages_); }

const std::optional<Error>& HeldAccount::error() const { return owner_.error_; }

Result<HeldDocument*> HeldAccount::hold(domain::DocumentRef ref) {
  const std::size_t hash = table_hash(ref.id, static_cast<std::uint64_t>(ref.kind));
  if (const auto at = documents_.find(Wanted{ref, hash}); at != documents_.end()) {
    (*at)->used = owner_.clock_;
    return at->get();
  }
  ASSIGN_OR_RETURN(std::optional<std::string> stored,
                   owner_.load(store::Table::kDocuments, store::DocumentKey{customer_, ref}.bytes()));
  auto held = std::make_unique<HeldDocument>();
  held->kind = ref.kind;
  held->id = ref.id;
  held->hash = hash;
  if (stored) held->value = *std::move(stored);
  held->stored = held->value.size();
  held->used = owner_.clock_;
  owner_.count(held->counted, bytes_of(*held));
  HeldDocument* const document = held.get();
  documents_.insert(std::move(held));
  return document;
}

void HeldAccount::mark_dirty(HeldDocument& document) {
  if (document.dirty) return;
  document.dirty = true;
  owner_.dirty_.push_back(&document);
}

std::span<HeldDocument* const> HeldAccount::dirty() {
  const auto ref = [](const HeldDocument* document) { return document->ref(); };
  if (!std::ranges::is_sorted(owner_.dirty_, {}, ref)) std::ranges::sort(owner_.dirty_, {}, ref);
  return owner_.dirty_;
}

const domain::Document* HeldAccount::document(domain::DocumentRef ref) {
  const auto held = hold(ref);
  if (!held) {
    owner_.error_ = held.error();
    return nullptr;
  }
  return document(**held);
}

Error HeldAccount::damaged(domain::DocumentRef ref, const Error& why) const {
  return evaluation::damaged(owner_.labels_.own(customer_).customer, ref, why);
}

const domain::Document* HeldAccount::document(HeldDocument& document) {
  if (document.decoded == nullptr && !document.value.empty()) {
    const auto decoded =
        store::decode_document(document.ref(), document.value, document.stored, owner_.decoded_memory_);
    if (!decoded) {
      owner_.error_ = damaged(document.ref(), decoded.error());
      return nullptr;
    }
    domain::Document& kept = owner_.decoded_memory_.array<domain::Document>(1).front();
    kept = *decoded;
    kept.number = static_cast<std::uint32_t>(owner_.decoded_.size());
    document.decoded = &kept;
    owner_.decoded_.push_back(&document);
  }
  if (document.decoded == nullptr && !evaluation::may_be_absent(document.ref())) {
    owner_.error_ = evaluation::missing(owner_.labels_.own(customer_).customer, document.ref());
  }
  return document.decoded;
}

Result<void> HeldAccount::add_cells(std::span<const store::Cell> cells) {
  while (!cells.empty()) {
    const store::PageId id = store::page_of(cells.front().id);
    std::size_t count = 1;
    while (count < cells.size() && store::page_of(cells[count].id) == id) ++count;
    auto at = pages_.find(id);
    if (at == pages_.end()) {
      ASSIGN_OR_RETURN(std::optional<std::string> stored,
                       owner_.load(store::Table::kCells, store::PageKey{customer_, id}.bytes()));
      auto held = std::make_unique<HeldPage>();
      held->id = id;
      held->stored = stored.has_value();
      if (stored) held->value = *std::move(stored);
      at = pages_.insert(std::move(held)).first;
    }
    HeldPage& page = **at;
    page.used = owner_.clock_;
    if (page.value.empty()) {
      store::encode_page(cells.first(count), page.value);
    } else {
      RETURN_IF_ERROR(store::decode_page(page.value, owner_.page_));
      store::merge_cells(owner_.page_, cells.first(count), owner_.merged_);
      store::encode_page(owner_.merged_, page.value);
    }
    if (!page.dirty) owner_.dirty_pages_.push_back(&page);
    page.dirty = true;
    cells = cells.subspan(count);
  }
  return {};
}

Result<const store::DocumentIndex*> HeldAccount::index(HeldDocument& document) {
  // Making one takes as long as some comparisons with all of it.
  constexpr std::uint32_t kComparisonsMax = 8;
  if (document.value.size() < store::DocumentIndex::kFromBytes) return nullptr;
  if (document.comparisons++ == 0) owner_.compared_.push_back(&document);
  if (document.comparisons <= kComparisonsMax) return nullptr;
  if (document.index == nullptr) document.index = std::make_unique<store::DocumentIndex>();
  if (const auto done = document.index->follow(document.value); !done) {
    return unexpected(damaged(document.ref(), done.error()));
  }
  return document.index.get();
}

void HeldAccount::write(store::WriteSet& set) {
  for (HeldDocument* document : owner_.compared_) {
    document->comparisons = 0;
    document->index.reset();
  }
  owner_.compared_.clear();
  for (HeldDocument* document : owner_.decoded_) document->decoded = nullptr;
  owner_.decoded_.clear();
  owner_.decoded_memory_.reset();
  for (HeldDocument* document : dirty()) {
    const std::string key = store::DocumentKey{customer_, document->ref()}.bytes();
    set.put_view(store::Table::kDocuments, key, document->value);
    if (document->stored == 0) owner_.note_stored(key);
    document->dirty = false;
    document->conflicted = false;
    document->stored = document->value.size();
    owner_.count(document->counted, bytes_of(*document));
  }
  owner_.dirty_.clear();
  for (HeldPage* page : owner_.dirty_pages_) {
    const std::string key = store::PageKey{customer_, page->id}.bytes();
    if (page->value.empty()) {
      set.remove(store::Table::kCells, key);
    } else {
      set.put_view(store::Table::kCells, key, page->value);
      if (!page->stored) owner_.note_stored(key);
      page->stored = true;
    }
    page->dirty = false;
    owner_.count(page->counted, bytes_of(*page));
  }
  owner_.dirty_pages_.clear();
  owner_.count(counted_, bytes());
}

HeldAccount& Accounts::account(store::LabelId customer) {
  if (customer >= accounts_.size()) accounts_.resize(customer + 1);
  if (!accounts_[customer]) accounts_[customer] = std::make_unique<HeldAccount>(*this, customer);
  return *accounts_[customer];
}

void Accounts::count(std::uint32_t& counted, std::size_t bytes) {
  bytes_ += bytes - counted;
  counted = static_cast<std::uint32_t>(bytes);
}

std::size_t Accounts::bytes() const {
  return bytes_ + accounts_.capacity() * sizeof(accounts_[0]) + (stored_ ? stored_->bytes() : 0);
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

void Accounts::clean(std::size_t taken) {
  if (bytes() + taken <= bytes_max_) return;
  // How much was last used in each of some stretches of the clock; the older ones go, down to what leaves
  // room for some commits without another sweep. An account's tables go with its last document or page.
  const std::size_t others = bytes() - bytes_ + taken;
  const std::size_t left = bytes_max_ > others ? (bytes_max_ - others) / 4 * 3 : 0;
  // However many labels there are, some documents stay, or every commit would sweep and load again.
  const std::size_t kept_max = std::max(left, bytes_max_ / 4);
  if (bytes_ <= kept_max) return;
  std::array<std::size_t, 64> used{};
  const std::uint64_t stretch = clock_ / used.size() + 1;
  for (const auto& account : accounts_) {
    if (!account) continue;
    std::uint32_t last = 0;
    const auto note = [&](const auto& held) {
      used[held->used / stretch] += held->counted;
      last = std::max(last, held->used);
    };
    std::ranges::for_each(account->documents_, note);
    std::ranges::for_each(account->pages_, note);
    used[last / stretch] += account->counted_;
  }
  std::size_t kept = 0;
  std::size_t first_kept = used.size();
  while (first_kept > 0 && kept + used[first_kept - 1] <= kept_max) kept += used[--first_kept];
  for (auto& account : accounts_) {
    if (!account) continue;
    const auto goes = [&](const auto& held) {
      if (held->used / stretch >= first_kept) return false;
      bytes_ -= held->counted;
      return true;
    };
    boost::unordered::erase_if(account->documents_, goes);
    boost::unordered::erase_if(account->pages_, goes);
    const bool empty = account->documents_.empty() && account->pages_.empty();
    if (!empty) {
      shrink(account->documents_);
      shrink(account->pages_);
    }
    count(account->counted_, empty ? 0 : account->bytes());
    if (empty) account.reset();
  }
}

}  // namespace daybook::engine
