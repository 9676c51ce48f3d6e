// daybook up: gateway, projections and query service in one process.
#include "app/instance.h"
#include "command.h"
#include "common/serve.h"

namespace daybook::cli {

void add_up(CLI::App& app, Run& run) {
  CLI::App* command =
      app.add_subcommand("up",
                         "Serve: take events, fold them, answer questions, all in one process.\n"
                         "Without --brokers the log is embedded under --data. SIGTERM and SIGINT end it cleanly.");
  add_serving(*command, run, app::Program::kUp, app::Instance::start);
}

}  // namespace daybook::cli
