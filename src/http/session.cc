#include "http/session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <cerrno>
#include <ctime>

#include "http/problem.h"
#include "http/target.h"

namespace daybook::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Parser = beast::http::request_parser<SharedBody>;
using beast::http::field;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable_t<Executor>{});
constexpr std::size_t kReadBytes = 4 * 1024;
constexpr std::size_t kBodyReadBytes = 64 * 1024;
// When a piece is asked for again that found no worker.
constexpr auto kAskAgainAfter = std::chrono::milliseconds(100);
// How long, and how many bytes, a peer may go on sending after a refusal.
constexpr auto kDrainTimeout = std::chrono::seconds(1);
constexpr std::size_t kDrainBytesMax = 64 * 1024 * 1024;
// Of a stream that the system takes for a peer who does not read: what more there is waits where whoever pushes sees it.
constexpr int kStreamBufferBytes = 32 * 1024;

// What a session is given where a worker forgets it.
void drop(Response& response) { response = problem(500, "No answer", "the request was dropped without an answer"); }
void drop(std::optional<Piece>& piece) { piece.reset(); }

// The way back from a worker to its session, which may be gone by then: of an answer, or a piece of one.
template <typename Made>
class Ticket {
 public:
  Ticket(std::shared_ptr<asio::io_context> context, std::weak_ptr<Session> session)
      : context_(std::move(context)), session_(std::move(session)) {}
  ~Ticket() {
    if (used_) return;
    Made nothing;
    drop(nothing);
    use(std::move(nothing));
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  // No worker has it.
  void withdraw() { used_ = true; }

  void use(Made made) {
    if (used_.exchange(true)) return;
    // The session lives on its context's thread alone.
    asio::post(*context_, [session = session_, made = std::move(made)]() mutable {
      if (const auto here = session.lock()) here->deliver(std::move(made));
    });
  }

 private:
  const std::shared_ptr<asio::io_context> context_;
  const std::weak_ptr<Session> session_;
  std::atomic<bool> used_ = false;
};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// Header fields must not be able to end their line.
void append_clean(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
}

// "Sun, 06 Nov 1994 08:49:37 GMT", made once a second and thread.
const std::string& date_now() {
  thread_local std::time_t made_for = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made_for) {
    text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
    made_for = now;
  }
  return text;
}

std::string header_of(const Response& response, bool keep_alive, bool chunked) {
  const auto reason = beast::http::obsolete_reason(beast::http::int_to_status(static_cast<unsigned>(response.status)));
  // A browser must not take an answer for something else: names in it are anybody's.
  std::string header = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nX-Content-Type-Options: nosniff\r\n", response.status,
                                   view(reason), date_now());
  if (chunked) {
    header += "Transfer-Encoding: chunked\r\n";
  } else if (response.stream == nullptr && response.source == nullptr && response.status != 304) {
    // Which has no body, whatever it stands for.
    header += fmt::format("Content-Length: {}\r\n", response.body.size());
  }
  if (!response.content_type.empty()) {
    header += "Content-Type: ";
    append_clean(header, response.content_type);
    header += "\r\n";
  }
  for (const auto& [name, value] : response.headers) {
    append_clean(header, name);
    header += ": ";
    append_clean(header, value);
    header += "\r\n";
  }
  header += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return header;
}

Response too_large_header(const Limits& limits) {
  return problem(431, "Header too large", fmt::format("a request's header may take {} bytes", limits.header_bytes_max));
}

Response refusal_of(const error_code& error, const Limits& limits) {
  using Error = beast::http::error;
  if (error == Error::header_limit) return too_large_header(limits);
  if (error == boost::system::errc::not_enough_memory) {
    Response busy =
        problem(429, "Too much is sent", "bodies of other requests take all the memory there is for them; try again");
    busy.headers.emplace_back("Retry-After", "1");
    return busy;
  }
  if (error == Error::body_limit) {
    return problem(413, "Body too large", fmt::format("a request's body may take {} bytes", limits.body_bytes_max));
  }
  return problem(400, "Bad request", "the request is not HTTP/1.1: " + error.message());
}

}  // namespace

struct Session::Incoming {
  explicit Incoming(MemoryBudget& memory) : share(memory) { parser.get().body().share = &share; }

