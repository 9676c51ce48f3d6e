#include "offline.h"

#include <fmt/format.h>

#include <chrono>

#include "app/log_keeper.h"
#include "engine/projector.h"
#include "log/partitions.h"
#include "store/shard_state.h"

namespace daybook::cli {
namespace {

// How long a record is waited for.
constexpr std::chrono::seconds kRecordPatience{30};

}  // namespace

Result<std::unique_ptr<OfflineModel>> OfflineModel::open(const app::Settings& settings) {
  ASSIGN_OR_RETURN(const engine::Manifest manifest, engine::read_manifest(settings.data));
  ASSIGN_OR_RETURN(domain::Rules rules, domain::make_rules(manifest.fold));
  if (const auto missing = engine::shards_not_in(settings.data, manifest.partitions); !missing.empty()) {
    return unexpected(
        ErrorCode::kNotFound,
        fmt::format("of the {} shards {} are not in {}: nothing is answered without them. Ask a server that has "
                    "them all (--url), or a folder",
                    manifest.partitions, log::format_partitions(missing), settings.data));
  }
  std::unique_ptr<OfflineModel> model(new OfflineModel(std::move(rules), settings));
  model->memory_ = std::make_unique<store::SharedMemory>(64 << 20, 64 << 20);
  for (std::int32_t partition = 0; partition < manifest.partitions; ++partition) {
    ASSIGN_OR_RETURN(auto store, store::ShardStore::open(engine::shard_path(settings.data, partition), *model->memory_,
                                                         store::ShardStore::Mode::kReadCopy));
    auto labels = std::make_unique<store::Labels>();
    RETURN_IF_ERROR(labels->load(*store));
    RETURN_IF_ERROR(store::read_state(*store, *labels));
    model->stores_.push_back(std::move(store));
    model->labels_.push_back(std::move(labels));
  }
  return model;
}

Result<std::shared_ptr<const query::ShardSnapshot>> OfflineModel::open(std::int32_t partition) const {
  auto snapshot = std::make_shared<query::ShardSnapshot>();
  snapshot->partition = partition;
  snapshot->reads = stores_[partition]->snapshot();
  snapshot->labels = labels_[partition].get();
  ASSIGN_OR_RETURN(snapshot->state, store::read_state(*snapshot->reads));
  return std::shared_ptr<const query::ShardSnapshot>(std::move(snapshot));
}

bool OfflineModel::has_folded(log::TopicPartition at, std::int64_t offset) const {
  const auto state = store::read_state(*stores_[at.partition]);
  return state && state->topics[static_cast<std::size_t>(at.topic)].next_offset > offset;
}

Result<std::optional<log::KeptRecord>> OfflineModel::record(log::TopicPartition at, std::int64_t offset) const {
  ASSIGN_OR_RETURN(const std::unique_ptr<log::Log> log, app::open_log_to_read(settings_));
  return log::read_record(*log, at, offset, kRecordPatience);
}

}  // namespace daybook::cli
