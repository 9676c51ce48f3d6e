// The topics of the log: making them, and telling whether they are fit to be the book of record.
#pragma once

#include "base/result.h"
#include "log/kafka/options.h"

namespace daybook::log {

class Client;

// Makes those of the six topics that are missing, then does what check_topics() does, so that it
// may be repeated. kMismatch when those that were there have another number of partitions.
Result<void> create_topics(const KafkaOptions& options, std::int32_t partition_count,
                           int replication_factor);

// The number of partitions of every topic. Errors:
//   kMismatch     topics are missing, differ in their partitions, do not stamp the append time, or
//                 may lose records: the message lists every fault;
//   kUnavailable  no broker answers.
Result<std::int32_t> check_topics(const KafkaOptions& options);
// With a client that is there already, and knows its way around the topics afterwards.
Result<std::int32_t> check_topics(Client& client, const KafkaOptions& options);

}  // namespace daybook::log