  BodyShare share;
  Parser parser;
};

Session::Session(Socket socket, std::weak_ptr<asio::io_context> context, Service& service)
    : socket_(std::move(socket)), context_(std::move(context)), service_(service), wake_(socket_.get_executor()) {}

void Session::enter(State state, Clock::duration timeout) {
  const auto now = Clock::now();
  if (state != state_) since_ = now;
  state_ = state;
  timeout_ = timeout;
  moved_bytes_ = 0;
  deadline_ = now + timeout;
}

void Session::progress(std::size_t bytes) {
  moved_bytes_ += bytes;
  if (moved_bytes_ >= service_.limits.progress_bytes) enter(state_, timeout_);
}

bool Session::peer_is_gone() {
  char byte = 0;
  const auto count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count == 0) return std::exchange(has_ended_, true);
  return count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
}

std::optional<Clock::time_point> Session::waiting_since() const {
  const bool is_waiting = socket_.is_open() && (state_ == State::kIdle || state_ == State::kHeader);
  return is_waiting ? std::optional(since_) : std::nullopt;
}

void Session::sweep(Clock::time_point now) {
  const bool is_worked_for = state_ == State::kHandling || state_ == State::kMaking;
  if (is_worked_for && !stop_.stop_requested() && socket_.is_open() && peer_is_gone()) {
    stop_.request_stop();
  }
  if (now < deadline_) return;
  deadline_ = Clock::time_point::max();
  expired_ = true;
  error_code ignored;
  if (state_ == State::kHeader || state_ == State::kBody) {
    socket_.cancel(ignored);  // The reader wakes up and says so to the peer.
  } else {
    socket_.close(ignored);
  }
}

void Session::stop() {
  if (state_ == State::kIdle) close();
  if (state_ == State::kStreaming) wake_.cancel();
}

void Session::abort() {
  aborted_ = true;
  stop_.request_stop();
  close();
  wake_.cancel();
}

void Session::deliver(Response response) {
  response_ = std::move(response);
  wake_.cancel();
}

void Session::deliver(std::optional<Piece> piece) {
  is_made_ = false;
  piece_ = std::move(piece);
  wake_.cancel();
}

void Session::close() {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

// GCC 12 breaks some coroutines that await within a larger expression or unbraced statement: here a
// co_await stands alone, and what is awaited gets no temporaries that need destroying.
Awaitable<void> Session::run() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  while (true) {
    const bool more = co_await serve_one();
    if (!more) break;
    // Many connections may be idle: none keeps what reading a body took.
    if (buffer_.size() == 0 && buffer_.capacity() > 2 * kReadBytes) buffer_ = {};
  }
  close();
}

Awaitable<void> Session::refuse(const Response& response) {
  const bool answered = co_await answer(response, true, false);
  if (answered) {
    co_await drain();
  }
  close();
}

Awaitable<bool> Session::fill(std::size_t bytes_max) {
  if (expired_) co_return false;
  const auto [error, bytes] = co_await socket_.async_read_some(buffer_.prepare(bytes_max), kAwait);
  buffer_.commit(bytes);
  lost_ = error && !expired_;
  co_return !error;
}

