#include "app/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/json_text.h"

namespace daybook::app {
namespace {

spdlog::level::level_enum level_of(Severity severity) {
  switch (severity) {
    case Severity::kInfo: return spdlog::level::info;
    case Severity::kWarning: return spdlog::level::warn;
    case Severity::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

LogLine open_process_log(LogFormat format) {
  auto log = std::make_shared<spdlog::logger>("daybook", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  const bool json = format == LogFormat::kJson;
  log->set_pattern(
      json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
      spdlog::pattern_time_type::utc);
  return [log, json](Severity severity, const std::string& words) {
    if (!json) return log->log(level_of(severity), spdlog::string_view_t(words));
    std::string text;
    append_json_text(text, words);
    log->log(level_of(severity), spdlog::string_view_t(text));
  };
}

}  // namespace daybook::app
