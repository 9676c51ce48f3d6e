#include "query/reports/rates.h"

#include <algorithm>
#include <tuple>

#include "query/shard_reader.h"

namespace daybook::query {
namespace {

struct RatesPart {
  std::vector<RateTable::Rate> rates;

  void add(RatesPart other) { std::ranges::move(other.rates, std::back_inserter(rates)); }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(rates);
  }
};

class Rates final : public ReportOf<RatesPart> {
 public:
  const Description& description() const override {
    static const Description description = {.name = "rates", .path = {}, .meaning = "Exchange rates as published."};
    return description;
  }

  // Of the dates wanted, and the last before each pair's first.
  RatesPart part_of(const Question& question, const ShardReader& shard) const override {
    const auto wanted = query::decode<RatesWanted>(question.enclosed).value_or(RatesWanted());
    RatesPart part;
    for (const auto& [from, published] : shard.published_rates()) {
      std::optional<RateTable::Rate> before;
      const auto add_before = [&] {
        if (before) part.rates.push_back(*before);
        before.reset();
      };
      for (const auto& [to, day, rate] : published) {
        if (before && before->to != to) add_before();
        if (day > wanted.to) continue;
        if (day > wanted.from) add_before();
        if (day <= wanted.from) {
          before = {from, to, day, rate};
        } else {
          part.rates.push_back({from, to, day, rate});
        }
      }
      add_before();
    }
    return part;
  }

  Answer answer_of(const Question&, RatesPart, Asker&) const override { return {}; }

  static RateTable table_of(std::unique_ptr<Partial> gathered) { return RateTable(taken(std::move(gathered)).rates); }
};

}  // namespace

const Report& rates_report() {
  static const Rates report;
  return report;
}

RateTable rates_of(std::unique_ptr<Partial> gathered) { return Rates::table_of(std::move(gathered)); }

}  // namespace daybook::query
