#pragma once

#include "engine/projector.h"
#include "views/model.h"

namespace daybook::views {

// Views of a running projector.
class LiveModel : public ReadModel {
 public:
  LiveModel(engine::Projector& projector, const domain::Rules& rules, std::string topic_prefix)
      : projector_(projector), rules_(rules), topic_prefix_(std::move(topic_prefix)) {}

  std::int32_t partition_count() const override { return projector_.shard_count(); }
  const domain::Rules& rules() const override { return rules_; }
  const std::string& topic_prefix() const override { return topic_prefix_; }
  Result<ShardPicture> open(std::int32_t partition) const override;
  bool wait_for(log::TopicPartition at, std::int64_t offset,
                std::chrono::steady_clock::time_point deadline) const override {
    return projector_.wait_for(at, offset, deadline);
  }

 private:
  engine::Projector& projector_;
  const domain::Rules& rules_;
  std::string topic_prefix_;
};

}  // namespace daybook::views
