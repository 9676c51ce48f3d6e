// daybook-projector: see its words below.
#include "app/projector_service.h"
#include "common/serve.h"

int main(int argc, char** argv) {
  using namespace daybook;
  CLI::App app(
      "Folds some or all shards of a Kafka log into its own folder, and answers questions about them for\n"
      "daybook-query, over gRPC at --listen. Health, metrics and status are at --metrics-listen, over HTTP.\n"
      "SIGTERM and SIGINT end it cleanly.",
      "daybook-projector");
  cli::Run run;
  cli::add_serving(app, run, app::Program::kProjector, app::ProjectorService::start);
  return cli::run_command_line(app, run, argc, argv);
}
