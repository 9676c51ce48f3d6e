// The paths of reports: what stands in braces is given by whoever asks.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace daybook::query {

// "/v1/invoices/{invoice_id}" -> "invoice_id": what stands in braces, in order.
std::vector<std::string_view> placeholders(std::string_view path);
// The path with `text(name)` in place of each.
std::string replace_placeholders(std::string_view path, const std::function<std::string(std::string_view)>& text);

}  // namespace daybook::query
