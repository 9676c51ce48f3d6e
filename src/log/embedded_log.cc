#include "log/embedded_log.h"

#include <unistd.h>

#include <future>

#include "base/ensure.h"
#include "log/embedded/directory.h"
#include "log/embedded/reader.h"
#include "log/embedded/writer.h"
#include "log/group.h"
#include "log/placement.h"

namespace daybook::log {
namespace {

std::int64_t system_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class EmbeddedLog final : public Log {
 public:
  EmbeddedLog(EmbeddedLogOptions options, OpenedDirectory opened)
      : directory_(opened.path),
        partition_count_(opened.partition_count),
        recorded_as_told_(opened.recorded_as_told),
        published_(opened.partition_count, opened.segments) {
    if (options.read_only) return;
    writer_.emplace(WriterOptions{options.segment_bytes, std::move(options.now_ms), std::move(options.sync)},
                    std::move(opened), published_);
  }

  std::int32_t partition_count() const override { return partition_count_; }
  bool recorded_as_told() const override { return recorded_as_told_; }

  std::string trouble() const override { return writer_ ? writer_->trouble() : ""; }

  void append(std::vector<NewRecord> records, AppendDone done) override {
    if (writer_) return writer_->append(std::move(records), {}, std::move(done));
    done(unexpected(ErrorCode::kInvalidArgument, "the log in " + directory_ + " is open for reading only"));
  }

  Result<std::unique_ptr<Reader>> open_reader(std::vector<StartPosition> starts) override {
    RETURN_IF_ERROR(check_starts(starts, partition_count_));
    return std::unique_ptr<Reader>(std::make_unique<EmbeddedReader>(directory_, published_, std::move(starts)));
  }

  Result<std::vector<EndOffset>> end_offsets(std::span<const Topic> topics) override {
    std::vector<EndOffset> bounds;
    for (const Topic topic : topics) {
      for (std::int32_t partition = 0; partition < partition_count_; ++partition) {
        bounds.push_back(published_.bounds({topic, partition}));
      }
    }
    return bounds;
  }

  Result<std::unique_ptr<GroupMember>> join_group(std::string_view name) override { return groups_.join(name); }

 private:
  const std::string directory_;
  const std::int32_t partition_count_;
  LocalGroups groups_{partition_count_, directory_};
  const bool recorded_as_told_;
  Published published_;
  // Last, so that it ends first. Nothing when reading only.
  std::optional<Writer> writer_;
};

class EmbeddedToldLog final : public ToldLog {
 public:
  EmbeddedToldLog(EmbeddedLogOptions options, OpenedDirectory opened)
      : published_(opened.partition_count, opened.segments),
        writer_({options.segment_bytes, [] { return std::int64_t{0}; }, std::move(options.sync)}, std::move(opened),
                published_) {}

  Result<void> append(std::vector<NewRecord> records, std::vector<std::int64_t> recorded_ms) override {
    ENSURE(records.size() == recorded_ms.size(), "each record has its time");
    // Shared, for the writer's thread may still be in set_value() when this has its answer.
    const auto outcome = std::make_shared<std::promise<Result<void>>>();
    writer_.append(std::move(records), std::move(recorded_ms), [outcome](const auto& appended) {
      outcome->set_value(appended ? Result<void>() : unexpected(appended.error()));
    });
    return outcome->get_future().get();
  }

 private:
  Published published_;
  Writer writer_;  // Last, so that it ends first.
};

}  // namespace

Result<std::unique_ptr<Log>> open_embedded_log(EmbeddedLogOptions options) {
  if (!options.now_ms) options.now_ms = system_now_ms;
  if (!options.sync) options.sync = ::fdatasync;
  ASSIGN_OR_RETURN(OpenedDirectory opened, open_directory({.data_directory = options.data_directory,
                                                           .partition_count = options.partition_count,
                                                           .read_only = options.read_only,
                                                           .on_notice = options.on_notice}));
  return std::unique_ptr<Log>(std::make_unique<EmbeddedLog>(std::move(options), std::move(opened)));
}

Result<std::unique_ptr<ToldLog>> open_told_log(EmbeddedLogOptions options) {
  if (!options.sync) options.sync = ::fdatasync;
  ASSIGN_OR_RETURN(OpenedDirectory opened, open_directory({.data_directory = options.data_directory,
                                                           .partition_count = options.partition_count,
                                                           .mark_as_told = true,
                                                           .on_notice = options.on_notice}));
  return std::unique_ptr<ToldLog>(std::make_unique<EmbeddedToldLog>(std::move(options), std::move(opened)));
}

}  // namespace daybook::log
