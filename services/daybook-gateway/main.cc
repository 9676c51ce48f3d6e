// daybook-gateway: see its words below.
#include "app/gateway_service.h"
#include "common/serve.h"

int main(int argc, char** argv) {
  using namespace daybook;
  CLI::App app(
      "Takes events over HTTP, and appends them to Kafka. It keeps nothing: run as many as are wanted.\n"
      "SIGTERM and SIGINT end it cleanly.",
      "daybook-gateway");
  cli::Run run;
  cli::add_serving(app, run, app::Program::kGateway, app::GatewayService::start);
  return cli::run_command_line(app, run, argc, argv);
}
