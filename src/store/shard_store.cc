#include "store/shard_store.h"

#include <fmt/format.h>
// From RocksDB 8 on (Debian 13) this has what the cache is asked for.
#if __has_include(<rocksdb/advanced_cache.h>)
#include <rocksdb/advanced_cache.h>
#endif
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "base/ensure.h"
#include "base/file.h"
#include "store/keys.h"
#include "store/store_copy.h"

namespace daybook::store {
namespace {

constexpr std::array<const char*, kTableCount> kTableNames = {"default", "documents", "cells"};

// Beside RocksDB's own files: how long its list of files is known to be.
constexpr const char* kListNote = "listed";

// What try_disk() writes.
constexpr std::size_t kTriedBytes = 4 << 20;

// Of a sorted file; the next goes on where it ends.
constexpr std::uint64_t kFileBytesMax = 64 << 20;

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// `copy`: what was open in the place of the store `path`; its files are told of as the store's.
Unexpected failure(const rocksdb::Status& status, const std::string& what, const StoreCopy* copy = nullptr,
                   const std::string& path = "") {
  std::string words = status.ToString();
  if (copy != nullptr) {
    for (auto at = words.find(copy->path()); at != std::string::npos; at = words.find(copy->path(), at + path.size())) {
      words.replace(at, copy->path().size(), path);
    }
  }
  ErrorCode code = ErrorCode::kUnavailable;
  if (status.IsCorruption()) code = ErrorCode::kCorrupt;
  if (status.IsIOError() && words.find("lock") != std::string::npos) {
    code = ErrorCode::kBusy;
  }
  return unexpected(code, fmt::format("{}: {}", what, words));
}

bool has_tables_or_logs(const std::string& path) {
  std::error_code error;
  std::filesystem::directory_iterator files(path, error);
  return !error && std::any_of(begin(files), end(files), [](const auto& file) {
    return file.path().extension() == ".sst" || file.path().extension() == ".log";
  });
}

// CURRENT is missing beside sorted files or write-ahead logs, for which RocksDB would make an empty store, or names a file that is not there.
bool lacks_its_list_of_files(const std::string& path) {
  const auto current = read_file(path + "/CURRENT");
  if (!current) return current.error().code == ErrorCode::kNotFound && has_tables_or_logs(path);
  std::error_code error;
  const bool is_there = std::filesystem::exists(path + "/" + current->substr(0, current->find('\n')), error);
  return !is_there && !error;
}

// "MANIFEST-000028 820": the list of files that a store has now, and its size. Nothing where there is none.
std::optional<std::pair<std::string, std::uintmax_t>> list_of_files(const std::string& path) {
  const auto current = read_file(path + "/CURRENT");
  if (!current) return std::nullopt;
  const std::string name = current->substr(0, current->find('\n'));
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path + "/" + name, error);
  if (error) return std::nullopt;
  return std::pair(name, size);
}

// RocksDB takes the end of its list for what a crash left behind, wherever it is, and goes on with the files of before:
// other tables may have newer ones. So what is on the disk of it is noted down. (Not synced: without a note, or with an
// older one, less is noticed.)
void note_list(const std::string& path) {
  const auto list = list_of_files(path);
  if (!list) return;
  const std::string note = path + "/" + kListNote;
  std::ofstream(note + ".new", std::ios::trunc) << list->first << ' ' << list->second << '\n';
  std::error_code ignored;
  std::filesystem::rename(note + ".new", note, ignored);
}

// The list of files is shorter than it was. (First the note: the list only grows.)
bool is_list_cut(const std::string& path) {
  std::ifstream note(path + "/" + kListNote);
  std::string name;
  std::uintmax_t size = 0;
  if (!(note >> name >> size)) return false;
  const auto list = list_of_files(path);
  return list && list->first == name && list->second < size;
}

}  // namespace

