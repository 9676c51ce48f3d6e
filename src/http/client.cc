#include "http/client.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <functional>
#include <utility>

namespace daybook::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

// To an answer's beginning, and then to each of its pieces.
constexpr std::chrono::seconds kTimeout{60};
constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::uint64_t kBodyBytesMax = 1ULL << 32;

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

// What comes of one answer.
class Receiver {
 public:
  Receiver(beast::tcp_stream& stream, const Sink* sink) : stream_(stream), sink_(sink), piece_(kPieceBytes, '\0') {
    parser_.body_limit(kBodyBytesMax);
  }

  // Calls done(error) in the end, once.
  void receive(std::function<void(beast::error_code)> done) {
    done_ = std::move(done);
    beast::http::async_read_header(stream_, buffer_, parser_, [this](beast::error_code error, std::size_t) {
      if (error) return done_(error);
      response_.status = static_cast<int>(parser_.get().result_int());
      response_.content_type = std::string(parser_.get()[beast::http::field::content_type]);
      goes_to_sink_ = sink_ != nullptr && sink_->takes(response_);
      read_piece();
    });
  }
  bool has_begun() const { return parser_.is_header_done(); }
  Response take() { return std::move(response_); }

 private:
  void read_piece() {
    if (parser_.is_done()) return done_({});
    auto& body = parser_.get().body();
    body.data = piece_.data();
    body.size = piece_.size();
    body.more = true;
    stream_.expires_after(kTimeout);
    beast::http::async_read(stream_, buffer_, parser_, [this](beast::error_code error, std::size_t) {
      if (error && error != beast::http::error::need_buffer) return done_(error);
      const std::string_view bytes(piece_.data(), piece_.size() - parser_.get().body().size);
      if (!goes_to_sink_) {
        response_.body += bytes;
      } else if (!sink_->write(bytes)) {
        return done_(asio::error::operation_aborted);
      }
      read_piece();
    });
  }

  beast::tcp_stream& stream_;
  const Sink* const sink_;
  beast::flat_buffer buffer_;
  beast::http::response_parser<beast::http::buffer_body> parser_;
  std::string piece_;
  Response response_;
  bool goes_to_sink_ = false;
  std::function<void(beast::error_code)> done_;
};

}  // namespace

Result<Response> ask(const std::string& base_url, const std::vector<std::string>& segments,
                     const std::multimap<std::string, std::string>& parameters, std::optional<Body> body,
                     const Sink* sink) {
  constexpr std::string_view kScheme = "http://";
  std::string authority = base_url.starts_with(kScheme) ? base_url.substr(kScheme.size()) : "";
  while (authority.ends_with('/')) authority.pop_back();
  if (authority.empty() || authority.find('/') != std::string::npos) {
    return unexpected(ErrorCode::kInvalidArgument,
                      fmt::format("'{}' is not the address of an instance, such as http://127.0.0.1:8080", base_url));
  }
  const std::size_t colon = authority.rfind(':');
  std::string host = authority.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string port = colon == std::string::npos ? "80" : authority.substr(colon + 1);
  std::string target;
  for (const std::string& segment : segments) target += "/" + percent_encode(segment);
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    target += separator + percent_encode(name) + "=" + percent_encode(value);
    separator = '&';
  }

  asio::io_context context;
  beast::tcp_stream stream(context);
  beast::error_code error;
  Receiver receiver(stream, sink);
  beast::http::request<beast::http::string_body> request(body ? beast::http::verb::post : beast::http::verb::get,
                                                         target, 11);
  if (body) {
    request.set(beast::http::field::content_type, body->content_type);
    request.body() = std::move(body->bytes);
    request.prepare_payload();
  }
  request.set(beast::http::field::host, authority);
  request.set(beast::http::field::accept, "application/json");
  // Asynchronous, so that the timeout holds.
  stream.expires_after(kTimeout);
  asio::ip::tcp::resolver resolver(context);
  const auto endpoints = resolver.resolve(host, port, error);
  if (!error) {
    stream.async_connect(endpoints, [&](beast::error_code failed, const auto&) {
      if ((error = failed)) return;
      beast::http::async_write(stream, request, [&](beast::error_code not_sent, std::size_t) {
        if ((error = not_sent)) return;
        receiver.receive([&](beast::error_code not_read) { error = not_read; });
      });
    });
    context.run();
  }
  if (error) {
    return unexpected(
        ErrorCode::kUnavailable,
        fmt::format("{} {}: {}", receiver.has_begun() ? "the answer is not whole that came from" : "no answer from",
                    base_url, error.message()));
  }
  return receiver.take();
}

std::optional<std::string> problem_detail(std::string_view body) {
  beast::error_code error;
  const boost::json::value problem = boost::json::parse({body.data(), body.size()}, error);
  const boost::json::object* members = error ? nullptr : problem.if_object();
  if (members == nullptr || !members->contains("status") || !members->contains("title")) return std::nullopt;
  const boost::json::value* detail = members->if_contains("detail");
  if (detail == nullptr || !detail->is_string()) return std::nullopt;
  return std::string(detail->get_string());
}

Error not_ours(std::string_view url, const Response& answer) {
  constexpr std::size_t kShown = 60;
  std::string beginning = answer.body.substr(0, kShown);
  // Of whoever's making: for a terminal.
  for (char& c : beginning) {
    if (c < ' ' || c == '\x7f') c = c == '\n' || c == '\t' || c == '\r' ? ' ' : '?';
  }
  return {ErrorCode::kUnavailable,
          fmt::format("{} answers {} '{}{}': that is no Daybook; give the address that `daybook up` listens on", url,
                      answer.status, beginning, answer.body.size() > kShown ? "…" : "")};
}

}  // namespace daybook::http
