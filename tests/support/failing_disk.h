// A disk for RocksDB that fails when told to, and knows which of its files were synced.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace daybook::test {

// Thread-safe.
class FailingDisk {
 public:
  enum class Fails { kNothing, kWrites, kRoom, kSyncs, kReads };

  FailingDisk() : files_(std::make_shared<Files>()), env_(rocksdb::NewCompositeEnv(files_)) {}

  rocksdb::Env* env() { return env_.get(); }
  void fail(Fails fails) { files_->fails = fails; }
  void heal() { fail(Fails::kNothing); }
  // Since it was written last; files are known by their paths.
  bool is_synced(const std::string& file) const { return files_->is_synced(file); }

 private:
  using Status = rocksdb::IOStatus;
  using Options = rocksdb::IOOptions;
  using Debug = rocksdb::IODebugContext;

  class Files : public rocksdb::FileSystemWrapper {
   public:
    Files() : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()) {}
    const char* Name() const override { return "FailingDisk"; }

    Status on_write() const {
      if (fails == Fails::kWrites) return Status::IOError("a write that was to fail");
      if (fails == Fails::kRoom) return Status::NoSpace("No space left on device");
      return Status::OK();
    }
    Status on_sync() const {
      return fails == Fails::kSyncs ? Status::IOError("a sync that was to fail") : Status::OK();
    }
    Status on_read() const {
      return fails == Fails::kReads ? Status::IOError("a read that was to fail") : Status::OK();
    }

    Status NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, Debug* debug) override {
      Status status = on_write();
      if (status.ok()) status = target()->NewWritableFile(name, options, file, debug);
      if (status.ok()) *file = std::make_unique<Written>(std::move(*file), *this, name);
      return status;
    }
    Status NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file, Debug* debug) override {
      Status status = on_read();
      if (status.ok()) status = target()->NewRandomAccessFile(name, options, file, debug);
      if (status.ok()) *file = std::make_unique<ToRead>(std::move(*file), *this);
      return status;
    }

    void note(const std::string& file, bool is_synced) {
      const std::lock_guard lock(mutex_);
      is_synced ? static_cast<void>(synced_.insert(file)) : static_cast<void>(synced_.erase(file));
    }
    bool is_synced(const std::string& file) const {
      const std::lock_guard lock(mutex_);
      return synced_.contains(file);
    }

    std::atomic<Fails> fails = Fails::kNothing;

   private:
    mutable std::mutex mutex_;
    std::set<std::string> synced_;  // Guarded.
  };

  class Written : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    Written(std::unique_ptr<rocksdb::FSWritableFile> file, Files& disk, std::string name)
        : rocksdb::FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {}
    Status Append(const rocksdb::Slice& data, const Options& options, Debug* debug) override {
      Status status = disk_.on_write();
      if (status.ok()) status = FSWritableFileOwnerWrapper::Append(data, options, debug);
      return noted(status, false);
    }
    Status Append(const rocksdb::Slice& data, const Options& options, const rocksdb::DataVerificationInfo& info,
                  Debug* debug) override {
      Status status = disk_.on_write();
      if (status.ok()) status = FSWritableFileOwnerWrapper::Append(data, options, info, debug);
      return noted(status, false);
    }
    Status Sync(const Options& options, Debug* debug) override {
      Status status = disk_.on_sync();
      if (status.ok()) status = FSWritableFileOwnerWrapper::Sync(options, debug);
      return noted(status, true);
    }
    Status Fsync(const Options& options, Debug* debug) override {
      Status status = disk_.on_sync();
      if (status.ok()) status = FSWritableFileOwnerWrapper::Fsync(options, debug);
      return noted(status, true);
    }

   private:
    Status noted(Status status, bool is_synced) {
      if (status.ok()) disk_.note(name_, is_synced);
      return status;
    }

    Files& disk_;
    const std::string name_;
  };

  class ToRead : public rocksdb::FSRandomAccessFileOwnerWrapper {
   public:
    ToRead(std::unique_ptr<rocksdb::FSRandomAccessFile> file, const Files& disk)
        : rocksdb::FSRandomAccessFileOwnerWrapper(std::move(file)), disk_(disk) {}
    Status Read(std::uint64_t at, std::size_t size, const Options& options, rocksdb::Slice* result, char* scratch,
                Debug* debug) const override {
      const Status status = disk_.on_read();
      return status.ok() ? FSRandomAccessFileOwnerWrapper::Read(at, size, options, result, scratch, debug) : status;
    }

   private:
    const Files& disk_;
  };

  std::shared_ptr<Files> files_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace daybook::test