struct SharedMemory::Parts {
  rocksdb::Env* disk = nullptr;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

SharedMemory::SharedMemory(std::size_t block_cache_bytes, std::size_t write_buffer_bytes, rocksdb::Env* disk)
    : parts_(std::make_unique<Parts>()) {
  parts_->disk = disk == nullptr ? rocksdb::Env::Default() : disk;
  parts_->cache = rocksdb::NewLRUCache(block_cache_bytes);
  parts_->write_buffers = std::make_shared<rocksdb::WriteBufferManager>(write_buffer_bytes);
}
SharedMemory::~SharedMemory() = default;
std::size_t SharedMemory::block_cache_bytes() const { return parts_->cache->GetUsage(); }
std::size_t SharedMemory::write_buffer_bytes() const { return parts_->write_buffers->memory_usage(); }

namespace {

// What RocksDB does by itself.
class OwnWork : public rocksdb::EventListener {
 public:
  // Of the store `path`.
  explicit OwnWork(std::string path) : path_(std::move(path)) {}

  void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo&) override { note_files(); }
  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override { note_files(); }
  void OnExternalFileIngested(rocksdb::DB*, const rocksdb::ExternalFileIngestionInfo&) override { note_files(); }
  void OnMemTableSealed(const rocksdb::MemTableInfo&) override { changed_log_ = true; }
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = *status;
  }

  // That its list of files has grown, and is on the disk.
  void note_files() {
    const std::lock_guard lock(mutex_);
    note_list(path_);
  }

  // Whether the write-ahead log goes on in another file since the last call, as it does when a memtable is sealed.
  bool take_log_change() { return changed_log_.exchange(false); }
  // The first that there was.
  rocksdb::Status failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  const std::string path_;
  std::atomic<bool> changed_log_ = false;
  mutable std::mutex mutex_;
  rocksdb::Status failure_;  // Guarded.
};

}  // namespace

struct ShardStore::Parts {
  std::string path;
  std::shared_ptr<OwnWork> own_work;
  std::unique_ptr<StoreCopy> copy;  // What is open in its place, for reading only.
  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, kTableCount> tables{};
  rocksdb::Options file_options;  // For files of our own making.
  std::size_t files_bytes_min = 0;
  // Whether anything went through the write-ahead log since the store was opened. The writer's.
  bool logged = false;
  // Held alone while files are taken in, which other tables show a moment later than the first.
  mutable std::shared_mutex ingesting;

  ~Parts() {
    for (rocksdb::ColumnFamilyHandle* table : tables) {
      if (table != nullptr) db->DestroyColumnFamilyHandle(table);
    }
    if (db) db->Close();
  }

  // A sorted file that is being written, and those that are whole, of each table.
  struct OpenFile {
    std::unique_ptr<rocksdb::SstFileWriter> writer;
    std::string last_key;   // Of the sets before.
    std::string_view last;  // Of the set that is being written; empty before its first key.
  };
  std::array<std::map<char, OpenFile>, kTableCount> open_files;
  std::array<std::vector<std::string>, kTableCount> whole_files;
  std::size_t files_made = 0;

  rocksdb::Status write_log(WriteBatch& set);
  rocksdb::Status write_files(WriteBatch& set);
  rocksdb::Status add_to_files(WriteBatch& set, bool by_first_byte);
  rocksdb::Status open_file(std::size_t table, OpenFile& file);
  static rocksdb::Status finish(OpenFile& file);

  rocksdb::ColumnFamilyHandle* handle(Table table) const { return tables[static_cast<std::size_t>(table)]; }

  Result<std::optional<std::string>> get(const rocksdb::ReadOptions& options, Table table, std::string_view key) const {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db->Get(options, handle(table), slice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return failure(status, "read from " + path, copy.get(), path);
    return std::optional<std::string>(value.ToString());
  }

  Result<void> scan(rocksdb::ReadOptions options, Table table, std::string_view prefix, std::string_view from,
                    const Visit& visit) const {
    options.auto_prefix_mode = false;
    options.total_order_seek = true;
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(options, handle(table)));
    for (at->Seek(slice(from.empty() ? prefix : from)); at->Valid() && at->key().starts_with(slice(prefix));
         at->Next()) {
      ASSIGN_OR_RETURN(const Next next, visit(view(at->key()), view(at->value())));
      if (next == Next::kStop) break;
    }
    if (!at->status().ok()) return failure(at->status(), "scan of " + path, copy.get(), path);
    return {};
  }
};

void WriteBatch::put(Table table, std::string_view key, std::string_view value) {
  put_view(table, key, memory_.copy(value));
}

