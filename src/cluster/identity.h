// What has to be the same for answers of several projectors to be of one read model.
#pragma once

#include <cstdint>
#include <string>

#include "domain/rules.h"

namespace daybook::cluster {

// Of this program: builds of one version write and read the same bytes.
std::string build_version();

struct Identity {
  std::string version = build_version();
  std::int32_t partition_count = 0;
  std::string topic_prefix;
  domain::FoldSettings fold;

  // The rules in a few words, alike where they are.
  std::string rules() const;
  // What is not the same, with both values; empty: nothing.
  std::string difference(const Identity& other) const;
};

}  // namespace daybook::cluster
