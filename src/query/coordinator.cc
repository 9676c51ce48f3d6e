#include "query/coordinator.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include "log/log.h"
#include "query/parallel.h"
#include "query/reports/customer_names.h"
#include "query/reports/rates.h"

namespace daybook::query {
namespace {

// Calls use(question) with what this shard is asked.
template <typename Use>
auto with_own(std::int32_t partition, const Question& question, const Use& use) {
  if (question.enclosed_by_partition == nullptr) return use(question);
  Question own = question;
  own.enclosed = question.enclosed_by_partition->at(partition);
  own.enclosed_by_partition.reset();
  return use(own);
}

}  // namespace

void Coordinator::settle(const Report& report, Question& question) {
  report.settle(question);
  if (const auto wanted = report.rates(question)) question.rates = rates(question, *wanted);
}

Answer Coordinator::answer(const Report& report, const Question& question) {
  Answer answer = report.finish(question, gather(report, question), *this);
  name(report, question, answer);
  return answer;
}

void Coordinator::name(const Report& report, const Question& question, Answer& answer) {
  name_customers(report.description(), question, source_.partition_count(), answer, *this);
}

std::unique_ptr<Partial> Coordinator::gather(const Report& report, const Question& question) {
  std::vector<std::int32_t> partitions;
  if (question.enclosed_by_partition != nullptr) {
    for (const auto& [partition, enclosed] : *question.enclosed_by_partition) partitions.push_back(partition);
  } else if (const auto shard = report.shard(question)) {
    if (*shard >= source_.partition_count()) {
      refuse(404, "Not found",
             fmt::format("there is no partition {}: the log has {}", *shard, source_.partition_count()));
    }
    partitions.push_back(*shard);
  } else if (const auto account = report.account(question)) {
    partitions.push_back(log::partition_of(*account, source_.partition_count()));
  } else {
    partitions.resize(sessions_.size());
    std::iota(partitions.begin(), partitions.end(), 0);
  }
  if (partitions.size() > 1 && question.page.is_round) return gather_round(partitions, report, question);
  if (partitions.size() > 1) {
    for (const std::int32_t partition : partitions) {
      with_own(partition, question, [&](const Question& own) { session(partition).expect(report, own); });
    }
  }
  // What is evaluated anew for a moment is worth every processor; what is read off is not worth the threads, and who
  // is asked later makes no more rows than the page still needs.
  if (known_at_ms_ || report.evaluates_anew()) {
    std::vector<std::unique_ptr<Partial>> parts(partitions.size());
    on_all_processors(partitions.size(), [&](std::size_t i) { parts[i] = ask(partitions[i], report, question); });
    for (std::size_t i = 1; i < parts.size(); ++i) report.merge(*parts[0], std::move(parts[i]));
    return std::move(parts[0]);
  }
  std::unique_ptr<Partial> whole = ask(partitions.front(), report, question);
  Question rest = question;
  for (std::size_t i = 1; i < partitions.size(); ++i) {
    rest.page.until = report.rows_until(*whole);
    report.merge(*whole, ask(partitions[i], report, rest));
  }
  return whole;
}

std::unique_ptr<Partial> Coordinator::gather_round(std::span<const std::int32_t> partitions, const Report& report,
                                                   const Question& question) {
  std::unique_ptr<Partial> whole;
  const auto add = [&](std::unique_ptr<Partial> part) {
    whole == nullptr ? static_cast<void>(whole = std::move(part)) : report.merge(*whole, std::move(part));
  };
  // Accounts are dealt out to the shards, so that each has about as many rows on the way to that of one. Each row is made
  // once: asked for a whole page, each would make that. One with few accounts on the way says little of the others, and
  // what is beyond the page is made in vain: a page is half full on average.
  Question share = question;
  share.page.count = std::max<std::size_t>(1, *question.page.count / (2 * partitions.size()));
  Question rest = question;
  while (!partitions.empty() && rest.page.until.empty()) {
    auto part = ask(partitions.front(), report, share);
    rest.page.until = report.rows_until(*part);
    add(std::move(part));
    partitions = partitions.subspan(1);
  }
  for (const std::int32_t partition : partitions) session(partition).expect(report, rest);
  std::vector<std::unique_ptr<Partial>> parts(partitions.size());
  on_all_processors(partitions.size(), [&](std::size_t i) { parts[i] = ask(partitions[i], report, rest); });
  for (auto& part : parts) add(std::move(part));
  return whole;
}

std::unique_ptr<Partial> Coordinator::ask_account(std::string_view account, const Report& report,
                                                  const Question& question) {
  return ask(log::partition_of(account, source_.partition_count()), report, question);
}

std::unique_ptr<Partial> Coordinator::ask(std::int32_t partition, const Report& report, const Question& question) {
  refuse_once_given_up(stop_);
  ShardReply reply =
      with_own(partition, question, [&](const Question& own) { return session(partition).ask(report, own, stop_); });
  // One shard's part in place of another's would count that twice, and this not at all.
  if (reply.partition != partition || reply.partial == nullptr) {
    refuse(503, "Shard not available",
           fmt::format("shard {} was asked, and shard {} answered", partition, reply.partition));
  }
  if (question.page.aside != nullptr) report.put_aside(*reply.partial, question.page);
  return std::move(reply.partial);
}

RateTable Coordinator::rates(const Question& question, const RatesWanted& wanted) {
  Question asked = question.of_same_moment(rates_report().description().name);
  asked.enclosed = encode(wanted);
  return rates_of(gather(rates_report(), asked));
}

std::vector<ShardHead> Coordinator::heads() {
  std::vector<ShardHead> heads(sessions_.size());
  const auto of_each = [&](const std::function<void(std::size_t)>& use) {
    // A moment in the past is work to open, and to count in.
    if (known_at_ms_) return on_all_processors(heads.size(), use);
    for (std::size_t i = 0; i < heads.size(); ++i) use(i);
  };
  of_each([&](std::size_t i) { session(static_cast<std::int32_t>(i)); });
  for (const auto& session : sessions_) session->expect_head();
  of_each([&](std::size_t i) { heads[i] = sessions_[i]->head(); });
  return heads;
}

void Coordinator::require(const Wait& wait) {
  for (const Wait::Position& position : wait.positions) {
    const ShardHead head = session(position.at.partition).head();
    if (head.next_offsets[static_cast<std::size_t>(position.at.topic)] <= position.offset)
      refuse_unfolded(wait, position);
  }
}

ShardSession& Coordinator::session(std::int32_t partition) {
  auto& session = sessions_[static_cast<std::size_t>(partition)];
  if (session == nullptr) session = source_.open(partition, known_at_ms_);
  return *session;
}

}  // namespace daybook::query
