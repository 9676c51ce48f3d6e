// The page that a browser gets at `/`, and what it loads: the same bytes for everybody; what they show comes from /v1.
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"

namespace daybook::app {

// Whether the dashboard was built in.
bool has_dashboard();

// Whether a path is one of the dashboard's: "/", or anything under "/assets/".
bool is_of_dashboard(std::string_view path);

// One of its files, compressed for who takes that, or 304 for who has it. Its policy lets a browser run and load
// what this server serves, and nothing else. Empty: there is no such file.
std::optional<http::Response> dashboard_file(const http::Request& request);

}  // namespace daybook::app
