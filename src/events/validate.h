// Complete validation of one event (docs/publishing.md, "What is checked"): the same code runs in the
// gateway, the command line and the fold.
#pragma once

#include <optional>
#include <string>
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

// Largest encoded event.
inline constexpr std::size_t kEventBytesMax = 1'048'576;

// What is said of bytes that do not parse.
inline constexpr std::string_view kNoEvent =
    "is not a daybook.events.v1.Event (every string must be UTF-8)";

// Fills in the typed event, a new one; false, with at least one violation, when there is none. Its texts
// point where those of `message` do, its lists into `arena`; both must outlive it.
bool validate(const wire::Event& message, Arena& arena, std::vector<Violation>& violations,
              domain::Event& event);
// The same of its bytes, which are written to `arena`; nothing when there is none.
std::optional<domain::Event> validate(const v1::Event& message, Arena& arena,
                                      std::vector<Violation>& violations);

// The topic that this kind of payload is published to.
log::Topic topic_of(const domain::Payload& payload);
// The same; there must be a payload.
log::Topic topic_of(v1::Event::PayloadCase payload);

}  // namespace daybook::events
