// A whole Daybook in one process for tests: a log in memory, the projector on a temporary folder, and
// the views as HTTP gives them.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/audit.h"
#include "engine/projector.h"
#include "events/json.h"
#include "live/live_model.h"
#include "log/memory_log.h"
#include "query/local_shards.h"
#include "query/router.h"
#include "store/shard_state.h"
#include "support/soon.h"
#include "support/temp_dir.h"
#include "support/ways.h"

namespace daybook::test {

inline domain::Rules utc_rules(domain::Expect expect = {}) { return {BusinessZone::find("UTC").value(), expect}; }

inline std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> segments;
  for (std::size_t at = 0; at != std::string::npos;) {
    const std::size_t slash = path.find('/', at);
    segments.push_back(path.substr(at, slash == std::string::npos ? slash : slash - at));
    at = slash == std::string::npos ? slash : slash + 1;
  }
  return segments;
}

class Book {
 public:
  // `disk`: where the stores are; the system's when null.
  explicit Book(std::int32_t partitions = 3, domain::Rules rules = utc_rules(), rocksdb::Env* disk = nullptr)
      : log_(partitions), rules_(std::move(rules)), memory_(16 << 20, 16 << 20, disk) {
    log_.set_time_ms(1'700'000'000'000);
    open();
  }
  ~Book() { close(); }

  // Publishes one JSON event and waits until it is folded.
  void tell(const std::string& json) {
    send(json);
    settle();
  }
  // The same without waiting; under another topic or key where one is given.
  void send(const std::string& json, std::optional<log::Topic> topic = {}, std::optional<std::string> key = {}) {
    events::v1::Event event;
    events::Violations violations;
    const bool valid = events::read_event(json, event, violations);
    ASSERT_TRUE(valid) << json << "\n"
                       << (valid ? "" : violations.kept()[0].field + ": " + violations.kept()[0].message);
    Arena arena;
    const auto typed = events::validate(event, arena, violations);
    send_record(topic.value_or(events::topic_of(typed->payload)), key.value_or(event.customer_id()),
                event.SerializeAsString(), {});
  }
  // The envelope is filled in: customer C1, one event id each, at noon of `day`.
  void tell(const std::string& day, const std::string& payload, const std::string& customer = "C1") {
    tell("{\"event_id\":\"e" + std::to_string(++told_) + "\",\"customer_id\":\"" + customer +
         "\",\"source\":\"test\",\"occurred_at\":\"" + day + "T12:00:00Z\"," + payload + "}");
  }
  void append(log::Topic topic, std::optional<std::string> key, std::optional<std::string> value,
              std::optional<std::int32_t> partition = {}) {
    send_record(topic, std::move(key), std::move(value), partition);
    settle();
  }
  void send_record(log::Topic topic, std::optional<std::string> key, std::optional<std::string> value,
                   std::optional<std::int32_t> partition) {
    std::vector<log::NewRecord> records(1);
    records[0].topic = topic;
    if (key) records[0].key = *key;
    if (value) records[0].value = *value;
    records[0].partition = partition;
    const auto appended = log::append_and_wait(log_, std::move(records));
    ASSERT_TRUE(appended) << appended.error().message;
    sent_[{topic, appended->front().partition}] = appended->front().offset;
  }
  // Waits until all that was sent is folded.
  void settle() {
    for (const auto& [at, offset] : std::exchange(sent_, {})) {
      ASSERT_TRUE(soon([&] { return projector_->has_committed(at, offset); })) << projector_->trouble();
    }
  }

