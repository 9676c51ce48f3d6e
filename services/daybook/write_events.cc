#include "write_events.h"

#include <algorithm>
#include <cstring>

#include "events/json.h"

namespace daybook::cli {
namespace {

// The events as the lines that the publisher reads.
class EventBytes final : public gateway::ByteSource {
 public:
  explicit EventBytes(const NextEvent& next) : next_(next) {}

  Result<std::size_t> read(std::span<char> into) override {
    while (pending_.size() - taken_ == 0) {
      if (!next_(event_)) return std::size_t{0};
      pending_ = events::to_json(event_) + '\n';
      taken_ = 0;
    }
    const std::size_t size = std::min(into.size(), pending_.size() - taken_);
    std::memcpy(into.data(), pending_.data() + taken_, size);
    taken_ += size;
    return size;
  }

 private:
  const NextEvent& next_;
  events::v1::Event event_;
  std::string pending_;
  std::size_t taken_ = 0;
};

int print_events(const NextEvent& next) {
  events::v1::Event event;
  while (next(event)) {
    if (!out_text(events::to_json(event) + '\n')) break;
  }
  return finish_output() ? kDone : kFailed;
}

}  // namespace

int write_events(const NextEvent& next, TargetFlags& flags) {
  if (!flags.given()) return print_events(next);
  const auto target = flags.open();
  if (!target) return fail(target.error());
  gateway::LineSource lines(std::make_unique<EventBytes>(next));
  return publish(lines, **target);
}

}  // namespace daybook::cli
