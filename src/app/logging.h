// The log of a process for its operator: a line an event on stderr, with time and level.
#pragma once

#include <functional>
#include <string>

namespace daybook::app {

enum class Severity { kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// Takes a line. Any thread.
using LogLine = std::function<void(Severity, const std::string&)>;

// Lines as "2026-11-29T08:43:41.123Z warning words" or {"time":…,"level":…,"message":…}, each written at once.
LogLine open_process_log(LogFormat format);

}  // namespace daybook::app
