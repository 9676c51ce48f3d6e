// Programs that serve until they are told to end.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "app/logging.h"
#include "app/programs.h"
#include "app/running.h"
#include "app/settings.h"
#include "common/command_line.h"

namespace daybook::cli {

using Start = std::function<Result<std::unique_ptr<app::Running>>(const app::Settings&, app::LogLine)>;

// Gives `command` the flags of this program; chosen, it starts it, says on stdout where it listens, and ends it on
// SIGTERM and SIGINT, or when it fails.
void add_serving(CLI::App& command, Run& run, app::Program program, Start start);

}  // namespace daybook::cli