void WriteBatch::put_view(Table table, std::string_view key, std::string_view value) { add(table, key, value); }

void WriteBatch::remove(Table table, std::string_view key) { add(table, key, std::nullopt); }

void WriteBatch::add(Table table, std::string_view key, std::optional<std::string_view> value) {
  std::array<std::uint64_t, 2> head{};
  std::memcpy(head.data(), key.data(), std::min(key.size(), sizeof head));
  changes_[static_cast<std::size_t>(table)].push_back(
      {__builtin_bswap64(head[0]), __builtin_bswap64(head[1]), memory_.copy(key), value});
  bytes_ += key.size() + value.value_or("").size();
}

void WriteBatch::clear() {
  for (auto& changes : changes_) changes.clear();
  bytes_ = 0;
  memory_.reset();
}

std::span<const WriteBatch::Change> WriteBatch::sorted(Table table) {
  auto& changes = changes_[static_cast<std::size_t>(table)];
  const auto before = [](const Change& a, const Change& b) {
    if (a.head != b.head) return a.head < b.head;
    return a.next != b.next ? a.next < b.next : a.key < b.key;
  };
  const auto is_not_before = [&](const Change& a, const Change& b) { return !before(a, b); };
  if (std::ranges::adjacent_find(changes, is_not_before) == changes.end()) return changes;
  std::ranges::stable_sort(changes, before);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (i + 1 == changes.size() || before(changes[i], changes[i + 1])) changes[kept++] = changes[i];
  }
  changes.resize(kept);
  return changes;
}

ShardStore::ShardStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ShardStore::~ShardStore() = default;

Result<std::unique_ptr<ShardStore>> ShardStore::open(const std::string& path, SharedMemory& memory, Mode mode,
                                                     std::size_t files_bytes_min) {
  rocksdb::DBOptions options;
  options.env = memory.parts_->disk;
  const auto own_work = std::make_shared<OwnWork>(path);
  options.listeners.push_back(own_work);
  options.track_and_verify_wals_in_manifest = true;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.write_buffer_manager = memory.parts_->write_buffers;
  // One writer, whose keys come sorted: inserting near the last place beats inserting in parallel.
  options.allow_concurrent_memtable_write = false;
  options.max_background_jobs = 2;
  options.max_open_files = 512;
  // A start does not look into every file.
  options.skip_stats_update_on_db_open = true;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1 << 20;
  options.info_log_level = rocksdb::WARN_LEVEL;
  // After a crash: everything up to the first write that is not whole.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = memory.parts_->cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = 16 * 1024;
  // Filters and indexes are counted in the cache, in parts that come and go: a whole filter of each file is
  // more than the cache where the history is long. Only what says where the parts are stays there.
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_cache_options.top_level_index_pinning = rocksdb::PinningTier::kAll;
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = rocksdb::kLZ4Compression;
  family.bottommost_compression = rocksdb::kZSTD;
  family.level_compaction_dynamic_level_bytes = true;
  family.write_buffer_size = 32 << 20;
  // Inserting goes on from the last key of the same customer and kind of row.
  family.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewFixedPrefixTransform(DocumentKey::prefix(0).size() + 1));

  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : kTableNames) families.emplace_back(name, family);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  std::unique_ptr<StoreCopy> copy;
  // Of one that another process writes, the list may just be followed by another.
  if (mode != Mode::kReadCopy && lacks_its_list_of_files(path)) {
    return unexpected(ErrorCode::kCorrupt,
                      fmt::format("open the store {}: what CURRENT names, the list of its files, is missing", path));
  }
  if (is_list_cut(path)) {
    return unexpected(
        ErrorCode::kCorrupt,
        fmt::format("open the store {}: what CURRENT names, the list of its files, is shorter than it was", path));
  }
  if (mode == Mode::kReadCopy) {
    ASSIGN_OR_RETURN(copy, StoreCopy::make(path));
  }
  const rocksdb::Status status =
      mode == Mode::kReadWrite
          ? rocksdb::DB::Open(options, path, families, &handles, &db)
          : rocksdb::DB::OpenForReadOnly(options, copy ? copy->path() : path, families, &handles, &db);
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
    return unexpected(ErrorCode::kBusy, "the store " + path + " is open in another process; only one may write it");
  }
  if (!status.ok()) return failure(status, "open the store " + path, copy.get(), path);
  auto parts = std::make_unique<Parts>();
  parts->path = path;
  parts->own_work = own_work;
  parts->copy = std::move(copy);
  parts->files_bytes_min = files_bytes_min;
  // Compressing what is taken in, be it quickly, would take an eighth of the folding thread's time; compaction does.
  family.compression = rocksdb::kNoCompression;
  family.bottommost_compression = rocksdb::kDisableCompressionOption;
  parts->file_options = rocksdb::Options(options, family);
  // What a crash left behind before it was taken in.
  std::error_code ignored;
  if (mode == Mode::kReadWrite) std::filesystem::remove_all(path + "/incoming", ignored);
  if (mode == Mode::kReadWrite) own_work->note_files();
  parts->db.reset(db);
  std::copy(handles.begin(), handles.end(), parts->tables.begin());
  return std::unique_ptr<ShardStore>(new ShardStore(std::move(parts)));
}

