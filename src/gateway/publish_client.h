// Publishes lines of JSON events, batch by batch: to a server, or into a log.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/problem.h"
#include "base/result.h"
#include "gateway/line_source.h"
#include "log/log.h"

namespace daybook::gateway {

// The offset of the last record by topic name and partition.
using LastOffsets = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;

// Where events go. One thread at a time.
class PublishTarget {
 public:
  virtual ~PublishTarget() = default;
  // Publishes one event a line and waits until they are durable; says where in `last`. Faults when
  // the batch was refused: nothing of it was published then. kUnavailable after all tries: sending
  // it again later is safe.
  virtual Result<Faults> publish(std::string_view lines, LastOffsets& last) = 0;
};

// Validates here and appends; the log must outlive the target.
std::unique_ptr<PublishTarget> target_of(log::Log& log, std::string topic_prefix);

struct HttpTargetOptions {
  // For connecting, and for one answer.
  std::chrono::milliseconds timeout{30'000};
  // After a lost connection, a 429 or a 503: further tries, the pauses between them doubling.
  int retries = 8;
  std::chrono::milliseconds pause_min{100};
  std::chrono::milliseconds pause_max{5'000};
};

// A server, "http://HOST[:PORT]". kInvalidArgument for any other URL; connects when first used.
Result<std::unique_ptr<PublishTarget>> target_of(std::string_view url, HttpTargetOptions options);

// One thing wrong with one line.
struct LineFault {
  // From 1.
  std::uint64_t line = 0;
  std::string field;
  std::string message;
};

struct PublishProgress {
  std::uint64_t events = 0;
  double events_per_second = 0;
};

struct PublishOptions {
  std::size_t batch_events = 500;
  std::size_t batch_bytes = 4 * 1024 * 1024;
  // After each batch.
  std::function<void(const PublishProgress&)> progress;
};

struct PublishReport {
  // Published; of a batch that failed none are counted.
  std::uint64_t events = 0;
  LastOffsets last;
  // What the first refused batch was refused for; nothing behind it was sent. The first of
  // `fault_count`.
  std::vector<LineFault> faults;
  std::size_t fault_count = 0;
  // Why it ended early, if not for faults.
  std::optional<Error> error;
};

PublishReport publish_lines(LineSource& source, PublishTarget& target, const PublishOptions& options);

}  // namespace daybook::gateway
