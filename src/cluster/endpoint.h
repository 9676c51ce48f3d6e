// One projector, as a query service knows it: how to ask it, and how it was when it was last seen.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "cluster/identity.h"
#include "cluster/shard_report.h"
#include "daybook/query/v1/shards.grpc.pb.h"
#include "query/change_note.h"

namespace daybook::cluster {

// The addresses of HOST:PORT as gRPC takes them ("ipv4:127.0.0.1:9090"); a name may have several. Asks the resolver,
// and waits for it. kUnavailable where it knows none.
Result<std::vector<std::string>> resolve(const std::string& host_port);

// Watches a projector from its first moment to its last. Thread-safe.
class Endpoint {
 public:
  struct Seen {
    Identity identity;
    ProjectorReport report;
    // What changed since it was seen before, one note a shard; `is_resync`: that is not known.
    std::vector<query::ChangeNote> notes = {};
    bool is_resync = false;
  };
  using SeenPtr = std::shared_ptr<const Seen>;

  // `address`: one of resolve(). Calls on_seen() from its own thread with what it sees, or why it sees nothing.
  Endpoint(const std::string& address, std::function<void(Result<SeenPtr>)> on_seen);
  // Nothing is called afterwards.
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Without its kind: "127.0.0.1:9090".
  const std::string& address() const { return address_; }
  query::v1::Shards::Stub& stub() { return *stub_; }

 private:
  void watch(const std::stop_token& stop);

  const std::string address_;
  const std::function<void(Result<SeenPtr>)> on_seen_;
  const std::unique_ptr<query::v1::Shards::Stub> stub_;
  std::jthread thread_;
};

}  // namespace daybook::cluster
