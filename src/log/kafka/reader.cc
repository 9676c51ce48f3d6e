#include "log/kafka/reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/ensure.h"

namespace daybook::log {
namespace {

using namespace std::chrono_literals;

// A broker that has just come back may not know its topics yet.
constexpr auto kTopicPatience = 3s;
// How long a broker has for an answer that only tells whether it is there.
constexpr auto kAnswerPatience = 500ms;
// While partitions are read in order: a broker that waits for records of partitions at their end keeps all
// others waiting too.
constexpr std::pair kInOrderDefault{"fetch.wait.max.ms", "10"};

}  // namespace

Result<std::unique_ptr<KafkaReader>> KafkaReader::make(const KafkaOptions& options,
                                                       const std::vector<StartPosition>& starts) {
  KafkaOptions in_order = options;
  in_order.properties.try_emplace(kInOrderDefault.first, kInOrderDefault.second);
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client, Client::make(in_order, Client::Kind::kConsumer));
  std::unique_ptr<KafkaReader> reader(new KafkaReader(options, starts));
  reader->use(std::move(client));
  RETURN_IF_ERROR(reader->assign());
  reader->read_in_order();
  return reader;
}

KafkaReader::KafkaReader(KafkaOptions options, const std::vector<StartPosition>& starts)
    : options_(std::move(options)) {
  for (const auto& [at, offset] : starts) positions_[at] = offset;
}

void KafkaReader::use(std::unique_ptr<Client> client) {
  queue_.reset();
  topics_.clear();
  client_ = std::move(client);
  // Also what the error callback is told comes through this one queue.
  rd_kafka_poll_set_consumer(client_->get());
  queue_.reset(rd_kafka_queue_get_consumer(client_->get()));
}

void KafkaReader::read_in_order() {
  std::vector<OrderedQueues::Partition> partitions;
  for (const auto& [at, position] : positions_) {
    partitions.push_back({topic_name(options_.topic_prefix, at.topic), at.partition});
  }
  ordered_ = std::make_unique<OrderedQueues>(client_->get(), queue_.get(), std::move(partitions));
}

Result<void> KafkaReader::go_live() {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client, Client::make(options_, Client::Kind::kConsumer));
  ordered_.reset();
  use(std::move(client));
  return assign();
}

KafkaReader::~KafkaReader() { release_messages(); }

void KafkaReader::release_messages() {
  for (rd_kafka_message_t* message : messages_) rd_kafka_message_destroy(message);
  messages_.clear();
}

Result<void> KafkaReader::assign() {
  const KafkaPtr<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(positions_.size())));
  for (const auto& [at, offset] : positions_) {
    const std::string name = topic_name(options_.topic_prefix, at.topic);
    rd_kafka_topic_partition_list_add(list.get(), name.c_str(), at.partition)->offset = offset;
  }
  const rd_kafka_resp_err_t error = rd_kafka_assign(client_->get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error(error, "assigning partitions");
  return {};
}

std::int64_t KafkaReader::position(TopicPartition at) const { return positions_.at(at); }

std::optional<Error> KafkaReader::trouble() const {
  return troubles_.empty() ? std::nullopt : std::optional(troubles_.begin()->second);
}

