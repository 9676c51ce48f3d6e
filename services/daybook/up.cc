// daybook up: gateway, projections and query service in one process.
#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "app/instance.h"
#include "app/programs.h"
#include "command.h"

namespace daybook::cli {
namespace {

// From SIGTERM on: within the five seconds that whoever sends it waits.
constexpr std::chrono::milliseconds kEndPatience{4'500};

int up(const app::Settings& settings) {
  // Taken here by waiting for them, in no other thread.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const app::LogLine line = app::open_process_log(settings.log_format);
  auto instance = app::Instance::start(settings, line);
  if (!instance) {
    line(app::Severity::kError, instance.error().message);
    return instance.error().code == ErrorCode::kInvalidArgument ? kUsage : kFailed;
  }
  out("listening on {}\n", (*instance)->address());
  if (!finish_output()) return kFailed;
  std::string failure;
  while (failure.empty()) {
    const timespec pause{0, 200'000'000};
    if (sigtimedwait(&signals, nullptr, &pause) > 0) break;
    failure = (*instance)->failure();
  }
  if (!failure.empty()) line(app::Severity::kError, failure);
  // A disk or a broker that hangs is not waited for: what was acknowledged is kept, and the next start goes on from what
  // was committed.
  std::thread([line] {
    std::this_thread::sleep_for(kEndPatience);
    line(app::Severity::kWarning, "ended without waiting any longer for what is under way: a disk or a broker does not answer");
    std::_Exit(kFailed);
  }).detach();
  instance->reset();
  return failure.empty() ? kDone : kFailed;
}

}  // namespace

void add_up(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "up", "Serve: take events, fold them, answer questions, all in one process.\n"
            "Without --brokers the log is embedded under --data. SIGTERM and SIGINT end it cleanly.");
  auto flags = std::make_shared<SettingFlags>();
  flags->add_to(*command, app::keys_of(app::Program::kUp));
  command->callback([&run, flags] {
    run = [flags] {
      const auto settings = flags->read();
      if (!settings) return fail(settings.error());
      const auto checked = app::check(app::Program::kUp, *settings);
      return checked ? up(*settings) : fail(checked.error());
    };
  });
}

}  // namespace daybook::cli
