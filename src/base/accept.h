// What an HTTP client takes: the lists of `Accept` and `Accept-Encoding` (RFC 9110, section 12.5).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

struct Accepted {
  std::string name;    // In lower case, "text/csv", "gzip", or a pattern: "text/*", "*/*", "*".
  int quality = 1000;  // Thousandths; 0 refuses. Parameters other than q are passed over.
};

// In the header's order. A weight that is none counts as 1.
std::vector<Accepted> parse_accept(std::string_view header);

// The one of `offers`, names in lower case, that is taken most gladly: by its weight, then by how closely it was named,
// then by the header's order, then by that of `offers`: its place there. Nothing where none is taken, as by an empty
// list.
std::optional<std::size_t> preferred(std::span<const Accepted> accepted, std::span<const std::string_view> offers);

}  // namespace daybook
