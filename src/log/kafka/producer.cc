#include "log/kafka/producer.h"

#include <fmt/format.h>

#include "log/placement.h"

namespace daybook::log {
namespace {

using namespace std::chrono_literals;

// More than this waiting for the broker is refused, instead of growing or blocking.
constexpr std::size_t kPendingBytesMax = 256 * 1024 * 1024;
// What a pending record costs beside its own bytes.
constexpr std::size_t kRecordOverhead = 256;

constexpr int kPollMs = 100;
constexpr int kLastWaitMs = 500;

rd_kafka_resp_err_t produce(rd_kafka_t* handle, rd_kafka_topic_t* topic, std::int32_t partition,
                            const NewRecord& record, void* slot) {
  rd_kafka_headers_t* headers = nullptr;
  if (!record.headers.empty()) {
    headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    }
  }
  // An empty view may have no address, which would mean that there is nothing at all.
  const auto address = [](const std::optional<std::string_view>& bytes) -> void* {
    if (!bytes) return nullptr;
    return const_cast<char*>(bytes->empty() ? "" : bytes->data());
  };
  // Not copied: the caller keeps the bytes until its call is done.
  const rd_kafka_resp_err_t error =
      rd_kafka_producev(handle, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(0),
                        RD_KAFKA_V_VALUE(address(record.value), record.value.value_or("").size()),
                        RD_KAFKA_V_KEY(address(record.key), record.key.value_or("").size()), RD_KAFKA_V_OPAQUE(slot),
                        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
  // librdkafka takes the headers only with the message.
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR && headers != nullptr) rd_kafka_headers_destroy(headers);
  return error;
}

}  // namespace

struct Producer::Link {
  std::unique_ptr<Client> client;
  // By Topic. Named with each record, they would be looked up each time, under a lock that all share.
  std::array<KafkaPtr<rd_kafka_topic_t>, kTopicCount> topics;
};

// An append under way. Its last report ends and deletes it.
struct Producer::Call {
  Producer* producer = nullptr;
  std::size_t bytes = 0;
  AppendDone done;
  std::vector<Slot> slots;
  std::vector<Appended> appended;
  // Reports to come, and one for the handing over itself.
  std::atomic<std::size_t> unfinished = 0;
  std::mutex mutex;
  std::optional<Error> error;  // The first; guarded by `mutex`.

  void fail(Error failure) {
    const std::lock_guard lock(mutex);
    if (!error) error = std::move(failure);
  }
};

Result<std::shared_ptr<Producer::Link>> Producer::make_link(const KafkaOptions& options) {
  auto link = std::make_shared<Link>();
  ASSIGN_OR_RETURN(link->client, Client::make(options, Client::Kind::kProducer, &Producer::on_delivery));
  for (std::size_t i = 0; i < kTopicCount; ++i) {
    const std::string name = topic_name(options.topic_prefix, static_cast<Topic>(i));
    link->topics[i].reset(rd_kafka_topic_new(link->client->get(), name.c_str(), nullptr));
    if (link->topics[i] == nullptr) return kafka_error(rd_kafka_last_error(), name);
  }
  return link;
}

Result<std::unique_ptr<Producer>> Producer::make(const KafkaOptions& options, std::int32_t partition_count) {
  ASSIGN_OR_RETURN(std::shared_ptr<Link> link, make_link(options));
  // Asked for now, the leaders are known when the first record comes: otherwise that takes a
  // second.
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(link->client->get(), 1, nullptr, &metadata, static_cast<int>(options.timeout.count())) ==
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_metadata_destroy(metadata);
  }
  return std::unique_ptr<Producer>(new Producer(options, partition_count, std::move(link)));
}

Producer::Producer(KafkaOptions options, std::int32_t partition_count, std::shared_ptr<Link> link)
    : options_(std::move(options)), partition_count_(partition_count), link_(std::move(link)) {
  thread_ = std::thread([this] { run(); });
}

Producer::~Producer() {
  stopping_ = true;
  thread_.join();
  if (link_ == nullptr) return;
  rd_kafka_t* const handle = link_->client->get();
  rd_kafka_flush(handle, kLastWaitMs);
  rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (pending_bytes_ > 0) rd_kafka_poll(handle, kPollMs);
}

