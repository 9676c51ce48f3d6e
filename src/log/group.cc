#include "log/group.h"

#include <filesystem>
#include <numeric>
#include <sstream>

#include "base/file.h"

namespace daybook::log {
namespace {

std::string file_name(std::string_view group) { return std::string(group) + ".group"; }

std::string to_text(const std::vector<GroupOffsets>& offsets) {
  std::string text;
  for (const Topic topic : kEventTopics) {
    for (std::size_t partition = 0; partition < offsets.size(); ++partition) {
      text += std::string(topic_family(topic)) + " " + std::to_string(partition) + " " +
              std::to_string(offsets[partition][static_cast<std::size_t>(topic)]) + "\n";
    }
  }
  return text;
}

Result<void> parse(const std::string& path, const std::string& text, std::vector<GroupOffsets>& offsets) {
  std::istringstream in(text);
  std::string family;
  std::size_t partition = 0;
  std::int64_t offset = 0;
  while (in >> family >> partition >> offset) {
    const auto topic = parse_topic_name("", "daybook." + family + ".v1");
    if (!topic || *topic == Topic::kDeadLetter || partition >= offsets.size() || offset < 0) break;
    offsets[partition][static_cast<std::size_t>(*topic)] = offset;
  }
  if (in.eof()) return {};
  return unexpected(ErrorCode::kCorrupt,
                    path + " is not as it was written. Removed, the work it tells of is done once more");
}

}  // namespace

class LocalGroups::Member final : public GroupMember {
 public:
  Member(LocalGroups& groups, std::string name) : groups_(groups), name_(std::move(name)) {}
  ~Member() override {
    const std::lock_guard lock(groups_.mutex_);
    if (leads_) groups_.led_.erase(name_);
  }

  Result<std::vector<std::int32_t>> partitions() override {
    const std::lock_guard lock(groups_.mutex_);
    leads_ = leads_ || groups_.led_.insert(name_).second;
    std::vector<std::int32_t> all(leads_ ? static_cast<std::size_t>(groups_.partition_count_) : 0);
    std::iota(all.begin(), all.end(), 0);
    return all;
  }

  Result<GroupOffsets> committed(std::int32_t partition) override {
    const std::lock_guard lock(groups_.mutex_);
    return groups_.offsets_[name_][static_cast<std::size_t>(partition)];
  }

  Result<void> commit(std::int32_t partition, const GroupOffsets& offsets) override {
    const std::lock_guard lock(groups_.mutex_);
    if (!leads_) return unexpected(ErrorCode::kMismatch, "the partition is another member's");
    std::vector<GroupOffsets> now = groups_.offsets_[name_];
    now[static_cast<std::size_t>(partition)] = offsets;
    if (!groups_.folder_.empty()) {
      RETURN_IF_ERROR(write_file_durably(groups_.folder_, file_name(name_), to_text(now)));
    }
    groups_.offsets_[name_] = std::move(now);
    return {};
  }

 private:
  LocalGroups& groups_;
  const std::string name_;
  bool leads_ = false;  // Guarded by the groups' mutex.
};

Result<std::unique_ptr<GroupMember>> LocalGroups::join(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (!offsets_.contains(name)) {
    std::vector<GroupOffsets> offsets(static_cast<std::size_t>(partition_count_));
    const std::string path = folder_ + "/" + file_name(name);
    if (!folder_.empty() && std::filesystem::exists(path)) {
      ASSIGN_OR_RETURN(const std::string text, read_file(path));
      RETURN_IF_ERROR(parse(path, text, offsets));
    }
    offsets_.emplace(name, std::move(offsets));
  }
  return std::unique_ptr<GroupMember>(std::make_unique<Member>(*this, std::string(name)));
}

}  // namespace daybook::log