  query::Rendered get(const std::string& path, const query::ParameterMap& parameters = {}) {
    return ask(segments_of(path), parameters, {});
  }
  query::Rendered reconcile(const query::ParameterMap& parameters, const std::string& csv) {
    return ask(segments_of("v1/receivables/reconciliation"), parameters, csv);
  }
  // Where the read model may change between two questions, the second is not asked.
  void ask_once() { asks_every_way_ = false; }
  // As it is answered here, and every other way (ways.h): the same.
  query::Rendered ask(const std::vector<std::string>& segments, const query::ParameterMap& parameters,
                      std::optional<std::string_view> body) {
    query::Request request{.segments = segments, .parameters = parameters};
    request.body = body;
    const query::LocalShards shards(*model_);
    query::Rendered rendered = query::answer(shards, today, request);
    if (!asks_every_way_) return rendered;
    for (const auto& way : ways_) {
      const query::Rendered again = query::answer(way->shards(), today, request);
      EXPECT_EQ(again.status, rendered.status);
      EXPECT_EQ(again.body, rendered.body);
    }
    return rendered;
  }
  boost::json::value json(const std::string& path, const query::ParameterMap& parameters = {}) {
    const query::Rendered rendered = get(path, parameters);
    EXPECT_EQ(rendered.status, 200) << path << ": " << rendered.body;
    return boost::json::parse(rendered.body);
  }

  store::ShardState sum() const {
    store::ShardState sum;
    for (const std::int32_t i : projector_->partitions()) {
      const store::ShardState state = projector_->committed(i);
      sum.accepted += state.accepted;
      sum.duplicates += state.duplicates;
      sum.conflicts += state.conflicts;
      sum.parked += state.parked;
      sum.waiting += state.waiting;
      sum.digest += state.digest;
    }
    return sum;
  }

  // Stops and starts again on the same folder; `meanwhile` may change it.
  void reopen(const std::function<void()>& meanwhile = [] {}) {
    close();
    meanwhile();
    open();
  }

  log::MemoryLog& log() { return log_; }
  engine::Projector& projector() { return *projector_; }
  const live::LiveModel& model() const { return *model_; }
  const std::string& path() const { return directory_.path(); }
  // All there were, a line each.
  std::string notices() {
    const std::lock_guard lock(notices_mutex_);
    return notices_;
  }
  const domain::Rules& rules() const { return rules_; }

  // Every figure follows from the facts.
  void expect_audited() {
    for (const std::int32_t i : projector_->partitions()) {
      const auto report = engine::audit(projector_->shard(i)->store(), rules_, [](std::uint64_t) {});
      ASSERT_TRUE(report) << report.error().message;
      EXPECT_TRUE(report->ok()) << (report->ok() ? "" : report->faults.front());
    }
  }

 private:
  static Day today() { return day_from_civil({2024, 6, 30}); }
  void open() {
    engine::ProjectorOptions options;
    options.threads = 1;
    options.cache_bytes = 8 << 20;
    options.retry_min = std::chrono::milliseconds(10);
    options.retry_max = std::chrono::milliseconds(50);
    options.on_notice = [this](const std::string& notice) {
      const std::lock_guard lock(notices_mutex_);
      notices_ += notice + "\n";
    };
    auto projector = engine::Projector::open(rules_, directory_.path(), log_.partition_count(), memory_, options);
    ASSERT_TRUE(projector) << projector.error().message;
    projector_ = std::move(projector).value();
    model_ = std::make_unique<live::LiveModel>(*projector_, rules_, "", 64 << 20);
    const auto started = projector_->start(log_);
    ASSERT_TRUE(started) << started.error().message;
    for (const MakeWay& make : ways()) ways_.push_back(make(*model_));
  }
  void close() {
    ways_.clear();
    if (projector_) projector_->stop();
    model_.reset();
    projector_.reset();
  }

  TempDir directory_;
  std::mutex notices_mutex_;
  std::string notices_;  // Guarded.
  log::MemoryLog log_;
  domain::Rules rules_;
  store::SharedMemory memory_;
  std::unique_ptr<engine::Projector> projector_;
  std::unique_ptr<live::LiveModel> model_;
  std::vector<std::unique_ptr<Way>> ways_;            // Of the model.
  std::map<log::TopicPartition, std::int64_t> sent_;  // The last offset of each that settle() waits for.
  bool asks_every_way_ = true;
  int told_ = 0;
};

}  // namespace daybook::test
