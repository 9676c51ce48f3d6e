// What the commands share: settings flags, exit codes, words for people on stderr.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/settings.h"

namespace daybook::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

// Prints "daybook: …" on stderr; gives kFailed, or kUsage for an invalid argument.
int fail(const Error& error);
int fail(const std::string& message);
// A word for people, on stderr. Nothing depends on whether it can be written.
void say(const std::string& message);
// The same as it is: faults with a place of their own, progress.
void tell_text(const std::string& text);
template <typename... Args>
void tell(fmt::format_string<Args...> format, Args&&... args) {
  tell_text(fmt::format(format, std::forward<Args>(args)...));
}

// Results, on stdout. False once something could not be written.
bool out_text(const std::string& text);
template <typename... Args>
bool out(fmt::format_string<Args...> format, Args&&... args) {
  return out_text(fmt::format(format, std::forward<Args>(args)...));
}
// Writes what waits to be written; says so and gives false when it, or something before, could not be.
bool finish_output();

// Settings as flags of a command.
class SettingFlags {
 public:
  // Adds --config, --kafka and the flags of `keys` to `command`.
  void add_to(CLI::App& command, const std::vector<std::string>& keys);
  // File, environment and flags together.
  Result<app::Settings> read() const;

 private:
  std::string file_;
  std::map<std::string, std::string> values_;
  std::vector<std::string> kafka_;
  std::vector<std::pair<std::string, CLI::Option*>> options_;
};

// Each adds its command; the one chosen is put into `run`, which gives the exit code.
using Run = std::function<int()>;
void add_up(CLI::App& app, Run& run);
void add_publish(CLI::App& app, Run& run);
void add_generate(CLI::App& app, Run& run);
void add_import(CLI::App& app, Run& run);
void add_query(CLI::App& app, Run& run);
void add_reconcile(CLI::App& app, Run& run);
void add_verify(CLI::App& app, Run& run);
void add_topics(CLI::App& app, Run& run);
void add_parked(CLI::App& app, Run& run);

}  // namespace daybook::cli
