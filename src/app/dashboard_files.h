// The dashboard's files, as services/dashboard bundles them at build time.
#pragma once

#include <span>
#include <string_view>

namespace daybook::app {

struct DashboardFile {
  std::string_view path;  // "/", "/assets/main-0123456789.js"
  std::string_view content_type;
  std::string_view gzip;  // Compressed.
};

// None where it was built without.
std::span<const DashboardFile> dashboard_files();

}  // namespace daybook::app
