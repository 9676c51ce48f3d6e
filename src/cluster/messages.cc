#include "cluster/messages.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace daybook::cluster {
namespace {

Unexpected unreadable(const char* what) {
  return unexpected(ErrorCode::kCorrupt, fmt::format("{} cannot be read", what));
}

query::v1::Bounds bounds_message(const log::EndOffset& bounds) {
  query::v1::Bounds message;
  message.set_topic(static_cast<std::int32_t>(bounds.at.topic));
  message.set_partition(bounds.at.partition);
  message.set_begin(bounds.begin);
  message.set_end(bounds.end);
  return message;
}

Result<std::vector<log::EndOffset>> from_messages(
    const google::protobuf::RepeatedPtrField<query::v1::Bounds>& messages) {
  std::vector<log::EndOffset> all;
  for (const query::v1::Bounds& message : messages) {
    if (message.topic() < 0 || message.topic() >= static_cast<int>(log::kEventTopicCount)) return unreadable("a topic");
    all.push_back({{static_cast<log::Topic>(message.topic()), message.partition()}, message.begin(), message.end()});
  }
  return all;
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
  message.set_first_recorded_ms(head.first_recorded_ms);
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
  head.first_recorded_ms = message.first_recorded_ms();
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
  for (const store::TopicProgress& topic : report.state.topics) message.add_next_offsets(topic.next_offset);
  message.set_accepted(report.state.accepted);
  message.set_duplicates(report.state.duplicates);
  message.set_conflicts(report.state.conflicts);
  message.set_parked(report.state.parked);
  message.set_waiting(report.state.waiting);
  message.set_newest_recorded_ms(report.state.newest_recorded_ms);
  ByteWriter digest(*message.mutable_digest());
  digest.big64(static_cast<std::uint64_t>(report.state.digest >> 64));
  digest.big64(static_cast<std::uint64_t>(report.state.digest));
  message.set_trouble(report.trouble);
  message.set_unreadable(report.unreadable);
  for (const log::EndOffset& bounds : report.bounds) *message.add_bounds() = bounds_message(bounds);
  if (report.bounds_seen_ms) message.set_bounds_seen_ms(*report.bounds_seen_ms);
  message.set_records_since_start(report.records_since_start);
  message.set_seconds_since_start(report.seconds_since_start);
  return message;
}

Result<ShardReport> from_message(const query::v1::Shard& message) {
  ShardReport report;
  ByteReader digest(message.digest());
  const UInt128 high = digest.big64();
  report.state.digest = high << 64 | digest.big64();
  if (message.next_offsets_size() != static_cast<int>(report.state.topics.size()) || !digest.ok() || !digest.done()) {
    return unreadable("what a projector says of a shard");
  }
  report.partition = message.partition();
  for (int i = 0; i < message.next_offsets_size(); ++i) {
    report.state.topics[static_cast<std::size_t>(i)].next_offset = message.next_offsets(i);
  }
  report.state.accepted = message.accepted();
  report.state.duplicates = message.duplicates();
  report.state.conflicts = message.conflicts();
  report.state.parked = message.parked();
  report.state.waiting = message.waiting();
  report.state.newest_recorded_ms = message.newest_recorded_ms();
  report.trouble = message.trouble();
  report.unreadable = message.unreadable();
  ASSIGN_OR_RETURN(report.bounds, from_messages(message.bounds()));
  if (message.has_bounds_seen_ms()) report.bounds_seen_ms = message.bounds_seen_ms();
  report.records_since_start = message.records_since_start();
  report.seconds_since_start = message.seconds_since_start();
  return report;
}

query::v1::Note to_message(const query::ChangeNote& note) {
  query::v1::Note message;
  message.set_partition(note.partition);
  for (const std::int64_t offset : note.next_offsets) message.add_next_offsets(offset);
  message.set_newest_recorded_ms(note.newest_recorded_ms);
  message.set_news(note.news.bits());
  for (const std::string& name : note.customers.names()) message.add_customers(name);
  message.set_is_any_customer(note.customers.is_any());
  return message;
}

Result<query::ChangeNote> from_message(const query::v1::Note& message) {
  query::ChangeNote note;
  if (message.next_offsets_size() != static_cast<int>(note.next_offsets.size()))
    return unreadable("what a commit changed");
  note.partition = message.partition();
  std::copy(message.next_offsets().begin(), message.next_offsets().end(), note.next_offsets.begin());
  note.newest_recorded_ms = message.newest_recorded_ms();
  note.news = domain::News::from_bits(message.news());
  for (const std::string& name : message.customers()) note.customers.add(name);
  if (message.is_any_customer()) note.customers.add_any();
  return note;
}

query::v1::LookReply to_message(const ProjectorReport& report) {
  query::v1::LookReply message;
  for (const ShardReport& shard : report.shards) *message.add_shards() = to_message(shard);
  for (const log::EndOffset& bounds : report.unread) *message.add_unread() = bounds_message(bounds);
  for (const auto& [kind, words] : report.troubles) (*message.mutable_troubles())[kind] = words;
  message.set_behind(report.behind);
  message.set_is_recorded_as_told(report.is_recorded_as_told);
  return message;
}

Result<ProjectorReport> from_message(const query::v1::LookReply& message) {
  ProjectorReport report;
  for (const auto& shard : message.shards()) {
    ASSIGN_OR_RETURN(auto one, from_message(shard));
    report.shards.push_back(std::move(one));
  }
  ASSIGN_OR_RETURN(report.unread, from_messages(message.unread()));
  report.troubles.insert(message.troubles().begin(), message.troubles().end());
  report.behind = message.behind();
  report.is_recorded_as_told = message.is_recorded_as_told();
  return report;
}

}  // namespace daybook::cluster
