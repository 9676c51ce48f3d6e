// The shards of a projector, asked over gRPC.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/memory_budget.h"
#include "base/result.h"
#include "cluster/identity.h"
#include "cluster/shard_report.h"
#include "query/change_note.h"
#include "query/shard_query.h"

namespace daybook::cluster {

struct ShardServerOptions {
  // HOST:PORT; port 0 takes a free one.
  std::string listen;
  Identity identity = {};
  // Asked by any thread.
  std::function<ProjectorReport()> report = {};
  // Of all that is made for answers; null: without a bound.
  std::shared_ptr<MemoryBudget> memory = {};
  // Each question holds one of them while it is answered, and whoever watches another; who finds none is told so.
  int threads_max = 256;
};

// Thread-safe. Questions under way are given up in the destructor.
class ShardServer {
 public:
  // Serves at once. `source` must outlive it. kUnavailable where it cannot listen there.
  static Result<std::unique_ptr<ShardServer>> start(const query::ShardSource& source, ShardServerOptions options);
  virtual ~ShardServer() = default;

  // HOST:PORT.
  virtual std::string address() const = 0;
  // Something was committed: whoever watches is told what `note` makes of it, which is not called where nobody does.
  virtual void changed(const std::function<query::ChangeNote()>& note) = 0;
  // Something is otherwise than it was, maybe as it was once: likewise.
  virtual void changed_anyhow() = 0;
};

}  // namespace daybook::cluster
