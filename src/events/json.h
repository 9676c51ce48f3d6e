// JSON <-> Event: the proto3 JSON mapping with the contract's field names (camelCase is accepted on
// input, short enum names both ways).
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "daybook/events/v1/event.pb.h"
#include "events/validate.h"

namespace daybook::events {

boost::json::value to_json_value(const v1::Event& message);
// One line of JSON, without a line break.
std::string to_json(const v1::Event& message);

// The text of one JSON event, validated: the event's message, or its violations (one per field). All of
// JSON, thoroughly: json_reader.h is for events that are as they should be. Time and memory go with the text,
// whatever is wrong with it.
bool read_event(std::string_view text, v1::Event& message, Violations& violations);
bool read_event(const boost::json::value& json, v1::Event& message, Violations& violations);

}  // namespace daybook::events
