// Under which names a server is asked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace daybook::http {

// A page of another site can make a browser ask this machine under that site's name, and then read the answers: so
// what is asked under any name but these is refused.
class ServedNames {
 public:
  // Every name and address of the loopback, and `more`: names or addresses, without a port.
  explicit ServedNames(const std::vector<std::string>& more);

  // Whether an authority, "localhost:8080", is this server; any port is.
  bool has(std::string_view authority) const;

 private:
  std::vector<std::string> names_;
};

// Whether a request that changes something, and comes from `origin` ("http://localhost:8080", "null"), comes from
// what this server itself has served under `host`.
bool is_own_origin(std::string_view origin, std::string_view host);

}  // namespace daybook::http
