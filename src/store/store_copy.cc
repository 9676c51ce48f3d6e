#include "store/store_copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

#include "base/file.h"

namespace daybook::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "reading-";
// A store is copied between two of its changes, of which there are many while history is read and the machine is busy.
constexpr std::chrono::seconds kPatience{30};
// What fails may be a change as well, but not for long.
constexpr std::chrono::seconds kErrorPatience{2};
constexpr std::chrono::milliseconds kPause{10};

// What says which files make the store.
struct Version {
  std::string current;  // Names the manifest.
  std::uintmax_t manifest_size = 0;
  bool operator==(const Version&) const = default;

  std::string manifest() const { return current.substr(0, current.find('\n')); }
};

Result<Version> version_of(const std::string& store) {
  Version version;
  ASSIGN_OR_RETURN(version.current, read_file(store + "/CURRENT"));
  std::error_code error;
  version.manifest_size = fs::file_size(store + "/" + version.manifest(), error);
  if (error) return system_error("look at", store + "/" + version.manifest(), error.value());
  return version;
}

// Removes the copies of processes that have ended.
void remove_left_behind(const std::string& store) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(store, ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kName)) continue;
    pid_t pid = 0;
    std::from_chars(name.data() + kName.size(), name.data() + name.size(), pid);
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) fs::remove_all(entry.path(), ignored);
  }
}

// Makes `copy` what `source` is, of which it is the beginning so far: nothing but appended to.
Result<void> copy_growth(const std::string& source, const std::string& copy) {
  constexpr std::size_t kChunk = 1 << 20;
  ASSIGN_OR_RETURN(const File from, File::open(source, O_RDONLY));
  ASSIGN_OR_RETURN(File to, File::open(copy, O_WRONLY | O_CREAT));
  ASSIGN_OR_RETURN(std::uint64_t position, to.size());
  const auto chunk = std::make_unique_for_overwrite<char[]>(kChunk);
  while (true) {
    ASSIGN_OR_RETURN(const std::size_t read, from.read_at(chunk.get(), kChunk, position));
    RETURN_IF_ERROR(to.write_at({chunk.get(), read}, position));
    position += read;
    if (read < kChunk) return {};
  }
}

// A copy that is under way. Each try adds what the one before it lacks, so that it takes the less time the more often
// the store changes, and soon fits between two changes.
class Taking {
 public:
  Taking(std::string store, std::string copy) : store_(std::move(store)), copy_(std::move(copy)) {}

  // False when the store has become another version meanwhile. (RocksDB's own way, a secondary instance, reads the
  // manifest and then the logs without looking back: it lacks what was in a log that went in between.)
  Result<bool> go_on() {
    ASSIGN_OR_RETURN(const Version version, version_of(store_));
    // Another manifest: the store was opened anew, and numbers may name other files now.
    if (version.current != current_) RETURN_IF_ERROR(start(version.current));
    std::vector<std::string> logs;
    std::error_code error;
    fs::directory_iterator files(store_, error);
    if (error) return system_error("list", store_, error.value());
    for (const auto& file : files) {
      const std::string name = file.path().filename();
      if (name.ends_with(".log")) logs.push_back(name);
      if (!name.ends_with(".sst") || tables_.contains(name)) continue;
      fs::create_hard_link(file.path(), copy_ + "/" + name, error);
      // One that is gone by now was needed no more, by a later version.
      if (error == std::errc::no_such_file_or_directory) continue;
      if (error) return system_error("link", file.path(), error.value());
      tables_.insert(name);
    }
    // Oldest first: only the newest grows, and what is copied of them all is how they stood at one moment.
    std::ranges::sort(logs);
    logs.push_back(version.manifest());
    for (const std::string& name : logs) {
      const auto copied = copy_growth(store_ + "/" + name, copy_ + "/" + name);
      if (!copied && copied.error().code != ErrorCode::kNotFound) return unexpected(copied.error());
    }
    // No log goes before the manifest says that it is needed no more.
    ASSIGN_OR_RETURN(const Version after, version_of(store_));
    return version == after && fs::file_size(copy_ + "/" + version.manifest(), error) == version.manifest_size;
  }

 private:
  Result<void> start(const std::string& current) {
    current_.clear();
    tables_.clear();
    std::error_code error;
    fs::remove_all(copy_, error);
    if (!error) fs::create_directory(copy_, error);
    if (error) return system_error("make", copy_, error.value());
    ASSIGN_OR_RETURN(File file, File::open(copy_ + "/CURRENT", O_WRONLY | O_CREAT));
    RETURN_IF_ERROR(file.write_at(current, 0));
    current_ = current;
    return {};
  }

  const std::string store_;
  const std::string copy_;
  std::string current_;           // What the copy's files belong to; empty: there are none.
  std::set<std::string> tables_;  // Linked.
};

}  // namespace

Result<std::unique_ptr<StoreCopy>> StoreCopy::make(const std::string& store) {
  static std::atomic<int> count = 0;
  std::error_code error;
  if (!fs::exists(store + "/CURRENT", error)) return unexpected(ErrorCode::kNotFound, "there is no store in " + store);
  remove_left_behind(store);
  std::unique_ptr<StoreCopy> copy(new StoreCopy(fmt::format("{}/{}{}-{}", store, kName, ::getpid(), ++count)));
  Taking taking(store, copy->path());
  const auto begin = std::chrono::steady_clock::now();
  auto waited = std::chrono::steady_clock::duration::zero();
  do {
    const auto done = taking.go_on();
    if (done && *done) return copy;
    waited = std::chrono::steady_clock::now() - begin;
    if (!done && waited >= kErrorPatience) return unexpected(done.error());
    std::this_thread::sleep_for(kPause);
  } while (waited < kPatience);
  return unexpected(ErrorCode::kUnavailable,
                    "the store " + store + " changes too quickly to be read beside its server");
}

StoreCopy::~StoreCopy() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace daybook::store
