// daybook verify: audit and digest of a data folder.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/hash.h"
#include "command.h"
#include "domain/rules.h"
#include "engine/audit.h"
#include "engine/manifest.h"
#include "engine/projector.h"
#include "log/partitions.h"
#include "store/shard_store.h"

namespace daybook::cli {
namespace {

constexpr std::size_t kIdsShown = 20;

// A folder may hold some shards by intention, which it does not say.
void tell_missing(const std::string& directory, std::int32_t partition_count) {
  const std::vector<std::int32_t> missing = engine::shards_not_in(directory, partition_count);
  if (missing.empty() || std::ssize(missing) == partition_count) return;
  std::vector<std::int32_t> held;
  std::ranges::set_difference(log::all_partitions(partition_count), missing, std::back_inserter(held));
  say(fmt::format("shards {} are not in {}; where another folder holds them, --shards {} verifies those that are here",
                  log::format_partitions(missing), directory, log::format_partitions(held)));
}

int verify(const app::Settings& settings) {
  const auto manifest = engine::read_manifest(settings.data);
  if (!manifest) return fail(manifest.error());
  const auto rules = domain::make_rules(manifest->fold);
  if (!rules) return fail(rules.error());
  const std::vector<std::int32_t> asked =
      settings.shards ? *settings.shards : log::all_partitions(manifest->partitions);
  if (const auto checked = log::check_partitions(asked, manifest->partitions); !checked) return fail(checked.error());
  store::SharedMemory memory(64 << 20, 64 << 20);
  const bool show_progress = isatty(STDERR_FILENO) != 0;
  engine::AuditReport sum;
  std::vector<std::string> unread;  // As on a full disk: nothing is known of these.
  std::vector<std::unique_ptr<store::ShardStore>> stores;
  std::vector<const store::StoreReader*> shards;
  for (const std::int32_t partition : asked) {
    auto store = store::ShardStore::open(engine::shard_path(settings.data, partition), memory,
                                         store::ShardStore::Mode::kReadCopy);
    const auto report = store ? engine::audit(**store, *rules,
                                              [&](std::uint64_t customers) {
                                                if (show_progress)
                                                  tell("\rshard {}: {} customers", partition, customers);
                                              })
                              : Result<engine::AuditReport>(unexpected(store.error()));
    if (show_progress) tell("\r\033[K");
    // The others may be whole.
    if (!report) {
      const bool is_fault = report.error().code == ErrorCode::kCorrupt || report.error().code == ErrorCode::kNotFound;
      (is_fault ? sum.faults : unread).push_back(fmt::format("shard {}: {}", partition, report.error().message));
      continue;
    }
    sum.facts += report->facts;
    sum.documents += report->documents;
    sum.customers += report->customers;
    sum.cells += report->cells;
    sum.digest += report->digest;
    for (const std::string& fault : report->faults) {
      sum.faults.push_back(fmt::format("shard {}: {}", partition, fault));
    }
    stores.push_back(*std::move(store));
    shards.push_back(stores.back().get());
  }
  std::vector<std::string> shared;
  if (auto found = engine::shared_event_ids(shards)) {
    shared = *std::move(found);
  } else {
    sum.faults.push_back(fmt::format("event ids: {}", found.error().message));
  }
  out("facts {}  documents {}  customers {}  cells {}\n", sum.facts, sum.documents, sum.customers, sum.cells);
  const bool has_all = stores.size() == asked.size();
  out("digest {}\n", has_all ? to_hex(sum.digest) : "unknown: not every shard could be read");
  out("event ids on several documents: {}\n", shared.size());
  for (std::size_t i = 0; i < std::min(kIdsShown, shared.size()); ++i) out("  {}\n", shared[i]);
  for (const std::string& fault : sum.faults) out("FAULT {}\n", fault);
  for (const std::string& words : unread) out("UNREAD {}\n", words);
  if (!settings.shards) tell_missing(settings.data, manifest->partitions);
  const bool is_whole = sum.ok() && unread.empty();
  out("audit: {}\n", is_whole ? "every figure follows from the facts" : sum.ok() ? "not complete" : "FAILED");
  return is_whole ? kDone : kFailed;
}

}  // namespace

void add_verify(CLI::App& app, Run& run) {
  CLI::App* command =
      app.add_subcommand("verify",
                         "Recompute every figure of a data folder from its facts and compare; print the digest.\n"
                         "Works beside a running server, on the moment of opening. Each shard is looked at, also\n"
                         "behind a damaged one.");
  auto flags = std::make_shared<SettingFlags>();
  flags->add_to(*command, {"data", "topic_prefix", "shards"});
  command->callback([&run, flags] {
    run = [flags] {
      const auto settings = flags->read();
      return settings ? verify(*settings) : fail(settings.error());
    };
  });
}

}  // namespace daybook::cli
