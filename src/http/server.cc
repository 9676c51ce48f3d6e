#include "http/server.h"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "http/problem.h"
#include "http/session.h"

namespace daybook::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable_t<Executor>{});
// Connections beyond the limit that are told so; more are closed at once.
constexpr std::size_t kRefusedMax = 128;
// After accept() failed (no file handles left, say).
constexpr auto kAcceptPause = std::chrono::milliseconds(50);
// How long connections get to end after they were aborted.
constexpr auto kAbortTimeout = std::chrono::seconds(1);

// How many connections there are, and the wait for their end. Thread-safe.
class Population {
 public:
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void remove() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) empty_.notify_all();
  }
  // False when some are left after `timeout`.
  bool wait_empty(Clock::duration timeout) {
    std::unique_lock lock(mutex_);
    return empty_.wait_for(lock, timeout, [this] { return count_ == 0; });
  }

 private:
  mutable std::mutex mutex_;  // Guards count_.
  std::condition_variable empty_;
  std::size_t count_ = 0;
};

// One I/O thread and its connections.
class Lane {
 public:
  Lane(Service& service, Population& population, std::chrono::milliseconds sweep_interval)
      : service_(service),
        population_(population),
        sweep_interval_(sweep_interval),
        context_(std::make_shared<asio::io_context>(1)),
        sweep_timer_(*context_) {}

  asio::io_context& context() { return *context_; }

  void start() {
    asio::co_spawn(*context_, sweep(), asio::detached);
    thread_ = std::thread([this] { context_->run(); });
  }

  // From any thread. A connection that is `refused` is told that there are too many.
  void serve(Socket socket, bool refused) {
    population_.add();
    asio::co_spawn(*context_, run(std::move(socket), refused),
                   [this](const std::exception_ptr&) { population_.remove(); });
  }

  void stop_sessions() {
    for_each_session([](Session& session) { session.stop(); });
  }
  void abort_sessions() {
    for_each_session([](Session& session) { session.abort(); });
  }
  // Since when the connection has been waiting that has waited longest, of those that wait for a request. Awaited from
  // any thread, as make_way() is.
  auto longest_wait() { return asio::co_spawn(*context_, find_longest_wait(), asio::use_awaitable_t<Executor>{}); }
  // Closes that connection; false when there is none any more.
  auto make_way() { return asio::co_spawn(*context_, close_longest_waiting(), asio::use_awaitable_t<Executor>{}); }

  // When all connections are done; a session that is stuck for good is left where it is.
  void join(bool all_done) {
    asio::post(*context_, [this] {
      done_ = true;
      sweep_timer_.cancel();
    });
    if (!all_done) context_->stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  template <typename Action>
  void for_each_session(Action action) {
    asio::post(*context_, [this, action] {
      for (Session* session : sessions_) action(*session);
    });
  }

  Awaitable<void> run(Socket socket, bool refused) {
    const auto session = std::make_shared<Session>(std::move(socket), context_, service_);
    sessions_.insert(session.get());
    struct Removal {
      std::unordered_set<Session*>& sessions;
      Session* session;
      ~Removal() { sessions.erase(session); }
    } const removal{sessions_, session.get()};
    if (refused) {
      const Response response = problem(503, "Too many connections", "this server has all the connections it takes");
      co_await session->refuse(response);
    } else {
      co_await session->run();
    }
  }

  Session* longest_waiting() const {
    Session* found = nullptr;
    for (Session* session : sessions_) {
      const auto since = session->waiting_since();
      if (since && (found == nullptr || *since < *found->waiting_since())) found = session;
    }
    return found;
  }
  Awaitable<std::optional<Clock::time_point>> find_longest_wait() {
    const Session* session = longest_waiting();
    co_return session == nullptr ? std::nullopt : session->waiting_since();
  }
  Awaitable<bool> close_longest_waiting() {
    Session* session = longest_waiting();
    if (session != nullptr) session->make_way();
    co_return session != nullptr;
  }

  Awaitable<void> sweep() {
    while (!done_) {
      sweep_timer_.expires_after(sweep_interval_);
      co_await sweep_timer_.async_wait(kAwait);
      const auto now = Clock::now();
      for (Session* session : sessions_) session->sweep(now);
    }
  }

  Service& service_;
  Population& population_;
  const std::chrono::milliseconds sweep_interval_;
  // Both touched by this lane's thread alone.
  std::unordered_set<Session*> sessions_;
  bool done_ = false;
  // Shared with handlers that answer after the server has gone.
  std::shared_ptr<asio::io_context> context_;
  Timer sweep_timer_;
  std::thread thread_;
};

// Nothing for what is none.
std::optional<asio::ip::address> parse_address(const std::string& text) {
  error_code error;
  const auto address = asio::ip::make_address(text == "localhost" ? "127.0.0.1" : text, error);
  if (error) return std::nullopt;
  return address;
}

Result<tcp::endpoint> endpoint_of(const ServerOptions& options) {
  const auto address = parse_address(options.address);
  if (!address) {
    return unexpected(ErrorCode::kInvalidArgument, fmt::format("'{}' is not an IP address", options.address));
  }
  if (!address->is_loopback() && !options.beyond_loopback) {
    return unexpected(ErrorCode::kInvalidArgument,
                      fmt::format("{} can be reached from other machines, for which TLS and "
                                  "authentication are needed; listen on 127.0.0.1 or ::1",
                                  options.address));
  }
  return tcp::endpoint(*address, options.port);
}

}  // namespace

