// A record of the log: what it says, and what became of it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "query/log_record.h"
#include "query/reports.h"

namespace daybook::query {
namespace {

// Where a record stands, as the path says.
struct Place {
  std::string topic;
  std::int64_t partition = 0;
  std::int64_t offset = 0;
};

std::int64_t number_of(std::string_view name, std::string_view text) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) {
    refuse_parameter(name, fmt::format("'{}' is not a number from 0", text));
  }
  return number;
}

// The subject: "daybook.invoices.v1/3/17".
Place place_of(const Question& question) {
  const std::string_view subject = question.subject;
  const std::size_t last = subject.rfind('/');
  const std::size_t middle = subject.rfind('/', last - 1);
  return {std::string(subject.substr(0, middle)), number_of("partition", subject.substr(middle + 1, last - middle - 1)),
          number_of("offset", subject.substr(last + 1))};
}

struct EventPart {
  std::optional<Row> row;

  void add(EventPart other) {
    if (other.row) row = std::move(other.row);
  }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(row);
  }
};

class EventReport final : public ReportOf<EventPart> {
 public:
  const Description& description() const override {
    static const Description description = [] {
      using namespace fields;
      return Description{.name = "event",
                         .path = "/v1/events/{topic}/{partition}/{offset}",
                         .meaning = "A record of the log: what it says, and what became of it.",
                         .head = {fields::event(), text("customer_id").or_null(),
                                  text("state", "accepted, duplicate, conflict or parked."), text("detail").or_null(),
                                  Field{"content", Field::Type::kMessage}.or_null(),
                                  text("bytes", "The record's value, base64.").or_null()}};
    }();
    return description;
  }

  void settle(Question& question) const override { place_of(question); }
  std::optional<std::int32_t> shard(const Question& question) const override {
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(std::min(place_of(question).partition, kMost));
  }

 protected:
  EventPart part_of(const Question& question, const ShardReader& shard) const override {
    const Place place = place_of(question);
    return {log_record(shard, place.topic, place.offset)};
  }

  Answer answer_of(const Question& question, EventPart whole, Asker&) const override {
    if (!whole.row) {
      const Place place = place_of(question);
      refuse(404, "Not found",
             fmt::format(
                 "no record {}:{}:{} has been folded, or the log does not have it any more; min_position waits for one "
                 "that was just published",
                 place.topic, place.partition, place.offset));
    }
    Answer answer;
    answer.head = *std::move(whole.row);
    return answer;
  }
};

}  // namespace

const Report& event_report() {
  static const EventReport report;
  return report;
}

}  // namespace daybook::query
