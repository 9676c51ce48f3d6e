// Stored documents of an account one after the other, each read for one look at it.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "domain/document.h"
#include "query/model.h"

namespace daybook::query {

// What a document takes with its state once it is decoded, roughly.
inline std::size_t decoded_bytes(std::size_t stored_bytes) { return 1'000 + 8 * stored_bytes; }

// Calls visit(document) for those of these kinds, in their order, whose stored bytes are `wanted`. What it is given is
// gone afterwards. Throws a Refusal where the store fails, and for one that is damaged.
void for_each_document(const ShardSnapshot& shard, store::LabelId account, domain::DocumentKind first,
                       domain::DocumentKind last, const std::function<bool(std::string_view stored)>& wanted,
                       const std::function<void(const domain::Document&)>& visit);

// Refuses to go without a document that cannot be had, and tells of it who looks after the store.
[[noreturn]] void refuse_without(const ShardSnapshot& shard, const Error& why);

}  // namespace daybook::query