std::optional<bool> is_loopback(const std::string& address) {
  const auto parsed = parse_address(address);
  if (!parsed) return std::nullopt;
  return parsed->is_loopback();
}

class Server::Impl {
 public:
  Impl(ServerOptions options, Handler handler) : options_(std::move(options)), service_(options_, std::move(handler)) {
    for (unsigned i = 0; i < std::max(1U, options_.io_threads); ++i) {
      lanes_.push_back(std::make_unique<Lane>(service_, population_, options_.sweep_interval));
    }
    acceptor_.emplace(lanes_.front()->context());
  }

  ~Impl() { stop(); }

  Result<void> start() {
    ASSIGN_OR_RETURN(const tcp::endpoint endpoint, endpoint_of(options_));
    error_code error;
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return unexpected(ErrorCode::kUnavailable, fmt::format("cannot listen on {}, port {}: {}", options_.address,
                                                             options_.port, error.message()));
    }
    port_ = acceptor_->local_endpoint().port();
    asio::co_spawn(lanes_.front()->context(), accept(), asio::detached);
    for (const auto& lane : lanes_) lane->start();
    return {};
  }

  void stop() {
    const std::lock_guard lock(stop_mutex_);
    if (service_.stopping.exchange(true)) return;
    asio::post(lanes_.front()->context(), [this] {
      error_code ignored;
      acceptor_->close(ignored);
    });
    for (const auto& lane : lanes_) lane->stop_sessions();
    bool all_done = population_.wait_empty(options_.stop_timeout);
    if (!all_done) {
      for (const auto& lane : lanes_) lane->abort_sessions();
      all_done = population_.wait_empty(kAbortTimeout);
    }
    for (const auto& lane : lanes_) lane->join(all_done);
    service_.end_workers();
  }

  bool submit(std::function<void()> task) { return service_.workers->try_submit(std::move(task)); }

  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return population_.count(); }
  std::size_t bodies_bytes() const { return service_.bodies.taken(); }

 private:
  // Closes the connection that has been waiting for its peer longest; false when all are busy.
  Awaitable<bool> make_way() {
    Lane* longest = nullptr;
    Clock::time_point longest_since;
    for (const auto& lane : lanes_) {
      auto asked = lane->longest_wait();
      const auto since = co_await std::move(asked);
      if (since && (longest == nullptr || *since < longest_since)) {
        longest = lane.get();
        longest_since = *since;
      }
    }
    if (longest == nullptr) co_return false;
    auto closed = longest->make_way();
    const bool done = co_await std::move(closed);
    co_return done;
  }

  Awaitable<void> accept() {
    Timer pause(lanes_.front()->context());
    for (std::size_t next = 0; !service_.stopping; ++next) {
      Lane& lane = *lanes_[next % lanes_.size()];
      auto [error, socket] = co_await acceptor_->async_accept(lane.context(), kAwait);
      if (error) {
        if (service_.stopping) break;
        // Mostly there are no file handles left.
        co_await make_way();
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(kAwait);
        continue;
      }
      bool refused = false;
      if (population_.count() >= options_.connections_max) {
        const bool made_way = co_await make_way();
        refused = !made_way;
      }
      if (refused && population_.count() >= options_.connections_max + kRefusedMax) continue;
      lane.serve(std::move(socket), refused);
    }
  }

  const ServerOptions options_;
  Population population_;
  Service service_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  // Used on the first lane's thread once started.
  std::optional<Acceptor> acceptor_;
  std::uint16_t port_ = 0;
  std::mutex stop_mutex_;  // A second caller of stop() waits for the first.
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  RETURN_IF_ERROR(impl->start());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

bool Server::submit(std::function<void()> task) { return impl_->submit(std::move(task)); }

std::uint16_t Server::port() const { return impl_->port(); }
std::size_t Server::connections() const { return impl_->connections(); }
std::size_t Server::bodies_bytes() const { return impl_->bodies_bytes(); }
void Server::stop() { impl_->stop(); }

}  // namespace daybook::http
