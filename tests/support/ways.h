// Ways to the shards of a read model beside the direct one. Each question of a Book is asked by all of them as well, and
// the answers must be the same, byte for byte.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "query/local_shards.h"
#include "support/bytes_shards.h"

namespace daybook::test {

class Way {
 public:
  virtual ~Way() = default;
  // What is folded now can be asked of it.
  virtual const query::ShardSource& shards() = 0;
};
using MakeWay = std::function<std::unique_ptr<Way>(const query::ReadModel& model)>;

class ThroughBytes final : public Way {
 public:
  explicit ThroughBytes(const query::ReadModel& model) : local_(model), shards_(local_) {}
  const query::ShardSource& shards() override { return shards_; }

 private:
  query::LocalShards local_;
  BytesShards shards_;
};

// A program of tests may add some before its first test: over_grpc.cc does where it is linked.
inline std::vector<MakeWay>& ways() {
  static std::vector<MakeWay> all = {
      [](const query::ReadModel& model) { return std::make_unique<ThroughBytes>(model); }};
  return all;
}

}  // namespace daybook::test
