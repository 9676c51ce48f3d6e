#include "engine/account_cache.h"

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
std::size_t bytes_of(const CachedDocument& document) {
  return sizeof document + bytes_of(document.id) + bytes_of(document.value);
}
std::size_t bytes_of(const CachedPage& page) { return sizeof page + bytes_of(page.value); }

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

std::size_t CachedAccount::bytes() const { return sizeof *this + table_bytes(documents_) + table_bytes(pages_); }

const std::optional<Error>& CachedAccount::error() const { return owner_.error_; }

Result<CachedDocument*> CachedAccount::load(domain::DocumentRef ref) {
  const std::size_t hash = table_hash(ref.id, static_cast<std::uint64_t>(ref.kind));
  if (const auto at = documents_.find(Wanted{ref, hash}); at != documents_.end()) {
    (*at)->used = owner_.clock_;
    return at->get();
  }
  ASSIGN_OR_RETURN(std::optional<std::string> stored,
                   owner_.load(store::Table::kDocuments, store::DocumentKey{customer_, ref}.bytes()));
  auto cached = std::make_unique<CachedDocument>();
  cached->kind = ref.kind;
  cached->id = ref.id;
  cached->hash = hash;
  if (stored) cached->value = *std::move(stored);
  cached->stored = cached->value.size();
  cached->used = owner_.clock_;
  owner_.count(cached->counted, bytes_of(*cached));
  CachedDocument* const document = cached.get();
  documents_.insert(std::move(cached));
  return document;
}

void CachedAccount::mark_dirty(CachedDocument& document) {
  if (document.dirty) return;
  document.dirty = true;
  owner_.dirty_.push_back(&document);
}

std::span<CachedDocument* const> CachedAccount::dirty() {
  const auto ref = [](const CachedDocument* document) { return document->ref(); };
  if (!std::ranges::is_sorted(owner_.dirty_, {}, ref)) std::ranges::sort(owner_.dirty_, {}, ref);
  return owner_.dirty_;
}

const domain::Document* CachedAccount::document(domain::DocumentRef ref) {
  const auto cached = load(ref);
  if (!cached) {
    owner_.error_ = cached.error();
    return nullptr;
  }
  return document(**cached);
}

Error CachedAccount::damaged(domain::DocumentRef ref, const Error& why) const {
  return evaluation::damaged(owner_.labels_.own(customer_).customer, ref, why);
}

const domain::Document* CachedAccount::document(CachedDocument& document) {
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

Result<void> CachedAccount::add_cells(std::span<const store::Cell> cells) {
  while (!cells.empty()) {
    const store::PageId id = store::page_of(cells.front().id);
    std::size_t count = 1;
    while (count < cells.size() && store::page_of(cells[count].id) == id) ++count;
    auto at = pages_.find(id);
    if (at == pages_.end()) {
      ASSIGN_OR_RETURN(std::optional<std::string> stored,
                       owner_.load(store::Table::kCells, store::PageKey{customer_, id}.bytes()));
      auto cached = std::make_unique<CachedPage>();
      cached->id = id;
      cached->stored = stored.has_value();
      if (stored) cached->value = *std::move(stored);
      at = pages_.insert(std::move(cached)).first;
    }
    CachedPage& page = **at;
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

Result<const store::DocumentIndex*> CachedAccount::index(CachedDocument& document) {
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

void CachedAccount::write(store::WriteBatch& set) {
  for (CachedDocument* document : owner_.compared_) {
    document->comparisons = 0;
    document->index.reset();
  }
  owner_.compared_.clear();
  for (CachedDocument* document : owner_.decoded_) document->decoded = nullptr;
  owner_.decoded_.clear();
  owner_.decoded_memory_.reset();
  for (CachedDocument* document : dirty()) {
    const std::string key = store::DocumentKey{customer_, document->ref()}.bytes();
    set.put_view(store::Table::kDocuments, key, document->value);
    if (document->stored == 0) owner_.note_stored(key);
    document->dirty = false;
    document->conflicted = false;
    document->stored = document->value.size();
    owner_.count(document->counted, bytes_of(*document));
  }
  owner_.dirty_.clear();
  for (CachedPage* page : owner_.dirty_pages_) {
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

CachedAccount& AccountCache::account(store::LabelId customer) {
  if (customer >= accounts_.size()) accounts_.resize(customer + 1);
  if (!accounts_[customer]) accounts_[customer] = std::make_unique<CachedAccount>(*this, customer);
  return *accounts_[customer];
}

void AccountCache::count(std::uint32_t& counted, std::size_t bytes) {
  bytes_ += bytes - counted;
  counted = static_cast<std::uint32_t>(bytes);
}

std::size_t AccountCache::bytes() const {
  return bytes_ + accounts_.capacity() * sizeof(accounts_[0]) + (stored_ ? stored_->bytes() : 0);
}

Result<std::optional<std::string>> AccountCache::load(store::Table table, const std::string& key) {
  if (empty_ || (stored_ && !stored_->may_hold(hash64(key)))) return std::optional<std::string>();
  return reads_.get(table, key);
}

void AccountCache::note_stored(const std::string& key) {
  if (!stored_) return;
  stored_->add(hash64(key));
  if (stored_->bytes() > bytes_max_ / kSightingsShare) stored_.reset();
}

void AccountCache::clean(std::size_t taken) {
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
    const auto note = [&](const auto& cached) {
      used[cached->used / stretch] += cached->counted;
      last = std::max(last, cached->used);
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
    const auto goes = [&](const auto& cached) {
      if (cached->used / stretch >= first_kept) return false;
      bytes_ -= cached->counted;
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
