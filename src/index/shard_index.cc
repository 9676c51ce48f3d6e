#include "index/shard_index.h"

#include <algorithm>
#include <array>
#include <functional>
#include <thread>

#include "base/bytes.h"
#include "base/release.h"
#include "index/parts.h"
#include "store/keys.h"

namespace daybook::index {
namespace {

using std::chrono::steady_clock;
using Next = store::StoreReader::Next;

// Files that may change in one commit: each makes a scan of the customer's pages.
constexpr std::size_t kFollowFiles = 256;
// After a commit that could not be followed more of them are likely: a build waits so long.
constexpr std::chrono::milliseconds kQuiet{1'000};
// Of an index's bytes: the rows that a build reads before they are put in order.
constexpr std::size_t kStretchShare = 4;
// Of an index's bytes: the totals.
constexpr std::size_t kTotalsShare = 8;
// Likewise: sums of sales by sku, with the texts of skus.
constexpr std::size_t kSkusShare = 4;
// Rows of totals that a build reads before it adds them up.
constexpr std::size_t kTotalsRows = 65'536;
// How often a build is tried when a commit began before it, and ended after its snapshot.
constexpr int kBuildTries = 3;
// How long the folding thread takes at most between its write and its word of it.
constexpr std::chrono::milliseconds kTellsWithin{1};

// Merges rows into the table once they are `limit`.
template <typename Table>
void put(Part<Table>& part, std::vector<typename Table::Row>& rows, std::size_t limit) {
  if (part.table == nullptr) rows.clear();
  if (rows.empty() || rows.size() < limit) return;
  part.table = std::make_shared<const Table>(part.table->merged(std::move(rows)));
  release(rows);
}

bool is_receivable(const store::Cell& cell) { return store::page_of(cell.id).family != store::kSalesPage; }

// The tail among them.
RecentTotals all_of(const Totals& totals) { return totals.sums.table->merged(totals.sums.tail.rows()); }

template <typename Table>
void append(Part<Table>& part, std::vector<typename Table::Row> rows) {
  if (part.table != nullptr) part.tail.append(std::move(rows));
}

}  // namespace

std::int64_t commit_number(const store::ShardState& state) {
  std::int64_t number = 0;
  for (const store::TopicProgress& progress : state.topics) number += progress.next_offset;
  return number;
}

std::size_t IndexSnapshot::bytes() const {
  return files->bytes() + receivables.bytes() + sales.bytes() + cycles.bytes() + days.bytes();
}

std::size_t IndexSnapshot::behind() const {
  return std::max({receivables.tail.size(), sales.tail.size(), cycles.tail.size(), days.tail.size()});
}

std::shared_ptr<const IndexSnapshot> ShardIndex::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

std::shared_ptr<const Totals> ShardIndex::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

std::size_t ShardIndex::bytes() const {
  const auto snapshot = this->snapshot();
  const auto totals = this->totals();
  return dictionary_.bytes() + (snapshot == nullptr ? 0 : snapshot->bytes()) +
         (totals == nullptr ? 0 : totals->sums.bytes());
}

// --- the folding thread -------------------------------------------------------------------------

bool ShardIndex::collects() {
  if (!in_commit_) {
    in_commit_ = true;
    const std::lock_guard lock(mutex_);
    collecting_ = phase_ != Phase::kOff;
  }
  if (collecting_ && pending_.size() > options_.follow_rows) {
    too_large_ = true;
    pending_ = {};
  }
  return collecting_ && !too_large_;
}

void ShardIndex::cells_changed(store::LabelId customer, std::span<const store::Cell> changes) {
  seen_ += changes.size();
  if (changes.empty() || !collects()) return;
  for (const store::Cell& cell : changes) pending_.cells.emplace_back(customer, cell);
}

void ShardIndex::cycle_row_changed(store::LabelId customer, std::string_view before, std::string_view now) {
  if (!collects()) return;
  collect_cycle(customer, before, -1);
  collect_cycle(customer, now, 1);
}

void ShardIndex::collect_cycle(store::LabelId customer, std::string_view bytes, int sign) {
  if (bytes.empty()) return;
  const auto row = store::decode_cycle_row(bytes);
  if (row) {
    pending_.cycles.push_back(make_cycle(customer, *row, bytes, sign, rules_.zone, dictionary_));
  } else {
    too_large_ = true;  // Cannot be followed either.
  }
}

void ShardIndex::file_changed(store::LabelId customer) {
  if (!collects()) return;
  pending_.files.push_back(customer);
  if (pending_.files.size() > kFollowFiles) too_large_ = true;
}

void ShardIndex::Changes::add(Changes next) {
  commit = next.commit;
  cells.insert(cells.end(), next.cells.begin(), next.cells.end());
  std::ranges::move(next.cycles, std::back_inserter(cycles));
  files.insert(files.end(), next.files.begin(), next.files.end());
  std::ranges::sort(files);
  files.erase(std::unique(files.begin(), files.end()), files.end());
}

void ShardIndex::committed(const store::ShardState& state, const store::TotalsChange& totals) {
  Changes changes = std::exchange(pending_, {});
  changes.commit = commit_number(state);
  const bool followed = !in_commit_ || (collecting_ && !too_large_);
  const bool large = std::exchange(seen_, 0) > options_.merge_rows;
  in_commit_ = too_large_ = false;

  std::unique_lock lock(mutex_);
  follow_totals(state, totals);
  if (phase_ == Phase::kOff) {
    if (large) turned_off_at_ = steady_clock::now();
    return;
  }
  if (phase_ == Phase::kBuilding) {
    if (followed) {
      backlog_size_ += changes.size();
      pending_events_.push_back(std::move(changes));
      if (backlog_size_ > options_.follow_rows) turn_off();
    } else if (large) {
      turn_off();
    } else {
      missed_ = changes.commit;
      pending_events_.clear();
      backlog_size_ = 0;
    }
    return;
  }
  // The build read this commit already.
  if (changes.commit <= snapshot_->commit) return;
  if (!followed) return turn_off();
  // Only merge() changes the snapshot meanwhile, and only what is in the tables.
  IndexSnapshot next;
  next.files = snapshot_->files;
  next.receivables.table = snapshot_->receivables.table;
  next.sales.table = snapshot_->sales.table;
  next.cycles.table = snapshot_->cycles.table;
  next.days.table = snapshot_->days.table;
  lock.unlock();
  const auto done = follow(next, changes, store_);
  lock.lock();
  if (!done) return turn_off();
  auto snapshot = std::make_shared<IndexSnapshot>(*snapshot_);
  snapshot->commit = changes.commit;
  snapshot->files = next.files;
  append(snapshot->receivables, next.receivables.tail.rows());
  append(snapshot->sales, next.sales.tail.rows());
  append(snapshot->cycles, next.cycles.tail.rows());
  append(snapshot->days, next.days.tail.rows());
  if (snapshot->behind() > options_.follow_rows) return turn_off();
  snapshot_ = std::move(snapshot);
}

Result<void> ShardIndex::follow(IndexSnapshot& snapshot, const Changes& changes, const store::StoreReader& reads) {
  std::vector<SalesRow> sales;
  const std::shared_ptr<const CustomerFiles> before = snapshot.files;
  if (!changes.files.empty()) {
    CustomerFiles files = *snapshot.files;
    for (const store::LabelId customer : changes.files) {
      ASSIGN_OR_RETURN(FileVersions file, FileVersions::load(reads, labels_, customer, rules_, dictionary_));
      files.set(customer, std::move(file));
    }
    snapshot.files = std::make_shared<const CustomerFiles>(std::move(files));
    if (snapshot.sales.table != nullptr) {
      for (const store::LabelId customer : changes.files) {
        RETURN_IF_ERROR(follow_file(snapshot, customer, before->of(customer), changes, reads, sales));
      }
    }
  }
  std::vector<ReceivableRow> receivables;
  std::vector<DayRow> days;
  for (const auto& [customer, cell] : changes.cells) {
    add_day_row(customer, cell, days);
    if (is_receivable(cell)) {
      add_receivable_rows(customer, cell, receivables);
    } else if (snapshot.sales.table != nullptr && !std::ranges::binary_search(changes.files, customer)) {
      add_sales_rows(*snapshot.sales.table, snapshot.files->of(customer), cell, 1, sales);
    }
  }
  append(snapshot.receivables, std::move(receivables));
  append(snapshot.sales, std::move(sales));
  append(snapshot.cycles, changes.cycles);
  join_day_rows(days);
  append(snapshot.days, std::move(days));
  return {};
}

// What the customer's cells came to by the file before goes; what they come to now comes. Those
// before are the stored ones less the changes.
Result<void> ShardIndex::follow_file(const IndexSnapshot& snapshot, store::LabelId customer, const FileVersions& before,
                                     const Changes& changes, const store::StoreReader& reads,
                                     std::vector<SalesRow>& rows) {
  const FileVersions& now = snapshot.files->of(customer);
  const auto same = [&](const store::Cell& cell) {
    const auto& attributes = labels_.get(cell.id.attributes).attributes;
    const FileVersion* was = before.on(attributes.file_day);
    const FileVersion* is = now.on(attributes.file_day);
    return region(attributes, was) == region(attributes, is) && sales_rep(attributes, was) == sales_rep(attributes, is);
  };
  for (const auto& [whose, cell] : changes.cells) {
    if (whose != customer || store::page_of(cell.id).family != store::kSalesPage) continue;
    add_sales_rows(*snapshot.sales.table, same(cell) ? now : before, cell, 1, rows);
  }
  if (before == now) return {};
  std::vector<store::Cell> cells;
  const auto take = [&](std::string_view, std::string_view page) -> Result<Next> {
    RETURN_IF_ERROR(store::decode_page(page, cells));
    for (const store::Cell& cell : cells) {
      if (same(cell)) continue;
      add_sales_rows(*snapshot.sales.table, before, cell, -1, rows);
      add_sales_rows(*snapshot.sales.table, now, cell, 1, rows);
    }
    return Next::kGoOn;
  };
  return reads.scan(store::Table::kCells, store::cells_prefix(store::kSalesPage, customer), "", take);
}

// --- totals -------------------------------------------------------------------------------------

std::size_t ShardIndex::totals_bytes_max() const { return options_.bytes / kTotalsShare; }

void ShardIndex::begins(const store::ShardState& state, std::optional<store::Totals> totals, std::uint16_t next_entry) {
  std::shared_ptr<Totals> known;
  if (totals) {
    known = std::make_shared<Totals>();
    known->commit = commit_number(state);
    known->digest = totals->digest;
    known->next_entry = next_entry;
    std::vector<ReceivableRow> rows;
    for (const store::Cell& cell : totals->cells) add_receivable_rows(0, cell, rows);
    const RecentTotals none(totals_bytes_max(), totals->from);
    known->sums.table = std::make_shared<const RecentTotals>(none.merged(std::move(rows)));
    if (!known->sums.table->fits()) known.reset();
  }
  const std::lock_guard lock(mutex_);
  totals_ = std::move(known);
  told_ = commit_number(state);
  next_entry_ = next_entry;
  unsaved_ = totals ? totals->entries : 0;
}

void ShardIndex::follow_totals(const store::ShardState& state, const store::TotalsChange& change) {
  told_ = commit_number(state);
  next_entry_ = change.next_entry;
  if (totals_ == nullptr) return;
  ++unsaved_;
  std::vector<ReceivableRow> rows;
  for (const store::Cell& cell : change.cells) add_receivable_rows(0, cell, rows);
  if (!change.is_known || totals_->sums.tail.size() + rows.size() > options_.follow_rows) {
    totals_.reset();
    return;
  }
  auto totals = std::make_shared<Totals>(*totals_);
  totals->commit = told_;
  totals->digest = state.digest;
  totals->next_entry = change.next_entry;
  append(totals->sums, std::move(rows));
  totals_ = std::move(totals);
}

bool ShardIndex::wants_save() const {
  const std::lock_guard lock(mutex_);
  return totals_ != nullptr && (unsaved_ >= options_.save_commits || totals_->sums.tail.size() >= options_.merge_rows);
}

void ShardIndex::save() {
  std::shared_ptr<const Totals> from;
  std::size_t saved = 0;
  {
    const std::lock_guard lock(mutex_);
    if (totals_ == nullptr) return;
    auto sealed = std::make_shared<Totals>(*totals_);
    sealed->sums.tail.seal();
    totals_ = from = std::move(sealed);
    saved = unsaved_;
  }
  auto table = std::make_shared<const RecentTotals>(from->sums.table->merged(from->sums.tail.rows()));
  store::Totals kept;
  kept.digest = from->digest;
  kept.next_entry = from->next_entry;
  kept.from = table->from();
  for (const ReceivableRow& row : table->rows()) {
    store::Cell& cell = kept.cells.emplace_back();
    cell.id = {.measure = row.measure,
               .currency = row.currency,
               .attributes = 0,
               .dimensions = 0,
               .day = row.counts_from,
               .day2 = row.day2,
               .counts_from = row.counts_from};
    cell.value.amount = row.amount();
    cell.value.quantity = row.quantity;
  }
  // Where it fails, the journal may still lead here, or the next start reads pages.
  if (table->fits()) static_cast<void>(store::write_totals(store_.path(), kept));

  const std::lock_guard lock(mutex_);
  unsaved_ -= saved;
  if (totals_ == nullptr) return;  // A commit came that could not be followed.
  auto totals = std::make_shared<Totals>(*totals_);
  totals->sums.tail.drop_sealed();
  totals->sums.table = std::move(table);
  totals_ = totals->sums.table->fits() ? std::move(totals) : nullptr;
}

// --- sales --------------------------------------------------------------------------------------

void ShardIndex::add_sales_rows(const Sales& table, const FileVersions& file, const store::Cell& cell, int sign,
                                std::vector<SalesRow>& rows) {
  const auto& attributes = labels_.get(cell.id.attributes).attributes;
  const auto& dimensions = labels_.get(cell.id.dimensions).dimensions;
  const FileVersion* version = file.on(attributes.file_day);
  SalesRow row;
  row.group = {.currency = cell.id.currency,
               .kind = dimensions.kind,
               .region = dictionary_.intern(region(attributes, version)),
               .sales_rep = dictionary_.intern(sales_rep(attributes, version)),
               .channel = dictionary_.intern(dimensions.channel)};
  row.day = cell.id.day;
  row.counts_from = cell.id.counts_from;
  for (row.column = 0; row.column < kSalesColumns.size(); ++row.column) {
    const SalesColumn& column = kSalesColumns[row.column];
    if (column.measure != cell.id.measure) continue;
    Int128 rest = sign * (column.counts ? cell.value.quantity : cell.value.amount);
    Int128 quantity = 0;
    Int128 count = 0;
    if (is_of_goods(row.column) && table.has_skus()) {
      row.sku = dictionary_.intern(dimensions.sku);
      quantity = sign * cell.value.quantity;
      count = sign * Int128{cell.value.count};
    }
    for (row.shift = 0; rest != 0 || quantity != 0 || count != 0; row.shift += kRowBits) {
      row.part = take_part<kRowBits>(rest);
      row.quantity_part = take_part<kRowBits>(quantity);
      row.count_part = take_part<kRowBits>(count);
      rows.push_back(row);
    }
  }
}

// --- building and merging -----------------------------------------------------------------------

void ShardIndex::turn_off() {
  phase_ = Phase::kOff;
  snapshot_.reset();
  pending_events_ = {};
  backlog_size_ = 0;
  turned_off_at_ = steady_clock::now();
}

bool ShardIndex::wants_build() const {
  const std::lock_guard lock(mutex_);
  return phase_ == Phase::kOff && !given_up_ && steady_clock::now() - turned_off_at_ >= kQuiet;
}

Result<void> ShardIndex::build(const std::atomic<bool>& stopping) {
  {
    const std::lock_guard lock(mutex_);
    phase_ = Phase::kBuilding;
    missed_ = -1;
  }
  for (int i = 0; i < kBuildTries && !stopping && !given_up_; ++i) {
    // After the phase: what this snapshot lacks is in the backlog, or was missed.
    const auto reads = store_.snapshot();
    const auto state = store::read_state(*reads);
    auto built = state ? read(*reads, stopping) : Result<Built>(unexpected(state.error()));
    if (!built) {
      options_.on_failure(built.error());
      const std::lock_guard lock(mutex_);
      turn_off();
      return unexpected(built.error());
    }
    built->snapshot.commit = commit_number(*state);
    while (!stopping && !given_up_) {
      const auto done = catch_up(*built);
      if (!done) {
        options_.on_failure(done.error());
        return unexpected(done.error());
      }
      if (*done) return {};
      {
        const std::lock_guard lock(mutex_);
        if (phase_ != Phase::kBuilding) return {};
        if (built->snapshot.commit < missed_) break;
      }
      std::this_thread::sleep_for(kTellsWithin);
    }
  }
  const std::lock_guard lock(mutex_);
  turn_off();
  return {};
}

Result<bool> ShardIndex::catch_up(Built& built) {
  std::unique_lock lock(mutex_);
  IndexSnapshot& snapshot = built.snapshot;
  if (phase_ != Phase::kBuilding || snapshot.commit < missed_) return false;
  Changes changes;
  changes.commit = snapshot.commit;
  for (const Changes& next : pending_events_) {
    if (next.commit > snapshot.commit) changes.add(next);
  }
  // Files and pages of customers whose file changed are read as of the last commit told of.
  const auto reads = store_.snapshot();
  const auto state = store::read_state(*reads);
  if (state && (commit_number(*state) != changes.commit || told_ != changes.commit)) return false;
  const auto done = state ? follow(snapshot, changes, *reads) : Result<void>(unexpected(state.error()));
  if (!done) {
    turn_off();
    return unexpected(done.error());
  }
  snapshot.commit = changes.commit;
  pending_events_ = {};
  backlog_size_ = 0;
  snapshot_ = std::make_shared<const IndexSnapshot>(std::move(snapshot));
  phase_ = Phase::kReady;

  std::vector<ReceivableRow> rows;
  for (const auto& [customer, cell] : changes.cells) {
    if (is_receivable(cell)) add_receivable_rows(0, cell, rows);
  }
  append(built.totals, std::move(rows));
  const auto read = std::make_shared<const Totals>(Totals{changes.commit, state->digest, next_entry_, built.totals});
  const std::shared_ptr<const Totals> known = totals_;
  totals_ = read->sums.table->fits() ? read : nullptr;
  if (known == nullptr) unsaved_ = options_.save_commits;
  lock.unlock();
  if (known == nullptr || all_of(*known) == all_of(*read)) return true;
  ++totals_faults_;
  lock.lock();
  unsaved_ += options_.save_commits;
  return true;
}

Result<ShardIndex::Built> ShardIndex::read(const store::StoreReader& reads, const std::atomic<bool>& stopping) {
  Built built;
  IndexSnapshot& snapshot = built.snapshot;
  built.totals.table = std::make_shared<const RecentTotals>(totals_bytes_max());
  CustomerFiles files;
  for (const store::LabelId customer : labels_.customers_after("", SIZE_MAX)) {
    ASSIGN_OR_RETURN(FileVersions file, FileVersions::load(reads, labels_, customer, rules_, dictionary_));
    files.set(customer, std::move(file));
  }
  snapshot.files = std::make_shared<const CustomerFiles>(std::move(files));

  std::vector<store::Cell> cells;
  const auto scan_pages = [&](char family, const auto& take) -> Result<void> {
    const auto take_page = [&](std::string_view bytes, std::string_view page) -> Result<Next> {
      if (stopping || given_up_) return Next::kStop;
      ASSIGN_OR_RETURN(const store::PageKey key, store::PageKey::parse(bytes));
      RETURN_IF_ERROR(store::decode_page(page, cells));
      RETURN_IF_ERROR(store::check_labels(labels_, key.customer, cells));
      for (const store::Cell& cell : cells) take(key.customer, cell);
      return Next::kGoOn;
    };
    return reads.scan(store::Table::kCells, std::string(1, family), "", take_page);
  };
  // Each stretch moves the whole table: the larger that may become, the longer they are, and a small part of it.
  const auto put_some = [&](auto& part, auto& rows) {
    if (part.table == nullptr) rows.clear();
    const std::size_t limit = std::max(options_.build_rows, options_.bytes / kStretchShare / sizeof(rows[0]));
    if (rows.size() < limit) return;
    put(part, rows, limit);
    fit(snapshot, *built.totals.table);
  };
  // Those of cells that follow each other are one already.
  std::vector<DayRow> days;
  std::vector<ReceivableRow> receivables;
  std::vector<ReceivableRow> totals;
  for (const char family : {store::kReceivablesPage, store::kLedgerPage}) {
    RETURN_IF_ERROR(scan_pages(family, [&](store::LabelId customer, const store::Cell& cell) {
      add_day_row(customer, cell, days);
      put_some(snapshot.days, days);
      const std::size_t before = receivables.size();
      add_receivable_rows(customer, cell, receivables);
      totals.insert(totals.end(), receivables.begin() + static_cast<std::ptrdiff_t>(before), receivables.end());
      put_some(snapshot.receivables, receivables);
      put(built.totals, totals, kTotalsRows);
    }));
  }
  put(built.totals, totals, 0);
  put(snapshot.receivables, receivables, 0);
  fit(snapshot, *built.totals.table);

  std::vector<SalesRow> sales;
  RETURN_IF_ERROR(scan_pages(store::kSalesPage, [&](store::LabelId customer, const store::Cell& cell) {
    add_day_row(customer, cell, days);
    put_some(snapshot.days, days);
    if (snapshot.sales.table == nullptr) return;
    add_sales_rows(*snapshot.sales.table, snapshot.files->of(customer), cell, 1, sales);
    put_some(snapshot.sales, sales);
  }));
  put(snapshot.sales, sales, 0);
  put(snapshot.days, days, 0);
  fit(snapshot, *built.totals.table);

  std::vector<CycleRowChange> cycles;
  const auto take_row = [&](std::string_view key_bytes, std::string_view bytes) -> Result<Next> {
    if (stopping || given_up_) return Next::kStop;
    ASSIGN_OR_RETURN(const store::CycleRowKey key, store::CycleRowKey::parse(key_bytes));
    RETURN_IF_ERROR(store::check_labels(labels_, key.customer, {}));
    ASSIGN_OR_RETURN(const domain::CycleRow row, store::decode_cycle_row(bytes));
    cycles.push_back(make_cycle(key.customer, row, bytes, 1, rules_.zone, dictionary_));
    put_some(snapshot.cycles, cycles);
    return Next::kGoOn;
  };
  RETURN_IF_ERROR(reads.scan(store::Table::kCells, std::string(1, store::kCycleRow), "", take_row));
  put(snapshot.cycles, cycles, 0);
  fit(snapshot, *built.totals.table);
  return built;
}

void ShardIndex::fit(IndexSnapshot& snapshot, const RecentTotals& totals) const {
  // What costs least to miss goes first: fewer sums kept make a question longer, not a scan of pages.
  const auto accounts_by = [](Grain grain) {
    return [grain](Receivables& table) {
      if (table.accounts && table.accounts->grain() < grain) table.accounts = table.accounts->coarser(grain);
    };
  };
  const auto change = [](auto& part, const auto& how) {
    if (part.table == nullptr) return;
    auto changed = *part.table;
    how(changed);
    part.table = std::make_shared<const decltype(changed)>(std::move(changed));
  };
  const auto drop = [](auto& part) {
    part.table.reset();
    part.tail = {};
  };
  // Skus are as many as anybody names: neither their sums nor their texts push out the rest.
  const auto give_up_skus = [&] {
    if (snapshot.sales.table != nullptr && snapshot.sales.table->has_skus()) {
      change(snapshot.sales, [](Sales& table) { table.give_up_skus(); });
    }
  };
  const std::size_t of_skus = snapshot.sales.table == nullptr ? 0 : snapshot.sales.table->sku_bytes();
  if (of_skus + dictionary_.bytes() > options_.bytes / kSkusShare) give_up_skus();
  const std::array<std::function<void()>, 12> steps = {
      // Asked of all accounts for anomalies alone; of one, its pages are few.
      [&] { change(snapshot.receivables, [](Receivables& table) { table.credit.reset(); }); },
      [&] {
        change(snapshot.receivables, [](Receivables& table) {
          if (table.totals && table.totals->grain() < Grain::kMonth)
            table.totals = table.totals->coarser(Grain::kMonth);
        });
      },
      [&] {
        // Then they are the same once more.
        if (totals.from() != RecentTotals::kAllDates) return;
        change(snapshot.receivables, [](Receivables& table) { table.totals.reset(); });
      },
      [&] { change(snapshot.receivables, accounts_by(Grain::kQuarter)); },
      give_up_skus,
      [&] { change(snapshot.sales, [](Sales& table) { table.give_up_all(); }); },
      [&] { drop(snapshot.days); },
      [&] { change(snapshot.receivables, accounts_by(Grain::kYear)); },
      [&] { change(snapshot.receivables, [](Receivables& table) { table.accounts.reset(); }); },
      [&] { drop(snapshot.cycles); },
      [&] { drop(snapshot.sales); },
      [&] { drop(snapshot.receivables); }};
  for (const auto& step : steps) {
    if (dictionary_.bytes() + snapshot.bytes() + totals.bytes() <= options_.bytes) return;
    step();
  }
}

bool ShardIndex::wants_merge() const {
  const auto snapshot = this->snapshot();
  return snapshot != nullptr && snapshot->behind() >= options_.merge_rows;
}

void ShardIndex::merge() {
  std::shared_ptr<const IndexSnapshot> from;
  {
    const std::lock_guard lock(mutex_);
    if (snapshot_ == nullptr) return;
    auto sealed = std::make_shared<IndexSnapshot>(*snapshot_);
    sealed->receivables.tail.seal();
    sealed->sales.tail.seal();
    sealed->cycles.tail.seal();
    sealed->days.tail.seal();
    snapshot_ = from = std::move(sealed);
  }
  IndexSnapshot merged;
  const auto merge_part = [](const auto& part, auto& to) {
    to.table = part.table;
    if (part.table == nullptr) return;
    auto rows = part.tail.rows();
    put(to, rows, 1);
  };
  merge_part(from->receivables, merged.receivables);
  merge_part(from->sales, merged.sales);
  merge_part(from->cycles, merged.cycles);
  merge_part(from->days, merged.days);
  merged.files = from->files;
  const auto totals = this->totals();
  fit(merged, totals == nullptr ? RecentTotals(0, 0) : *totals->sums.table);

  const std::lock_guard lock(mutex_);
  if (snapshot_ == nullptr) return;  // Turned off meanwhile.
  auto snapshot = std::make_shared<IndexSnapshot>(*snapshot_);
  const auto take_over = [](auto& part, auto& table) {
    part.table = std::move(table);
    part.tail.drop_sealed();
    if (part.table == nullptr) part.tail = {};
  };
  take_over(snapshot->receivables, merged.receivables.table);
  take_over(snapshot->sales, merged.sales.table);
  take_over(snapshot->cycles, merged.cycles.table);
  take_over(snapshot->days, merged.days.table);
  snapshot_ = std::move(snapshot);
}

}  // namespace daybook::index
