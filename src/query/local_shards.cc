#include "query/local_shards.h"

#include "query/anomalies.h"
#include "query/known_at.h"
#include "query/shard_reader.h"

namespace daybook::query {
namespace {

class LocalSession final : public ShardSession {
 public:
  LocalSession(const ReadModel& model, std::shared_ptr<const ShardSnapshot> shard)
      : model_(model), shard_(std::move(shard)) {}

  ShardHead head() override {
    ShardHead head{.partition = shard_->partition,
                   .next_offsets = {},
                   .newest_recorded_ms = shard_->state.newest_recorded_ms,
                   .first_recorded_ms = shard_->state.first_recorded_ms,
                   .waiting = shard_->state.waiting,
                   .parked = static_cast<std::int64_t>(shard_->state.parked)};
    for (const log::Topic topic : log::kEventTopics) {
      const auto at = static_cast<std::size_t>(topic);
      head.next_offsets[at] = shard_->state.topics[at].next_offset;
    }
    if (shard_->known_at != nullptr) {
      head.waiting = shard_->known_at->waiting(*shard_);
      head.parked = parked_count(*shard_);
    }
    return head;
  }

  ShardReply ask(const Report& report, const Question& question, const std::stop_token& stop) override {
    return {shard_->partition, report.evaluate(question, ShardReader(*shard_, question, model_, stop))};
  }

 private:
  const ReadModel& model_;
  const std::shared_ptr<const ShardSnapshot> shard_;
};

}  // namespace

std::unique_ptr<ShardSession> LocalShards::open(std::int32_t partition, std::optional<std::int64_t> known_at_ms) const {
  auto shard = value_or_refuse(model_.open(partition));
  if (known_at_ms) shard = std::make_shared<const ShardSnapshot>(model_.recall(*shard, *known_at_ms));
  return std::make_unique<LocalSession>(model_, std::move(shard));
}

}  // namespace daybook::query
