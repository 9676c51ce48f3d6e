// Settings as flags of a command.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/settings.h"

namespace daybook::cli {

class SettingFlags {
 public:
  // `defaults`: what holds where nothing is said.
  explicit SettingFlags(app::Settings defaults = {}) : defaults_(std::move(defaults)) {}

  // Adds --config, --kafka and the flags of `keys` to `command`.
  void add_to(CLI::App& command, const std::vector<std::string>& keys);
  // File, environment and flags together.
  Result<app::Settings> read() const;

 private:
  const app::Settings defaults_;
  std::string file_;
  std::map<std::string, std::string> values_;
  std::vector<std::string> kafka_;
  std::vector<std::pair<std::string, CLI::Option*>> options_;
};

}  // namespace daybook::cli
