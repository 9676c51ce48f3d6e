// daybook: the command line and the all-in-one server.
#include "command.h"

int main(int argc, char** argv) {
  using namespace daybook::cli;
  CLI::App app(
      "Daybook: orders and receivables from a log of events. Everything is written down once, in\n"
      "order, and every ledger is posted from it. Start with `daybook up`, publish events with\n"
      "`daybook publish FILE --to URL`, and ask with `daybook query ageing --url URL`.",
      "daybook");
  app.require_subcommand(1);
  Run run;
  add_up(app, run);
  add_publish(app, run);
  add_generate(app, run);
  add_import(app, run);
  add_query(app, run);
  add_reconcile(app, run);
  add_statements(app, run);
  add_verify(app, run);
  add_topics(app, run);
  add_parked(app, run);
  return run_command_line(app, run, argc, argv);
}
