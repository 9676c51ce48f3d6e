#include "query/standing.h"

#include <algorithm>
#include <string>
#include <utility>

#include "log/log.h"

namespace daybook::query {

Standing Standing::of(const std::vector<ShardHead>& heads, std::string_view topic_prefix) {
  Standing standing;
  std::int64_t newest = 0;
  for (const ShardHead& head : heads) {
    newest = std::max(newest, head.newest_recorded_ms);
    standing.waiting += head.waiting;
    standing.parked += head.parked;
    if (head.first_recorded_ms < 0) continue;
    standing.first_recorded_ms =
        std::min(standing.first_recorded_ms.value_or(head.first_recorded_ms), head.first_recorded_ms);
  }
  if (newest != 0) standing.newest_recorded_at = Value::instant_ms(newest);
  for (const log::Topic topic : log::kEventTopics) {
    const std::string name = log::topic_name(topic_prefix, topic);
    for (const ShardHead& head : heads) {
      Row position;
      position.add("topic", Value::text(name));
      position.add("partition", Value::integer(head.partition));
      position.add("next_offset", Value::integer(head.next_offsets[static_cast<std::size_t>(topic)]));
      standing.positions.push_back(std::move(position));
    }
  }
  return standing;
}

}  // namespace daybook::query
