// What a read model was folded under: fixed when its folder is made, and in the store of each of its shards as well
// (store::manifest_key()). Another value needs a rebuild.
#pragma once

#include <string>

#include "base/result.h"
#include "domain/event.h"
#include "domain/rules.h"

namespace daybook::engine {

// Raised whenever the fold gives other documents or cells for the same records.
inline constexpr int kFoldVersion = 15;

struct Manifest {
  int fold_version = kFoldVersion;
  // How many types of events the fold knew: with more, what it parked as unknown has to be folded.
  int event_types = domain::kPayloadCount;
  std::int32_t partitions = 8;
  domain::FoldSettings fold;

  // What this program folds with, by these rules.
  static Manifest of(const domain::Rules& rules, std::int32_t partitions);
  std::string to_json() const;
  static Result<Manifest> parse(const std::string& json);
};

// The manifest of `directory`; kNotFound when there is none, kCorrupt when it cannot be read, kUnavailable when the
// disk does not say.
Result<Manifest> read_manifest(const std::string& directory);
// kMismatch, which names what differs, and the rebuild, when they do not say the same. `where`: what `kept` is of.
Result<void> check_same(const Manifest& kept, const Manifest& wanted, const std::string& where);
// Keeps `wanted` in a new folder, durably; in one that has a manifest, checks that it says the same. kMismatch, with
// what to do, also where the manifest is missing or damaged beside folded shards.
Result<void> keep_manifest(const std::string& directory, const Manifest& wanted);

}  // namespace daybook::engine
