#include "engine/shard.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/hash.h"
#include "engine/manifest.h"
#include "evaluation/names.h"
#include "store/keys.h"

namespace daybook::engine {
namespace {

using Next = store::StoreReader::Next;

static_assert(domain::kTopicCount == log::kEventTopicCount);

constexpr std::uint64_t kEventsPerTick = 16;

// The stretches of days in which two customer files give different payment terms.
std::vector<std::pair<Day, Day>> terms_changes(const domain::CustomerFile& before, const domain::CustomerFile& after) {
  std::vector<Day> borders = {std::numeric_limits<Day>::min()};
  for (const auto* file : {&before, &after}) {
    for (const auto& entry : file->entries()) borders.push_back(entry.from);
  }
  std::ranges::sort(borders);
  borders.erase(std::unique(borders.begin(), borders.end()), borders.end());
  const auto terms_on = [](const domain::CustomerFile& file, Day day) {
    const auto* profile = file.on(day);
    return profile == nullptr ? 0 : profile->payment_terms_days.value_or(0);
  };
  std::vector<std::pair<Day, Day>> stretches;
  for (std::size_t i = 0; i < borders.size(); ++i) {
    if (terms_on(before, borders[i]) == terms_on(after, borders[i])) continue;
    stretches.emplace_back(borders[i], i + 1 < borders.size() ? borders[i + 1] - 1 : kNever);
  }
  return stretches;
}

}  // namespace

Shard::Shard(std::unique_ptr<store::ShardStore> store, const domain::Rules& rules, Options options)
    : store_(std::move(store)),
      rules_(rules),
      options_(options),
      reader_(options.partition_count),
      accounts_(*store_, labels_, options.cache_bytes),
      cell_labels_(labels_),
      old_(cell_labels_),
      now_(cell_labels_),
      pending_events_(store_->path()) {}

Result<std::unique_ptr<Shard>> Shard::open(std::unique_ptr<store::ShardStore> store, const domain::Rules& rules,
                                           Options options) {
  std::unique_ptr<Shard> shard(new Shard(std::move(store), rules, options));
  RETURN_IF_ERROR(shard->labels_.load(*shard->store_));
  RETURN_IF_ERROR(shard->check_manifest());
  ASSIGN_OR_RETURN(shard->state_, store::read_state(*shard->store_, shard->labels_));
  ASSIGN_OR_RETURN(shard->totals_, store::load_totals(*shard->store_, shard->store_->path(), shard->state_));
  shard->journal_.begin(shard->state_.digest, shard->totals_ ? shard->totals_->next_entry : 0);
  if (shard->labels_.own_size() == 0) shard->accounts_.begin_empty();
  return shard;
}

// Folders of one kind may be mixed up, and the manifest beside them lost.
Result<void> Shard::check_manifest() {
  const Manifest wanted = Manifest::of(rules_, options_.partition_count);
  ASSIGN_OR_RETURN(const auto stored, store_->get(store::Table::kMeta, store::manifest_key()));
  if (!stored) {
    if (labels_.own_size() > 0) {
      return unexpected(ErrorCode::kCorrupt, "what the shard was folded under is missing");
    }
    // Written with the first commit.
    manifest_ = wanted.to_json();
    return {};
  }
  ASSIGN_OR_RETURN(const Manifest kept, Manifest::parse(*stored));
  return check_same(kept, wanted, store_->path());
}

void Shard::listen(std::shared_ptr<store::CommitListener> listener) {
  listener_ = std::move(listener);
  listener_->begins(state_, std::exchange(totals_, std::nullopt), journal_.next_entry());
}

void Shard::apply(const log::Record& record) {
  store::TopicProgress& progress = state_.topics[static_cast<std::size_t>(record.topic)];
  if (record.offset < progress.next_offset) return;
  const std::int64_t recorded_ms = std::max(progress.recorded_ms, record.timestamp_ms);
  const auto read = reader_.read(record);
  if (const auto* unfit = std::get_if<events::Unfit>(&read)) {
    park(*unfit, record, recorded_ms);
  } else {
    enqueue(std::get<domain::Event>(read), record, recorded_ms);
  }
  progress.next_offset = record.offset + 1;
  progress.last_offset = record.offset;
  last_records_[static_cast<std::size_t>(record.topic)].keep(record);
  progress.recorded_ms = recorded_ms;
  state_.newest_recorded_ms = std::max(state_.newest_recorded_ms, recorded_ms);
  if (state_.first_recorded_ms < 0 || recorded_ms < state_.first_recorded_ms) state_.first_recorded_ms = recorded_ms;
  if (++pending_records_ % 1024 == 0) reader_.reset();
}

void Shard::pass_over(log::Topic topic, std::int64_t offset) {
  store::TopicProgress& progress = state_.topics[static_cast<std::size_t>(topic)];
  if (offset <= progress.next_offset) return;
  progress.next_offset = offset;
  passed_over_ = true;
}

void Shard::park(const events::Unfit& unfit, const log::Record& record, std::int64_t recorded_ms) {
  store::ParkedRecord parked{static_cast<std::uint8_t>(record.topic),
                             record.offset,
                             recorded_ms,
                             unfit.reason,
                             unfit.detail,
                             unfit.customer_id,
                             std::nullopt,
                             std::nullopt};
  if (record.key) parked.key = std::string(*record.key);
  if (record.value) parked.value = std::string(*record.value);
  parked_bytes_ += parked.key.value_or("").size() + parked.value.value_or("").size();
  state_.digest += parked.content_hash();
  ++state_.parked;
  pending_news_.news |= domain::News::kParked;
  std::vector<std::string>& accounts = pending_news_.parked_accounts;
  if (!unfit.customer_id.empty() && accounts.size() < CommitNews::kAccountsKept &&
      std::ranges::find(accounts, unfit.customer_id) == accounts.end()) {
    accounts.push_back(unfit.customer_id);
  }
  parked_pending_.push_back(std::move(parked));
}

void Shard::enqueue(const domain::Event& event, const log::Record& record, std::int64_t recorded_ms) {
  names_.clear();
  domain::for_each_reference(event.payload, [&](domain::DocumentRef named) { names_.push_back(named); });
  PendingEvent told;
  told.ref = domain::document_of(event.payload);
  told.at = {static_cast<std::uint8_t>(record.topic), record.offset};
  told.recorded_ms = recorded_ms;
  ++told_count_;
  told.clock = clock();
  told.event = store::encode_event(event, encoded_);
  told.names = names_;
  pending_events_.add(labels_.customer(event.customer_id), told);
}

Result<void> Shard::append_facts(CachedAccount& account, std::span<const PendingEvent* const> all) {
  // First what each document is going to take, so that its bytes grow once.
  given_.clear();
  for (const PendingEvent* told : all) {
    accounts_.set_clock(told->clock);
    ASSIGN_OR_RETURN(CachedDocument* const document, account.load(told->ref));
    document->incoming += told->event.bytes.size() + store::kFactOverheadMax;
    given_.push_back(document);
  }
  for (std::size_t i = 0; i < all.size(); ++i) RETURN_IF_ERROR(append_facts(account, *given_[i], *all[i]));
  return {};
}

Result<void> Shard::append_facts(CachedAccount& account, CachedDocument& document, const PendingEvent& told) {
  if (document.incoming > 0) {
    document.value.reserve(document.value.size() + std::exchange(document.incoming, 0));
  }
  if (!document.sketch) {
    auto known = store::FactSketch::of(document.value);
    if (!known) return unexpected(account.damaged(told.ref, known.error()));
    document.sketch = *known;
  }
  const auto sketch = store::FactSketch::of(told.event);
  const bool may_know = document.sketch->may_know(sketch);
  const store::DocumentIndex* index = nullptr;
  if (may_know) {
    ASSIGN_OR_RETURN(index, account.index(document));
  }
  switch (may_know ? store::find_repeat(document.value, index, told.at.topic, told.event) : store::Verdict::kNew) {
    case store::Verdict::kDuplicate:
      ++state_.duplicates;
      pending_news_.news |= domain::News::kDuplicate;
      return {};
    case store::Verdict::kConflict:
      ++state_.conflicts;
      pending_news_.news |= domain::News::kConflict;
      if (store::append_conflict(document.value, index, told.at, told.recorded_ms, told.event)) {
        account.mark_dirty(document);
        document.conflicted = true;
      }
      return {};
    case store::Verdict::kNew: break;
  }
  ++state_.accepted;
  pending_news_.news |= domain::News::accepted(told.event.type());
  if (labels_.is_new(account.customer())) pending_news_.news |= domain::News::kNewAccount;
  account.mark_dirty(document);
  store::append_fact(document.value, told.at, told.recorded_ms, told.event);
  document.sketch->add(sketch);
  state_.digest +=
      store::fact_hash(labels_.own(account.customer()).customer, told.ref, told.at.topic, told.event.bytes);
  for (const domain::DocumentRef& named : told.names) {
    ASSIGN_OR_RETURN(CachedDocument* const other, account.load(named));
    ASSIGN_OR_RETURN(const store::DocumentIndex* const others, account.index(*other));
    if (store::append_link(other->value, others, told.ref)) account.mark_dirty(*other);
  }
  return {};
}

Result<void> Shard::fold_account(store::LabelId customer, std::span<const PendingEvent* const> told,
                                 store::WriteBatch& set) {
  CachedAccount& account = accounts_.account(customer);
  const std::uint64_t repeats_before = state_.duplicates;
  RETURN_IF_ERROR(append_facts(account, told));
  if (state_.duplicates - repeats_before < told.size() && pending_news_.accounts.size() < CommitNews::kAccountsKept) {
    pending_news_.accounts.push_back(customer);
  }
  RETURN_IF_ERROR(evaluate(account, set));
  index_names(account, set);
  account.write(set);
  return {};
}

// What documents, shipments and customers are found by.
void Shard::index_names(CachedAccount& account, store::WriteBatch& set) {
  using domain::DocumentKind;
  const store::LabelId customer = account.customer();
  const auto put = [&](const std::string& key) { set.put(store::Table::kMeta, key, ""); };
  if (labels_.is_new(customer)) {
    put(store::IdKey{{DocumentKind::kCustomer, labels_.own(customer).customer}, customer}.bytes());
  }
  for (CachedDocument* document : account.dirty()) {
    const domain::DocumentRef ref = document->ref();
    if (document->stored == 0 && store::has_page(ref.kind)) put(store::IdKey{ref, customer}.bytes());
    if (ref.kind > DocumentKind::kPayment) continue;  // Their facts give none.
    for (const domain::Fact& fact : account.document(*document)->facts) {
      if (fact.fresh) evaluation::for_each_name(customer, ref, fact, put);
    }
  }
}

// Invoices of which something was open on days whose payment terms changed: due dates matter only there.
Result<std::vector<std::string>> Shard::invoices_by_terms(store::LabelId customer, const domain::CustomerFile& before,
                                                          const domain::CustomerFile& after) {
  std::vector<std::string> ids;
  for (const auto& [first, last] : terms_changes(before, after)) {
    const auto take = [&, until = last](std::string_view key, std::string_view) -> Result<Next> {
      ASSIGN_OR_RETURN(const store::OpenedKey found, store::OpenedKey::parse(key));
      if (found.day > until) return Next::kStop;
      if (found.ref.kind == domain::DocumentKind::kInvoice) ids.emplace_back(found.ref.id);
      return Next::kGoOn;
    };
    RETURN_IF_ERROR(store_->scan(store::Table::kCells, store::cells_prefix(store::kOpenedDocument, customer),
                                 store::OpenedKey::prefix(customer, first), take));
  }
  return ids;
}

// The documents whose figures may have changed, and what of them.
Result<void> Shard::find_affected(CachedAccount& account, domain::AccountState& before, domain::AccountState& after) {
  affected_.clear();
  const std::function<void(const domain::Document&, domain::Extent)> affect = [&](const domain::Document& document,
                                                                                  domain::Extent extent) {
    if (document.number >= affected_.size()) affected_.resize(document.number + 1);
    Affected& at = affected_[document.number];
    if (at.document != nullptr) extent |= at.extent;
    at = {&document, extent};
  };
  const bool all_new = labels_.is_new(account.customer());
  for (CachedDocument* told : account.dirty()) {
    if (!domain::has_figures(told->kind) && !told->conflicted) continue;
    const domain::Document* document = account.document(*told);
    if (document == nullptr) continue;
    const bool is_file = document->ref.kind == domain::DocumentKind::kCustomer;
    if (is_file && listener_) listener_->file_changed(account.customer());
    if (all_new) {
      // Whatever depends on it is as new.
      affect(*document, {});
      continue;
    }
    domain::for_each_dependent(after, *document, affect);
    if (!is_file) continue;
    ASSIGN_OR_RETURN(const std::vector<std::string> by_terms,
                     invoices_by_terms(account.customer(), before.file(), after.file()));
    for (const std::string& id : by_terms) {
      const domain::Invoice* invoice = after.invoice(id);
      if (invoice != nullptr && invoice->due_from_terms) affect(*invoice->document, {});
    }
  }
  return {};
}

Result<void> Shard::evaluate(CachedAccount& account, store::WriteBatch& set) {
  const store::LabelId customer = account.customer();
  domain::AccountState before(account, domain::Known::before(), rules_);
  domain::AccountState after(account, domain::Known::all(), rules_);
  RETURN_IF_ERROR(find_affected(account, before, after));

  const store::Label& name = labels_.own(customer);
  cells_.clear();
  // More are decoded meanwhile, but no more affected.
  for (const auto& [document, extent] : affected_) {
    if (document == nullptr) continue;
    const domain::DocumentRef ref = document->ref;
    old_.begin(customer, ref);
    now_.begin(customer, ref);
    if (!document->fresh) domain::contribute(before, *document, old_, extent);
    domain::contribute(after, *document, now_, extent);
    for (const store::Cell& cell : old_.other_cells()) cells_.push_back({cell.id, -cell.value});
    cells_.insert(cells_.end(), now_.other_cells().begin(), now_.other_cells().end());
    Result<void> added;
    now_.for_each_open_difference(old_, [&](const store::Cell& cell) {
      cells_.push_back(cell);
      if (cells_.size() >= options_.cells_at_once && added) added = add_cells(account);
    });
    RETURN_IF_ERROR(added);
    state_.waiting += now_.waiting() - old_.waiting();
    if (now_.has_waited() != old_.has_waited()) {
      const std::string key = store::WaitedKey{{customer, ref}}.bytes();
      if (now_.has_waited()) {
        set.put(store::Table::kMeta, key, "");
      } else {
        set.remove(store::Table::kMeta, key);
      }
    }

    const auto& anomalies_old = old_.anomalies();
    const auto& anomalies_now = now_.anomalies();
    for (const auto& row : anomalies_old) {
      if (!std::ranges::binary_search(anomalies_now, row)) set.remove(store::Table::kMeta, row.key);
    }
    for (const auto& row : anomalies_now) {
      if (!std::ranges::binary_search(anomalies_old, row)) {
        set.put(store::Table::kMeta, row.key, row.value);
      }
    }
    const std::span<const Day> opened_old = old_.opened_on();
    const std::span<const Day> opened_now = now_.opened_on();
    for (const Day day : opened_old) {
      if (std::ranges::binary_search(opened_now, day)) continue;
      set.remove(store::Table::kCells, store::OpenedKey{customer, day, ref}.bytes());
    }
    for (const Day day : opened_now) {
      if (std::ranges::binary_search(opened_old, day)) continue;
      set.put(store::Table::kCells, store::OpenedKey{customer, day, ref}.bytes(), "");
    }
    if (old_.cycle_row() != now_.cycle_row()) {
      state_.digest += store::cycle_row_hash(name.customer, ref.id, now_.cycle_row()) -
                       store::cycle_row_hash(name.customer, ref.id, old_.cycle_row());
      set.put(store::Table::kCells, store::CycleRowKey{customer, ref.id}.bytes(), now_.cycle_row());
      if (listener_) listener_->cycle_row_changed(customer, old_.cycle_row(), now_.cycle_row());
    }
  }
  if (account.error()) return unexpected(*account.error());
  return add_cells(account);
}

Result<void> Shard::add_cells(CachedAccount& account) {
  store::add_up(cells_);
  if (listener_) listener_->cells_changed(account.customer(), cells_);
  journal_.add(cells_);
  const store::Label& name = labels_.own(account.customer());
  for (const store::Cell& cell : cells_) {
    state_.digest +=
        store::cell_hash(cell.id, cell.value, name, labels_.own(cell.id.attributes), labels_.own(cell.id.dimensions));
  }
  RETURN_IF_ERROR(account.add_cells(cells_));
  cells_.clear();
  return {};
}

std::uint32_t Shard::clock() const { return static_cast<std::uint32_t>(told_count_ / kEventsPerTick); }

void Shard::clean_accounts() {
  accounts_.set_clock(clock());
  accounts_.clean(labels_.bytes());
}

bool Shard::may_spill() const {
  return store_->can_ingest() && pending_events_.bytes_spilled() < options_.spill_bytes &&
         pending_events_.bytes_of_largest_account() < options_.account_bytes && parked_bytes_ < options_.account_bytes;
}

Result<void> Shard::commit() {
  if (!has_pending()) return {};
  store::WriteBatch set;
  const auto fold = [&](store::LabelId customer, std::span<const PendingEvent* const> told) -> Result<void> {
    RETURN_IF_ERROR(fold_account(customer, told, set));
    if (set.bytes() < options_.files_bytes || !store_->can_ingest()) return {};
    RETURN_IF_ERROR(store_->stage_files(set));
    set.clear();
    clean_accounts();
    return {};
  };
  RETURN_IF_ERROR(pending_events_.for_each_account(fold));
  for (const store::ParkedRecord& parked : parked_pending_) {
    set.put(store::Table::kMeta, store::ParkedKey{parked.topic, parked.offset}.bytes(), parked.encode());
  }
  labels_.write_new(set);
  for (std::size_t topic = 0; topic < last_records_.size(); ++topic) {
    if (const auto last = last_records_[topic].take_fingerprint()) state_.topics[topic].last_fingerprint = *last;
  }
  state_.labels = labels_.own_size();
  set.put(store::Table::kMeta, store::state_key(), state_.encode());
  if (manifest_) set.put(store::Table::kMeta, store::manifest_key(), *manifest_);
  const store::TotalsChange totals = journal_.write(state_.digest, set);
  RETURN_IF_ERROR(store_->write(set));
  manifest_.reset();
  accounts_.committed();
  totals_.reset();
  if (listener_) listener_->committed(state_, totals);
  std::swap(news_, pending_news_);
  pending_news_.clear();
  clean_accounts();
  pending_events_.clear();
  parked_pending_.clear();
  reader_.reset();
  pending_records_ = 0;
  parked_bytes_ = 0;
  passed_over_ = false;
  return {};
}

}  // namespace daybook::engine
