#include "cluster/messages.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace daybook::cluster {
namespace {

Unexpected unreadable(const char* what) {
  return unexpected(ErrorCode::kCorrupt, fmt::format("{} cannot be read", what));
}

}  // namespace

std::string Identity::rules() const {
  return fmt::format("{}; {}; {}, {}, {} days", fold.business_time_zone, domain::format_expect(fold.expect),
                     fold.anomaly_days.delivered_not_invoiced, fold.anomaly_days.shipped_without_proof_of_delivery,
                     fold.anomaly_days.invoice_not_received);
}

std::string Identity::difference(const Identity& other) const {
  if (version != other.version) return fmt::format("version {}, not {}", version, other.version);
  if (partition_count != other.partition_count) {
    return fmt::format("{} partitions, not {}", partition_count, other.partition_count);
  }
  if (topic_prefix != other.topic_prefix) {
    return fmt::format("topics with the prefix '{}', not '{}'", topic_prefix, other.topic_prefix);
  }
  if (rules() != other.rules()) return fmt::format("the rules {}, not {}", rules(), other.rules());
  return {};
}

query::v1::Problem to_message(const Problem& problem) {
  query::v1::Problem message;
  message.set_status(problem.status);
  message.set_title(problem.title);
  message.set_detail(problem.detail);
  for (const Fault& fault : problem.faults.kept) {
    auto& to = *message.add_faults();
    to.set_index(fault.index);
    to.set_field(fault.field);
    to.set_message(fault.message);
  }
  message.set_fault_count(problem.faults.count);
  for (const std::string& account : problem.accounts) message.add_accounts(account);
  return message;
}

Problem from_message(const query::v1::Problem& message) {
  Problem problem{message.status(), message.title(), message.detail()};
  for (const auto& fault : message.faults()) {
    problem.faults.kept.push_back({fault.index(), fault.field(), fault.message()});
  }
  problem.faults.count = message.fault_count();
  problem.accounts.assign(message.accounts().begin(), message.accounts().end());
  return problem;
}

query::v1::Head to_message(const query::ShardHead& head, const Identity& identity) {
  query::v1::Head message;
  message.set_partition(head.partition);
  for (const std::int64_t offset : head.next_offsets) message.add_next_offsets(offset);
  message.set_newest_recorded_ms(head.newest_recorded_ms);
  message.set_waiting(head.waiting);
  message.set_parked(head.parked);
  message.set_version(identity.version);
  message.set_rules(identity.rules());
  return message;
}

Result<query::ShardHead> from_message(const query::v1::Head& message) {
  query::ShardHead head;
  if (message.next_offsets_size() != static_cast<int>(head.next_offsets.size())) return unreadable("a shard's head");
  head.partition = message.partition();
  std::copy(message.next_offsets().begin(), message.next_offsets().end(), head.next_offsets.begin());
  head.newest_recorded_ms = message.newest_recorded_ms();
  head.waiting = message.waiting();
  head.parked = message.parked();
  return head;
}

query::v1::Identity to_message(const Identity& identity) {
  query::v1::Identity message;
  message.set_version(identity.version);
  message.set_partition_count(identity.partition_count);
  message.set_topic_prefix(identity.topic_prefix);
  message.set_business_time_zone(identity.fold.business_time_zone);
  message.set_expect(domain::format_expect(identity.fold.expect));
  const domain::AnomalyDays& days = identity.fold.anomaly_days;
  message.set_delivered_not_invoiced_days(days.delivered_not_invoiced);
  message.set_shipped_without_proof_of_delivery_days(days.shipped_without_proof_of_delivery);
  message.set_invoice_not_received_days(days.invoice_not_received);
  return message;
}

Result<Identity> from_message(const query::v1::Identity& message) {
  if (message.partition_count() < 1) return unreadable("what a projector is");
  Identity identity;
  identity.version = message.version();
  identity.partition_count = message.partition_count();
  identity.topic_prefix = message.topic_prefix();
  identity.fold.business_time_zone = message.business_time_zone();
  ASSIGN_OR_RETURN(identity.fold.expect, domain::parse_expect(message.expect()));
  identity.fold.anomaly_days = {message.delivered_not_invoiced_days(), message.shipped_without_proof_of_delivery_days(),
                                message.invoice_not_received_days()};
  return identity;
}

query::v1::Shard to_message(const ShardReport& report) {
  query::v1::Shard message;
  message.set_partition(report.partition);
  for (const ShardReport::Topic& topic : report.topics) {
    auto& to = *message.add_topics();
    to.set_next_offset(topic.next_offset);
    if (topic.begin_offset) to.set_begin_offset(*topic.begin_offset);
    if (topic.end_offset) to.set_end_offset(*topic.end_offset);
  }
  message.set_accepted(report.accepted);
  message.set_duplicates(report.duplicates);
  message.set_conflicts(report.conflicts);
  message.set_parked(report.parked);
  message.set_waiting(report.waiting);
  message.set_newest_recorded_ms(report.newest_recorded_ms);
  ByteWriter digest(*message.mutable_digest());
  digest.big64(static_cast<std::uint64_t>(report.digest >> 64));
  digest.big64(static_cast<std::uint64_t>(report.digest));
  message.set_trouble(report.trouble);
  return message;
}

Result<ShardReport> from_message(const query::v1::Shard& message) {
  ShardReport report;
  ByteReader digest(message.digest());
  const UInt128 high = digest.big64();
  report.digest = high << 64 | digest.big64();
  if (message.topics_size() != static_cast<int>(report.topics.size()) || !digest.ok() || !digest.done()) {
    return unreadable("what a projector says of a shard");
  }
  report.partition = message.partition();
  for (int i = 0; i < message.topics_size(); ++i) {
    const auto& from = message.topics(i);
    ShardReport::Topic& topic = report.topics[static_cast<std::size_t>(i)];
    topic.next_offset = from.next_offset();
    if (from.has_begin_offset()) topic.begin_offset = from.begin_offset();
    if (from.has_end_offset()) topic.end_offset = from.end_offset();
  }
  report.accepted = message.accepted();
  report.duplicates = message.duplicates();
  report.conflicts = message.conflicts();
  report.parked = message.parked();
  report.waiting = message.waiting();
  report.newest_recorded_ms = message.newest_recorded_ms();
  report.trouble = message.trouble();
  return report;
}

}  // namespace daybook::cluster