Awaitable<bool> Session::serve_one() {
  if (buffer_.size() == 0) {
    if (service_.stopping) co_return false;
    enter(State::kIdle, service_.limits.idle_timeout);
    const bool filled = co_await fill(kReadBytes);
    if (!filled) co_return false;
  }
  enter(State::kHeader, service_.limits.header_timeout);
  Incoming incoming(service_.bodies);
  auto refusal = co_await read_header(incoming);
  if (!refusal && !lost_) {
    refusal = co_await read_body(incoming);
  }
  if (lost_) co_return false;
  auto& message = incoming.parser.get();
  const bool with_body = message.method() != beast::http::verb::head;
  if (refusal) {
    message.body().drop();
    const bool slow = expired_;
    const bool answered = co_await answer(*refusal, with_body, false);
    if (answered && !slow) {
      co_await drain();
    }
    co_return false;
  }

  const unsigned version = message.version();
  bool keep_alive = message.keep_alive();
  Request request;
  if (auto fault = read_target(view(message.target()), request)) {
    const Response response = problem(400, "Bad target", *fault);
    const bool answered = co_await answer(response, with_body, keep_alive);
    co_return answered&& keep_alive;
  }
  request.method = with_body ? view(message.method_string()) : "GET";
  request.accept = view(message[field::accept]);
  request.content_type = view(message[field::content_type]);
  request.accept_encoding = view(message[field::accept_encoding]);
  request.if_none_match = view(message[field::if_none_match]);
  request.last_event_id = view(message["Last-Event-ID"]);
  request.body = std::move(message.body().text);
  Response response = co_await handle(std::move(request));
  incoming.share.release();
  if (aborted_) co_return false;
  keep_alive = keep_alive && !service_.stopping;
  bool answered = false;
  if (response.stream != nullptr && with_body) {
    keep_alive = keep_alive && version >= 11;
    answered = co_await answer_stream(response, keep_alive);
  } else if (response.source != nullptr && with_body) {
    const bool chunked = version >= 11;
    answered = co_await answer_source(response, chunked, keep_alive && chunked);
  } else {
    if (response.stream != nullptr) response.stream->close();
    if (response.source != nullptr) stop_.request_stop();
    answered = co_await answer(response, with_body, keep_alive);
  }
  co_return answered&& keep_alive;
}

std::optional<Response> Session::interrupted() {
  if (lost_) return std::nullopt;
  return problem(408, "Request too slow", "the request did not arrive in time");
}

Awaitable<std::optional<Response>> Session::read_header(Incoming& incoming) {
  const Limits& limits = service_.limits;
  Parser& parser = incoming.parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
  parser.body_limit(limits.body_bytes_max);
  // The parser's own limit is on parts of a header.
  std::size_t header_bytes = 0;
  while (true) {
    error_code error;
    const std::size_t taken = parser.put(buffer_.data(), error);
    buffer_.consume(taken);
    header_bytes += taken;
    const bool done = parser.is_header_done() && !error;
    if (header_bytes + (done ? 0 : buffer_.size()) > limits.header_bytes_max) co_return too_large_header(limits);
    if (done) break;
    if (error && error != beast::http::error::need_more) co_return refusal_of(error, limits);
    const bool filled = co_await fill(kReadBytes);
    if (!filled) co_return interrupted();
  }
  if (auto refusal = judge_header(incoming)) co_return refusal;
  const auto& message = parser.get();
  const auto expect = message[field::expect];
  if (!expect.empty() && message.version() >= 11 && !parser.is_done() && buffer_.size() == 0) {
    const bool written = co_await write("HTTP/1.1 100 Continue\r\n\r\n", {});
    lost_ = !written;
  }
  co_return std::nullopt;
}

std::optional<Response> Session::judge_header(const Incoming& incoming) const {
  const Limits& limits = service_.limits;
  const auto& message = incoming.parser.get();
  const std::string_view target = view(message.target());
  if (target.size() > limits.target_bytes_max) {
    return problem(414, "Target too long", fmt::format("a target may take {} bytes", limits.target_bytes_max));
  }
  const std::size_t hosts = message.count(field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) {
    return problem(400, "Bad request", "HTTP/1.1 asks for one Host field");
  }
  const std::string_view host = view(message[field::host]);
  const auto asked = authority_of(target);
  if ((hosts == 1 && !service_.names.has(host)) || (asked && !service_.names.has(*asked))) {
    return problem(421, "Misdirected request",
                   "this server is not asked under that name; the setting served_names adds names to those of the "
                   "loopback");
  }
  const bool changes_nothing =
      message.method() == beast::http::verb::get || message.method() == beast::http::verb::head;
  if (!changes_nothing && message.count(field::origin) != 0 &&
      (message.count(field::origin) > 1 || !is_own_origin(view(message[field::origin]), host))) {
    return problem(403, "Foreign origin", "a page of another site may not send this");
  }
  const std::size_t codings = message.count(field::transfer_encoding);
  if (codings != 0 && (codings > 1 || message.version() < 11)) {
    return problem(400, "Bad request", "Transfer-Encoding is given once, in HTTP/1.1");
  }
  if (codings == 1 && !beast::iequals(message[field::transfer_encoding], "chunked")) {
    return problem(501, "Transfer coding not supported", "bodies come in chunks or as a whole, and uncompressed");
  }
  if (view(message[field::te]).find("chunked") != std::string_view::npos) {
    return problem(400, "Bad request", "chunked is not named in TE");
  }
  const auto encoding = message[field::content_encoding];
  if (!encoding.empty() && !beast::iequals(encoding, "identity")) {
    return problem(415, "Encoding not supported", "bodies are taken as they are, uncompressed");
  }
  const auto expect = message[field::expect];
  if (!expect.empty() && !beast::iequals(expect, "100-continue")) {
    return problem(417, "Expectation failed", "no other expectation than 100-continue is met");
  }
  return std::nullopt;
}

