// One connection: reads requests one after the other, hands each to the handler, writes its answer.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>

#include "http/bodies.h"
#include "http/body_source.h"
#include "http/message.h"
#include "http/names.h"
#include "http/server.h"
#include "http/stream.h"
#include "http/worker_pool.h"

namespace daybook::http {

using Executor = boost::asio::io_context::executor_type;
using Clock = std::chrono::steady_clock;
using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
template <typename T>
using Awaitable = boost::asio::awaitable<T, Executor>;

// What all connections share; outlives them.
struct Service {
  Service(const ServerOptions& options, Handler answers)
      : limits(options.limits), names(options.names), handler(std::move(answers)), bodies(options.bodies_bytes_max) {
    for (const WorkerGroup& group : options.groups) {
      groups.push_back({group.takes, std::make_unique<WorkerPool>(std::max(1U, group.workers), options.queue_max)});
    }
    workers = std::make_unique<WorkerPool>(std::max(1U, options.workers), options.queue_max);
  }

  WorkerPool& workers_of(const Request& request) {
    for (const Group& group : groups) {
      if (group.takes(request)) return *group.workers;
    }
    return *workers;
  }
  // Waits for what they do.
  void end_workers() {
    groups.clear();
    workers.reset();
  }

  const Limits limits;
  const ServedNames names;
  const Handler handler;
  MemoryBudget bodies;
  struct Group {
    std::function<bool(const Request&)> takes;
    std::unique_ptr<WorkerPool> workers;
  };
  std::vector<Group> groups;
  std::unique_ptr<WorkerPool> workers;
  std::atomic<bool> stopping = false;
};

// Everything here runs on the thread of `context`.
//
//   idle ─► header ─► body ─► handling ─► writing ─┬─► streaming      All states but handling, making and
//    ▲─────────────────────────────────────────────┤                  streaming have a deadline.
//                                                   └─► making ─► writing
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Socket socket, std::weak_ptr<boost::asio::io_context> context, Service& service);

  // Serves until the connection is done.
  Awaitable<void> run();
  // Says why nothing more is served, and closes.
  Awaitable<void> refuse(const Response& response);

  // Gives up on a peer that is past its deadline, and on a request whose peer has gone.
  void sweep(Clock::time_point now);
  // Since when it has been waiting for a request, or for the header of one; nothing while it is busy.
  std::optional<Clock::time_point> waiting_since() const;
  // Closes when no request is under way, and ends a stream; the others close after their answer.
  void stop();
  void abort();
  // Closes, for another connection.
  void make_way() { close(); }
  // The answer to the request being handled.
  void deliver(Response response);
  // The piece of it that was asked for; nothing: there is none.
  void deliver(std::optional<Piece> piece);

 private:
  enum class State { kIdle, kHeader, kBody, kHandling, kWriting, kStreaming, kMaking };
  struct Incoming;

  void enter(State state, Clock::duration timeout);
  // Counts bytes moved; enough of them start the state's time anew.
  void progress(std::size_t bytes);
  // One request and its answer; false when the connection is done.
  Awaitable<bool> serve_one();
  // More bytes from the peer; false when there are none.
  Awaitable<bool> fill(std::size_t bytes_max);
  // Each gives what is answered instead when the request is not fit; `lost_` when the peer is gone.
  Awaitable<std::optional<Response>> read_header(Incoming& incoming);
  std::optional<Response> judge_header(const Incoming& incoming) const;
  Awaitable<std::optional<Response>> read_body(Incoming& incoming);
  // When reading stopped early: too slow, or gone.
  std::optional<Response> interrupted();
  // Gives the request to a worker; its answer comes to deliver().
  void submit(Request request);
  Awaitable<Response> handle(Request request);
  Awaitable<bool> write(std::string_view header, std::string_view body);
  Awaitable<bool> answer(const Response& response, bool with_body, bool keep_alive);
  Awaitable<bool> answer_stream(const Response& response, bool keep_alive);
  // Sends what is pushed until the stream is closed.
  Awaitable<bool> send(Stream& stream, bool chunked);
  Awaitable<bool> answer_source(Response& response, bool chunked, bool keep_alive);
  // Has a worker make the next piece, unless one does already, or too much waits for one.
  void ask_for_piece(const std::shared_ptr<BodySource>& source);
  // Waits for that piece; nothing: there is none.
  Awaitable<std::optional<Piece>> next_piece(const std::shared_ptr<BodySource>& source);
  // Sends pieces until the last; false where that did not come, or could not be sent.
  Awaitable<bool> send(const std::shared_ptr<BodySource>& source, bool chunked);
  // A part of a body; not its end, whatever it is.
  Awaitable<bool> write_part(std::string part, bool chunked);
  // Leaves an answer without its end, so that the peer notices.
  void cut(bool chunked);
  // Reads what the peer still sends, so that closing does not destroy the answer on its way.
  Awaitable<void> drain();
  // Whether nobody waits for the answer. A peer that has only ended its side of the connection, as one that goes does
  // too, is there for one sweep more.
  bool peer_is_gone();
  void close();

  Socket socket_;
  std::weak_ptr<boost::asio::io_context> context_;
  Service& service_;
  boost::beast::flat_buffer buffer_;
  Timer wake_;
  State state_ = State::kIdle;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::duration timeout_{};
  Clock::time_point since_ = Clock::now();  // Of state_.
  std::size_t moved_bytes_ = 0;
  bool expired_ = false;
  bool lost_ = false;
  bool aborted_ = false;
  bool has_ended_ = false;  // The peer its side, when it was looked after last.
  std::optional<Response> response_;
  std::stop_source stop_;                      // Of the request being handled.
  WorkerPool* workers_ = nullptr;              // Which handle it.
  bool is_made_ = false;                       // A piece is, by one of them.
  std::optional<std::optional<Piece>> piece_;  // That was made.
};

}  // namespace daybook::http
