// daybook: the command line and the all-in-one server.
#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdio>

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

void say(const std::string& message) { fmt::print(stderr, "daybook: {}\n", message); }

void SettingFlags::add_to(CLI::App& command, const std::vector<std::string>& keys) {
  command.add_option("--config", file_, "TOML file with settings; DAYBOOK_… variables and flags win")
      ->check(CLI::ExistingFile);
  for (const app::SettingKey& key : app::setting_keys()) {
    const std::string name(key.name);
    if (std::ranges::find(keys, name) == keys.end()) continue;
    options_.emplace_back(
        name, command.add_option(app::flag_of(name), values_[name],
                                 fmt::format("{} [{}]", key.help, app::variable_of(name))));
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
    const int code = app.exit(error, std::cout, std::cerr);
    return code == 0 ? kDone : kUsage;
  }
  return run();
}
