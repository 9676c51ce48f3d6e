// Events as JSON of docs/publishing.md: published again they are judged duplicates.
#pragma once

#include <string_view>

#include "daybook/events/v1/event.pb.h"
#include "domain/event.h"
#include "query/value.h"

namespace daybook::query {

// `event` as a document keeps it, of this account. Without its correlation_id, which is not kept.
Value content_of(const domain::Event& event, std::string_view customer_id);
// A message as it came, be it valid or not.
Value content_of(const events::v1::Event& message);

}  // namespace daybook::query
