// Preloaded into a server (LD_PRELOAD): calls on files under one folder fail when they are told to, as on a disk that is
// full, failing or slow. Told while the server runs, through a file that both have mapped: failing_files.py writes what
// is below, and reads how often it struck.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

// The file's bytes. An error number of 0: these calls do not fail.
struct Orders {
  std::atomic<std::uint8_t> write_error;
  std::atomic<std::uint8_t> sync_error;
  std::atomic<std::uint8_t> read_error;
  std::atomic<std::uint8_t> open_error;
  std::atomic<std::uint8_t> part;          // Of the folder; see below.
  std::atomic<std::uint8_t> one_in;        // That many calls one fails; each, where it is 0.
  std::atomic<std::uint8_t> half;          // 1: a write that fails has written its first half.
  std::atomic<std::uint8_t> sync_pause;    // In hundredths of a second; kHangs: as long as it stands there, writes too.
  std::atomic<std::uint64_t> failed;       // Calls so far.
  std::atomic<std::uint64_t> first_at_ns;  // On the monotonic clock; 0: none yet.
};
static_assert(sizeof(Orders) == 24 && std::atomic<std::uint64_t>::is_always_lock_free);

// Parts of the folder. Of orders, 0 is all of it; of a file, that it is not in there.
constexpr std::uint8_t kEverything = 0;
constexpr std::uint8_t kOutside = 0;
constexpr std::uint8_t kLog = 1;
constexpr std::uint8_t kShards = 2;
constexpr std::uint8_t kElsewhere = 3;
constexpr std::uint8_t kFirstPartitions = 4;  // Of the log's topics.

constexpr std::uint8_t kHangs = 255;

constexpr std::size_t kDescriptorsMax = 1 << 16;

