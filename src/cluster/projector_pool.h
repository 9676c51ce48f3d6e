// The projectors of a query service: which of them answer, what each holds and how far it is.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cluster/endpoint.h"
#include "query/shard_query.h"

namespace daybook::cluster {

struct PoolOptions {
  // HOST:PORT each; a name may stand for several, which may come and go.
  std::vector<std::string> projectors;
  // Of this program; others are not asked.
  std::string version = build_version();
  // After this a question is given up.
  std::chrono::milliseconds question_deadline{60'000};
  // After this one whose answer is a file, however slowly that is read.
  std::chrono::milliseconds file_deadline{3'600'000};
  // The most that one shard may give for a question.
  std::size_t partial_bytes_max = std::size_t{256} << 20;
  // Told in a line when a projector comes, goes, or cannot be asked. By any thread, which must not be held up, as with
  // the next.
  std::function<void(const std::string&)> on_notice = [](const std::string&) {};
  // Something was committed, or is otherwise than it was.
  std::function<void()> on_change = [] {};
  // What a commit may have changed, once questions see it: of each projector that is asked. Where several hold a shard its
  // commits come from each, and who hears of them goes by how far they are.
  std::function<void(const query::ChangeNote&)> on_note = [](const query::ChangeNote&) {};
  // Anything may be otherwise than it was, also as it was once: another projector may be asked, and it may be behind.
  std::function<void()> on_resync = [] {};
};

// Thread-safe.
class ProjectorPool {
 public:
  explicit ProjectorPool(PoolOptions options);
  ~ProjectorPool();
  ProjectorPool(const ProjectorPool&) = delete;
  ProjectorPool& operator=(const ProjectorPool&) = delete;

  // All shards of the read model that the projectors hold; null: no projector has answered yet. The pool must outlive
  // it. Where all projectors of one model went and others came, it is another one afterwards.
  std::shared_ptr<const query::ShardSource> shards() const;

  // One that was found, as it is now.
  struct Projector {
    std::string address;
    Endpoint::SeenPtr seen;  // Null: it does not answer.
    std::string trouble;     // Why it is not asked; empty: it is.
  };
  // By address. Those that were not found are in trouble().
  std::vector<Projector> projectors() const;
  // What the shards are of; none before shards().
  std::optional<Identity> identity() const;
  // Who cannot be asked and why, for people; empty: all can.
  std::string trouble() const;
  // Which shards nobody can be asked about, likewise; before shards(), that there are none.
  std::string missing() const;
  // How a shard is by the projector that find() gives; nothing where it gives none.
  std::optional<ShardReport> report(std::int32_t partition) const;

  // A projector that holds a shard, of those that can be asked: the one furthest ahead. Null: there is none, and
  // why_not() says why. One of `identity` alone.
  std::shared_ptr<Endpoint> find(std::int32_t partition, const Identity& identity) const;
  std::string why_not(std::int32_t partition) const;
  // It failed while it was asked: not asked again until it is seen again.
  void lost(const Endpoint& endpoint, const std::string& why);
  bool has_folded(log::TopicPartition at, std::int64_t offset, const Identity& identity) const;
  const PoolOptions& options() const { return options_; }

 private:
  struct Known {
    std::shared_ptr<Endpoint> endpoint;
    Endpoint::SeenPtr seen;  // Null: it does not answer.
    std::string trouble = "was not reached yet";
  };

  void look_up(const std::stop_token& stop);
  void follow(const std::vector<std::string>& addresses);
  // Under mutex_; those that it follows no longer come into `gone`.
  void follow(const std::set<std::string>& wanted, std::vector<std::shared_ptr<Endpoint>>& gone);
  void note(const std::string& address, Result<Endpoint::SeenPtr> seen);
  // Under mutex_: settles what the model is, and why this one cannot be asked of it; empty: it can.
  std::string agree(const std::string& address, const Identity& identity);
  // Under mutex_: the one to ask about a shard, and what it said of it.
  std::pair<const Known*, const ShardReport*> best(std::int32_t partition, const Identity& identity) const;
  bool is_asked(const Known& known, const Identity& identity) const;
  const ShardReport* shard_of(const Known& known, std::int32_t partition) const;

  const PoolOptions options_;
  mutable std::mutex mutex_;                      // Guards the rest, but for the thread.
  std::map<std::string, Known> known_;            // By address, as resolved.
  std::map<std::string, std::string> not_found_;  // By name: why it has no address.
  std::optional<Identity> identity_;
  std::shared_ptr<const query::ShardSource> shards_;  // Of identity_.
  std::jthread thread_;
};

}  // namespace daybook::cluster
