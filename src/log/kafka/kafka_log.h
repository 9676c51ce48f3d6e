// The log in Apache Kafka, over librdkafka.
#pragma once

#include "log/kafka/options.h"
#include "log/log.h"

namespace daybook::log {

// Opens the log once check_topics() finds no fault. Its readers have a client of their own each:
// decompression runs in a client's one thread. Errors:
//   kInvalidArgument  a property is unknown, or cannot be set;
//   kMismatch         as check_topics();
//   kUnavailable      no broker answers.
Result<std::unique_ptr<Log>> open_kafka_log(const KafkaOptions& options);

}  // namespace daybook::log