class Disk {
 public:
  Disk() {
    const char* folder = std::getenv("FAILING_FILES_UNDER");
    const char* file = std::getenv("FAILING_FILES_ORDERS");
    if (folder == nullptr || file == nullptr) return;
    const int descriptor = next<int (*)(const char*, int, ...)>("open")(file, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return;
    void* const mapped = ::mmap(nullptr, sizeof(Orders), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    next<int (*)(int)>("close")(descriptor);
    if (mapped == MAP_FAILED) return;
    folder_ = folder;
    orders_ = static_cast<Orders*>(mapped);
  }

  template <class Function>
  static Function next(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
  }

  const Orders* orders() const { return orders_; }

  std::uint8_t part_of(const char* path) const {
    const std::string_view text(path);
    if (orders_ == nullptr || !text.starts_with(folder_) || text.size() <= folder_.size() ||
        text[folder_.size()] != '/') {
      return kOutside;
    }
    const std::string_view rest = text.substr(folder_.size() + 1);
    if (rest.starts_with("log")) return rest.find("-0-") == std::string_view::npos ? kLog : kFirstPartitions;
    return rest.starts_with("shards") ? kShards : kElsewhere;
  }
  std::uint8_t part_of(int descriptor) const {
    return descriptor >= 0 && static_cast<std::size_t>(descriptor) < parts_.size()
               ? parts_[static_cast<std::size_t>(descriptor)].load(std::memory_order_relaxed)
               : kOutside;
  }
  void opened(int descriptor, std::uint8_t part) {
    if (descriptor >= 0 && static_cast<std::size_t>(descriptor) < parts_.size()) {
      parts_[static_cast<std::size_t>(descriptor)] = part;
    }
  }

  // Whether a call on this part fails now, and errno is set.
  bool fails(std::uint8_t part, std::atomic<std::uint8_t> Orders::* error) {
    if (part == kOutside) return false;
    const int number = orders_->*error;
    if (number == 0) return false;
    if (!is_meant(part)) return false;
    const std::uint8_t one_in = orders_->one_in;
    if (one_in > 1 && calls_++ % one_in != 0) return false;
    count();
    errno = number;
    return true;
  }

  void pause(std::uint8_t part) const {
    if (part == kOutside || orders_->sync_pause == 0 || !is_meant(part)) return;
    if (orders_->sync_pause == kHangs) return hang(part);
    ::usleep(static_cast<useconds_t>(orders_->sync_pause) * 10'000);
  }
  void hang(std::uint8_t part) const {
    if (part == kOutside || orders_->sync_pause != kHangs || !is_meant(part)) return;
    count();
    while (orders_->sync_pause == kHangs) ::usleep(10'000);
  }

 private:
  bool is_meant(std::uint8_t part) const {
    const std::uint8_t meant = orders_->part;
    return meant == kEverything || meant == part || (meant == kLog && part == kFirstPartitions);
  }
  void count() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    std::uint64_t none = 0;
    orders_->first_at_ns.compare_exchange_strong(
        none, static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec));
    ++orders_->failed;
  }

  std::string_view folder_;
  Orders* orders_ = nullptr;
  std::array<std::atomic<std::uint8_t>, kDescriptorsMax> parts_{};
  std::atomic<std::uint64_t> calls_ = 0;
};

Disk& disk() {
  static Disk made;
  return made;
}

// A full disk still opens what is there.
bool refuses_to_open(const char* path, int flags) {
  Disk& here = disk();
  const std::uint8_t part = here.part_of(path);
  if (part == kOutside) return false;
  if (here.fails(part, &Orders::open_error)) return true;
  const bool makes = (flags & O_CREAT) != 0 && ::access(path, F_OK) != 0;
  return makes && here.fails(part, &Orders::write_error);
}

template <class Write>
ssize_t written(int descriptor, std::size_t size, Write&& write) {
  Disk& here = disk();
  here.hang(here.part_of(descriptor));
  if (!here.fails(here.part_of(descriptor), &Orders::write_error)) return write(size);
  if (here.orders()->half == 0 || size < 2) return -1;
  return write(size / 2);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  static const auto next = Disk::next<int (*)(const char*, int, ...)>("open");
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  if (refuses_to_open(path, flags)) return -1;
  const int descriptor = next(path, flags, mode);
  disk().opened(descriptor, disk().part_of(path));
  return descriptor;
}

int close(int descriptor) {
  static const auto next = Disk::next<int (*)(int)>("close");
  disk().opened(descriptor, kOutside);
  return next(descriptor);
}

ssize_t write(int descriptor, const void* bytes, std::size_t size) {
  static const auto next = Disk::next<ssize_t (*)(int, const void*, std::size_t)>("write");
  return written(descriptor, size, [&](std::size_t part) { return next(descriptor, bytes, part); });
}

ssize_t pwrite(int descriptor, const void* bytes, std::size_t size, off_t at) {
  static const auto next = Disk::next<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite");
  return written(descriptor, size, [&](std::size_t part) { return next(descriptor, bytes, part, at); });
}

int fallocate(int descriptor, int mode, off_t at, off_t size) {
  static const auto next = Disk::next<int (*)(int, int, off_t, off_t)>("fallocate");
  return disk().fails(disk().part_of(descriptor), &Orders::write_error) ? -1 : next(descriptor, mode, at, size);
}

ssize_t read(int descriptor, void* into, std::size_t size) {
  static const auto next = Disk::next<ssize_t (*)(int, void*, std::size_t)>("read");
  return disk().fails(disk().part_of(descriptor), &Orders::read_error) ? -1 : next(descriptor, into, size);
}

ssize_t pread(int descriptor, void* into, std::size_t size, off_t at) {
  static const auto next = Disk::next<ssize_t (*)(int, void*, std::size_t, off_t)>("pread");
  return disk().fails(disk().part_of(descriptor), &Orders::read_error) ? -1 : next(descriptor, into, size, at);
}

// RocksDB reads a write-ahead log and a manifest so.
std::size_t fread_unlocked(void* into, std::size_t size, std::size_t count, FILE* file) {
  static const auto next = Disk::next<std::size_t (*)(void*, std::size_t, std::size_t, FILE*)>("fread_unlocked");
  return disk().fails(disk().part_of(::fileno(file)), &Orders::read_error) ? 0 : next(into, size, count, file);
}

int fdatasync(int descriptor) {
  static const auto next = Disk::next<int (*)(int)>("fdatasync");
  const std::uint8_t part = disk().part_of(descriptor);
  disk().pause(part);
  return disk().fails(part, &Orders::sync_error) ? -1 : next(descriptor);
}

int fsync(int descriptor) {
  static const auto next = Disk::next<int (*)(int)>("fsync");
  const std::uint8_t part = disk().part_of(descriptor);
  disk().pause(part);
  return disk().fails(part, &Orders::sync_error) ? -1 : next(descriptor);
}

}  // extern "C"
