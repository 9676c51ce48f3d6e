// From a question to an answer over all shards: what they cannot know is found out first, each gives its part, and the
// parts are merged and finished.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "query/shard_query.h"
#include "query/wait.h"

namespace daybook::query {

// One question. One thread.
class Coordinator final : public Asker {
 public:
  // `source` must outlive it. Given up with a Refusal once `stop` is requested.
  Coordinator(const ShardSource& source, std::optional<std::int64_t> known_at_ms, std::stop_token stop,
              Lasting lasting = Lasting::kAnswer)
      : own_(source.for_question(lasting)),
        source_(own_ == nullptr ? source : *own_),
        known_at_ms_(known_at_ms),
        stop_(std::move(stop)),
        sessions_(static_cast<std::size_t>(source.partition_count())) {}

  // `question`: its parameters are read. Throws a Refusal, as all below do.
  void settle(const Report& report, Question& question);
  // Of a question that is settled; as often as it is asked, of the same moment.
  Answer answer(const Report& report, const Question& question);
  // Of a file: what its rounds share is found out, and stands in the question.
  void prepare_rounds(const Report& report, Question& question) { report.prepare_rounds(question, *this); }
  // What its customers are called, in rows that were made without.
  void name(const Report& report, const Question& question, Answer& answer);
  // Refuses once nobody waits for the answer any more.
  void go_on() const { refuse_once_given_up(stop_); }
  std::string_view topic_prefix() const { return source_.topic_prefix(); }
  // Refuses what the shards have not folded that answer: those that were seen to have, when it was looked at whether
  // they had, may be others.
  void require(const Wait& wait);
  // Of all shards, as they answered.
  std::vector<ShardHead> heads();

  // What is published for these dates, as the question knows it.
  RateTable rates(const Question& question, const RatesWanted& wanted);

  std::unique_ptr<Partial> gather(const Report& report, const Question& question) override;
  std::unique_ptr<Partial> ask_account(std::string_view account, const Report& report,
                                       const Question& question) override;

 private:
  // Of the first shard that has as many its share of a round; of the others what stands before its last row.
  std::unique_ptr<Partial> gather_round(std::span<const std::int32_t> partitions, const Report& report,
                                        const Question& question);
  std::unique_ptr<Partial> ask(std::int32_t partition, const Report& report, const Question& question);
  ShardSession& session(std::int32_t partition);

  const std::unique_ptr<const ShardSource> own_;
  const ShardSource& source_;
  const std::optional<std::int64_t> known_at_ms_;
  const std::stop_token stop_;
  std::vector<std::unique_ptr<ShardSession>> sessions_;  // By partition; opened when first asked.
};

}  // namespace daybook::query
