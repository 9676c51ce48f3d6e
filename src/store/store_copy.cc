#include "store/store_copy.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <filesystem>
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

// False when the store has become another version meanwhile. (RocksDB's own way, a secondary instance, reads the
// manifest and then the logs without looking back: it lacks what was in a log that went in between.)
Result<bool> try_copy(const std::string& store, const std::string& copy) {
  ASSIGN_OR_RETURN(const Version version, version_of(store));
  std::error_code error;
  fs::remove_all(copy, error);
  if (!error) fs::create_directory(copy, error);
  if (error) return system_error("make", copy, error.value());
  std::vector<std::string> logs;
  fs::directory_iterator files(store, error);
  if (error) return system_error("list", store, error.value());
  for (const auto& file : files) {
    const std::string name = file.path().filename();
    if (name.ends_with(".log")) logs.push_back(name);
    if (!name.ends_with(".sst")) continue;
    fs::create_hard_link(file.path(), copy + "/" + name, error);
    // One that is gone by now was needed no more, by a later version.
    if (error && error != std::errc::no_such_file_or_directory) return system_error("link", file.path(), error.value());
  }
  // Oldest first: only the newest grows, and what is copied of them all is how they stood at one moment.
  std::ranges::sort(logs);
  logs.push_back(version.manifest());
  for (const std::string& name : logs) {
    fs::copy_file(store + "/" + name, copy + "/" + name, error);
    if (error && error != std::errc::no_such_file_or_directory) {
      return system_error("copy", store + "/" + name, error.value());
    }
  }
  RETURN_IF_ERROR(write_file_durably(copy, "CURRENT", version.current));
  // No log goes before the manifest says that it is needed no more.
  ASSIGN_OR_RETURN(const Version after, version_of(store));
  return version == after && fs::file_size(copy + "/" + version.manifest(), error) == version.manifest_size;
}

}  // namespace

Result<std::unique_ptr<StoreCopy>> StoreCopy::make(const std::string& store) {
  static std::atomic<int> count = 0;
  std::error_code error;
  if (!fs::exists(store + "/CURRENT", error)) return unexpected(ErrorCode::kNotFound, "there is no store in " + store);
  remove_left_behind(store);
  std::unique_ptr<StoreCopy> copy(
      new StoreCopy(fmt::format("{}/{}{}-{}", store, kName, ::getpid(), ++count)));
  const auto begin = std::chrono::steady_clock::now();
  auto waited = std::chrono::steady_clock::duration::zero();
  do {
    const auto done = try_copy(store, copy->path());
    if (done && *done) return copy;
    waited = std::chrono::steady_clock::now() - begin;
    if (!done && waited >= kErrorPatience) return unexpected(done.error());
    std::this_thread::sleep_for(kPause);
  } while (waited < kPatience);
  return unexpected(ErrorCode::kUnavailable, "the store " + store + " changes too quickly to be read beside its server");
}

StoreCopy::~StoreCopy() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace daybook::store
