#include "app/status.h"

#include <algorithm>

#include "base/hash.h"
#include "base/json_writer.h"
#include "log/partitions.h"
#include "query/value.h"

namespace daybook::app {
namespace {

using query::Value;

// A line of the positions; nothing is known of what has no value.
struct PositionRow {
  log::TopicPartition at;
  std::optional<std::int64_t> next_offset;
  std::optional<log::EndOffset> bounds;
};

Value integer_or_null(std::optional<std::int64_t> number) { return number ? Value::integer(*number) : Value(); }

// In the order of topic, partition.
std::vector<PositionRow> positions_of(const StatusReport& status) {
  std::vector<PositionRow> rows;
  for (const log::Topic topic : log::kEventTopics) {
    for (const std::int32_t partition : status.shards) {
      PositionRow row{{topic, partition}, {}, {}};
      const auto report = std::ranges::find(status.reports, partition, &cluster::ShardReport::partition);
      if (report != status.reports.end()) {
        row.next_offset = report->next_offset(topic);
        const auto bounds = std::ranges::find(report->bounds, row.at, &log::EndOffset::at);
        if (bounds != report->bounds.end()) row.bounds = *bounds;
      }
      rows.push_back(row);
    }
  }
  for (const log::EndOffset& bounds : status.unread) rows.push_back({bounds.at, 0, bounds});
  std::ranges::sort(rows, {}, &PositionRow::at);
  return rows;
}

void write_positions(JsonWriter& out, const StatusReport& status) {
  out.begin_array();
  for (const PositionRow& row : positions_of(status)) {
    out.begin_object();
    out.field("topic", log::topic_name(status.topic_prefix, row.at.topic));
    out.field("partition", row.at.partition);
    out.field("next_offset", integer_or_null(row.next_offset));
    out.field("end_offset", row.bounds ? Value::integer(row.bounds->end) : Value());
    out.field("lag",
              row.bounds && row.next_offset ? Value::integer(cluster::lag_of(*row.bounds, *row.next_offset)) : Value());
    out.end_object();
  }
  out.end_array();
}

struct Sums {
  store::ShardState state;
  std::uint64_t records_since_start = 0;
  double records_per_second = 0;
  // The earliest: what is said of the ends holds of all of them then. Nothing where one has not seen them.
  std::optional<std::int64_t> ends_seen_ms;
};

// Of all shards; nothing where one has not told how it is, or there is none.
std::optional<Sums> sums_of(const StatusReport& status) {
  const auto has_told = [&](std::int32_t partition) {
    return std::ranges::find(status.reports, partition, &cluster::ShardReport::partition) != status.reports.end();
  };
  if (status.shards.empty() || !std::ranges::all_of(status.shards, has_told)) return std::nullopt;
  Sums sums;
  sums.ends_seen_ms = status.reports.front().bounds_seen_ms;
  for (const cluster::ShardReport& report : status.reports) {
    sums.state.accepted += report.state.accepted;
    sums.state.duplicates += report.state.duplicates;
    sums.state.conflicts += report.state.conflicts;
    sums.state.parked += report.state.parked;
    sums.state.waiting += report.state.waiting;
    sums.state.digest += report.state.digest;
    sums.state.newest_recorded_ms = std::max(sums.state.newest_recorded_ms, report.state.newest_recorded_ms);
    sums.records_since_start += report.records_since_start;
    sums.records_per_second +=
        static_cast<double>(report.records_since_start) / std::max(report.seconds_since_start, 0.001);
    // Nothing is less than anything.
    sums.ends_seen_ms = std::min(sums.ends_seen_ms, report.bounds_seen_ms);
  }
  return sums;
}

void write_sums(JsonWriter& out, const std::optional<Sums>& sums) {
  const auto count = [&](std::uint64_t Sums::* field) {
    return sums ? Value::integer(static_cast<std::int64_t>((*sums).*field)) : Value();
  };
  const auto of_state = [&](auto store::ShardState::* field) {
    return sums ? Value::integer(static_cast<std::int64_t>(sums->state.*field)) : Value();
  };
  using State = store::ShardState;
  out.key("rates");
  out.begin_object();
  out.field("records_since_start", count(&Sums::records_since_start));
  out.field("records_per_second", sums ? Value::integer(static_cast<std::int64_t>(sums->records_per_second)) : Value());
  out.end_object();
  const bool has_read = sums && sums->state.newest_recorded_ms != 0;
  out.field("newest_recorded_at", has_read ? Value::instant_ms(sums->state.newest_recorded_ms) : Value());
  out.field("accepted", of_state(&State::accepted));
  out.field("duplicates", of_state(&State::duplicates));
  out.field("conflicts", of_state(&State::conflicts));
  out.field("parked", of_state(&State::parked));
  out.field("waiting", of_state(&State::waiting));
  out.field("digest", sums ? Value::text(to_hex(sums->state.digest)) : Value());
}

}  // namespace

std::string to_json(const StatusReport& status) {
  JsonWriter out;
  out.begin_object();
  out.key("positions");
  write_positions(out, status);
  const auto sums = sums_of(status);
  out.field("ends_seen_at", sums && sums->ends_seen_ms ? Value::instant_ms(*sums->ends_seen_ms) : Value());
  write_sums(out, sums);
  out.field("build", DAYBOOK_VERSION);
  out.field("business_time_zone", status.business_time_zone ? Value::text(*status.business_time_zone) : Value());
  out.field("today", status.today ? Value::text(format_date(*status.today)) : Value());
  out.field("partitions", status.partitions ? Value::integer(*status.partitions) : Value());
  out.field("shards", query::text_or_null(log::format_partitions(status.shards)));
  out.field("log", status.log);
  out.field("recorded_as_told", Value::boolean(status.recorded_as_told));
  out.field("unprotected", Value::boolean(status.unprotected));
  out.field("trouble", query::text_or_null(words_of(status.troubles)));
  out.end_object();
  return out.take();
}

}  // namespace daybook::app