const std::string& ShardStore::path() const { return parts_->path; }

std::optional<Error> ShardStore::own_failure() const {
  const rocksdb::Status status = parts_->own_work->failure();
  if (status.ok()) return std::nullopt;
  return failure(status, "flush or compact " + parts_->path).error;
}

Result<std::optional<std::string>> ShardStore::get(Table table, std::string_view key) const {
  return parts_->get({}, table, key);
}

Result<void> ShardStore::scan(Table table, std::string_view prefix, std::string_view from, const Visit& visit) const {
  return parts_->scan({}, table, prefix, from, visit);
}

rocksdb::Status ShardStore::Parts::write_log(WriteBatch& set) {
  rocksdb::WriteBatch batch(set.bytes_ + set.bytes_ / 8);
  for (std::size_t i = 0; i < kTableCount; ++i) {
    for (const WriteBatch::Change& change : set.sorted(static_cast<Table>(i))) {
      const rocksdb::Status status = change.value ? batch.Put(tables[i], slice(change.key), slice(*change.value))
                                                  : batch.Delete(tables[i], slice(change.key));
      if (!status.ok()) return status;
    }
  }
  logged = true;
  const rocksdb::Status status = db->Write({}, &batch);
  // The older file is synced and noted down as such before anything more is behind it: without it, or with less of
  // it, the store is not opened. A power failure could keep the newer one alone.
  if (status.ok() && own_work->take_log_change()) return db->FlushWAL(true);
  return status;
}

rocksdb::Status ShardStore::Parts::open_file(std::size_t table, OpenFile& file) {
  const std::string folder = path + "/incoming";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return rocksdb::Status::IOError(folder, error.message());
  const std::string name = fmt::format("{}/{}.sst", folder, files_made++);
  file.writer = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), file_options, tables[table]);
  whole_files[table].push_back(name);
  return file.writer->Open(name);
}

rocksdb::Status ShardStore::Parts::finish(OpenFile& file) {
  if (!file.writer) return rocksdb::Status::OK();
  const rocksdb::Status status = file.writer->Finish();
  file.writer.reset();
  return status;
}

// Sets whose keys rise from one to the next go on in one file. `by_first_byte`: in one for each kind of key,
// since it is the keys of one kind that do.
rocksdb::Status ShardStore::Parts::add_to_files(WriteBatch& set, bool by_first_byte) {
  for (std::size_t table = 0; table < kTableCount; ++table) {
    for (const WriteBatch::Change& change : set.sorted(static_cast<Table>(table))) {
      OpenFile& file = open_files[table][by_first_byte ? change.key.front() : '\0'];
      rocksdb::Status status;
      const bool overtakes = file.last.empty() && change.key <= file.last_key;
      if (file.writer && (overtakes || file.writer->FileSize() >= kFileBytesMax)) status = finish(file);
      if (status.ok() && !file.writer) status = open_file(table, file);
      if (status.ok()) {
        status = change.value ? file.writer->Put(slice(change.key), slice(*change.value))
                              : file.writer->Delete(slice(change.key));
      }
      if (!status.ok()) return status;
      file.last = change.key;
    }
    for (auto& [kind, file] : open_files[table]) {
      if (!file.last.empty()) file.last_key = std::exchange(file.last, {});
    }
  }
  return rocksdb::Status::OK();
}

