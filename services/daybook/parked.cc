// daybook parked list|show|retry: records that were unfit and are kept aside.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "domain/park_reason.h"
#include "engine/shard.h"
#include "events/json.h"
#include "events/record.h"
#include "http/client.h"
#include "offline.h"
#include "query/anomalies.h"
#include "store/keys.h"
#include "store/parked.h"
#include "target.h"

namespace daybook::cli {
namespace {

namespace json = boost::json;

struct Parked {
  std::string position;  // topic:partition:offset
  store::ParkedRecord record;
  query::Resolution resolution = query::Resolution::kOpen;
};

// All, or the one at `position`; by topic, partition, offset.
Result<std::vector<Parked>> read_parked(const app::Settings& settings, const std::string& position) {
  ASSIGN_OR_RETURN(const auto model, OfflineModel::open(settings));
  std::vector<std::shared_ptr<const query::ShardSnapshot>> shards;
  for (std::int32_t partition = 0; partition < model->partition_count(); ++partition) {
    ASSIGN_OR_RETURN(shards.emplace_back(), model->open(partition));
  }
  std::vector<Parked> found;
  using Next = store::StoreReader::Next;
  for (std::int32_t partition = 0; partition < model->partition_count(); ++partition) {
    const auto take = [&](std::string_view key, std::string_view value) -> Result<Next> {
      ASSIGN_OR_RETURN(auto record, store::ParkedRecord::decode(key, value));
      const std::string at =
          fmt::format("{}:{}:{}", log::topic_name(settings.topic_prefix, static_cast<log::Topic>(record.topic)),
                      partition, record.offset);
      if (position.empty() || position == at) found.push_back({at, std::move(record)});
      return Next::kGoOn;
    };
    RETURN_IF_ERROR(model->reads(partition).scan(store::Table::kMeta, std::string(1, store::kParkedPrefix), "", take));
  }
  if (found.empty() && !position.empty()) {
    return unexpected(ErrorCode::kNotFound, fmt::format("no record is parked at '{}'", position));
  }
  // Shard by shard they came by partition first.
  std::ranges::stable_sort(found, {}, [](const Parked& one) { return one.record.topic; });
  try {
    for (Parked& one : found) one.resolution = query::resolution_of(shards, model->rules(), one.record);
  } catch (const query::Refusal& refusal) {
    return unexpected(ErrorCode::kUnavailable, refusal.problem.detail);
  }
  return found;
}

// A line of the list.
struct Listed {
  std::string position;
  std::string recorded_at;
  std::string reason;
  std::string detail;
  bool resolved = false;
};

Result<std::vector<Listed>> list_folder(const app::Settings& settings) {
  ASSIGN_OR_RETURN(const auto parked, read_parked(settings, ""));
  std::vector<Listed> lines;
  for (const Parked& one : parked) {
    lines.push_back({one.position, format_instant_ms(one.record.recorded_ms),
                     std::string(domain::park_reason_name(one.record.reason)), one.record.detail,
                     one.resolution == query::Resolution::kResolved});
  }
  return lines;
}

// Takes a page of /v1/parked; gives the token of the next, or nothing. Throws where it is none.
std::string read_page(const json::value& page, std::vector<Listed>& lines) {
  for (const json::value& row : page.at("parked").as_array()) {
    const auto text = [&](const char* name) { return std::string(row.at(name).as_string()); };
    lines.push_back(
        {fmt::format("{}:{}:{}", text("topic"), row.at("partition").as_int64(), row.at("offset").as_int64()),
         text("recorded_at"), text("reason"), text("detail"), row.at("resolved").as_bool()});
  }
  const json::value& next = page.at("next_page_token");
  return next.is_null() ? "" : std::string(next.as_string());
}

// Asks a server, page by page.
Result<std::vector<Listed>> list_server(const std::string& url) {
  std::vector<Listed> lines;
  query::ParameterMap parameters = {{"page_size", "1000"}};
  while (true) {
    ASSIGN_OR_RETURN(const auto answer, http::ask(url, {"v1", "parked"}, parameters));
    try {
      if (answer.status != 200) {
        const auto detail = http::problem_detail(answer.body);
        return unexpected(detail ? Error{ErrorCode::kUnavailable, *detail} : http::not_ours(url, answer));
      }
      const std::string next = read_page(json::parse(answer.body), lines);
      if (next.empty()) return lines;
      parameters.erase("page_token");
      parameters.emplace("page_token", next);
    } catch (const std::exception&) {
      return unexpected(http::not_ours(url, answer));
    }
  }
}

int list(const app::Settings& settings, const std::string& url) {
  const auto lines = url.empty() ? list_folder(settings) : list_server(url);
  if (!lines) return fail(lines.error());
  for (const Listed& line : *lines) {
    out("{}  {}  {}  {}{}\n", line.position, line.recorded_at, line.reason, line.resolved ? "(resolved)  " : "",
        line.detail);
  }
  say(fmt::format("{} parked, {} unresolved", lines->size(), std::ranges::count(*lines, false, &Listed::resolved)));
  return kDone;
}

int show(const app::Settings& settings, const std::string& position) {
  const auto parked = read_parked(settings, position);
  if (!parked) return fail(parked.error());
  const store::ParkedRecord& record = parked->front().record;
  out("position  {}\nrecorded  {}\nreason    {}\ndetail    {}\nkey       {}\n", position,
      format_instant_ms(record.recorded_ms), domain::park_reason_name(record.reason), record.detail,
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
// key; the parked record stays, and is resolved once its event was accepted. `all` leaves out what is.
int retry(TargetFlags& flags, const std::string& data, const std::string& position) {
  auto settings = flags.settings();
  if (!settings) return fail(settings.error());
  settings->data = data;
  auto parked = read_parked(*settings, position == "all" ? "" : position);
  if (!parked) return fail(parked.error().message + "; --from names the folder that records are parked in");
  if (position == "all") {
    const std::size_t resolved =
        std::erase_if(*parked, [](const Parked& one) { return one.resolution == query::Resolution::kResolved; });
    if (resolved > 0) say(fmt::format("{} left out: resolved before", resolved));
  }
  const auto target = flags.open();
  if (!target) return fail(target.error());
  std::size_t published = 0;
  for (const Parked& one : *parked) {
    events::v1::Event message;
    const bool parsed = one.record.value && events::parse(*one.record.value, message);
    Arena arena;
    events::Violations violations;
    if (!parsed || !events::validate(message, arena, violations)) {
      say(fmt::format(
          "{}: still unfit ({})", one.position,
          violations.empty() ? "not an event" : violations.kept()[0].field + ": " + violations.kept()[0].message));
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
    out("{} published again at {}:{}:{}\n", one.position, last.begin()->first.first, last.begin()->first.second,
        last.begin()->second);
  }
  say(fmt::format("{} of {} published again", published, parked->size()));
  return published == parked->size() ? kDone : kFailed;
}

}  // namespace

void add_parked(CLI::App& app, Run& run) {
  CLI::App* parked =
      app.add_subcommand("parked", "List, show and retry records that are no valid events. They are never dropped.");
  parked->require_subcommand(1);

  CLI::App* list_command =
      parked->add_subcommand("list", "One line each: position, recorded, reason, whether resolved, detail.");
  auto list_flags = std::make_shared<SettingFlags>();
  auto url = std::make_shared<std::string>();
  list_command->add_option("--url", *url, "a running server; without it --data is read");
  list_flags->add_to(*list_command, {"data", "topic_prefix"});
  list_command->callback([&run, list_flags, url] {
    run = [list_flags, url] {
      const auto settings = list_flags->read();
      return settings ? list(*settings, *url) : fail(settings.error());
    };
  });

  auto position = std::make_shared<std::string>();
  CLI::App* show_command = parked->add_subcommand("show",
                                                  "Everything about one: the event, or its bytes.\n"
                                                  "Reads a data folder, also beside a running server.");
  show_command->add_option("position", *position, "topic:partition:offset")->required();
  auto show_flags = std::make_shared<SettingFlags>();
  show_flags->add_to(*show_command, {"data", "topic_prefix"});
  show_command->callback([&run, show_flags, position] {
    run = [show_flags, position] {
      const auto settings = show_flags->read();
      return settings ? show(*settings, *position) : fail(settings.error());
    };
  });

  CLI::App* retry_command =
      parked->add_subcommand("retry",
                             "Publish one (or all) again, if it is valid now, with its right topic and key: from the\n"
                             "folder --from, to one of --to, --brokers and --data.");
  retry_command->add_option("position", *position, "topic:partition:offset, or all")->required();
  auto from = std::make_shared<std::string>("./daybook-data");
  retry_command->add_option("--from", *from, "data folder that the record is parked in")->capture_default_str();
  auto retry_flags = std::make_shared<TargetFlags>();
  retry_flags->add_to(*retry_command);
  retry_command->callback([&run, retry_flags, from, position] {
    run = [retry_flags, from, position] { return retry(*retry_flags, *from, *position); };
  });
}

}  // namespace daybook::cli
