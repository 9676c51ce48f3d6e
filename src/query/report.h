// A report: what one question asks for, from the shards' rows to the answer. A report is one file under reports/, and a
// line in the catalogue.
//
// A shard evaluates its part, parts of several shards are merged, in any order, and the whole is finished into an
// answer: what would be wrong of a part alone (a rank, a total, a percentile) is made at the end.
#pragma once

#include <concepts>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/answer.h"
#include "query/codec.h"
#include "query/description.h"
#include "query/question.h"
#include "query/question_memory.h"

namespace daybook::query {

class ShardReader;

// What a shard, or several, contribute to an answer.
class Partial {
 public:
  virtual ~Partial() = default;
  virtual std::string encode() const = 0;
};

class Report;

// For whoever finishes an answer: the shards may be asked once more, of the moment that they answered for.
class Asker {
 public:
  virtual ~Asker() = default;
  // All shards, or the one of the question's account, merged.
  virtual std::unique_ptr<Partial> gather(const Report& report, const Question& question) = 0;
  // The shard of this account.
  virtual std::unique_ptr<Partial> ask_account(std::string_view account, const Report& report,
                                               const Question& question) = 0;
};

// The dates for which a report converts amounts; nothing is converted without.
struct RatesWanted {
  Day from = 0;
  Day to = 0;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(from, to);
  }
};

// Reports hold nothing: any thread.
class Report {
 public:
  virtual ~Report() = default;

  virtual const Description& description() const = 0;
  // Reads the body that the question came with, and takes the memory for it; gives up once `stop` is requested.
  virtual void take_body(Question&, std::string_view /*body*/, std::int32_t /*partitions*/,
                         const std::stop_token& /*stop*/, QuestionMemory&) const {}
  // Checks what no parameter shows alone, and settles as_of where it is another's date.
  virtual void settle(Question&) const {}
  virtual std::optional<RatesWanted> rates(const Question&) const { return std::nullopt; }
  // Evaluated from facts, which is worth all processors; else read off.
  virtual bool evaluates_anew() const { return false; }
  // Whether rows of its list cost no more, wherever a page of them begins: those of a file are asked for in rounds then,
  // and it begins with the first; else all are made at once, and put aside where they are more than a round.
  virtual bool goes_in_rounds(const Question&) const { return false; }
  // Finds out, once for all rounds of a file, what the rows of each take beside what the shards give for it.
  virtual void prepare_rounds(Question&, Asker&) const {}
  // The account whose shard alone is asked; all are without.
  virtual std::optional<std::string> account(const Question& question) const { return question.filters().customer_id; }
  // The shard that alone is asked, by its partition; 404 where the log has none such.
  virtual std::optional<std::int32_t> shard(const Question&) const { return std::nullopt; }

  // Throws a Refusal where the store fails.
  virtual std::unique_ptr<Partial> evaluate(const Question& question, const ShardReader& shard) const = 0;
  virtual void merge(Partial& into, std::unique_ptr<Partial> from) const = 0;
  // Puts rows that a shard gave, as it is elsewhere, where the page has them put (PageCut).
  virtual void put_aside(Partial&, const PageCut&) const {}
  // The key from which on others need not give rows (PageCut); empty: all that they have.
  virtual std::string rows_until(const Partial&) const { return {}; }
  // Throws a Refusal for what cannot be answered: nothing is there of that name.
  virtual Answer finish(const Question& question, std::unique_ptr<Partial> whole, Asker& asker) const = 0;
  // Null where the bytes are none of this report's.
  virtual std::unique_ptr<Partial> decode(std::string_view bytes) const = 0;
};

// What a report writes: functions of its own part. `Part` has for_each_field() (codec.h) and add(Part), which merges.
template <typename Part>
class ReportOf : public Report {
 public:
  struct Held final : Partial {
    explicit Held(Part given) : part(std::move(given)) {}
    std::string encode() const override { return query::encode(part); }
    Part part;
  };

  std::unique_ptr<Partial> evaluate(const Question& question, const ShardReader& shard) const final {
    return std::make_unique<Held>(part_of(question, shard));
  }
  void merge(Partial& into, std::unique_ptr<Partial> from) const final {
    static_cast<Held&>(into).part.add(std::move(static_cast<Held&>(*from).part));
  }
  void put_aside(Partial& partial, const PageCut& page) const final {
    Part& part = static_cast<Held&>(partial).part;
    if constexpr (requires { part.rows.put_aside(page); }) part.rows.put_aside(page);
  }
  std::string rows_until(const Partial& partial) const final {
    const Part& part = static_cast<const Held&>(partial).part;
    if constexpr (requires {
                    { part.rows.until() } -> std::convertible_to<std::string>;
                  })
      return part.rows.until();
    return {};
  }
  Answer finish(const Question& question, std::unique_ptr<Partial> whole, Asker& asker) const final {
    return answer_of(question, taken(std::move(whole)), asker);
  }
  std::unique_ptr<Partial> decode(std::string_view bytes) const final {
    auto part = query::decode<Part>(bytes);
    return part ? std::make_unique<Held>(*std::move(part)) : nullptr;
  }

 protected:
  // What this report was given of several.
  static Part taken(std::unique_ptr<Partial> partial) { return std::move(static_cast<Held&>(*partial).part); }

  virtual Part part_of(const Question& question, const ShardReader& shard) const = 0;
  virtual Answer answer_of(const Question& question, Part whole, Asker& asker) const = 0;
};

// The part of a list that is cut to its page and nothing else.
struct RowsPart {
  Rows rows;

  void add(RowsPart other) { rows.add_all(std::move(other.rows)); }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rows);
  }
};

// A list: its rows are its answer, where it does not say more.
class RowsReport : public ReportOf<RowsPart> {
 protected:
  Answer answer_of(const Question&, RowsPart whole, Asker&) const override {
    Answer answer;
    answer.rows = std::move(whole.rows);
    return answer;
  }
};

}  // namespace daybook::query
