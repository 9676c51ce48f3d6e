#include "common/serve.h"

#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "common/console.h"
#include "common/setting_flags.h"

namespace daybook::cli {
namespace {

// From SIGTERM on: within the five seconds that whoever sends it waits.
constexpr std::chrono::milliseconds kEndPatience{4'700};

int serve(const app::Settings& settings, const Start& start) {
  // Taken here by waiting for them, in no other thread.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const app::LogLine line = app::open_process_log(settings.log_format);
  auto running = start(settings, line);
  if (!running) {
    line(app::Severity::kError, running.error().message);
    return running.error().code == ErrorCode::kInvalidArgument ? kUsage : kFailed;
  }
  out("listening on {}\n", (*running)->address());
  if (!finish_output()) return kFailed;
  std::string failure;
  while (failure.empty()) {
    const timespec pause{0, 200'000'000};
    if (sigtimedwait(&signals, nullptr, &pause) > 0) break;
    failure = (*running)->failure();
  }
  if (!failure.empty()) line(app::Severity::kError, failure);
  // A disk or a broker that hangs is not waited for: what was acknowledged is kept, and the next start goes on from what
  // was committed.
  std::thread([line] {
    std::this_thread::sleep_for(kEndPatience);
    line(app::Severity::kWarning,
         "ended without waiting any longer for what is under way: a disk or a broker does not answer");
    std::_Exit(kFailed);
  }).detach();
  running->reset();
  return failure.empty() ? kDone : kFailed;
}

}  // namespace

void add_serving(CLI::App& command, Run& run, app::Program program, Start start) {
  const auto flags = std::make_shared<SettingFlags>(app::defaults_of(program));
  flags->add_to(command, app::keys_of(program));
  command.callback([&run, flags, program, start = std::move(start)] {
    run = [flags, program, start] {
      const auto settings = flags->read();
      if (!settings) return fail(settings.error());
      const auto checked = app::check(program, *settings);
      return checked ? serve(*settings, start) : fail(checked.error());
    };
  });
}

}  // namespace daybook::cli
