// What the commands share: settings flags, exit codes, words for people on stderr.
#pragma once

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
// A word for people, on stderr.
void say(const std::string& message);

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
