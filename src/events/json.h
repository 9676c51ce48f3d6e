// JSON <-> Event: the proto3 JSON mapping with the contract's field names (camelCase is accepted on
// input, short enum names both ways).
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "daybook/events/v1/event.pb.h"
#include "events/validate.h"

namespace daybook::events {

// The value of a JSON text. kInvalidArgument, with the place, when it is none (or nested too deep).
Result<boost::json::value> parse_json(std::string_view text);

// Fills `message` from one JSON event; says each fault of form (unknown field, wrong type, unknown
// enum name) in `violations`. What is found fit is filled in all the same, so that validate() can
// say the rest.
void from_json(const boost::json::value& json, v1::Event& message, std::vector<Violation>& violations);

// One line of JSON, without a line break.
std::string to_json(const v1::Event& message);

// The text of one JSON event, validated: the event's message, or its violations (one per field). All of
// JSON, thoroughly: json_reader.h is for events that are as they should be.
bool read_event(std::string_view text, v1::Event& message, std::vector<Violation>& violations);
bool read_event(const boost::json::value& json, v1::Event& message,
                std::vector<Violation>& violations);

}  // namespace daybook::events
