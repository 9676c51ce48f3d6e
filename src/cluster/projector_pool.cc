#include "cluster/projector_pool.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "cluster/remote_shards.h"
#include "log/partitions.h"

namespace daybook::cluster {
namespace {

using std::chrono::milliseconds;

// A name may stand for other machines by then.
constexpr milliseconds kLookUpEvery{5'000};
constexpr milliseconds kLookUpAgainAfter{500};

// How far a shard is, as a sum over its topics.
std::int64_t progress_of(const ShardReport& shard) {
  std::int64_t records = 0;
  for (const store::TopicProgress& topic : shard.state.topics) records += topic.next_offset;
  return records;
}

// Its shards that can be asked about.
std::set<std::int32_t> readable_of(const Endpoint::SeenPtr& seen) {
  std::set<std::int32_t> readable;
  if (seen == nullptr) return readable;
  for (const ShardReport& shard : seen->report.shards) {
    if (shard.unreadable.empty()) readable.insert(shard.partition);
  }
  return readable;
}

}  // namespace

ProjectorPool::ProjectorPool(PoolOptions options)
    : options_(std::move(options)), thread_([this](const std::stop_token& stop) { look_up(stop); }) {}

ProjectorPool::~ProjectorPool() {
  thread_.request_stop();
  thread_.join();
  std::map<std::string, Known> known;
  {
    const std::lock_guard lock(mutex_);
    known.swap(known_);
  }
  // Their threads end here, without the lock that they take.
}

void ProjectorPool::look_up(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any pause;
  while (!stop.stop_requested()) {
    std::vector<std::string> addresses;
    std::map<std::string, std::string> not_found;
    for (const std::string& name : options_.projectors) {
      auto found = resolve(name);
      if (!found) {
        not_found.emplace(name, found.error().message);
        continue;
      }
      addresses.insert(addresses.end(), found->begin(), found->end());
    }
    const bool all_found = not_found.empty();
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [name, why] : not_found) {
        if (!not_found_.contains(name)) options_.on_notice(fmt::format("projector {}", why));
      }
      not_found_ = std::move(not_found);
    }
    follow(addresses);
    std::unique_lock lock(mutex);
    pause.wait_for(lock, stop, all_found ? kLookUpEvery : kLookUpAgainAfter, [] { return false; });
  }
}

void ProjectorPool::follow(const std::vector<std::string>& addresses) {
  const std::set<std::string> wanted(addresses.begin(), addresses.end());
  std::vector<std::shared_ptr<Endpoint>> gone;  // Let go of without the lock.
  {
    const std::lock_guard lock(mutex_);
    follow(wanted, gone);
  }
  // Others are asked now, which may be behind.
  if (!gone.empty()) options_.on_resync();
}

void ProjectorPool::follow(const std::set<std::string>& wanted, std::vector<std::shared_ptr<Endpoint>>& gone) {
  for (const std::string& address : wanted) {
    if (known_.contains(address)) continue;
    // Its thread calls note(), which waits for this to end.
    known_[address].endpoint = std::make_shared<Endpoint>(
        address, [this, address](Result<Endpoint::SeenPtr> seen) { note(address, std::move(seen)); });
  }
  // A resolver that fails has not said that anybody went.
  if (!not_found_.empty()) return;
  for (auto at = known_.begin(); at != known_.end();) {
    if (wanted.contains(at->first)) {
      ++at;
    } else {
      gone.push_back(std::move(at->second.endpoint));
      at = known_.erase(at);
    }
  }
}

void ProjectorPool::note(const std::string& address, Result<Endpoint::SeenPtr> seen) {
  bool is_resync = seen && (*seen)->is_resync;
  bool is_heard = false;
  {
    const std::lock_guard lock(mutex_);
    const auto at = known_.find(address);
    if (at == known_.end()) return;
    Known& known = at->second;
    const std::string trouble = seen ? agree(address, (*seen)->identity) : seen.error().message;
    if (trouble != known.trouble) {
      options_.on_notice(trouble.empty()
                             ? fmt::format("projector {} answers", known.endpoint->address())
                             : fmt::format("projector {} cannot be asked: {}", known.endpoint->address(), trouble));
    }
    // It came or went, or one of its shards did.
    is_resync |=
        trouble.empty() != known.trouble.empty() || readable_of(known.seen) != readable_of(seen ? *seen : nullptr);
    is_heard = trouble.empty();
    known.trouble = trouble;
    known.seen = seen ? *seen : nullptr;
  }
  options_.on_change();
  if (is_resync) options_.on_resync();
  if (!is_heard) return;
  // One that is folded anew is where it was only once it can be asked about.
  const std::set<std::int32_t> readable = readable_of(*seen);
  for (const query::ChangeNote& note : (*seen)->notes) {
    if (readable.contains(note.partition)) options_.on_note(note);
  }
}

