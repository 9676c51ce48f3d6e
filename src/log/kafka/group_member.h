// A consumer group on Kafka as a group that shares out work (log/group.h).
#pragma once

#include "log/group.h"
#include "log/kafka/options.h"

namespace daybook::log {

// Joins the group `name`, with the options' topic prefix in front. What its members share out are the partitions of
// the dead-letter topic, of which they read nothing; each stands for its number in all topics. The offsets that are
// committed are those of the event topics, where monitors look for them.
Result<std::unique_ptr<GroupMember>> join_kafka_group(const KafkaOptions& options, std::string_view name);

}  // namespace daybook::log
