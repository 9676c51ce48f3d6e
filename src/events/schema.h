// The JSON schema of an event, for OpenAPI.
#pragma once

#include <boost/json/object.hpp>

namespace daybook::events {

// By name: "Event", and the schemas that it refers to as "#/components/schemas/NAME". Names and kinds of fields are those
// of proto/; what each must be like is found by asking the validation itself, so that this says what it does. Of rules
// between fields it has only that one of two is to be given. Takes some milliseconds: to be kept.
boost::json::object event_schemas();

}  // namespace daybook::events
