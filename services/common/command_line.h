// The main function of a program: its command line is read, and what it says is done.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace daybook::cli {

// What a command line says, which gives the exit code. The command that is chosen puts it there.
using Run = std::function<int()>;

// For the rest of main(): `app` has its commands and flags, and sets `run`.
int run_command_line(CLI::App& app, const Run& run, int argc, char** argv);

}  // namespace daybook::cli
