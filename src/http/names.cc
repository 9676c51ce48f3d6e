#include "http/names.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <optional>

namespace daybook::http {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lowered;
}

// Without port, brackets and the point that ends a full name; nothing where it is no authority.
std::optional<std::string> name_of(std::string_view authority) {
  std::string_view port;
  std::string_view name = authority;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    name = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    name = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (!port.empty() && (port[0] != ':' || port.find_first_not_of("0123456789", 1) != std::string_view::npos)) {
    return std::nullopt;
  }
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return std::nullopt;
  return lower(name);
}

}  // namespace

ServedNames::ServedNames(const std::vector<std::string>& more) {
  for (const std::string& name : more) names_.push_back(lower(name));
}

bool ServedNames::has(std::string_view authority) const {
  const auto name = name_of(authority);
  if (!name) return false;
  if (*name == "localhost" || name->ends_with(".localhost")) return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(*name, error);
  return (!error && address.is_loopback()) || std::ranges::find(names_, *name) != names_.end();
}

bool is_own_origin(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return !host.empty() && lower(origin.substr(scheme.size())) == lower(host);
  }
  return false;
}

}  // namespace daybook::http
