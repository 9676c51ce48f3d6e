#include "log/kafka/kafka_log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "log/kafka/group_member.h"
#include "log/kafka/producer.h"
#include "log/kafka/reader.h"
#include "log/kafka/topics.h"
#include "log/placement.h"

namespace daybook::log {
namespace {

using namespace std::chrono_literals;

// Between two questions for a leader.
constexpr auto kLeaderPause = 50ms;

// How long a broker has for an answer that only tells whether it is there.
constexpr std::chrono::milliseconds kAnswerPatience = 3s;
// For each of the two questions by which the topics are looked at again; the second has a second more.
constexpr std::chrono::milliseconds kCheckPatience = 1s;
// So often whoever waits for an answer looks whether it is still wanted.
constexpr std::chrono::milliseconds kLookEvery = 1s;
// And all of them together for the bounds of partitions, while leaders may move.
constexpr std::chrono::milliseconds kBoundsPatience = 5s;

// With less, a partition is fetched in pieces too small.
constexpr std::size_t kQueueBytesMin = 64 << 10;

// A partition is new, or its leader has changed; the question is not repeated by librdkafka.
bool leader_is_moving(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

class KafkaLog final : public Log {
 public:
  KafkaLog(KafkaOptions options, std::int32_t partition_count, std::unique_ptr<Client> asking,
           std::unique_ptr<Producer> producer)
      : options_(std::move(options)),
        partition_count_(partition_count),
        asking_(std::move(asking)),
        producer_(std::move(producer)) {}
  ~KafkaLog() override {
    // A broker that hangs keeps each of them waiting.
    std::thread asking([this] { asking_.reset(); });
    producer_.reset();
    asking.join();
  }

  std::int32_t partition_count() const override { return partition_count_; }

  void append(std::vector<NewRecord> records, AppendDone done) override {
    producer_->append(std::move(records), std::move(done));
  }

  Result<std::unique_ptr<Reader>> open_reader(std::vector<StartPosition> starts) override {
    RETURN_IF_ERROR(check_starts(starts, partition_count_));
    KafkaOptions options = options_;
    const std::size_t queues = static_cast<std::size_t>(partition_count_) * kEventTopicCount;
    const std::size_t each = std::max(options_.prefetch_bytes / queues, kQueueBytesMin);
    options.properties.try_emplace("queued.max.messages.kbytes", std::to_string(each >> 10));
    ASSIGN_OR_RETURN(std::unique_ptr<KafkaReader> reader, KafkaReader::make(options, starts));
    return std::unique_ptr<Reader>(std::move(reader));
  }

  Result<std::vector<EndOffset>> end_offsets(std::span<const Topic> topics) override {
    // A question for offsets takes its whole timeout where the broker is away; this one tells it soon.
    RETURN_IF_ERROR(ask_whether_it_is_there());
    const auto deadline = std::chrono::steady_clock::now() + std::min(kBoundsPatience, options_.timeout);
    ASSIGN_OR_RETURN(const auto begins, ask_offsets(topics, RD_KAFKA_OFFSET_BEGINNING, deadline));
    ASSIGN_OR_RETURN(const auto ends, ask_offsets(topics, RD_KAFKA_OFFSET_END, deadline));
    std::vector<EndOffset> bounds;
    for (const Topic topic : topics) {
      for (std::int32_t partition = 0; partition < partitions_now(topic); ++partition) {
        const std::size_t at = bounds.size();
        bounds.push_back({{topic, partition}, begins[at], ends[at]});
      }
    }
    return bounds;
  }

  Result<std::unique_ptr<GroupMember>> join_group(std::string_view name) override {
    return join_kafka_group(options_, name);
  }

  void give_up() override { given_up_ = true; }

  Result<void> check() override {
    if (given_up_) return no_longer_wanted();
    // While it runs others wait: for where the log ends, and at the end for this to be over.
    KafkaOptions options = options_;
    options.timeout = std::min<std::chrono::milliseconds>(options.timeout, kCheckPatience);
    ASSIGN_OR_RETURN(TopicsSeen seen, look_at_topics(*asking_, options));
    bool added = false;
    for (const Topic topic : kEventTopics) {
      const std::int32_t now = seen.partitions[static_cast<std::size_t>(topic)];
      // One that is missing is its readers' to tell.
      if (now > partition_count_) partitions_now_[static_cast<std::size_t>(topic)] = now;
      added = added || now > partition_count_;
    }
    if (added) {
      seen.faults.push_back(fmt::format(
          "partitions were added to the {} that the log was opened with: records in them are not read, and "
          "their keys had been elsewhere before. Stop what publishes, publish all events into new topics "
          "(another topic_prefix) with as many partitions as are wanted, and fold them anew into another folder",
          partition_count_));
    }
    if (seen.faults.empty()) return {};
    return unexpected(ErrorCode::kMismatch, fmt::format("{}", fmt::join(seen.faults, "; ")));
  }

 private:
  std::int32_t partitions_now(Topic topic) const {
    return std::max(partition_count_, partitions_now_[static_cast<std::size_t>(topic)].load());
  }

  static Unexpected no_longer_wanted() { return unexpected(ErrorCode::kUnavailable, "the log was given up"); }

  Result<void> ask_whether_it_is_there() {
    const auto deadline = std::chrono::steady_clock::now() + std::min(kAnswerPatience, options_.timeout);
    while (!given_up_) {
      const auto left = time_left(deadline);
      const auto answered = asking_->ask_metadata(false, std::clamp(left, 1ms, kLookEvery));
      if (answered) return {};
      if (left <= kLookEvery) return unexpected(answered.error());
    }
    return no_longer_wanted();
  }

  static std::chrono::milliseconds time_left(std::chrono::steady_clock::time_point deadline) {
    return std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  }

  // Of every partition of `topics`, in this order.
  Result<std::vector<std::int64_t>> ask_offsets(std::span<const Topic> topics, std::int64_t which,
                                                std::chrono::steady_clock::time_point deadline) {
    while (!given_up_) {
      const auto left = time_left(deadline);
      const KafkaPtr<rd_kafka_topic_partition_list_t> asked(
          rd_kafka_topic_partition_list_new(static_cast<int>(topics.size()) * partition_count_));
      for (const Topic topic : topics) {
        const std::string name = topic_name(options_.topic_prefix, topic);
        for (std::int32_t partition = 0; partition < partitions_now(topic); ++partition) {
          rd_kafka_topic_partition_list_add(asked.get(), name.c_str(), partition)->offset = which;
        }
      }
      const rd_kafka_resp_err_t error = look_up_offsets(asking_->get(), asked.get(), std::clamp(left, 1ms, kLookEvery));
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        std::vector<std::int64_t> offsets;
        for (int i = 0; i < asked->cnt; ++i) offsets.push_back(asked->elems[i].offset);
        return offsets;
      }
      const bool may_be_slow = error == RD_KAFKA_RESP_ERR__TIMED_OUT && left > kLookEvery;
      if (may_be_slow) continue;
      if (!leader_is_moving(error) || left <= 0ms) {
        return kafka_error(error, fmt::format("bounds of the topics {}daybook", options_.topic_prefix));
      }
      std::this_thread::sleep_for(kLeaderPause);
      RETURN_IF_ERROR(asking_->ask_metadata(true, std::clamp(time_left(deadline), 1ms, kLookEvery)));
    }
    return no_longer_wanted();
  }

  const KafkaOptions options_;
  const std::int32_t partition_count_;
  std::atomic<bool> given_up_ = false;
  // By Topic, as check() found them last.
  std::array<std::atomic<std::int32_t>, kTopicCount> partitions_now_ = {};
  // For questions alone.
  std::unique_ptr<Client> asking_;
  std::unique_ptr<Producer> producer_;
};

}  // namespace

Result<std::unique_ptr<Log>> open_kafka_log(const KafkaOptions& options) {
  // It sees where a partition ends, not where the first open transaction begins.
  KafkaOptions for_asking = options;
  for_asking.properties["isolation.level"] = "read_uncommitted";
  ASSIGN_OR_RETURN(auto asking, Client::make(for_asking, Client::Kind::kConsumer));
  ASSIGN_OR_RETURN(const TopicsSeen topics, check_topics(*asking, options));
  const std::int32_t partition_count = topics.partitions.front();
  ASSIGN_OR_RETURN(auto producer, Producer::make(options, partition_count));
  if (const std::string caveat = caveat_of(topics.replicas); !caveat.empty() && options.on_notice) {
    options.on_notice(caveat);
  }
  return std::unique_ptr<Log>(
      std::make_unique<KafkaLog>(options, partition_count, std::move(asking), std::move(producer)));
}

}  // namespace daybook::log