std::shared_ptr<Client> Producer::client() const {
  const std::shared_lock lock(mutex_);
  return link_ == nullptr ? nullptr : std::shared_ptr<Client>(link_, link_->client.get());
}

void Producer::append(std::vector<NewRecord> records, AppendDone done) {
  const Result<std::vector<std::int32_t>> partitions = place_records(records, partition_count_);
  if (!partitions) return done(unexpected(partitions.error()));
  std::size_t bytes = kRecordOverhead;
  for (const NewRecord& record : records) bytes += kRecordOverhead + record_bytes(record);
  const std::size_t pending_before = pending_bytes_.fetch_add(bytes);
  if (pending_before > 0 && pending_before + bytes > kPendingBytesMax) {
    pending_bytes_ -= bytes;
    return done(unexpected(ErrorCode::kUnavailable, "busy: too much is waiting for the broker"));
  }

  Call* const call = new Call;
  call->producer = this;
  call->bytes = bytes;
  call->done = std::move(done);
  call->appended.resize(records.size());
  call->slots.resize(records.size());
  call->unfinished = records.size() + 1;
  hand_over(records, *partitions, call);
  finish_one(call);
}

void Producer::hand_over(const std::vector<NewRecord>& records, const std::vector<std::int32_t>& partitions,
                         Call* call) {
  const std::shared_lock lock(mutex_);
  for (std::size_t i = 0; i < records.size(); ++i) {
    call->slots[i] = {call, i};
    call->appended[i].partition = partitions[i];
    const Topic topic = records[i].topic;
    const rd_kafka_resp_err_t error =
        link_ == nullptr ? RD_KAFKA_RESP_ERR__STATE
                         : produce(link_->client->get(), link_->topics[static_cast<std::size_t>(topic)].get(),
                                   partitions[i], records[i], &call->slots[i]);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      // After a gap the later ones would be out of order.
      call->fail(
          {error == RD_KAFKA_RESP_ERR__FATAL ? ErrorCode::kUnavailable : error_code_of(error),
           fmt::format("publishing to {}: {}", topic_name(options_.topic_prefix, topic), rd_kafka_err2str(error))});
      call->unfinished -= records.size() - i;
      break;
    }
  }
}

void Producer::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  const Slot& slot = *static_cast<const Slot*>(message->_private);
  Call* const call = slot.call;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    call->appended[slot.index].offset = message->offset;
    call->appended[slot.index].timestamp_ms = rd_kafka_message_timestamp(message, &type);
  } else {
    // A client that is given up fails what it held; a new one will take it.
    const ErrorCode code = error_code_of(message->err);
    call->fail(
        {code == ErrorCode::kFatal ? ErrorCode::kUnavailable : code,
         fmt::format("publishing to {}: {}", rd_kafka_topic_name(message->rkt), rd_kafka_err2str(message->err))});
  }
  call->producer->finish_one(call);
}

void Producer::finish_one(Call* call) {
  if (--call->unfinished > 0) return;
  const std::unique_ptr<Call> ended(call);
  if (call->error) {
    call->done(unexpected(*std::move(call->error)));
  } else {
    call->done(std::move(call->appended));
  }
  pending_bytes_ -= call->bytes;
}

void Producer::run() {
  while (!stopping_) {
    const std::shared_ptr<Client> current = client();
    if (current == nullptr) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
      replace_client();
      continue;
    }
    rd_kafka_poll(current->get(), kPollMs);
    if (current->fatal()) replace_client();
  }
}

void Producer::replace_client() {
  Result<std::shared_ptr<Link>> made = make_link(options_);
  std::shared_ptr<Link> old;
  {
    const std::unique_lock lock(mutex_);
    old = std::exchange(link_, made ? *std::move(made) : nullptr);
  }
  if (old == nullptr) return;
  rd_kafka_t* const handle = old->client->get();
  rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (rd_kafka_outq_len(handle) > 0) rd_kafka_poll(handle, kPollMs);
}

}  // namespace daybook::log
