// daybook verify: audit and digest of a data folder.
#include <fmt/format.h>
#include <unistd.h>

#include "base/hash.h"
#include "command.h"
#include "engine/audit.h"
#include "offline.h"

namespace daybook::cli {
namespace {

constexpr std::size_t kIdsShown = 20;

int verify(const app::Settings& settings) {
  const auto model = OfflineModel::open(settings);
  if (!model) return fail(model.error());
  const bool show_progress = isatty(STDERR_FILENO) != 0;
  engine::AuditReport sum;
  std::vector<const store::Reads*> shards;
  for (std::int32_t partition = 0; partition < (*model)->partition_count(); ++partition) {
    const auto report = engine::audit(
        (*model)->reads(partition), (*model)->rules(), [&](std::uint64_t customers) {
          if (show_progress) tell("\rshard {}: {} customers", partition, customers);
        });
    if (show_progress) tell("\r\033[K");
    if (!report) return fail(report.error());
    sum.facts += report->facts;
    sum.documents += report->documents;
    sum.customers += report->customers;
    sum.cells += report->cells;
    sum.digest += report->digest;
    for (const std::string& fault : report->faults) {
      sum.faults.push_back(fmt::format("shard {}: {}", partition, fault));
    }
    shards.push_back(&(*model)->reads(partition));
  }
  const auto shared = engine::shared_event_ids(shards);
  if (!shared) return fail(shared.error());
  out("facts {}  documents {}  customers {}  cells {}\n", sum.facts, sum.documents, sum.customers,
             sum.cells);
  out("digest {}\n", to_hex(sum.digest));
  out("event ids on several documents: {}\n", shared->size());
  for (std::size_t i = 0; i < std::min(kIdsShown, shared->size()); ++i) out("  {}\n", (*shared)[i]);
  for (const std::string& fault : sum.faults) out("FAULT {}\n", fault);
  out("{}\n", sum.ok() ? "audit: every figure follows from the facts" : "audit: FAILED");
  return sum.ok() ? kDone : kFailed;
}

}  // namespace

void add_verify(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "verify", "Recompute every figure of a data folder from its facts and compare; print the digest.\n"
                "Works beside a running server, on the moment of opening.");
  auto flags = std::make_shared<SettingFlags>();
  flags->add_to(*command, {"data", "topic_prefix"});
  command->callback([&run, flags] {
    run = [flags] {
      const auto settings = flags->read();
      return settings ? verify(*settings) : fail(settings.error());
    };
  });
}

}  // namespace daybook::cli
