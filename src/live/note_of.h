// What the last commit of a shard may have changed.
#pragma once

#include "engine/shard.h"
#include "query/change_note.h"

namespace daybook::live {

// What is not one customer's, such as an exchange rate, is any one's. The folding thread's.
query::ChangeNote note_of(const engine::Shard& shard);

}  // namespace daybook::live
