#include "query/reports/stage_times.h"

#include <algorithm>

#include "query/cycle_reader.h"
#include "query/percentiles.h"

namespace daybook::query {
namespace {

struct StageTimesPart {
  std::map<std::size_t, std::vector<std::int64_t>> seconds;

  void add(StageTimesPart other) {
    for (auto& [end, more] : other.seconds) std::ranges::move(more, std::back_inserter(seconds[end]));
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(seconds);
  }
};

class StageTimes final : public ReportOf<StageTimesPart> {
 public:
  const Description& description() const override {
    static const Description description = {
        .name = "stage-times", .path = {}, .meaning = "How long orders took from one milestone to the next."};
    return description;
  }

  static std::map<std::size_t, std::vector<std::int64_t>> seconds_of(std::unique_ptr<Partial> gathered) {
    return taken(std::move(gathered)).seconds;
  }

 protected:
  StageTimesPart part_of(const Question& question, const ShardReader& shard) const override {
    StagesWanted wanted = query::decode<StagesWanted>(question.enclosed).value_or(StagesWanted());
    std::erase_if(wanted.ends, [](std::size_t end) { return end == 0 || end >= domain::kMilestoneCount; });
    if (wanted.ends.empty()) return {};
    const auto [first, last] = std::ranges::minmax(wanted.ends);
    const Grouping grouping = Grouping::of(question);
    const Period period{wanted.from, wanted.to};
    std::map<std::size_t, Values> seconds;
    CycleReader orders(shard, grouping, CycleReader::Reached{first, last, period.from, period.to});
    const auto any = [](const auto&) { return std::optional(true); };
    orders.for_each(any, [&](const auto& order, bool, std::uint32_t, int sign) {
      for (const std::size_t end : wanted.ends) {
        const MaybeInstant from = order.at(end - 1);
        const MaybeInstant to = order.at(end);
        if (!from || !to || *to < *from || !period.holds(shard.rules().zone.day_of(*to))) continue;
        seconds[end].add(*to - *from, sign);
      }
    });
    StageTimesPart part;
    for (auto& [end, values] : seconds) part.seconds[end] = values.take();
    return part;
  }

  Answer answer_of(const Question&, StageTimesPart, Asker&) const override { return {}; }
};

}  // namespace

const Report& stage_times_report() {
  static const StageTimes report;
  return report;
}

std::map<std::size_t, std::vector<std::int64_t>> stage_times_in(std::unique_ptr<Partial> gathered) {
  return StageTimes::seconds_of(std::move(gathered));
}

}  // namespace daybook::query
