// daybook-query: see its words below.
#include "app/query_service.h"
#include "common/serve.h"

int main(int argc, char** argv) {
  using namespace daybook;
  CLI::App app(
      "Answers questions over HTTP, of what the projectors hold that it is told of. It keeps nothing: run as\n"
      "many as are wanted. A shard that no projector can be asked about makes an answer a 503.\n"
      "SIGTERM and SIGINT end it cleanly.",
      "daybook-query");
  cli::Run run;
  cli::add_serving(app, run, app::Program::kQuery, app::QueryService::start);
  return cli::run_command_line(app, run, argc, argv);
}
