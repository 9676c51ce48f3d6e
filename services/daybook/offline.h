// Reading the read models of a data folder, beside a running server or without one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/settings.h"
#include "engine/manifest.h"
#include "query/model.h"
#include "store/labels.h"
#include "store/shard_store.h"

namespace daybook::cli {

// The shards of a folder as of opening it. Thread-safe.
class OfflineModel : public query::ReadModel {
 public:
  // kNotFound when there is no read model, or one of some shards alone: says which are missing.
  static Result<std::unique_ptr<OfflineModel>> open(const app::Settings& settings);

  std::int32_t partition_count() const override { return static_cast<std::int32_t>(stores_.size()); }
  const domain::Rules& rules() const override { return rules_; }
  const std::string& topic_prefix() const override { return settings_.topic_prefix; }
  Result<std::shared_ptr<const query::ShardSnapshot>> open(std::int32_t partition) const override;
  bool has_folded(log::TopicPartition at, std::int64_t offset) const override;

  // From the log that the settings name, which may be written meanwhile.
  Result<std::optional<log::KeptRecord>> record(log::TopicPartition at, std::int64_t offset) const override;

  const store::StoreReader& reads(std::int32_t partition) const { return *stores_[partition]; }

 private:
  OfflineModel(domain::Rules rules, app::Settings settings)
      : rules_(std::move(rules)), settings_(std::move(settings)) {}

  domain::Rules rules_;
  const app::Settings settings_;
  std::unique_ptr<store::SharedMemory> memory_;
  std::vector<std::unique_ptr<store::ShardStore>> stores_;
  std::vector<std::unique_ptr<store::Labels>> labels_;
};

}  // namespace daybook::cli
