#include "log/kafka/group_member.h"

#include <algorithm>
#include <array>
#include <span>

#include "log/kafka/client.h"

namespace daybook::log {
namespace {

// Its events are taken without waiting: there is nothing to read.
constexpr int kPollMs = 0;
// Once a member has gone without a word, another takes over after this.
constexpr std::pair kSession{"session.timeout.ms", "10000"};
constexpr std::chrono::milliseconds kAnswerPatience{2'000};

class KafkaGroupMember final : public GroupMember {
 public:
  KafkaGroupMember(KafkaOptions options, std::unique_ptr<Client> client)
      : options_(std::move(options)), client_(std::move(client)) {}
  // Others need not wait until it is missed.
  ~KafkaGroupMember() override { client_->leave_group_at_end(); }

  Result<std::vector<std::int32_t>> partitions() override {
    while (const KafkaPtr<rd_kafka_message_t> event{rd_kafka_consumer_poll(client_->get(), kPollMs)}) {
    }
    if (const auto fatal = client_->fatal()) return unexpected(*fatal);
    rd_kafka_topic_partition_list_t* raw = nullptr;
    const rd_kafka_resp_err_t error = rd_kafka_assignment(client_->get(), &raw);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(error, "sharing out partitions");
    const KafkaPtr<rd_kafka_topic_partition_list_t> assigned(raw);
    std::vector<std::int32_t> numbers;
    for (const auto& each : std::span(assigned->elems, static_cast<std::size_t>(assigned->cnt))) {
      numbers.push_back(each.partition);
    }
    std::ranges::sort(numbers);
    return numbers;
  }

  Result<GroupOffsets> committed(std::int32_t partition) override {
    const auto asked = list_of(partition, {});
    const rd_kafka_resp_err_t error =
        rd_kafka_committed(client_->get(), asked.get(), static_cast<int>(kAnswerPatience.count()));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(error, "reading what a group has committed");
    GroupOffsets offsets{};
    for (const Topic topic : kEventTopics) {
      const auto& each = asked->elems[static_cast<std::size_t>(topic)];
      if (each.err != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(each.err, "reading what a group has committed");
      offsets[static_cast<std::size_t>(topic)] = std::max<std::int64_t>(0, each.offset);
    }
    return offsets;
  }

  Result<void> commit(std::int32_t partition, const GroupOffsets& offsets) override {
    const auto list = list_of(partition, offsets);
    // Waited for here: librdkafka itself would wait as long as for any answer, a minute.
    const KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_->get()));
    rd_kafka_resp_err_t error = rd_kafka_commit_queue(client_->get(), list.get(), queue.get(), nullptr, nullptr);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const KafkaPtr<rd_kafka_event_t> done(
          rd_kafka_queue_poll(queue.get(), static_cast<int>(kAnswerPatience.count())));
      error = done ? rd_kafka_event_error(done.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    switch (error) {
      case RD_KAFKA_RESP_ERR_NO_ERROR: return {};
      case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
      case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
      case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
        return unexpected(ErrorCode::kMismatch, "the partition is another member's");
      default: return kafka_error(error, "committing what a group has done");
    }
  }

 private:
  KafkaPtr<rd_kafka_topic_partition_list_t> list_of(std::int32_t partition, const GroupOffsets& offsets) const {
    KafkaPtr<rd_kafka_topic_partition_list_t> list(
        rd_kafka_topic_partition_list_new(static_cast<int>(kEventTopicCount)));
    for (const Topic topic : kEventTopics) {
      const std::string name = topic_name(options_.topic_prefix, topic);
      rd_kafka_topic_partition_list_add(list.get(), name.c_str(), partition)->offset =
          offsets[static_cast<std::size_t>(topic)];
    }
    return list;
  }

  const KafkaOptions options_;
  const std::unique_ptr<Client> client_;
};

}  // namespace

Result<std::unique_ptr<GroupMember>> join_kafka_group(const KafkaOptions& options, std::string_view name) {
  KafkaOptions of_member = options;
  of_member.properties["group.id"] = options.topic_prefix + std::string(name);
  of_member.properties.try_emplace(kSession.first, kSession.second);
  ASSIGN_OR_RETURN(auto client, Client::make(of_member, Client::Kind::kConsumer));
  rd_kafka_poll_set_consumer(client->get());
  const KafkaPtr<rd_kafka_topic_partition_list_t> topics(rd_kafka_topic_partition_list_new(1));
  const std::string topic = topic_name(options.topic_prefix, Topic::kDeadLetter);
  rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  // Nothing is fetched of it: a position that was never committed is an error here (client.cc), and stops there.
  if (const rd_kafka_resp_err_t error = rd_kafka_subscribe(client->get(), topics.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_error(error, "joining a group");
  }
  return std::unique_ptr<GroupMember>(std::make_unique<KafkaGroupMember>(options, std::move(client)));
}

}  // namespace daybook::log
