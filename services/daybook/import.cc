// daybook import: CSV files into events.
#include "tools/import.h"

#include <fmt/format.h>

#include "base/file.h"
#include "write_events.h"

namespace daybook::cli {
namespace {

struct ImportFlags {
  std::string mapping;
  std::vector<std::string> files;
  TargetFlags target;
};

Result<tools::SourceFile> read_source(const std::string& path) {
  ASSIGN_OR_RETURN(std::string content, read_file(path));
  return tools::SourceFile{path, std::move(content)};
}

int import(ImportFlags& flags) {
  const auto mapping = read_source(flags.mapping);
  if (!mapping) return fail(mapping.error());
  std::vector<tools::SourceFile> files;
  for (const std::string& path : flags.files) {
    auto file = read_source(path);
    if (!file) return fail(file.error());
    files.push_back(std::move(*file));
  }
  const tools::ImportReport report = tools::import_events(*mapping, files);
  for (const FileFault& fault : report.faults) tell("{}: {}\n", fault.place, fault.message);
  if (!report.faults.empty()) {
    return fail(fmt::format("{}{} fault{}; nothing was written", report.faults.size(),
                            report.faults.size() == tools::kFileFaultsMax ? " or more" : "",
                            report.faults.size() == 1 ? "" : "s"));
  }
  std::size_t next = 0;
  return write_events(
      [&](events::v1::Event& event) {
        if (next == report.events.size()) return false;
        event = report.events[next++];
        return true;
      },
      flags.target);
}

}  // namespace

void add_import(CLI::App& app, Run& run) {
  CLI::App* command =
      app.add_subcommand("import",
                         "Make events from CSV files, as a mapping says (docs/importing.md). The same files give\n"
                         "the same events, so importing again is safe. Writes lines of JSON to stdout, or\n"
                         "publishes them with --to, --brokers or --data. Faults name file, line and column; with\n"
                         "any, nothing is written.");
  auto flags = std::make_shared<ImportFlags>();
  command->add_option("--mapping", flags->mapping, "TOML file that says what the columns mean")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("files", flags->files, "CSV files")->required()->check(CLI::ExistingFile);
  flags->target.add_to(*command);
  command->callback([&run, flags] { run = [flags] { return import(*flags); }; });
}

}  // namespace daybook::cli
