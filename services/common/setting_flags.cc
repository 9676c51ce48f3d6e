#include "common/setting_flags.h"

#include <fmt/format.h>

#include <algorithm>

namespace daybook::cli {

void SettingFlags::add_to(CLI::App& command, const std::vector<std::string>& keys) {
  command.add_option("--config", file_, "TOML file with settings; DAYBOOK_… variables and flags win")
      ->check(CLI::ExistingFile);
  for (const app::SettingKey& key : app::setting_keys()) {
    const std::string name(key.name);
    if (std::ranges::find(keys, name) == keys.end()) continue;
    const std::string help = fmt::format("{} [{}]", key.help, app::variable_of(name));
    options_.emplace_back(name, key.is_switch ? command.add_flag(app::flag_of(name), values_[name], help)
                                              : command.add_option(app::flag_of(name), values_[name], help));
  }
  command.add_option("--kafka", kafka_, "PROPERTY=VALUE: any property of librdkafka")->take_all();
}

Result<app::Settings> SettingFlags::read() const {
  std::map<std::string, std::string> given;
  for (const auto& [name, option] : options_) {
    if (option->count() > 0) given.emplace(name, values_.at(name));
  }
  return app::read_settings(file_, given, kafka_, defaults_);
}

}  // namespace daybook::cli
