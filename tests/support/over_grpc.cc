// Linked into a program of tests: its Books' questions are asked over gRPC as well, of two projectors with some of the
// shards each.
#include "support/cluster.h"
#include "support/ways.h"

namespace daybook::test {
namespace {

class OverGrpc final : public Way {
 public:
  explicit OverGrpc(const query::ReadModel& model) : local_(model) {
    std::set<std::int32_t> first = all_of(local_);
    std::set<std::int32_t> second;
    while (first.size() > second.size() + 1) second.insert(first.extract(std::prev(first.end())));
    servers_.push_back(serve(local_, first));
    if (!second.empty()) servers_.push_back(serve(local_, second));
    cluster::PoolOptions options;
    for (const auto& server : servers_) options.projectors.push_back(server->address());
    options.on_notice = [](const std::string&) {};
    pool_ = std::make_unique<cluster::ProjectorPool>(std::move(options));
  }

  const query::ShardSource& shards() override {
    for (const auto& server : servers_) server->changed_anyhow();
    EXPECT_TRUE(soon([&] {
      shards_ = pool_->shards();
      return shards_ != nullptr && has_seen_all();
    })) << pool_->trouble();
    return *shards_;
  }

 private:
  bool has_seen_all() const {
    for (const std::int32_t partition : all_of(local_)) {
      if (pool_->find(partition, *pool_->identity()) == nullptr) return false;
      const query::ShardHead head = local_.open(partition, {})->head();
      for (const log::Topic topic : log::kEventTopics) {
        const std::int64_t next = head.next_offsets[static_cast<std::size_t>(topic)];
        if (next > 0 && !shards_->has_folded({topic, partition}, next - 1)) return false;
      }
    }
    return true;
  }

  query::LocalShards local_;
  std::vector<std::unique_ptr<cluster::ShardServer>> servers_;
  std::unique_ptr<cluster::ProjectorPool> pool_;
  std::shared_ptr<const query::ShardSource> shards_;
};

[[maybe_unused]] const bool kAdded =
    (ways().push_back([](const query::ReadModel& model) { return std::make_unique<OverGrpc>(model); }), true);

}  // namespace
}  // namespace daybook::test
