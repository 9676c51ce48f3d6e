// Work that is done once for all who read a log: a group of members, among which partition numbers are shared out,
// and which keeps in the log how far its work has come.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "log/log.h"

namespace daybook::log {

// By Topic, of one partition number: what is below has been worked on.
using GroupOffsets = std::array<std::int64_t, kEventTopicCount>;

// One thread at a time; must not outlive its log. All wait for a broker, and are kUnavailable while it is away.
class GroupMember {
 public:
  virtual ~GroupMember() = default;
  // The partition numbers that are this member's for now: of each group that has members, each partition number
  // is mostly one's, and never for long nobody's. A member that does not ask for seconds loses them.
  virtual Result<std::vector<std::int32_t>> partitions() = 0;
  // How far the group has come in this partition number; 0 at first.
  virtual Result<GroupOffsets> committed(std::int32_t partition) = 0;
  // kMismatch when it has become another member's meanwhile.
  virtual Result<void> commit(std::int32_t partition, const GroupOffsets& offsets) = 0;
};

// The groups of a log that one process has to itself: the first to join a group has all of its partition numbers,
// until it leaves. Thread-safe; must outlive its members.
class LocalGroups {
 public:
  // With a folder, offsets are kept there: of each group in a file `NAME.group`, a line for each topic-partition
  // ("orders 3 4711"). Without one they go with the object.
  LocalGroups(std::int32_t partition_count, std::string folder)
      : partition_count_(partition_count), folder_(std::move(folder)) {}

  // kCorrupt when the file holds something else.
  Result<std::unique_ptr<GroupMember>> join(std::string_view name);

 private:
  class Member;

  const std::int32_t partition_count_;
  const std::string folder_;
  std::mutex mutex_;  // Guards the rest.
  std::map<std::string, std::vector<GroupOffsets>, std::less<>> offsets_;
  std::set<std::string, std::less<>> led_;  // Groups that have a member.
};

}  // namespace daybook::log
