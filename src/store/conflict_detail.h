// What a conflicting repeat says otherwise than the record that stands, for people.
#pragma once

#include <string>

#include "domain/event.h"

namespace daybook::store {

// The fields that differ, by the names of the events' .proto files, with both values:
// "net_minor: 1000 stands, 900 came; lines[2].sku: 'A' stands, none came". Cut to some twenty fields, long values to
// their beginning; values that texts hold stand in quotes. Neither event needs its document's id.
std::string conflict_detail(const domain::Event& stands, const domain::Event& came);

}  // namespace daybook::store
