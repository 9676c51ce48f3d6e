// daybook parked list|show|retry: records that were unfit and are kept aside.
#include <fmt/format.h>

#include "engine/shard.h"
#include "events/json.h"
#include "events/record.h"
#include "offline.h"
#include "store/keys.h"
#include "target.h"

namespace daybook::cli {
namespace {

struct Parked {
  std::string position;  // topic:partition:offset
  engine::ParkedRecord record;
};

// All, or the one at `position`.
Result<std::vector<Parked>> read_parked(const app::Settings& settings, const std::string& position) {
  ASSIGN_OR_RETURN(const auto model, OfflineModel::open(settings));
  std::vector<Parked> found;
  using Next = store::Reads::Next;
  for (std::int32_t partition = 0; partition < model->partition_count(); ++partition) {
    const auto take = [&](std::string_view key, std::string_view value) -> Result<Next> {
      ASSIGN_OR_RETURN(auto record, engine::ParkedRecord::decode(key, value));
      const std::string at = fmt::format(
          "{}:{}:{}", log::topic_name(settings.topic_prefix, static_cast<log::Topic>(record.topic)),
          partition, record.offset);
      if (position.empty() || position == at) found.push_back({at, std::move(record)});
      return Next::kGoOn;
    };
    RETURN_IF_ERROR(
        model->reads(partition).scan(store::Table::kMeta, std::string(1, store::kParkedPrefix), "", take));
  }
  if (found.empty() && !position.empty()) {
    return unexpected(ErrorCode::kNotFound, fmt::format("no record is parked at '{}'", position));
  }
  return found;
}

int list(const app::Settings& settings) {
  const auto parked = read_parked(settings, "");
  if (!parked) return fail(parked.error());
  for (const Parked& one : *parked) {
    out("{}  {}  {}  {}\n", one.position, format_instant_ms(one.record.recorded_ms),
               events::park_reason_name(one.record.reason), one.record.detail);
  }
  say(fmt::format("{} parked", parked->size()));
  return kDone;
}

int show(const app::Settings& settings, const std::string& position) {
  const auto parked = read_parked(settings, position);
  if (!parked) return fail(parked.error());
  const engine::ParkedRecord& record = parked->front().record;
  out("position  {}\nrecorded  {}\nreason    {}\ndetail    {}\nkey       {}\n", position,
             format_instant_ms(record.recorded_ms), events::park_reason_name(record.reason), record.detail,
             record.key.value_or("(none)"));
  events::v1::Event message;
  if (record.value && events::parse(*record.value, message)) {
    out("event     {}\n", events::to_json(message));
  } else {
    std::string hex;
    for (const char c : record.value.value_or("")) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    out("bytes     {}\n", record.value ? hex : "(none)");
  }
  return kDone;
}

// State changes only through the log: what is valid now is published again, with its right topic and
// key; the parked record stays.
int retry(TargetFlags& flags, const std::string& data, const std::string& position) {
  auto settings = flags.settings();
  if (!settings) return fail(settings.error());
  settings->data = data;
  const auto parked = read_parked(*settings, position == "all" ? "" : position);
  if (!parked) return fail(parked.error());
  const auto target = flags.open();
  if (!target) return fail(target.error());
  std::size_t published = 0;
  for (const Parked& one : *parked) {
    events::v1::Event message;
    const bool parsed = one.record.value && events::parse(*one.record.value, message);
    Arena arena;
    events::Violations violations;
    if (!parsed || !events::validate(message, arena, violations)) {
      say(fmt::format("{}: still unfit ({})", one.position,
                      violations.empty() ? "not an event"
                                         : violations.kept()[0].field + ": " + violations.kept()[0].message));
      continue;
    }
    gateway::LastOffsets last;
    const auto faults = (*target)->publish(events::to_json(message) + "\n", last);
    if (!faults) return fail(faults.error());
    if (!faults->empty()) {
      say(fmt::format("{}: refused ({}: {})", one.position, faults->kept[0].field, faults->kept[0].message));
      continue;
    }
    ++published;
    out("{} published again at {}:{}:{}\n", one.position, last.begin()->first.first,
               last.begin()->first.second, last.begin()->second);
  }
  say(fmt::format("{} of {} published again", published, parked->size()));
  return published == parked->size() ? kDone : kFailed;
}

}  // namespace

void add_parked(CLI::App& app, Run& run) {
  CLI::App* parked = app.add_subcommand(
      "parked", "List, show and retry records that are no valid events. They are never dropped.");
  parked->require_subcommand(1);

  CLI::App* list_command = parked->add_subcommand("list", "One line each: position, recorded, reason, detail.");
  auto list_flags = std::make_shared<SettingFlags>();
  list_flags->add_to(*list_command, {"data", "topic_prefix"});
  list_command->callback([&run, list_flags] {
    run = [list_flags] {
      const auto settings = list_flags->read();
      return settings ? list(*settings) : fail(settings.error());
    };
  });

  auto position = std::make_shared<std::string>();
  CLI::App* show_command = parked->add_subcommand("show", "Everything about one: the event, or its bytes.");
  show_command->add_option("position", *position, "topic:partition:offset")->required();
  auto show_flags = std::make_shared<SettingFlags>();
  show_flags->add_to(*show_command, {"data", "topic_prefix"});
  show_command->callback([&run, show_flags, position] {
    run = [show_flags, position] {
      const auto settings = show_flags->read();
      return settings ? show(*settings, *position) : fail(settings.error());
    };
  });

  CLI::App* retry_command = parked->add_subcommand(
      "retry", "Publish one (or all) again, if it is valid now, with its right topic and key.");
  retry_command->add_option("position", *position, "topic:partition:offset, or all")->required();
  auto from = std::make_shared<std::string>("./daybook-data");
  retry_command->add_option("--from", *from, "data folder that the record is parked in")
      ->capture_default_str();
  auto retry_flags = std::make_shared<TargetFlags>();
  retry_flags->add_to(*retry_command);
  retry_command->callback([&run, retry_flags, from, position] {
    run = [retry_flags, from, position] { return retry(*retry_flags, *from, *position); };
  });
}

}  // namespace daybook::cli
