#include "log/kafka/ordered_queues.h"

#include <algorithm>
#include <limits>

#include "base/ensure.h"

namespace daybook::log {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t kBatch = 1024;
// How long others wait for a partition of which nothing comes.
constexpr auto kPatience = 1s;
// Another partition's message may be there before that of the one waited for.
constexpr auto kWaitSlice = 5ms;
// A broker that does not answer within this is not asked again for the pause: it may be away for long, and
// what is asked meanwhile is kept for it.
constexpr auto kAnswerPatience = 100ms;
constexpr auto kSilencePause = 1s;

}  // namespace

OrderedQueues::OrderedQueues(rd_kafka_t* client, rd_kafka_queue_t* common, std::vector<Partition> partitions)
    : client_(client), common_(common) {
  for (Partition& partition : partitions) lanes_.emplace_back().partition = std::move(partition);
}

OrderedQueues::~OrderedQueues() {
  for (rd_kafka_message_t* message : general_) rd_kafka_message_destroy(message);
  for (Lane& lane : lanes_) {
    for (; !lane.empty(); ++lane.next) rd_kafka_message_destroy(lane.messages[lane.next]);
  }
}

void OrderedQueues::fetch(std::vector<rd_kafka_message_t*>& to, std::size_t count_max,
                          std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  while (true) {
    drain_common(0ms);
    to.insert(to.end(), general_.begin(), general_.end());
    general_.clear();
    give(to, count_max);
    if (!to.empty() || at_end()) return;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    if (left <= 0ms) return;
    wait(std::min<std::chrono::milliseconds>(left, kWaitSlice));
  }
}

bool OrderedQueues::at_end() const {
  return std::ranges::all_of(lanes_, [](const Lane& lane) { return lane.ended && lane.empty(); });
}

void OrderedQueues::drain_common(std::chrono::milliseconds timeout) {
  if (timeout > 0ms) {
    rd_kafka_message_t* const first = rd_kafka_consume_queue(common_, static_cast<int>(timeout.count()));
    if (first == nullptr) return;
    sort_in(first);
  }
  batch_.resize(kBatch);
  while (true) {
    const auto count = rd_kafka_consume_batch_queue(common_, 0, batch_.data(), batch_.size());
    for (ssize_t i = 0; i < count; ++i) sort_in(batch_[static_cast<std::size_t>(i)]);
    if (count <= 0) return;
  }
}

void OrderedQueues::sort_in(rd_kafka_message_t* message) {
  if (message->rkt == nullptr) {
    general_.push_back(message);
    return;
  }
  const auto lane = std::ranges::find_if(lanes_, [&](const Lane& known) {
    return known.partition.number == message->partition && known.partition.topic == rd_kafka_topic_name(message->rkt);
  });
  ENSURE(lane != lanes_.end(), "only what is assigned comes");
  if (lane->queue == nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    // Fetching has begun, so that nothing leads this queue into the common one again. What is there
    // already comes first.
    lane->queue.reset(rd_kafka_queue_get_partition(client_, lane->partition.topic.c_str(), message->partition));
    rd_kafka_queue_forward(lane->queue.get(), nullptr);
  }
  put(*lane, message);
}

void OrderedQueues::put(Lane& lane, rd_kafka_message_t* message) {
  if (lane.empty()) {
    lane.messages.clear();
    lane.next = 0;
  }
  lane.messages.push_back(message);
  lane.ended = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
  lane.late = false;
  if (lane.messages.size() == 1 && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    lane.time_ms = rd_kafka_message_timestamp(message, nullptr);
  }
}

void OrderedQueues::refill(Lane& lane) {
  if (lane.queue == nullptr) return;
  batch_.resize(kBatch);
  const auto count = rd_kafka_consume_batch_queue(lane.queue.get(), 0, batch_.data(), batch_.size());
  for (ssize_t i = 0; i < count; ++i) put(lane, batch_[static_cast<std::size_t>(i)]);
}

void OrderedQueues::give(std::vector<rd_kafka_message_t*>& to, std::size_t count_max) {
  while (to.size() < count_max) {
    Lane* oldest = nullptr;
    std::int64_t second_ms = std::numeric_limits<std::int64_t>::max();
    bool held_up = false;
    for (Lane& lane : lanes_) {
      if (lane.empty()) refill(lane);
      held_up = held_up || lane.holds_up();
      if (lane.empty()) continue;
      if (oldest == nullptr || lane.time_ms < oldest->time_ms) {
        if (oldest != nullptr) second_ms = oldest->time_ms;
        oldest = &lane;
      } else {
        second_ms = std::min(second_ms, lane.time_ms);
      }
    }
    if (oldest == nullptr) return;
    if (held_up && !patience_is_over()) return;
    if (!held_up) held_up_since_.reset();
    while (!oldest->empty() && oldest->time_ms <= second_ms && to.size() < count_max) {
      to.push_back(oldest->messages[oldest->next++]);
      if (oldest->empty()) break;
      const rd_kafka_message_t* const next = oldest->messages[oldest->next];
      if (next->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        oldest->time_ms = rd_kafka_message_timestamp(next, nullptr);
      }
    }
  }
}

bool OrderedQueues::patience_is_over() {
  const auto now = steady_clock::now();
  if (!held_up_since_) held_up_since_ = now;
  if (now - *held_up_since_ < kPatience) return false;
  for (Lane& lane : lanes_) lane.late = lane.late || lane.holds_up();
  held_up_since_.reset();
  return true;
}

void OrderedQueues::wait(std::chrono::milliseconds timeout) {
  const auto lane = std::ranges::find_if(lanes_, &Lane::holds_up);
  if (lane == lanes_.end() || lane->queue == nullptr) return drain_common(timeout);
  wake_fetcher(*lane);
  rd_kafka_message_t* const message = rd_kafka_consume_queue(lane->queue.get(), static_cast<int>(timeout.count()));
  if (message != nullptr) put(*lane, message);
}

void OrderedQueues::wake_fetcher(const Lane& lane) {
  if (fetcher_looks_again()) return;
  const auto now = steady_clock::now();
  if (now < wake_at_) return;
  const KafkaPtr<rd_kafka_topic_partition_list_t> asked(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(asked.get(), lane.partition.topic.c_str(), lane.partition.number)->offset =
      RD_KAFKA_OFFSET_END;
  const bool answered = look_up_offsets(client_, asked.get(), kAnswerPatience) == RD_KAFKA_RESP_ERR_NO_ERROR;
  wake_at_ = now + (answered ? kFetcherLooksAfter : kSilencePause);
}

}  // namespace daybook::log
