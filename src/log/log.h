// The log: the book of record. One interface, three implementations (memory, embedded, Kafka) that
// behave alike in everything named here; tests/contract runs one suite on all three.
//
// A log holds the five event topics and the dead-letter topic, each with the same number of
// partitions. Records of one topic-partition have rising offsets; gaps are legal.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace daybook::log {

// In the byte order of their names: "by topic" in an answer means this order. Stored: never
// renumber.
enum class Topic : std::uint8_t {
  kInvoices = 0,
  kOrders = 1,
  kPayments = 2,
  kReference = 3,
  kShipments = 4,
  kDeadLetter = 5,
};
inline constexpr std::array kEventTopics = {Topic::kInvoices, Topic::kOrders, Topic::kPayments, Topic::kReference,
                                            Topic::kShipments};
inline constexpr std::size_t kEventTopicCount = kEventTopics.size();
inline constexpr std::size_t kTopicCount = kEventTopicCount + 1;

// "invoices", "orders", … "dead-letter".
std::string_view topic_family(Topic topic);
// `prefix` + "daybook.invoices.v1".
std::string topic_name(std::string_view prefix, Topic topic);
std::optional<Topic> parse_topic_name(std::string_view prefix, std::string_view name);

// Largest record (key, value and headers together) that a log takes: the topics' max.message.bytes,
// less room for the broker's own framing.
inline constexpr std::size_t kMessageBytesMax = 2'097'152;
inline constexpr std::size_t kRecordBytesMax = kMessageBytesMax - 4'096;

struct TopicPartition {
  Topic topic{};
  std::int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

// A record as read. The views point into the reader and hold until its next poll.
struct Record {
  Topic topic{};
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  // The log's own append time. May go back within a partition on Kafka; never in the embedded log.
  std::int64_t timestamp_ms = 0;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
};

// A record to append. The views must hold until the call's completion has run.
struct NewRecord {
  Topic topic{};
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  // Left out: partition_of(key). A record without a key must name it.
  std::optional<std::int32_t> partition;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Where a record went.
struct Appended {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
};

struct StartPosition {
  TopicPartition at;
  // Offset of the first record wanted.
  std::int64_t offset = 0;
};

// Reads a fixed set of topic-partitions, each in offset order; how they interleave is not defined. One that cannot be
// read does not keep the others back. One thread at a time. Must not outlive its log.
class Reader {
 public:
  virtual ~Reader() = default;
  // Up to `records_max` records (above 0); none when nothing arrived within `timeout`. Returns
  // early with what there is. Errors, of which those that may pass are told only where there is nothing to give:
  //   kUnavailable  the broker is away, or a disk fails: call again;
  //   kOutOfRange   a position is not in the log any more (truncated, expired): stop loudly;
  //   kMismatch     a topic was deleted or re-made: stop loudly;
  //   kFatal        this reader is done: make a new one from your own positions;
  //   kCorrupt      bytes on disk or wire fail their checksum: call again, somebody may restore them.
  virtual Result<std::span<const Record>> poll(std::size_t records_max, std::chrono::milliseconds timeout) = 0;
  // The next offset wanted of a topic-partition that is read: what is below has been given, or
  // holds no record. At the log's end this is its end, once a poll has given nothing, even where
  // the last offsets hold no record (as after a transaction).
  virtual std::int64_t position(TopicPartition at) const = 0;
  // Why a topic-partition gives nothing, as of the last poll, whatever the others gave; of several the first. It goes
  // when something is read of it again; a new reader finds out anew.
  virtual std::optional<Error> trouble() const = 0;
};

class GroupMember;  // group.h

struct EndOffset {
  TopicPartition at;
  // Offset of the first record that can be read; of the next one to be written.
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

using AppendDone = std::function<void(Result<std::vector<Appended>>)>;

// Thread-safe. Ends its threads and waits for pending appends on destruction.
class Log {
 public:
  virtual ~Log() = default;

  // Partitions of every topic.
  virtual std::int32_t partition_count() const = 0;

  // Whether its first records carry the times of a story instead of those of their appending: a log
  // for demonstration (open_told_log in embedded_log.h).
  virtual bool recorded_as_told() const { return false; }

  // Why nothing can be appended, for people; empty as long as nothing is known to be wrong. Goes away by itself.
  virtual std::string trouble() const { return {}; }

  // Appends all of `records`, in order within each topic-partition, and calls `done` once, from a
  // thread of the log or from within this call, when all are durable (Appended in the order of
  // `records`) or one failed. On failure some may be in the log; the caller sends all of them
  // again. `done` must not block. Errors:
  //   kInvalidArgument  a record above kRecordBytesMax, with no such partition, or with neither key
  //                     nor partition: nothing was appended;
  //   kUnavailable      broker or disk is away or full, or too much is waiting for it: try again.
  virtual void append(std::vector<NewRecord> records, AppendDone done) = 0;

  // A reader from these positions; a topic-partition that is not named is not read. A position
  // outside the log shows in the first poll; a topic-partition that cannot be is kInvalidArgument.
  virtual Result<std::unique_ptr<Reader>> open_reader(std::vector<StartPosition> starts) = 0;

  // The bounds of every topic-partition of `topics`, as of now, in the order of topic, partition. Their end is
  // that of what is written, be it for a transaction that is still open. With partitions that were added since
  // the log was opened, as far as check() has found them: nobody reads these.
  virtual Result<std::vector<EndOffset>> end_offsets(std::span<const Topic> topics) = 0;

  // Joins a group of those who share a work on this log (group.h). A log that keeps no groups refuses with
  // kInvalidArgument.
  virtual Result<std::unique_ptr<GroupMember>> join_group(std::string_view name);

  // The log is of no further use, as the process ends: whoever waits for an answer about it is told kUnavailable soon,
  // within a second or two, and all who ask later at once. Any thread.
  virtual void give_up() {}

  // Whether it still is what it was when it was opened; asks whoever keeps it, and waits for the answer. Errors:
  //   kMismatch     partitions were added, or settings changed, so that events are not read or may be lost:
  //                 says what to do;
  //   kUnavailable  the broker is away.
  virtual Result<void> check() { return {}; }
};

// A record that is kept.
struct KeptRecord {
  Topic topic{};
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;

  // As read; points into this.
  Record view() const { return {topic, partition, offset, timestamp_ms, key, value}; }
};

// The record at `offset`; nothing where an offset of the log has none. Waits for it at most `patience`: somebody has
// read it already. Errors: those of poll(), kUnavailable also where it does not come in time.
Result<std::optional<KeptRecord>> read_record(Log& log, TopicPartition at, std::int64_t offset,
                                              std::chrono::milliseconds patience);

// append(), waited for.
Result<std::vector<Appended>> append_and_wait(Log& log, std::vector<NewRecord> records);

// MurmurHash2 of a key as Apache Kafka's Java client computes it.
std::int32_t murmur2(std::string_view key);

// The partition that Java's default partitioner gives this key: murmur2(key) made positive, modulo
// `partition_count`. Every publisher in any language must agree with it.
std::int32_t partition_of(std::string_view key, std::int32_t partition_count);

}  // namespace daybook::log
