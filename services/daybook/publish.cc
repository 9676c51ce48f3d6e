// daybook publish FILE|-: newline-delimited JSON events into the log.
#include "target.h"

namespace daybook::cli {

void add_publish(CLI::App& app, Run& run) {
  CLI::App* command =
      app.add_subcommand("publish",
                         "Publish newline-delimited JSON events from a file (also .gz, .zst) or - for stdin.\n"
                         "Each is checked first; sending a file again is safe, repeats have no effect.\n"
                         "Prints the last position of each topic and partition, for min_position.");
  auto file = std::make_shared<std::string>();
  auto flags = std::make_shared<TargetFlags>();
  command->add_option("file", *file, "file, or - for stdin")->required();
  flags->add_to(*command);
  command->callback([&run, file, flags] {
    run = [file, flags] {
      auto bytes = gateway::open_bytes(*file);
      if (!bytes) return fail(bytes.error());
      gateway::LineSource lines(std::move(bytes).value());
      const auto target = flags->open();
      if (!target) return fail(target.error());
      return publish(lines, **target);
    };
  });
}

}  // namespace daybook::cli