// Files are taken in together: atomic, and durable when it returns. Nothing may stand in the write-ahead log
// then: a power failure could lose it while it keeps the files, which came later.
rocksdb::Status ShardStore::Parts::write_files(WriteBatch& set) {
  rocksdb::Status status = add_to_files(set, files_made > 0);
  std::vector<rocksdb::IngestExternalFileArg> taken;
  for (std::size_t table = 0; table < kTableCount; ++table) {
    for (auto& [kind, file] : open_files[table]) {
      if (status.ok()) status = finish(file);
    }
    open_files[table].clear();
    if (whole_files[table].empty()) continue;
    rocksdb::IngestExternalFileArg& arg = taken.emplace_back();
    arg.column_family = tables[table];
    arg.external_files = std::exchange(whole_files[table], {});
    arg.options.move_files = true;
    arg.options.write_global_seqno = false;
  }
  files_made = 0;
  if (!status.ok()) return status;
  const std::unique_lock lock(ingesting);
  return db->IngestExternalFiles(taken);
}

Result<void> ShardStore::write(WriteBatch& set) {
  const bool in_files = can_ingest() && (parts_->files_made > 0 || set.bytes_ >= parts_->files_bytes_min);
  const rocksdb::Status status = in_files ? parts_->write_files(set) : parts_->write_log(set);
  if (!status.ok()) return failure(status, "write to " + parts_->path);
  return {};
}

bool ShardStore::can_ingest() const { return !parts_->logged; }

Result<void> ShardStore::stage_files(WriteBatch& set) {
  ENSURE(can_ingest(), "what the write-ahead log holds is older than the files");
  const rocksdb::Status status = parts_->add_to_files(set, true);
  if (!status.ok()) return failure(status, "write to " + parts_->path);
  return {};
}

Result<void> ShardStore::sync() {
  const rocksdb::Status status = parts_->db->FlushWAL(true);
  if (!status.ok()) return failure(status, "sync of " + parts_->path);
  return {};
}

Result<void> ShardStore::try_disk(const std::string& path, const SharedMemory& memory) {
  rocksdb::Env& disk = *memory.parts_->disk;
  const std::string tried = path + ".tried";
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = disk.NewWritableFile(tried, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Append(std::string(kTriedBytes, '\0'));
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = file->Close();
  file.reset();
  disk.DeleteFile(tried).PermitUncheckedError();
  if (!status.ok()) return failure(status, "write beside " + path);
  return {};
}

Result<void> ShardStore::compact() {
  for (rocksdb::ColumnFamilyHandle* table : parts_->tables) {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    const rocksdb::Status status = parts_->db->CompactRange(options, table, nullptr, nullptr);
    if (!status.ok()) return failure(status, "compaction of " + parts_->path);
  }
  return {};
}

std::optional<std::uint64_t> ShardStore::number_of(const std::string& property, bool by_table) const {
  std::uint64_t number = 0;
  const bool known = by_table ? parts_->db->GetAggregatedIntProperty(property, &number)
                              : parts_->db->GetIntProperty(property, &number);
  if (!known) return std::nullopt;
  return number;
}

std::unique_ptr<StoreReader> ShardStore::snapshot() const {
  const std::shared_lock lock(parts_->ingesting);
  class AccountState : public StoreReader {
   public:
    explicit AccountState(const Parts& parts) : parts_(parts), snapshot_(parts.db->GetSnapshot()) {
      options_.snapshot = snapshot_;
    }
    ~AccountState() override { parts_.db->ReleaseSnapshot(snapshot_); }
    Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
      return parts_.get(options_, table, key);
    }
    Result<void> scan(Table table, std::string_view prefix, std::string_view from, const Visit& visit) const override {
      return parts_.scan(options_, table, prefix, from, visit);
    }

   private:
    const Parts& parts_;
    const rocksdb::Snapshot* snapshot_;
    rocksdb::ReadOptions options_;
  };
  return std::make_unique<AccountState>(*parts_);
}

}  // namespace daybook::store
