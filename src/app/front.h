// The HTTP side of a program: what it serves, by path and method, and who else serves what it does not.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "app/memory_use.h"
#include "app/metrics.h"
#include "app/settings.h"
#include "http/message.h"
#include "http/server.h"

namespace daybook::app {

// What a program answers. What is left empty it does not serve: a 404 names the program that does.
struct Served {
  std::function<void(http::Request, http::Respond)> publish;  // POST /v1/events
  std::function<void(http::Request, http::Respond)> ask;      // Every view, and their description.
  std::function<http::Response()> page;                       // GET /, where no dashboard was built in.
  std::function<http::Response()> ready;
  std::function<http::Response()> status;
  std::function<http::Response()> metrics;
  std::function<http::Response(const http::Request&)> changes;  // GET /v1/changes, a stream.
};

// How many streams may be open: as many as the setting says, if there are connections enough that others have some.
std::size_t streams_max(const Settings& settings);

// Thread-safe, but for start() and stop().
class Front {
 public:
  Front(const Settings& settings, std::shared_ptr<Metrics> metrics);

  // Listens at `listen`, HOST:PORT, and serves until stop(): also while a start goes on. Once.
  Result<void> start(const std::string& listen, Served served);
  // Lets requests under way end, within seconds.
  void stop();

  // "http://127.0.0.1:8080". Once it is started.
  const std::string& address() const { return address_; }
  // Has a worker do what goes on with a question. False: too much waits, or it has not started.
  bool submit(std::function<void()> task);
  // Bodies of requests.
  MemoryUse memory() const;

 private:
  void handle(http::Request request, http::Respond respond) const;
  void answer(http::Request request, http::Respond respond) const;
  // The plain route at this path, without parameters; null: there is none, or this program does not serve it.
  const std::function<http::Response()>* plain(const std::string& path) const;

  const Settings settings_;
  const std::shared_ptr<Metrics> metrics_;
  Served served_;
  std::string address_;
  std::unique_ptr<http::Server> server_;
  std::atomic<http::Server*> serving_ = nullptr;  // It, once it serves: for its own workers.
};

}  // namespace daybook::app