Result<std::span<const Record>> KafkaReader::poll(std::size_t records_max, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  records_.clear();
  while (true) {
    if (client_->topic_missed()) look_for_topics();
    if (!failure_) failure_ = client_->fatal();
    if (failure_) return unexpected(*failure_);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    fetch(records_max, std::max(left, 0ms));
    for (const rd_kafka_message_t* message : messages_) take(*message);
    // A fault waits for its turn: what was read before it is given out first.
    if (!records_.empty()) break;
    if (failure_) continue;
    if (std::exchange(has_new_trouble_, false)) return unexpected(*trouble());
    // Whether a broker is back is told by nothing but an answer.
    if (client_->brokers_down() && !find_missing_topics()) {
      return client_->no_answer(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
    }
    if (std::chrono::steady_clock::now() >= deadline) break;
  }
  return std::span<const Record>(records_);
}

void KafkaReader::fetch(std::size_t count_max, std::chrono::milliseconds timeout) {
  release_messages();
  if (ordered_) {
    ordered_->fetch(messages_, count_max, timeout);
    if (!messages_.empty() || !ordered_->at_end()) return;
    if (const auto live = go_live(); !live) failure_ = live.error();
    return;
  }
  messages_.resize(count_max);
  // A batch with a timeout waits until it is full; so only what is there is taken as one.
  const auto take_batch = [&](std::size_t from) {
    return static_cast<std::size_t>(
        std::max<ssize_t>(0, rd_kafka_consume_batch_queue(queue_.get(), 0, messages_.data() + from, count_max - from)));
  };
  std::size_t count = take_batch(0);
  if (count == 0 && timeout > 0ms) {
    messages_[0] = rd_kafka_consume_queue(queue_.get(), static_cast<int>(timeout.count()));
    if (messages_[0] != nullptr) count = 1 + take_batch(1);
  }
  messages_.resize(count);
}

void KafkaReader::take(const rd_kafka_message_t& message) {
  if (message.rkt == nullptr) {
    // Not about a topic-partition; the error callback hears of it too.
    if (message.err == RD_KAFKA_RESP_ERR__FATAL) failure_ = client_->fatal();
    return;
  }
  const TopicPartition at{topic_of(message.rkt), message.partition};
  std::int64_t& position = positions_.at(at);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR || message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) troubles_.erase(at);
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: {
      // Compressed batches are sent whole, from before the offset asked for.
      if (message.offset < position) return;
      position = message.offset + 1;
      rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
      Record& record = records_.emplace_back();
      record.topic = at.topic;
      record.partition = at.partition;
      record.offset = message.offset;
      record.timestamp_ms = rd_kafka_message_timestamp(&message, &type);
      if (message.key != nullptr) {
        record.key.emplace(static_cast<const char*>(message.key), message.key_len);
      }
      if (message.payload != nullptr) {
        record.value.emplace(static_cast<const char*>(message.payload), message.len);
      }
      return;
    }
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      // Past the last record there may be offsets that hold none.
      position = std::max(position, message.offset);
      return;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: client_->set_topic_missed(); return;
    default: note_fault(message, at, position);
  }
}

void KafkaReader::note_fault(const rd_kafka_message_t& message, TopicPartition at, std::int64_t position) {
  const ErrorCode code = error_code_of(message.err);
  Error fault{code,
              fmt::format("offset {} of {}, partition {}: {}", position, topic_name(options_.topic_prefix, at.topic),
                          at.partition, rd_kafka_message_errstr(&message))};
  if (code == ErrorCode::kOutOfRange || code == ErrorCode::kFatal) {
    if (!failure_) failure_ = std::move(fault);
    return;
  }
  // All else concerns this one, and may pass: bytes that came damaged, rights that were taken away.
  if (code != ErrorCode::kCorrupt) fault.code = ErrorCode::kUnavailable;
  has_new_trouble_ = troubles_.insert_or_assign(at, std::move(fault)).second || has_new_trouble_;
}

Topic KafkaReader::topic_of(const rd_kafka_topic_t* handle) {
  const auto known = topics_.find(handle);
  if (known != topics_.end()) return known->second;
  const auto parsed = parse_topic_name(options_.topic_prefix, rd_kafka_topic_name(handle));
  ENSURE(parsed.has_value(), "only topics of the log are assigned");
  return topics_[handle] = *parsed;
}

std::optional<std::vector<std::string>> KafkaReader::find_missing_topics() {
  const rd_kafka_metadata_t* raw = nullptr;
  if (rd_kafka_metadata(client_->get(), 1, nullptr, &raw, static_cast<int>(kAnswerPatience.count())) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;
  }
  client_->set_brokers_up();
  const KafkaPtr<const rd_kafka_metadata_t> metadata(raw);
  const std::span topics(metadata->topics, static_cast<std::size_t>(metadata->topic_cnt));
  std::vector<std::string> missing;
  for (const auto& [at, position] : positions_) {
    const std::string name = topic_name(options_.topic_prefix, at.topic);
    const auto found = std::ranges::find_if(topics, [&](const auto& topic) {
      return topic.topic == name && topic.err == RD_KAFKA_RESP_ERR_NO_ERROR && at.partition < topic.partition_cnt;
    });
    if (found == topics.end()) missing.push_back(fmt::format("{}, partition {}", name, at.partition));
  }
  return missing;
}

void KafkaReader::look_for_topics() {
  const auto missing = find_missing_topics();
  if (!missing) return;
  if (missing->empty()) {
    client_->clear_topic_missed();
    missing_since_.reset();
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (!missing_since_) missing_since_ = now;
  if (now - *missing_since_ < kTopicPatience) return;
  failure_ = Error{ErrorCode::kMismatch, fmt::format("deleted while it was read: {}", fmt::join(*missing, "; "))};
  client_->leave_behind();
}

}  // namespace daybook::log
