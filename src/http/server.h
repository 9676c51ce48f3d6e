// An HTTP/1.1 server: connections and their limits here, meaning in the handler. What changes something and comes
// from a page of another site is refused, and so is what asks for another server.
//
// A few I/O threads read and write, each with its own share of the connections; handlers run on a
// pool of workers, so that a busy handler never keeps a connection waiting for its bytes. Whatever
// the server itself refuses is answered with problem details.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace daybook::http {

// What one connection may take. A peer that is too slow is closed within its limit and one sweep.
struct Limits {
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t target_bytes_max = 8 * 1024;
  std::size_t body_bytes_max = 16 * 1024 * 1024;
  // From the first byte of a request to the end of its header.
  std::chrono::milliseconds header_timeout{9'000};
  // A body or an answer that is not done in this time must have moved `progress_bytes` in it, which
  // start the time anew.
  std::chrono::milliseconds body_timeout{9'000};
  std::chrono::milliseconds write_timeout{9'000};
  std::size_t progress_bytes = 256 * 1024;
  // Between requests.
  std::chrono::milliseconds idle_timeout{75'000};
};

// Requests that have workers of their own, so that no others keep them waiting.
struct WorkerGroup {
  std::function<bool(const Request&)> takes;
  unsigned workers = 1;
};

// Whether an address that is listened at can be reached from this machine alone: "127.0.0.1", "::1", "localhost"; nothing
// for what is no IP address.
std::optional<bool> is_loopback(const std::string& address);

struct ServerOptions {
  // An IP address of this machine, or "localhost".
  std::string address = "127.0.0.1";
  // Whether it may be one that other machines reach: nothing keeps them out.
  bool beyond_loopback = false;
  // 0 takes a free one.
  std::uint16_t port = 0;
  unsigned io_threads = 2;
  // Of the first that takes a request; of all that none takes, `workers`.
  std::vector<WorkerGroup> groups;
  unsigned workers = 2;
  // Requests that wait for a worker, of each group; beyond, 503.
  std::size_t queue_max = 1'024;
  // Beyond, the one goes that has said nothing for longest; when all are busy the new one, with a 503.
  std::size_t connections_max = 4'096;
  // What bodies may take together from their first byte until their request is answered; beyond, 429.
  std::size_t bodies_bytes_max = 128 * 1024 * 1024;
  // Names that it is asked under, besides those of the loopback; under any other name, 421.
  std::vector<std::string> names;
  // How often deadlines are looked at.
  std::chrono::milliseconds sweep_interval{250};
  // How long stop() lets requests under way go on before it asks them to stop.
  std::chrono::milliseconds stop_timeout{3'000};
  Limits limits;
};

// Thread-safe.
class Server {
 public:
  // Listens and serves until stop(). kInvalidArgument for what is no address, or one beyond the
  // loopback where that is not asked for; kUnavailable when the port cannot be had.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);

  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  // Connections that are open.
  std::size_t connections() const;
  // Has a worker do what goes on with a request that none of the groups takes. False: too much waits. Not after stop().
  [[nodiscard]] bool submit(std::function<void()> task);
  // What bodies take now.
  std::size_t bodies_bytes() const;
  // Accepts no more, finishes the requests under way within `stop_timeout`, closes. Returns when
  // all threads have ended; the destructor does the same. A worker is waited for however long it
  // takes.
  void stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace daybook::http
