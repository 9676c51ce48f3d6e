#include "engine/shard.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/hash.h"
#include "engine/evaluation.h"
#include "store/keys.h"

namespace daybook::engine {
namespace {

// Half of a shard's cache for documents, half for pages.
constexpr std::size_t kCaches = 2;

// Documents that are asked for by their id alone.
bool has_page(domain::DocumentKind kind) {
  return kind == domain::DocumentKind::kOrder || kind == domain::DocumentKind::kInvoice ||
         kind == domain::DocumentKind::kPayment;
}

// The stretches of days in which two customer files give different payment terms.
std::vector<std::pair<Day, Day>> terms_changes(const domain::CustomerFile& before,
                                               const domain::CustomerFile& after) {
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

std::string ParkedRecord::encode() const {
  std::string bytes;
  ByteWriter out(bytes);
  out.varint(static_cast<std::uint64_t>(recorded_ms));
  out.u8(static_cast<std::uint8_t>(reason));
  out.string(detail);
  out.string(customer_id);
  out.u8(static_cast<std::uint8_t>(key.has_value() | value.has_value() << 1));
  out.string(key.value_or(""));
  out.string(value.value_or(""));
  return bytes;
}

UInt128 ParkedRecord::content_hash() const {
  std::string content(1, static_cast<char>(topic));
  ByteWriter out(content);
  out.u8(static_cast<std::uint8_t>(key.has_value() | value.has_value() << 1));
  out.string(key.value_or(""));
  out.string(value.value_or(""));
  out.string(events::park_reason_name(reason));
  return hash128(content);
}

UInt128 cycle_row_hash(std::string_view customer_id, std::string_view order_id, std::string_view row) {
  if (row.empty()) return 0;
  std::string bytes;
  ByteWriter out(bytes);
  out.string(customer_id);
  out.string(order_id);
  out.raw(row);
  return hash128(bytes, 3);
}

Result<ParkedRecord> ParkedRecord::decode(std::string_view key_bytes, std::string_view bytes) {
  ParkedRecord record;
  ByteReader at(key_bytes);
  at.u8();
  record.topic = at.u8();
  record.offset = static_cast<std::int64_t>(at.big64());
  ByteReader in(bytes);
  record.recorded_ms = static_cast<std::int64_t>(in.varint());
  record.reason = static_cast<events::ParkReason>(in.u8());
  record.detail = in.string();
  record.customer_id = in.string();
  const std::uint8_t has = in.u8();
  const std::string_view key = in.string();
  const std::string_view value = in.string();
  if (has & 1) record.key = std::string(key);
  if (has & 2) record.value = std::string(value);
  if (!at.ok() || !in.ok()) {
    return unexpected(ErrorCode::kCorrupt, "a parked record holds bytes that no version wrote");
  }
  return record;
}

Shard::Shard(std::unique_ptr<store::ShardStore> store, const domain::Rules& rules, Options options)
    : store_(std::move(store)),
      rules_(rules),
      options_(options),
      reader_(options.partition_count),
      documents_(*store_, store::Table::kDocuments, options.cache_bytes / kCaches),
      pages_(*store_, store::Table::kCells, options.cache_bytes / kCaches) {}

Result<std::unique_ptr<Shard>> Shard::open(std::unique_ptr<store::ShardStore> store,
                                           const domain::Rules& rules, Options options) {
  std::unique_ptr<Shard> shard(new Shard(std::move(store), rules, options));
  RETURN_IF_ERROR(shard->labels_.load(*shard->store_));
  ASSIGN_OR_RETURN(shard->state_, read_state(*shard->store_));
  return shard;
}

Result<void> Shard::apply(const log::Record& record) {
  TopicProgress& progress = state_.topics[static_cast<std::size_t>(record.topic)];
  if (record.offset < progress.next_offset) return {};
  const std::int64_t recorded_ms = std::max(progress.recorded_ms, record.timestamp_ms);
  const auto read = reader_.read(record);
  if (const auto* unfit = std::get_if<events::Unfit>(&read)) {
    park(*unfit, record, recorded_ms);
  } else {
    RETURN_IF_ERROR(fold(std::get<domain::Event>(read), record, recorded_ms));
  }
  progress.next_offset = record.offset + 1;
  progress.last_offset = record.offset;
  progress.last_fingerprint = fingerprint(record);
  progress.recorded_ms = recorded_ms;
  state_.newest_recorded_ms = std::max(state_.newest_recorded_ms, recorded_ms);
  if (++pending_records_ % 1024 == 0) reader_.reset();
  pending_bytes_ += record.key.value_or("").size() + record.value.value_or("").size();
  return {};
}

void Shard::pass_over(log::Topic topic, std::int64_t offset) {
  TopicProgress& progress = state_.topics[static_cast<std::size_t>(topic)];
  if (offset <= progress.next_offset) return;
  progress.next_offset = offset;
  passed_over_ = true;
}

void Shard::park(const events::Unfit& unfit, const log::Record& record, std::int64_t recorded_ms) {
  ParkedRecord parked{static_cast<std::uint8_t>(record.topic), record.offset, recorded_ms,
                      unfit.reason, unfit.detail, unfit.customer_id, std::nullopt, std::nullopt};
  if (record.key) parked.key = std::string(*record.key);
  if (record.value) parked.value = std::string(*record.value);
  state_.digest += parked.content_hash();
  ++state_.parked;
  parked_pending_.push_back(std::move(parked));
}

Result<void> Shard::fold(const domain::Event& event, const log::Record& record,
                         std::int64_t recorded_ms) {
  const store::LabelId customer = labels_.customer(event.customer_id);
  const domain::DocumentRef ref = domain::document_of(event.payload);
  const std::string key = store::document_key(customer, ref);
  const auto topic = static_cast<std::uint8_t>(record.topic);
  const domain::Position at{topic, record.offset};
  ASSIGN_OR_RETURN(WriteBackCache::Slot* const slot, documents_.get(key));
  std::string& document = slot->second.value;

  store::encode_event(event, encoded_);
  switch (store::judge(document, topic, event, encoded_)) {
    case store::Verdict::kDuplicate:
      ++state_.duplicates;
      return {};
    case store::Verdict::kConflict:
      ++state_.conflicts;
      if (store::append_conflict(document, at, recorded_ms, event)) {
        documents_.mark_dirty(*slot);
      }
      return {};
    case store::Verdict::kNew:
      break;
  }
  ++state_.accepted;
  store::append_fact(document, at, recorded_ms, encoded_);
  documents_.mark_dirty(*slot);
  state_.digest += store::fact_hash(event.customer_id, ref, topic, encoded_.bytes);

  Result<void> linked;
  domain::for_each_reference(event.payload, [&](domain::DocumentRef named) {
    const auto named_slot = documents_.get(store::document_key(customer, named));
    if (!named_slot) {
      linked = unexpected(named_slot.error());
    } else if (store::append_link((*named_slot)->second.value, ref)) {
      documents_.mark_dirty(**named_slot);
    }
  });
  return linked;
}

Result<void> Shard::evaluate_account(store::LabelId customer, std::span<WriteBackCache::Slot* const> told,
                                     store::WriteSet& set) {
  StoredAccount account(customer, [&](const std::string& key) -> Result<DocumentBytes> {
    ASSIGN_OR_RETURN(const WriteBackCache::Slot* const slot, documents_.get(key));
    return DocumentBytes{slot->second.value, slot->second.stored};
  });
  domain::Picture before(account, domain::Known::before(), rules_);
  domain::Picture after(account, domain::Known::all(), rules_);

  std::vector<const domain::Document*> affected;
  std::vector<std::string> by_terms;  // Ids found by date.
  const auto affect = [&](domain::DocumentRef ref) {
    if (const domain::Document* document = account.document(ref)) affected.push_back(document);
  };
  for (const WriteBackCache::Slot* slot : told) {
    const domain::DocumentRef ref = store::document_ref(slot->first);
    if (slot->second.stored == 0 && has_page(ref.kind)) {
      set.put(store::Table::kMeta, store::id_key(ref, customer), "");
    }
    const domain::Document* document = account.document(ref);
    if (document == nullptr) continue;
    domain::for_each_dependent(after, *document, affect);
    if (ref.kind == domain::DocumentKind::kInvoice) {
      const domain::Invoice* invoice = after.invoice(ref.id);
      if (invoice != nullptr && invoice->due_from_terms && invoice->issued_fact->fresh) {
        set.put(store::Table::kMeta,
                store::terms_key(customer, invoice->issued->issue_date, ref.id), "");
      }
    } else if (ref.kind == domain::DocumentKind::kCustomer) {
      if (listener_) listener_->file_changed(customer);
      for (const auto& [first, last] : terms_changes(before.file(), after.file())) {
        std::string prefix = store::terms_key(customer, 0, "");
        prefix.resize(5);
        RETURN_IF_ERROR(store_->scan(
            store::Table::kMeta, prefix, store::terms_key(customer, first, ""),
            [&, last = last](std::string_view found, std::string_view) {
              ByteReader in(found.substr(5));
              if (store::day_of_ordered(in.big32()) > last) return false;
              by_terms.emplace_back(found.substr(9));
              return true;
            }));
      }
    }
  }
  for (const std::string& id : by_terms) affect({domain::DocumentKind::kInvoice, id});

  std::ranges::sort(affected);
  affected.erase(std::unique(affected.begin(), affected.end()), affected.end());

  const store::Label& name = labels_.own(customer);
  Contribution old(labels_);
  Contribution now(labels_);
  std::vector<store::Cell> cells;
  for (const domain::Document* document : affected) {
    const domain::DocumentRef ref = document->ref;
    old.begin(customer, ref);
    now.begin(customer, ref);
    if (!document->fresh) domain::contribute(before, *document, old);
    domain::contribute(after, *document, now);
    for (store::Cell cell : old.cells()) {
      cell.value = -cell.value;
      cells.push_back(cell);
    }
    cells.insert(cells.end(), now.cells().begin(), now.cells().end());
    state_.waiting += now.waiting() - old.waiting();

    const auto& anomalies_old = old.anomalies();
    const auto& anomalies_now = now.anomalies();
    for (const auto& row : anomalies_old) {
      if (!std::ranges::binary_search(anomalies_now, row)) set.remove(store::Table::kMeta, row.key);
    }
    for (const auto& row : anomalies_now) {
      if (!std::ranges::binary_search(anomalies_old, row)) {
        set.put(store::Table::kMeta, row.key, row.value);
      }
    }
    if (old.cycle_row() != now.cycle_row()) {
      state_.digest += cycle_row_hash(name.customer, ref.id, now.cycle_row()) -
                       cycle_row_hash(name.customer, ref.id, old.cycle_row());
      set.put(store::Table::kCells, store::cycle_row_key(customer, ref.id), now.cycle_row());
      if (listener_) listener_->cycle_row_changed(customer, old.cycle_row(), now.cycle_row());
    }
  }
  if (account.error()) return unexpected(*account.error());
  return add_cells(customer, cells);
}

Result<void> Shard::add_cells(store::LabelId customer, std::vector<store::Cell>& cells) {
  add_up(cells);
  if (listener_) listener_->cells_changed(customer, cells);
  const store::Label& name = labels_.own(customer);
  for (const store::Cell& cell : cells) {
    state_.digest += store::cell_hash(cell.id, cell.value, name, labels_.own(cell.id.attributes),
                                      labels_.own(cell.id.dimensions));
  }
  std::vector<store::Cell> page;
  for (std::size_t first = 0; first < cells.size();) {
    const char family = store::page_family(cells[first].id.measure);
    const std::uint16_t span = store::page_span(cells[first].id);
    std::size_t end = first;
    while (end < cells.size() && store::page_family(cells[end].id.measure) == family &&
           store::page_span(cells[end].id) == span) {
      ++end;
    }
    const std::string key = store::page_key(family, customer, span);
    ASSIGN_OR_RETURN(WriteBackCache::Slot* const slot, pages_.get(key));
    RETURN_IF_ERROR(store::decode_page(slot->second.value, page));
    const std::vector<store::Cell> changes(cells.begin() + static_cast<std::ptrdiff_t>(first),
                                           cells.begin() + static_cast<std::ptrdiff_t>(end));
    store::encode_page(store::merge_cells(page, changes), slot->second.value);
    pages_.mark_dirty(*slot);
    first = end;
  }
  return {};
}

Result<void> Shard::commit() {
  if (!has_pending()) return {};
  store::WriteSet set(*store_);
  const std::span<WriteBackCache::Slot* const> told = documents_.dirty();
  for (std::size_t first = 0; first < told.size();) {
    const store::LabelId customer = store::document_customer(told[first]->first);
    std::size_t end = first;
    while (end < told.size() && store::document_customer(told[end]->first) == customer) ++end;
    RETURN_IF_ERROR(evaluate_account(customer, told.subspan(first, end - first), set));
    first = end;
  }
  for (const ParkedRecord& parked : parked_pending_) {
    set.put(store::Table::kMeta, store::parked_key(parked.topic, parked.offset), parked.encode());
  }
  labels_.write_new(set);
  documents_.write_dirty(set);
  pages_.write_dirty(set);
  set.put(store::Table::kMeta, store::state_key(), state_.encode());
  RETURN_IF_ERROR(store_->write(set));
  if (listener_) listener_->committed(state_);
  documents_.clean();
  pages_.clean();
  parked_pending_.clear();
  reader_.reset();
  pending_records_ = 0;
  pending_bytes_ = 0;
  passed_over_ = false;
  return {};
}

}  // namespace daybook::engine
