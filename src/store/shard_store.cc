#include "store/shard_store.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <array>

#include "base/ensure.h"

namespace daybook::store {
namespace {

constexpr std::array<const char*, kTableCount> kTableNames = {"default", "documents", "cells"};

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Unexpected failure(const rocksdb::Status& status, const std::string& what) {
  ErrorCode code = ErrorCode::kUnavailable;
  if (status.IsCorruption()) code = ErrorCode::kCorrupt;
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
    code = ErrorCode::kBusy;
  }
  return unexpected(code, fmt::format("{}: {}", what, status.ToString()));
}

}  // namespace

struct SharedMemory::Parts {
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

SharedMemory::SharedMemory(std::size_t block_cache_bytes, std::size_t write_buffer_bytes)
    : parts_(std::make_unique<Parts>()) {
  parts_->cache = rocksdb::NewLRUCache(block_cache_bytes);
  parts_->write_buffers = std::make_shared<rocksdb::WriteBufferManager>(write_buffer_bytes);
}
SharedMemory::~SharedMemory() = default;

struct ShardStore::Parts {
  std::string path;
  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, kTableCount> tables{};

  ~Parts() {
    for (rocksdb::ColumnFamilyHandle* table : tables) {
      if (table != nullptr) db->DestroyColumnFamilyHandle(table);
    }
    if (db) db->Close();
  }

  rocksdb::ColumnFamilyHandle* handle(Table table) const {
    return tables[static_cast<std::size_t>(table)];
  }

  Result<std::optional<std::string>> get(const rocksdb::ReadOptions& options, Table table,
                                         std::string_view key) const {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db->Get(options, handle(table), slice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return failure(status, "read from " + path);
    return std::optional<std::string>(value.ToString());
  }

  Result<void> scan(rocksdb::ReadOptions options, Table table, std::string_view prefix,
                    std::string_view from,
                    const std::function<bool(std::string_view, std::string_view)>& visit) const {
    options.auto_prefix_mode = false;
    options.total_order_seek = true;
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(options, handle(table)));
    for (at->Seek(slice(from.empty() ? prefix : from));
         at->Valid() && at->key().starts_with(slice(prefix)); at->Next()) {
      if (!visit(view(at->key()), view(at->value()))) break;
    }
    if (!at->status().ok()) return failure(at->status(), "scan of " + path);
    return {};
  }
};

struct WriteSet::Parts {
  const ShardStore::Parts& store;
  rocksdb::WriteBatch batch;
};

WriteSet::WriteSet(ShardStore& store)
    : parts_(std::make_unique<Parts>(Parts{*store.parts_, rocksdb::WriteBatch()})) {}
WriteSet::~WriteSet() = default;

void WriteSet::put(Table table, std::string_view key, std::string_view value) {
  const rocksdb::Status status =
      parts_->batch.Put(parts_->store.handle(table), slice(key), slice(value));
  ENSURE(status.ok(), "a batch in memory takes every put");
}

void WriteSet::remove(Table table, std::string_view key) {
  const rocksdb::Status status = parts_->batch.Delete(parts_->store.handle(table), slice(key));
  ENSURE(status.ok(), "a batch in memory takes every removal");
}

ShardStore::ShardStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ShardStore::~ShardStore() = default;

Result<std::unique_ptr<ShardStore>> ShardStore::open(const std::string& path, SharedMemory& memory,
                                                     Mode mode) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.write_buffer_manager = memory.parts_->write_buffers;
  // One writer, whose keys come sorted: inserting near the last place beats inserting in parallel.
  options.allow_concurrent_memtable_write = false;
  options.max_background_jobs = 2;
  options.max_open_files = 512;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1 << 20;
  options.info_log_level = rocksdb::WARN_LEVEL;
  // After a crash: everything up to the first write that is not whole.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = memory.parts_->cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = 16 * 1024;
  table.cache_index_and_filter_blocks = true;
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = rocksdb::kLZ4Compression;
  family.bottommost_compression = rocksdb::kZSTD;
  family.level_compaction_dynamic_level_bytes = true;
  family.write_buffer_size = 32 << 20;
  family.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));

  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : kTableNames) families.emplace_back(name, family);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      mode == Mode::kReadOnly
          ? rocksdb::DB::OpenForReadOnly(options, path, families, &handles, &db)
          : rocksdb::DB::Open(options, path, families, &handles, &db);
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
    return unexpected(ErrorCode::kBusy,
                      "the store " + path + " is open in another process; only one may write it");
  }
  if (!status.ok()) return failure(status, "open the store " + path);
  auto parts = std::make_unique<Parts>();
  parts->path = path;
  parts->db.reset(db);
  std::copy(handles.begin(), handles.end(), parts->tables.begin());
  return std::unique_ptr<ShardStore>(new ShardStore(std::move(parts)));
}

Result<std::optional<std::string>> ShardStore::get(Table table, std::string_view key) const {
  return parts_->get({}, table, key);
}

Result<void> ShardStore::scan(
    Table table, std::string_view prefix, std::string_view from,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  return parts_->scan({}, table, prefix, from, visit);
}

Result<void> ShardStore::write(WriteSet& set) {
  const rocksdb::Status status = parts_->db->Write({}, &set.parts_->batch);
  if (!status.ok()) return failure(status, "write to " + parts_->path);
  return {};
}

Result<void> ShardStore::sync() {
  const rocksdb::Status status = parts_->db->FlushWAL(true);
  if (!status.ok()) return failure(status, "sync of " + parts_->path);
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

std::unique_ptr<Reads> ShardStore::snapshot() const {
  class Picture : public Reads {
   public:
    explicit Picture(const Parts& parts) : parts_(parts), snapshot_(parts.db->GetSnapshot()) {
      options_.snapshot = snapshot_;
    }
    ~Picture() override { parts_.db->ReleaseSnapshot(snapshot_); }
    Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
      return parts_.get(options_, table, key);
    }
    Result<void> scan(
        Table table, std::string_view prefix, std::string_view from,
        const std::function<bool(std::string_view, std::string_view)>& visit) const override {
      return parts_.scan(options_, table, prefix, from, visit);
    }

   private:
    const Parts& parts_;
    const rocksdb::Snapshot* snapshot_;
    rocksdb::ReadOptions options_;
  };
  return std::make_unique<Picture>(*parts_);
}

}  // namespace daybook::store
