// Publishing to a server over HTTP/1.1.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <charconv>
#include <cstdint>
#include <thread>

#include "gateway/publish_client.h"
#include "http/client.h"
#include "http/problem.h"

namespace daybook::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view kScheme = "http://";
// An answer to 10,000 events, with room.
constexpr std::size_t kAnswerBytesMax = 64 * 1024 * 1024;

// One connection that is opened again when it was lost; every step has its time.
class Connection {
 public:
  Connection(std::string host, std::string port, std::chrono::milliseconds timeout)
      : host_(std::move(host)), port_(std::move(port)), timeout_(timeout) {}

  std::string url() const { return fmt::format("{}{}", kScheme, authority()); }

  Result<http::Response> post(std::string_view path, std::string_view content_type, std::string_view body) {
    auto answer = try_post(path, content_type, body);
    if (!answer) stream_.reset();
    return answer;
  }

 private:
  Result<http::Response> try_post(std::string_view path, std::string_view content_type, std::string_view body) {
    if (!stream_) RETURN_IF_ERROR(connect());
    beast::http::request<beast::http::string_body> request(beast::http::verb::post, {path.data(), path.size()}, 11);
    request.set(beast::http::field::host, authority());
    request.set(beast::http::field::content_type, {content_type.data(), content_type.size()});
    request.body() = body;
    request.prepare_payload();
    RETURN_IF_ERROR(finish("send to", [&](auto done) { beast::http::async_write(*stream_, request, done); }));
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(kAnswerBytesMax);
    RETURN_IF_ERROR(finish("hear from", [&](auto done) { beast::http::async_read(*stream_, buffer_, parser, done); }));
    auto response = parser.release();
    if (!response.keep_alive()) stream_.reset();
    return http::Response{static_cast<int>(response.result_int()),
                          std::string(response[beast::http::field::content_type]), std::move(response.body())};
  }

  Result<void> connect() {
    tcp::resolver resolver(context_);
    error_code error;
    const auto endpoints = resolver.resolve(host_, port_, error);
    if (error) {
      return unexpected(ErrorCode::kUnavailable, fmt::format("cannot find {}: {}", host_, error.message()));
    }
    buffer_.clear();
    stream_.emplace(context_);
    return finish("connect to", [&](auto done) { stream_->async_connect(endpoints, done); });
  }

  // Starts one step and waits for its end.
  template <typename Start>
  Result<void> finish(std::string_view step, Start start) {
    error_code error;
    stream_->expires_after(timeout_);
    start([&error](error_code failure, const auto&) { error = failure; });
    context_.restart();
    context_.run();
    if (!error) return {};
    return unexpected(ErrorCode::kUnavailable, fmt::format("cannot {} {}: {}", step, authority(), error.message()));
  }

  // An IPv6 address stands in brackets there.
  std::string authority() const {
    return host_.find(':') == host_.npos ? fmt::format("{}:{}", host_, port_) : fmt::format("[{}]:{}", host_, port_);
  }

  asio::io_context context_;
  const std::string host_;
  const std::string port_;
  const std::chrono::milliseconds timeout_;
  std::optional<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
};

class HttpTarget final : public PublishTarget {
 public:
  HttpTarget(std::string host, std::string port, HttpTargetOptions options)
      : connection_(std::move(host), std::move(port), options.timeout), options_(options) {}

  Result<Faults> publish(std::string_view lines, LastOffsets& last) override {
    ASSIGN_OR_RETURN(const http::Response answer, send(lines));
    try {
      if (answer.status == 200) {
        const auto sent = static_cast<std::size_t>(std::ranges::count(lines, '\n'));
        if (read_places(json::parse(answer.body), last) == sent) return Faults();
      } else if (answer.status == 400) {
        return read_faults(json::parse(answer.body));
      } else if (const auto detail = http::problem_detail(answer.body)) {
        return unexpected(ErrorCode::kUnavailable,
                          fmt::format("{} refuses it ({}): {}", connection_.url(), answer.status, *detail));
      }
    } catch (const std::exception&) {
      // As where anything else is not as it should be.
    }
    return unexpected(http::not_ours(connection_.url(), answer));
  }

 private:
  // Sends until there is an answer other than "try again".
  Result<http::Response> send(std::string_view lines) {
    auto pause = options_.pause_min;
    for (int tried = 0;; ++tried) {
      auto answer = connection_.post("/v1/events", "application/x-ndjson", lines);
      if (answer && answer->status != 429 && answer->status != 503) return answer;
      if (tried == options_.retries) {
        if (!answer) return answer;
        const auto detail = http::problem_detail(answer->body);
        if (!detail) return unexpected(http::not_ours(connection_.url(), *answer));
        return unexpected(ErrorCode::kUnavailable,
                          fmt::format("{} is not available ({}): {}", connection_.url(), answer->status, *detail));
      }
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, options_.pause_max);
    }
  }

  // How many there are.
  static std::size_t read_places(const json::value& body, LastOffsets& last) {
    for (const json::value& place : body.at("results").as_array()) {
      last[{std::string(place.at("topic").as_string()), place.at("partition").to_number<std::int32_t>()}] =
          place.at("offset").to_number<std::int64_t>();
    }
    return body.at("results").as_array().size();
  }

  static Faults read_faults(const json::value& body) {
    Faults faults;
    if (const json::value* list = body.as_object().if_contains("violations")) {
      for (const json::value& fault : list->as_array()) {
        faults.add({fault.at("index").to_number<std::int64_t>(), std::string(fault.at("field").as_string()),
                    std::string(fault.at("message").as_string())});
      }
      if (const json::value* count = body.as_object().if_contains("violation_count")) {
        faults.count = count->to_number<std::size_t>();
      }
    }
    if (faults.empty()) faults.add({0, "", std::string(body.at("detail").as_string())});
    return faults;
  }

  Connection connection_;
  const HttpTargetOptions options_;
};

}  // namespace

Result<std::unique_ptr<PublishTarget>> target_of(std::string_view url, HttpTargetOptions options) {
  std::string_view rest = url;
  if (!rest.starts_with(kScheme)) {
    return unexpected(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a URL such as http://127.0.0.1:8080", url));
  }
  rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && rest.find(']', colon) != std::string_view::npos) {
    colon = std::string_view::npos;  // Within an IPv6 address.
  }
  std::string_view host = rest.substr(0, colon);
  const std::string_view port = colon == std::string_view::npos ? std::string_view("80") : rest.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t number = 0;
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool is_port = failure == std::errc() && end == port.data() + port.size() && number != 0;
  if (host.empty() || host.find_first_of("[] ") != std::string_view::npos ||
      rest.find_first_of("/?#@") != std::string_view::npos || !is_port) {
    return unexpected(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a URL such as http://127.0.0.1:8080", url));
  }
  return std::unique_ptr<PublishTarget>(new HttpTarget(std::string(host), std::string(port), options));
}

}  // namespace daybook::gateway
