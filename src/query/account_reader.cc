#include "query/account_reader.h"

#include <algorithm>

#include "query/document_scan.h"
#include "query/known_at.h"
#include "query/request.h"
#include "store/keys.h"

namespace daybook::query {
AccountReader::AccountReader(const ShardSnapshot& shard, store::LabelId customer, const domain::Rules& rules,
                             FileChoice choice)
    : shard_(shard),
      id_(customer),
      choice_(choice),
      name_(shard.labels->get(customer).customer),
      rules_(rules),
      ahead_(*shard.reads) {}

void AccountReader::take_bytes(std::string_view key, std::string_view bytes) { scanned_.emplace(key, bytes); }

Result<evaluation::DocumentBytes> AccountReader::load(const std::string& key) {
  if (bytes_) {
    const auto at = bytes_->find(key);
    if (at == bytes_->end()) return evaluation::DocumentBytes{};
    memory_.add(decoded_bytes(at->second.size()));
    return evaluation::DocumentBytes{at->second, at->second.size()};
  }
  std::optional<std::string> stored;
  if (scanned_ && scanned_->first == key) {
    stored = std::move(scanned_->second);
    scanned_.reset();
  } else {
    ASSIGN_OR_RETURN(stored, ahead_.get(key));
  }
  if (!stored) return evaluation::DocumentBytes{};
  const std::string& kept = *ids_.emplace_back(std::make_unique<std::string>(*std::move(stored)));
  memory_.add(decoded_bytes(kept.size()));
  return evaluation::DocumentBytes{kept, kept.size()};
}

domain::AccountState& AccountReader::account() {
  if (!account_state_) {
    account_.emplace(
        id_, name_, [this](const std::string& key) { return load(key); }, [this](const Error& error) { fail(error); });
    account_state_.emplace(*account_, shard_.known, rules_);
  }
  return *account_state_;
}

const domain::Document& AccountReader::document(domain::DocumentRef ref) {
  account();
  const auto found = account_->find(ref);
  if (!found) fail(found.error());
  if (*found == nullptr) fail(evaluation::missing(name_, ref));
  return **found;
}

void AccountReader::fail(const Error& error) const { refuse_without(shard_, error); }

bool AccountReader::is_known() {
  // Accounts are made by accepted events.
  if (shard_.known_at == nullptr) return true;
  return std::ranges::any_of(documents(), [&](const domain::DocumentRef& ref) {
    return std::ranges::any_of(document(ref).facts, [&](const domain::Fact& fact) { return account().admits(fact); });
  });
}

std::span<const domain::DocumentRef> AccountReader::documents() {
  if (bytes_) return documents_;
  bytes_.emplace();
  const auto take = [&](std::string_view key, std::string_view value) -> Result<store::StoreReader::Next> {
    const auto at = bytes_->emplace(key, value).first;
    ASSIGN_OR_RETURN(const store::DocumentKey parsed, store::DocumentKey::parse(at->first));
    documents_.push_back(parsed.ref);
    return store::StoreReader::Next::kGoOn;
  };
  const auto scanned = shard_.reads->scan(store::Table::kDocuments, store::DocumentKey::prefix(id_), "", take);
  if (!scanned) refuse(scanned.error());
  return documents_;
}

std::span<const domain::DocumentRef> AccountReader::receivable_documents() {
  const std::span<const domain::DocumentRef> all = documents();
  const auto is_one = [](const domain::DocumentRef& ref) { return domain::is_receivable(ref.kind); };
  const auto first = std::ranges::find_if(all, is_one);
  return {first, std::find_if_not(first, all.end(), is_one)};
}

std::vector<domain::DocumentRef> AccountReader::documents(
    domain::DocumentKind kind,
    const std::function<bool(const domain::DocumentRef& ref, std::string_view bytes)>& is_wanted) {
  std::vector<domain::DocumentRef> refs;
  const auto take = [&](std::string_view key, std::string_view value) -> Result<store::StoreReader::Next> {
    ASSIGN_OR_RETURN(const store::DocumentKey parsed, store::DocumentKey::parse(key));
    if (is_wanted(parsed.ref, value)) {
      ids_.push_back(std::make_unique<std::string>(parsed.ref.id));
      refs.push_back({kind, *ids_.back()});
    }
    return store::StoreReader::Next::kGoOn;
  };
  const auto scanned = shard_.reads->scan(store::Table::kDocuments, store::DocumentKey::prefix(id_, kind), "", take);
  if (!scanned) refuse(scanned.error());
  return refs;
}

const index::FileVersions& AccountReader::files() {
  if (files_ == nullptr && shard_.index != nullptr) files_ = &shard_.index->files->of(id_);
  if (files_ == nullptr) {
    own_files_ = index::FileVersions(account().file());
    files_ = &own_files_;
  }
  return *files_;
}

const index::FileVersion* AccountReader::file(Day day) {
  return choice_ == FileChoice::kAsWas ? files().on(day) : files().last();
}

std::string_view AccountReader::grade(Day day) {
  const auto* version = file(day);
  return version == nullptr ? std::string_view() : version->grade;
}

std::string_view AccountReader::customer_name(Day day) {
  const index::FileVersion* in_force = files().on(day);
  return in_force == nullptr ? std::string_view() : files().name(*in_force);
}

std::string_view AccountReader::parent(Day day) {
  const auto* version = file(day);
  return version == nullptr || version->parent.empty() ? std::string_view(name_) : version->parent;
}

std::vector<domain::DocumentRef> AccountReader::opened_on(std::span<const Day> days) {
  // The index says where something was found with all that is known now.
  if (shard_.known_at != nullptr) return {receivable_documents().begin(), receivable_documents().end()};
  // So many keys are passed over before the next day is looked for anew.
  constexpr int kPassOverMax = 8;
  std::vector<domain::DocumentRef> refs;
  const std::string prefix = store::cells_prefix(store::kOpenedDocument, id_);
  auto day = days.begin();
  for (bool more = true; more && day != days.end();) {
    more = false;
    int passed_over = 0;
    const auto take = [&](std::string_view key, std::string_view) -> Result<store::StoreReader::Next> {
      ASSIGN_OR_RETURN(const store::OpenedKey opened, store::OpenedKey::parse(key));
      while (day != days.end() && *day < opened.day) ++day;
      if (day == days.end()) return store::StoreReader::Next::kStop;
      if (*day == opened.day) {
        ids_.push_back(std::make_unique<std::string>(opened.ref.id));
        refs.push_back({opened.ref.kind, *ids_.back()});
      } else if (++passed_over > kPassOverMax) {
        more = true;
      }
      return more ? store::StoreReader::Next::kStop : store::StoreReader::Next::kGoOn;
    };
    const auto scanned = shard_.reads->scan(store::Table::kCells, prefix, store::OpenedKey::prefix(id_, *day), take);
    if (!scanned) refuse(scanned.error());
  }
  std::ranges::sort(refs);
  refs.erase(std::unique(refs.begin(), refs.end()), refs.end());
  return refs;
}

}  // namespace daybook::query
