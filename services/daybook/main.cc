// daybook: the command line and the all-in-one server.
#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <sstream>
#include <utility>

#include "base/nearest.h"
#include "command.h"

// jemalloc reads this. Memory that was given back goes to the system in the background: by themselves
// threads that have become idle would keep what their last large question took.
extern "C" {
const char* malloc_conf = "background_thread:true,dirty_decay_ms:2000,muzzy_decay_ms:0";  // NOLINT
}

namespace daybook::cli {

int fail(const std::string& message) {
  say(message);
  return kFailed;
}

int fail(const Error& error) {
  say(error.message);
  return error.code == ErrorCode::kInvalidArgument ? kUsage : kFailed;
}

void say(const std::string& message) { tell("daybook: {}\n", message); }

void tell_text(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

namespace {

// Of the first write to stdout that failed.
int output_error = 0;
bool output_error_said = false;

// The command's exit code. What it does not expect ends it in words, like all else.
int end_of(const Run& run) {
  for (const std::string& words : app::unknown_variables()) say(words);
  try {
    return run();
  } catch (const std::exception& error) {
    return fail(fmt::format("a fault of Daybook's own, please report it: {}", error.what()));
  }
}

// For words that no command knows: the first of them, and the one it may have been meant to be.
std::optional<std::string> unknown_word(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().back();
  const std::vector<std::string> words = app.remaining(true);
  if (words.empty() || command->get_allow_extras()) return std::nullopt;
  const auto is_flag = [](const std::string& word) { return word.starts_with('-'); };
  std::vector<std::string> known;
  for (const CLI::App* one : command->get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(one->get_name());
  }
  if (!known.empty() && !is_flag(words[0])) {
    return fmt::format("'{}' is no command of '{}'{}", words[0], command->get_name(), nearest_words(words[0], known));
  }
  const auto flag = std::ranges::find_if(words, is_flag);
  if (flag == words.end()) return fmt::format("'{}' is too much for '{}'", words[0], command->get_name());
  known.clear();
  for (const CLI::Option* option : command->get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  const std::string word = flag->substr(0, flag->find('='));
  return fmt::format("'{}' is no flag of '{}'{}", word, command->get_name(), nearest_words(word, known));
}

}  // namespace

bool out_text(const std::string& text) {
  if (output_error == 0 && std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) output_error = errno;
  return output_error == 0;
}

bool finish_output() {
  if (output_error == 0 && std::fflush(stdout) != 0) output_error = errno;
  if (output_error == 0) return true;
  if (!std::exchange(output_error_said, true)) {
    say(fmt::format("cannot write to standard output: {}", std::strerror(output_error)));
  }
  return false;
}

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
  return app::read_settings(file_, given, kafka_);
}

}  // namespace daybook::cli

int main(int argc, char** argv) {
  using namespace daybook::cli;
  // Bytes that do not parse are parked and counted; the library need not say so as well.
  google::protobuf::SetLogHandler(nullptr);
  CLI::App app(
      "Daybook: orders and receivables from a log of events. Everything is written down once, in\n"
      "order, and every ledger is posted from it. Start with `daybook up`, publish events with\n"
      "`daybook publish FILE --to URL`, and ask with `daybook query ageing --url URL`.",
      "daybook");
  app.require_subcommand(1);
  app.set_version_flag("--version", DAYBOOK_VERSION);
  app.get_formatter()->column_width(34);
  Run run;
  add_up(app, run);
  add_publish(app, run);
  add_generate(app, run);
  add_import(app, run);
  add_query(app, run);
  add_reconcile(app, run);
  add_verify(app, run);
  add_topics(app, run);
  add_parked(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const auto words = unknown_word(app); words && error.get_exit_code() != 0) {
      say(*words);
      tell("Run with --help for what there is.\n");
      return kUsage;
    }
    std::ostringstream results;
    std::ostringstream words;
    const int code = app.exit(error, results, words);
    out("{}", results.str());
    tell("{}", words.str());
    if (!finish_output()) return kFailed;
    return code == 0 ? kDone : kUsage;
  }
  const int code = end_of(run);
  return finish_output() ? code : kFailed;
}
