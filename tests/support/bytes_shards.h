// Shards that are asked through bytes: what crosses to another process is written down and read again here.
#pragma once

#include <memory>
#include <string>

#include "base/ensure.h"
#include "query/catalog.h"
#include "query/shard_query.h"

namespace daybook::test {

class BytesShards final : public query::ShardSource {
 public:
  // `inner` must outlive it.
  explicit BytesShards(const query::ShardSource& inner) : inner_(inner) {}

  std::int32_t partition_count() const override { return inner_.partition_count(); }
  const domain::Rules& rules() const override { return inner_.rules(); }
  std::string_view topic_prefix() const override { return inner_.topic_prefix(); }
  bool has_folded(log::TopicPartition at, std::int64_t offset) const override { return inner_.has_folded(at, offset); }
  std::unique_ptr<query::ShardSession> open(std::int32_t partition,
                                            std::optional<std::int64_t> known_at_ms) const override {
    return std::make_unique<Session>(inner_.open(partition, known_at_ms));
  }

 private:
  class Session final : public query::ShardSession {
   public:
    explicit Session(std::unique_ptr<query::ShardSession> inner) : inner_(std::move(inner)) {}

    query::ShardHead head() override { return again(inner_->head()); }
    query::ShardReply ask(const query::Report& report, const query::Question& question,
                          const std::stop_token& stop) override {
      const query::Report* found = query::find_report(report.description().name);
      ENSURE(found == &report, "a report is found by its name");
      query::ShardReply reply = inner_->ask(*found, again(question), stop);
      const std::string bytes = reply.partial->encode();
      auto partial = found->decode(bytes);
      ENSURE(partial != nullptr, "what a report writes it reads");
      ENSURE(partial->encode() == bytes, "and reads all of it");
      ENSURE(found->decode(std::string_view(bytes).substr(0, bytes.size() - 1)) == nullptr,
             "and takes no part for all");
      return {reply.partition, std::move(partial)};
    }

   private:
    template <typename T>
    static T again(const T& value) {
      auto read = query::decode<T>(query::encode(value));
      ENSURE(read.has_value(), "what is written can be read");
      return *std::move(read);
    }
    std::unique_ptr<query::ShardSession> inner_;
  };

  const query::ShardSource& inner_;
};

}  // namespace daybook::test
