// daybook generate: a realistic synthetic history.
#include "tools/generate.h"

#include "write_events.h"

namespace daybook::cli {
namespace {

struct GenerateFlags {
  tools::GenerateOptions options;
  std::string from = format_date(options.from);
  // --to: a last day, a URL to publish to, or one of each.
  std::vector<std::string> to;
  TargetFlags target;
};

int generate(GenerateFlags& flags) {
  const auto from = parse_date(flags.from);
  std::optional<Day> last_day = flags.options.to;
  for (const std::string& to : flags.to) {
    if (to.find("://") != std::string::npos) {
      flags.target.set_url(to);
    } else {
      last_day = parse_date(to);
    }
  }
  if (!from || !last_day || *from > *last_day) {
    return fail({ErrorCode::kInvalidArgument,
                 "--from and --to take dates YYYY-MM-DD, the first not after the second (and --to "
                 "takes a URL to publish to)"});
  }
  flags.options.from = *from;
  flags.options.to = *last_day;
  tools::Generator generator(flags.options);
  return write_events([&](events::v1::Event& event) { return generator.next(event); },
                      flags.target);
}

}  // namespace

void add_generate(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "generate",
      "Make a realistic history of orders, deliveries, invoices and cash, about 8 events an\n"
      "order, in order of time; the same flags give the same events everywhere. Writes lines\n"
      "of JSON to stdout, or publishes them with --to, --brokers or --data.");
  auto flags = std::make_shared<GenerateFlags>();
  auto& options = flags->options;
  command->add_option("--customers", options.customers, "how many accounts")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--orders", options.orders, "how many orders")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}))
      ->capture_default_str();
  command->add_option("--seed", options.seed, "another seed, another history")
      ->capture_default_str();
  command->add_option("--from", flags->from, "first day")->capture_default_str();
  command
      ->add_option(
          "--to", flags->to,
          "last day, " + format_date(options.to) + " if not given; or where to publish, a URL")
      ->expected(1)
      ->take_all();
  flags->target.add_logs_to(*command);
  command->callback([&run, flags] { run = [flags] { return generate(*flags); }; });
}

}  // namespace daybook::cli
