// The topics of the log: making them, and telling whether they are fit to be the book of record.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/kafka/options.h"
#include "log/log.h"

namespace daybook::log {

class Client;

// What a book of record asks for: with the second copies in step, one broker may be lost.
inline constexpr int kReplicas = 3;
inline constexpr int kReplicasInStep = 2;

// A topic's settings by name, as a broker told them; one that it did not tell is not there.
using TopicSettings = std::map<std::string, std::string, std::less<>>;

// What makes this topic, which has so many replicas, unfit to be part of the book of record: a setting that is
// another than the contract's, or that was not told. A line each.
std::vector<std::string> setting_faults(const std::string& topic, const TopicSettings& told, int replicas);

// The topics as they are now.
struct TopicsSeen {
  // By Topic; 0 where it is missing.
  std::vector<std::int32_t> partitions;
  // Copies of the partition that has the fewest. Of those of the event topics, as all below.
  int replicas = 0;
  // What is wrong, a line each.
  std::vector<std::string> faults;
};

// What it means that topics have so many replicas, where these are fewer than kReplicas; else empty.
std::string caveat_of(int replicas);

// Makes those of the six topics that are missing, then does what check_topics() does, so that it
// may be repeated. kMismatch when those that were there have another number of partitions.
Result<void> create_topics(const KafkaOptions& options, std::int32_t partition_count, int replicas);

// The topics, with the number of partitions of every one, once they are found to be fit. Errors:
//   kMismatch     topics are missing, differ in their partitions, do not stamp the append time, may
//                 lose records, or do not tell: the message lists every fault;
//   kUnavailable  no broker answers.
Result<TopicsSeen> check_topics(const KafkaOptions& options);
// With a client that is there already, and knows its way around the topics afterwards.
Result<TopicsSeen> check_topics(Client& client, const KafkaOptions& options);
// The same, faults and all. kUnavailable, and kMismatch when settings may not be read.
Result<TopicsSeen> look_at_topics(Client& client, const KafkaOptions& options);

}  // namespace daybook::log
