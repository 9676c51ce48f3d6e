// A synthetic history in the order in which the company's systems tell it, with the time of each
// telling: what a log would hold that had been there all along.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "tools/generate.h"

namespace daybook::tools {

// Most events are told within a minute or two of their occurred_at. Of those of `erp` and `bank` about
// one in twenty waits for the night's run, and one in sixty is forgotten for two to fourteen days, so
// that a closed month is restated and cash is told before its invoice. The same options give the same
// tellings.
class AsTold {
 public:
  // As for a Generator, whose events these are.
  explicit AsTold(const GenerateOptions& options);

  // Gives the next event, and when it was told in milliseconds since 1970: never before its
  // occurred_at, and never going back. False when the last day has ended; what would be told after it
  // is left out.
  bool next(events::v1::Event& event, std::int64_t& told_ms);

 private:
  struct Telling {
    std::int64_t told_ms = 0;
    std::uint64_t number = 0;  // Of the event in the generator's order, which settles ties.
    events::v1::Event event;

    bool operator>(const Telling& other) const {
      return told_ms != other.told_ms ? told_ms > other.told_ms : number > other.number;
    }
  };

  // Takes the generator's next event among those to be told; false after its last.
  bool take_one();
  std::int64_t delay_ms(const events::v1::Event& event);

  const GenerateOptions options_;
  Generator generator_;
  std::priority_queue<Telling, std::vector<Telling>, std::greater<>> to_tell_;
  std::uint64_t taken_ = 0;
  std::int64_t occurred_ms_ = 0;  // Of the event taken last: none to come is told before it.
  bool more_ = true;
};

}  // namespace daybook::tools