Awaitable<std::optional<Response>> Session::read_body(Incoming& incoming) {
  const Limits& limits = service_.limits;
  Parser& parser = incoming.parser;
  enter(State::kBody, limits.body_timeout);
  parser.eager(true);
  while (!parser.is_done()) {
    error_code error;
    if (buffer_.size() != 0) {
      const std::size_t taken = parser.put(buffer_.data(), error);
      buffer_.consume(taken);
      progress(taken);
      if (error && error != beast::http::error::need_more) co_return refusal_of(error, limits);
      if (parser.is_done()) break;
      if (!error && taken != 0) continue;
      if (buffer_.size() > kBodyReadBytes) {
        co_return problem(400, "Bad request", "the header of a chunk is too long");
      }
    }
    const bool filled = co_await fill(kBodyReadBytes);
    if (!filled) co_return interrupted();
  }
  co_return std::nullopt;
}

void Session::submit(Request request) {
  const auto ticket = std::make_shared<Ticket<Response>>(context_.lock(), weak_from_this());
  workers_ = &service_.workers_of(request);
  auto task = [&handler = service_.handler, ticket, request = std::make_shared<Request>(std::move(request))] {
    // Nobody has waited so long.
    if (request->stop.stop_requested()) return ticket->use(problem(503, "Given up", "nobody waits for the answer"));
    try {
      handler(std::move(*request), [ticket](Response response) { ticket->use(std::move(response)); });
    } catch (const std::exception& failure) {
      ticket->use(problem(500, "Internal error", failure.what()));
    }
  };
  if (!workers_->try_submit(std::move(task))) {
    ticket->use(problem(503, "Too busy", "too many requests are waiting; try again"));
  }
}

Awaitable<Response> Session::handle(Request request) {
  state_ = State::kHandling;
  deadline_ = Clock::time_point::max();
  response_.reset();
  wake_.expires_at(Clock::time_point::max());
  stop_ = std::stop_source();
  has_ended_ = false;
  request.stop = stop_.get_token();
  submit(std::move(request));
  while (!response_ && !aborted_) {
    co_await wake_.async_wait(kAwait);
  }
  co_return response_ ? *std::move(response_) : Response{};
}

Awaitable<bool> Session::answer(const Response& response, bool with_body, bool keep_alive) {
  expired_ = false;
  const std::string header = header_of(response, keep_alive, false);
  const bool written = co_await write(header, with_body ? std::string_view(response.body) : std::string_view());
  co_return written;
}

Awaitable<bool> Session::answer_stream(const Response& response, bool keep_alive) {
  // Without a length or chunks a peer reads until the connection closes.
  const bool chunked = keep_alive;
  error_code ignored;
  socket_.set_option(asio::socket_base::send_buffer_size(kStreamBufferBytes), ignored);
  // There may be many, and what was read is of no more use.
  if (buffer_.size() == 0) buffer_ = {};
  const std::string header = header_of(response, keep_alive, chunked);
  response.stream->push(response.body);
  bool written = co_await write(header, {});
  if (written) {
    written = co_await send(*response.stream, chunked);
  }
  response.stream->close();
  co_return written;
}

Awaitable<bool> Session::send(Stream& stream, bool chunked) {
  stream.attach([context = context_.lock(), session = weak_from_this()] {
    asio::post(*context, [session] {
      if (const auto here = session.lock()) here->wake_.cancel();
    });
  });
  while (true) {
    Stream::Taken taken = stream.take();
    if (!taken.bytes.empty()) {
      const bool written = co_await write_part(std::move(taken.bytes), chunked);
      if (!written) co_return false;
      continue;
    }
    if (taken.closed || service_.stopping || aborted_) break;
    state_ = State::kStreaming;
    deadline_ = Clock::time_point::max();
    wake_.expires_at(Clock::time_point::max());
    co_await wake_.async_wait(kAwait);
  }
  const bool ended = co_await write(chunked ? "0\r\n\r\n" : "", {});
  co_return ended;
}

