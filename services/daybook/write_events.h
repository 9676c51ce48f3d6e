// What the commands that make events share: NDJSON on stdout, or straight into a log.
#pragma once

#include <functional>

#include "daybook/events/v1/event.pb.h"
#include "target.h"

namespace daybook::cli {

// Gives the events one by one; false after the last.
using NextEvent = std::function<bool(events::v1::Event& event)>;

// Publishes to the target that was named, else writes lines of JSON to stdout. Gives the exit code.
int write_events(const NextEvent& next, TargetFlags& flags);

}  // namespace daybook::cli
