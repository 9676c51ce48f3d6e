// The commands of daybook.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/settings.h"
#include "common/command_line.h"
#include "common/console.h"
#include "common/setting_flags.h"

namespace daybook::cli {

// Each adds its command; the one chosen is put into `run`.
void add_up(CLI::App& app, Run& run);
void add_publish(CLI::App& app, Run& run);
void add_generate(CLI::App& app, Run& run);
void add_import(CLI::App& app, Run& run);
void add_query(CLI::App& app, Run& run);
void add_reconcile(CLI::App& app, Run& run);
void add_statements(CLI::App& app, Run& run);
void add_verify(CLI::App& app, Run& run);
void add_topics(CLI::App& app, Run& run);
void add_parked(CLI::App& app, Run& run);

}  // namespace daybook::cli