Awaitable<bool> Session::answer_source(Response& response, bool chunked, bool keep_alive) {
  expired_ = false;
  const std::string header = header_of(response, keep_alive, chunked);
  ask_for_piece(response.source);
  bool written = co_await write(header, {});
  if (written) {
    std::string first = std::exchange(response.body, {});
    written = co_await write_part(std::move(first), chunked);
  }
  response.share.reset();
  if (written) {
    written = co_await send(response.source, chunked);
  }
  if (written) {
    written = co_await write(chunked ? "0\r\n\r\n" : "", {});
  } else {
    stop_.request_stop();
    cut(chunked);
  }
  co_return written;
}

Awaitable<bool> Session::send(const std::shared_ptr<BodySource>& source, bool chunked) {
  while (true) {
    std::optional<Piece> piece = co_await next_piece(source);
    if (!piece) co_return false;
    // The next one is made while this one is sent.
    if (!piece->is_last) ask_for_piece(source);
    const bool written = co_await write_part(std::move(piece->bytes), chunked);
    if (!written) co_return false;
    if (piece->is_last) co_return true;
  }
}

void Session::ask_for_piece(const std::shared_ptr<BodySource>& source) {
  if (is_made_) return;
  piece_.reset();
  const auto ticket = std::make_shared<Ticket<std::optional<Piece>>>(context_.lock(), weak_from_this());
  is_made_ = workers_->try_submit([source, ticket, stop = stop_.get_token()] {
    if (stop.stop_requested()) return;
    try {
      ticket->use(source->next());
    } catch (const std::exception&) {
      // The ticket says that there is none.
    }
  });
  if (!is_made_) ticket->withdraw();
}

Awaitable<std::optional<Piece>> Session::next_piece(const std::shared_ptr<BodySource>& source) {
  while (!piece_ && !aborted_) {
    ask_for_piece(source);
    state_ = State::kMaking;
    deadline_ = Clock::time_point::max();
    wake_.expires_at(is_made_ ? Clock::time_point::max() : Clock::now() + kAskAgainAfter);
    co_await wake_.async_wait(kAwait);
  }
  if (!piece_) co_return std::nullopt;
  std::optional<Piece> piece = *std::move(piece_);
  piece_.reset();
  co_return piece;
}

Awaitable<bool> Session::write_part(std::string part, bool chunked) {
  if (part.empty()) co_return true;
  std::string size;
  if (chunked) {
    size = fmt::format("{:x}\r\n", part.size());
    part += "\r\n";
  }
  const bool written = co_await write(size, part);
  co_return written;
}

void Session::cut(bool chunked) {
  error_code ignored;
  // What has neither a length nor chunks ends with its connection: only a reset tells that this is not its end.
  if (!chunked) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  chunked ? close() : static_cast<void>(socket_.close(ignored));
}

Awaitable<bool> Session::write(std::string_view header, std::string_view body) {
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(header), asio::buffer(body)};
  beast::buffers_suffix<std::array<asio::const_buffer, 2>> rest(buffers);
  const std::size_t size = header.size() + body.size();
  std::size_t written = 0;
  enter(State::kWriting, service_.limits.write_timeout);
  while (written < size) {
    const auto [error, bytes] = co_await socket_.async_write_some(rest, kAwait);
    if (error) co_return false;
    rest.consume(bytes);
    written += bytes;
    progress(bytes);
  }
  co_return true;
}

Awaitable<void> Session::drain() {
  error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  enter(State::kWriting, kDrainTimeout);
  for (std::size_t drained = 0; !error && drained < kDrainBytesMax;) {
    buffer_.clear();
    const auto [failure, bytes] = co_await socket_.async_read_some(buffer_.prepare(kBodyReadBytes), kAwait);
    drained += bytes;
    error = failure;
  }
}

}  // namespace daybook::http