std::string ProjectorPool::agree(const std::string& address, const Identity& identity) {
  if (identity.version != options_.version) {
    return fmt::format("it is of version {}, and this of {}", identity.version, options_.version);
  }
  if (identity_ && identity_->difference(identity).empty()) return {};
  const bool is_held = identity_ && std::ranges::any_of(known_, [&](const auto& other) {
                         return other.first != address && is_asked(other.second, *identity_);
                       });
  if (is_held) return fmt::format("it has {} as the others have", identity.difference(*identity_));
  const auto rules = domain::make_rules(identity.fold);
  if (!rules) return rules.error().message;
  identity_ = identity;
  shards_ = std::make_shared<RemoteShards>(*this, identity, *rules);
  return {};
}

bool ProjectorPool::is_asked(const Known& known, const Identity& identity) const {
  return known.trouble.empty() && known.seen && known.seen->identity.difference(identity).empty();
}

const ShardReport* ProjectorPool::shard_of(const Known& known, std::int32_t partition) const {
  if (!known.seen) return nullptr;
  const auto at = std::ranges::find(known.seen->report.shards, partition, &ShardReport::partition);
  return at == known.seen->report.shards.end() ? nullptr : &*at;
}

std::shared_ptr<const query::ShardSource> ProjectorPool::shards() const {
  const std::lock_guard lock(mutex_);
  return shards_;
}

std::optional<Identity> ProjectorPool::identity() const {
  const std::lock_guard lock(mutex_);
  return identity_;
}

std::vector<ProjectorPool::Projector> ProjectorPool::projectors() const {
  std::vector<Projector> projectors;
  const std::lock_guard lock(mutex_);
  for (const auto& [address, known] : known_) {
    projectors.push_back({known.endpoint->address(), known.seen, known.trouble});
  }
  return projectors;
}

std::string ProjectorPool::trouble() const {
  std::vector<std::string> troubles;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, why] : not_found_) troubles.push_back(fmt::format("projector {}", why));
  for (const auto& [address, known] : known_) {
    if (known.trouble.empty()) continue;
    troubles.push_back(fmt::format("projector {} cannot be asked: {}", known.endpoint->address(), known.trouble));
  }
  return fmt::format("{}", fmt::join(troubles, "; "));
}

std::string ProjectorPool::missing() const {
  std::vector<std::int32_t> missing;
  const std::lock_guard lock(mutex_);
  if (!identity_) return "no projector has answered yet";
  for (std::int32_t partition = 0; partition < identity_->partition_count; ++partition) {
    if (best(partition, *identity_).first == nullptr) missing.push_back(partition);
  }
  return missing.empty() ? "" : fmt::format("nobody can be asked about shard {}", log::format_partitions(missing));
}

std::pair<const ProjectorPool::Known*, const ShardReport*> ProjectorPool::best(std::int32_t partition,
                                                                               const Identity& identity) const {
  std::pair<const Known*, const ShardReport*> best;
  std::int64_t most = -1;
  for (const auto& [address, known] : known_) {
    const ShardReport* shard = is_asked(known, identity) ? shard_of(known, partition) : nullptr;
    if (shard == nullptr || !shard->unreadable.empty() || progress_of(*shard) <= most) continue;
    most = progress_of(*shard);
    best = {&known, shard};
  }
  return best;
}

std::shared_ptr<Endpoint> ProjectorPool::find(std::int32_t partition, const Identity& identity) const {
  const std::lock_guard lock(mutex_);
  const Known* const known = best(partition, identity).first;
  return known == nullptr ? nullptr : known->endpoint;
}

std::optional<ShardReport> ProjectorPool::report(std::int32_t partition) const {
  const std::lock_guard lock(mutex_);
  const ShardReport* const report = identity_ ? best(partition, *identity_).second : nullptr;
  return report == nullptr ? std::nullopt : std::optional(*report);
}

std::string ProjectorPool::why_not(std::int32_t partition) const {
  std::vector<std::string> reasons;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, why] : not_found_) reasons.push_back(why);
  for (const auto& [address, known] : known_) {
    const ShardReport* shard = shard_of(known, partition);
    if (!known.trouble.empty()) {
      reasons.push_back(fmt::format("{}: {}", known.endpoint->address(), known.trouble));
    } else if (shard != nullptr) {
      reasons.push_back(fmt::format("{}: {}", known.endpoint->address(), shard->unreadable));
    }
  }
  return reasons.empty() ? "no projector holds it" : fmt::format("{}", fmt::join(reasons, "; "));
}

void ProjectorPool::lost(const Endpoint& endpoint, const std::string& why) {
  bool is_known = false;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [address, known] : known_) {
      if (known.endpoint.get() != &endpoint || !known.trouble.empty()) continue;
      known.trouble = why;
      options_.on_notice(fmt::format("projector {} cannot be asked: {}", endpoint.address(), why));
      is_known = true;
    }
  }
  if (is_known) options_.on_resync();
}

bool ProjectorPool::has_folded(log::TopicPartition at, std::int64_t offset, const Identity& identity) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(known_, [&](const auto& other) {
    const ShardReport* shard = is_asked(other.second, identity) ? shard_of(other.second, at.partition) : nullptr;
    return shard != nullptr && shard->next_offset(at.topic) > offset;
  });
}

}  // namespace daybook::cluster
