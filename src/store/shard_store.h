// The read model of one shard on disk: one RocksDB. What its keys and values mean is said in keys.h
// and docs/formats.md; this file only moves bytes. Only shard_store.cc includes RocksDB.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"

namespace rocksdb {
class Env;
}

namespace daybook::store {

// Column families. Stored by name.
enum class Table : std::uint8_t {
  kMeta = 0,  // Positions, counters, labels, indexes, anomalies, parked records.
  kDocuments = 1,
  kCells = 2,  // Pages of aggregate cells, order-cycle rows, what was open by its date.
};
inline constexpr std::size_t kTableCount = 3;

// Memory that all shards of a process share: block cache and write buffers, with one bound.
class SharedMemory {
 public:
  // `disk`: where the shards' files are, the system's when null; it must outlive them all. For tests that let it fail.
  SharedMemory(std::size_t block_cache_bytes, std::size_t write_buffer_bytes, rocksdb::Env* disk = nullptr);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  // What they take now. Any thread.
  std::size_t block_cache_bytes() const;
  std::size_t write_buffer_bytes() const;

 private:
  friend class ShardStore;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Reads, of the newest commit or of one snapshot.
class StoreReader {
 public:
  virtual ~StoreReader() = default;
  virtual Result<std::optional<std::string>> get(Table table, std::string_view key) const = 0;
  // Calls visit(key, value) for keys with this prefix, from `from` on (itself included), in key
  // order, until it says to stop, or fails: the scan then fails of the same. The views hold during the call.
  enum class Next : std::uint8_t { kGoOn, kStop };
  using Visit = std::function<Result<Next>(std::string_view key, std::string_view value)>;
  virtual Result<void> scan(Table table, std::string_view prefix, std::string_view from, const Visit& visit) const = 0;
};

// Puts and removals that become true together. Of several for one key the last holds.
class WriteBatch {
 public:
  void put(Table table, std::string_view key, std::string_view value);
  // The value is not copied: it must stay as it is until the set is written.
  void put_view(Table table, std::string_view key, std::string_view value);
  void remove(Table table, std::string_view key);

  // Of keys and values.
  std::size_t bytes() const { return bytes_; }
  void clear();

 private:
  friend class ShardStore;
  struct Change {
    // The key's first 16 bytes as numbers, which mostly tell the order.
    std::uint64_t head = 0;
    std::uint64_t next = 0;
    std::string_view key;
    std::optional<std::string_view> value;  // None: removed.
  };
  // In order of their keys, each once.
  std::span<const Change> sorted(Table table);
  void add(Table table, std::string_view key, std::optional<std::string_view> value);

  std::array<std::vector<Change>, kTableCount> changes_;
  std::size_t bytes_ = 0;
  Arena memory_;
};

// Thread-safe; one writer at a time.
class ShardStore : public StoreReader {
 public:
  enum class Mode { kReadWrite, kReadInPlace, kReadCopy };

  // From this size on a set is worth sorted files of its own.
  static constexpr std::size_t kFilesBytesMin = 4 << 20;

  // Creates the store when it is absent (kReadWrite). kReadInPlace needs no room on the disk, but nobody may write the
  // store meanwhile; kReadCopy reads a copy of this moment, which another process may go on writing (store_copy.h).
  // Errors: kBusy when another process has it open for writing, too; kCorrupt, also where a write-ahead log that was
  // synced is missing or shorter; kUnavailable for I/O; kNotFound.
  static Result<std::unique_ptr<ShardStore>> open(const std::string& path, SharedMemory& memory, Mode mode,
                                                  std::size_t files_bytes_min = kFilesBytesMin);
  ~ShardStore() override;

  const std::string& path() const;
  // What failed since it was opened of that which is done by itself, beside reads and writes: every write fails from
  // then on.
  std::optional<Error> own_failure() const;

  Result<std::optional<std::string>> get(Table table, std::string_view key) const override;
  Result<void> scan(Table table, std::string_view prefix, std::string_view from, const Visit& visit) const override;

  // All or nothing, also over a crash, after which the store is as of some earlier write(), never in
  // between. Sets below files_bytes_min go through the write-ahead log, not synced by itself; larger ones, as
  // long as can_ingest(), become sorted files that are synced and taken in together (docs/decisions/0006).
  Result<void> write(WriteBatch& set);
  // Nothing went through the write-ahead log since the store was opened.
  bool can_ingest() const;
  // Puts a set into sorted files that the next write() takes in with its own; until then it does not show. No
  // key may come twice in all of them. While can_ingest().
  Result<void> stage_files(WriteBatch& set);
  // Forces everything written onto the disk.
  Result<void> sync();
  // Whether the disk takes what a store needs to be opened for writing: tries some megabytes beside it.
  static Result<void> try_disk(const std::string& path, const SharedMemory& memory);
  // Compacts everything; for measuring sizes.
  Result<void> compact();

  // A number that RocksDB tells of itself ("rocksdb.num-running-compactions"); none where it has no such one.
  // `by_table`: it is told of each table, and the sum is wanted.
  std::optional<std::uint64_t> number_of(const std::string& property, bool by_table) const;

  // A snapshot of one moment; later writes do not show in it. Must go before the store does.
  std::unique_ptr<StoreReader> snapshot() const;

 private:
  struct Parts;
  explicit ShardStore(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace daybook::store
