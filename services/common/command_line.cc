#include "common/command_line.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "app/settings.h"
#include "base/nearest.h"
#include "common/console.h"

// jemalloc reads this. Memory that was given back goes to the system in the background: by themselves
// threads that have become idle would keep what their last large question took.
extern "C" {
const char* malloc_conf = "background_thread:true,dirty_decay_ms:2000,muzzy_decay_ms:0";  // NOLINT
}

namespace daybook::cli {
namespace {

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

int run_command_line(CLI::App& app, const Run& run, int argc, char** argv) {
  // Bytes that do not parse are parked and counted; the library need not say so as well.
  google::protobuf::SetLogHandler(nullptr);
  app.set_version_flag("--version", DAYBOOK_VERSION);
  app.get_formatter()->column_width(34);
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

}  // namespace daybook::cli
