// Complete validation of one event (docs/publishing.md, "What is checked"): the same code runs in the
// gateway, the command line and the fold.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "daybook/events/v1/event.pb.h"
#include "domain/event.h"
#include "events/wire_messages.h"
#include "log/log.h"

namespace daybook::events {

// One fault. `field` is a path of contract names ("invoice_issued.instalments[2].amount_minor");
// empty when the event as a whole is at fault.
struct Violation {
  std::string field;
  std::string message;
};

// What is wrong with an event: as many as there may be are counted, and the first kept.
class Violations {
 public:
  static constexpr std::size_t kKeptMax = 100;
  // Whether a fault of this field goes without saying.
  using PassOver = std::function<bool(std::string_view field)>;

  Violations() = default;
  explicit Violations(PassOver pass_over) : pass_over_(std::move(pass_over)) {}

  // `words` gives the message, if that is needed.
  template <std::invocable Words>
  void add(std::string field, const Words& words) {
    if (pass_over_ && pass_over_(field)) return;
    if (count_++ < kKeptMax) kept_.push_back({std::move(field), words()});
  }
  void add(std::string field, std::string message) {
    add(std::move(field), [&] { return std::move(message); });
  }
  // Those of `others` behind these.
  void add_all(const Violations& others);
  void clear() {
    kept_.clear();
    count_ = 0;
  }

  // All that were found.
  std::size_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  // The first of them, in the order found.
  const std::vector<Violation>& kept() const { return kept_; }

 private:
  PassOver pass_over_;
  std::vector<Violation> kept_;
  std::size_t count_ = 0;
};

// Entries that a list of an event may have.
inline constexpr int kListMax = 10'000;

// Largest encoded event.
inline constexpr std::size_t kEventBytesMax = 1'048'576;

// What is said of bytes that do not parse.
inline constexpr std::string_view kNoEvent = "is not a daybook.events.v1.Event (every string must be UTF-8)";

// Fills in the typed event, a new one; false, with at least one violation, when there is none. Its texts
// point where those of `message` do, its lists into `arena`; both must outlive it.
bool validate(const wire::Event& message, Arena& arena, Violations& violations, domain::Event& event);
// The same of its bytes, which are written to `arena`; nothing when there is none.
std::optional<domain::Event> validate(const v1::Event& message, Arena& arena, Violations& violations);

// The topic that this kind of payload is published to.
log::Topic topic_of(const domain::Payload& payload);
// The same; there must be a payload.
log::Topic topic_of(v1::Event::PayloadCase payload);

}  // namespace daybook::events
