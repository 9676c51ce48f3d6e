#include "engine/manifest.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "base/file.h"

namespace daybook::engine {
namespace {

constexpr const char* kName = "manifest.json";
constexpr const char* kDamaged = "the manifest is damaged: it does not say what any version wrote there";

std::string path_of(const std::string& directory) { return directory + "/" + kName; }

struct DaysKey {
  std::string_view name;
  Day domain::AnomalyDays::* days;
};
constexpr std::array kAnomalyDays = {
    DaysKey{"delivered_not_invoiced", &domain::AnomalyDays::delivered_not_invoiced},
    DaysKey{"shipped_without_proof_of_delivery", &domain::AnomalyDays::shipped_without_proof_of_delivery},
    DaysKey{"invoice_not_received", &domain::AnomalyDays::invoice_not_received}};

}  // namespace

Manifest Manifest::of(const domain::Rules& rules, std::int32_t partitions) {
  Manifest manifest;
  manifest.partitions = partitions;
  manifest.fold = {rules.zone.name(), rules.expect, rules.anomaly_days};
  return manifest;
}

std::string Manifest::to_json() const {
  boost::json::object days;
  for (const DaysKey& key : kAnomalyDays) days[key.name] = fold.anomaly_days.*key.days;
  const boost::json::object object{{"fold_version", fold_version},
                                   {"event_types", event_types},
                                   {"partitions", partitions},
                                   {"business_time_zone", fold.business_time_zone},
                                   {"expect", domain::format_expect(fold.expect)},
                                   {"anomaly_days", std::move(days)}};
  return boost::json::serialize(object);
}

Result<Manifest> Manifest::parse(const std::string& json) {
  try {
    const boost::json::value value = boost::json::parse(json);
    Manifest manifest;
    manifest.fold_version = static_cast<int>(value.at("fold_version").as_int64());
    manifest.partitions = static_cast<std::int32_t>(value.at("partitions").as_int64());
    manifest.fold.business_time_zone = std::string(value.at("business_time_zone").as_string());
    const auto expect = domain::parse_expect(std::string(value.at("expect").as_string()));
    if (!expect) {
      return unexpected(ErrorCode::kCorrupt, kDamaged);
    }
    manifest.fold.expect = *expect;
    // Manifests of fold versions before 8 have none, and knew 28.
    const auto* types = value.as_object().if_contains("event_types");
    manifest.event_types = types == nullptr ? 28 : static_cast<int>(types->as_int64());
    // Manifests of fold versions before 4 have none.
    if (const auto* days = value.as_object().if_contains("anomaly_days")) {
      for (const DaysKey& key : kAnomalyDays) {
        manifest.fold.anomaly_days.*key.days = static_cast<Day>(days->at(key.name).as_int64());
      }
    }
    if (manifest.partitions < 1 || manifest.partitions > 1024) return unexpected(ErrorCode::kCorrupt, kDamaged);
    return manifest;
  } catch (const std::exception&) {
    return unexpected(ErrorCode::kCorrupt, kDamaged);
  }
}

Result<Manifest> read_manifest(const std::string& directory) {
  const auto text = read_file(path_of(directory));
  if (text) {
    auto manifest = Manifest::parse(*text);
    if (manifest) return manifest;
    return unexpected(manifest.error().code, fmt::format("{}: {}", path_of(directory), manifest.error().message));
  }
  if (text.error().code != ErrorCode::kNotFound) return unexpected(text.error());
  return unexpected(ErrorCode::kNotFound, "there is no read model in " + directory);
}

namespace {

const char* const kFoldAnew =
    "fold anew: stop it, remove shards and manifest.json (never log) in the data folder, and start it again "
    "(docs/operations.md, \"Fold anew\")";

// A manifest that is lost, or damaged, is not made anew beside shards: they may have been folded otherwise.
Result<void> refuse_beside_shards(const std::string& directory, const Error& why) {
  std::error_code error;
  const std::filesystem::path shards = std::filesystem::path(directory) / "shards";
  if (!std::filesystem::exists(shards, error) && !error) return {};
  if (!error && std::filesystem::is_empty(shards, error)) return {};
  if (error)
    return unexpected(ErrorCode::kUnavailable,
                      fmt::format("cannot look into {}: {}", shards.string(), error.message()));
  return unexpected(
      ErrorCode::kMismatch,
      fmt::format("{}, but there are folded shards in {}: put {} back from a backup, with the settings that "
                  "they were folded with, or {}",
                  why.message, shards.string(), path_of(directory), kFoldAnew));
}

}  // namespace

Result<void> check_same(const Manifest& kept, const Manifest& wanted, const std::string& where) {
  const auto differs = [&](std::string_view key, const auto& has, const auto& asked) -> Result<void> {
    if (has == asked) return {};
    return unexpected(ErrorCode::kMismatch,
                      fmt::format("{}: the read model in {} was folded with '{}', not '{}'. Go back to that, or {}",
                                  key, where, has, asked, kFoldAnew));
  };
  RETURN_IF_ERROR(differs("fold_version", kept.fold_version, wanted.fold_version));
  RETURN_IF_ERROR(differs("event_types", kept.event_types, wanted.event_types));
  RETURN_IF_ERROR(differs("partitions", kept.partitions, wanted.partitions));
  RETURN_IF_ERROR(differs("business_time_zone", kept.fold.business_time_zone, wanted.fold.business_time_zone));
  RETURN_IF_ERROR(
      differs("expect", domain::format_expect(kept.fold.expect), domain::format_expect(wanted.fold.expect)));
  for (const DaysKey& key : kAnomalyDays) {
    RETURN_IF_ERROR(differs(fmt::format("anomaly_days.{}", key.name), kept.fold.anomaly_days.*key.days,
                            wanted.fold.anomaly_days.*key.days));
  }
  return {};
}

Result<void> keep_manifest(const std::string& directory, const Manifest& wanted) {
  const auto kept = read_manifest(directory);
  if (kept) return check_same(*kept, wanted, directory);
  const bool is_lost = kept.error().code == ErrorCode::kNotFound || kept.error().code == ErrorCode::kCorrupt;
  if (!is_lost) return unexpected(kept.error());
  RETURN_IF_ERROR(refuse_beside_shards(directory, kept.error()));
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return unexpected(ErrorCode::kUnavailable,
                      fmt::format("cannot write to the data folder {}: {}", directory, error.message()));
  }
  return write_file_durably(directory, kName, wanted.to_json() + "\n");
}

}  // namespace daybook::engine
