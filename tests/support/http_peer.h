// A peer that says over a socket exactly what a test wants said.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace daybook::test {

struct HttpAnswer {
  int status = 0;  // 0: the peer closed.
  std::string header;
  std::string body;
};

class HttpPeer {
 public:
  // `buffer_bytes`: what the system takes for it before it reads; 0: as it likes.
  explicit HttpPeer(std::uint16_t port, int buffer_bytes = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (buffer_bytes > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  HttpPeer(HttpPeer&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}
  ~HttpPeer() {
    if (socket_ >= 0) ::close(socket_);
  }

  // False when the other side has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Sends no more, and goes on reading.
  void end() { ::shutdown(socket_, SHUT_WR); }

  // The next answer. `without_body` after HEAD.
  HttpAnswer receive(bool without_body = false) {
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return {};
    }
    HttpAnswer answer;
    answer.header = received_.substr(0, end + 2);
    received_.erase(0, end + 4);
    answer.status = std::stoi(answer.header.substr(9, 3));
    const auto length_at = answer.header.find("Content-Length: ");
    if (without_body || length_at == std::string::npos) return answer;
    const std::size_t length = std::stoul(answer.header.substr(length_at + 16));
    while (received_.size() < length) {
      if (!read_more()) return {};
    }
    answer.body = received_.substr(0, length);
    received_.erase(0, length);
    return answer;
  }
  HttpAnswer ask(std::string_view request) {
    send(request);
    return receive();
  }

  // The next chunk of an answer that has no length; empty at its end.
  std::string receive_chunk() {
    std::size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos) {
      if (!read_more()) return "(closed)";
    }
    const std::size_t length = std::stoul(received_.substr(0, end), nullptr, 16);
    received_.erase(0, end + 2);
    while (received_.size() < length + 2) {
      if (!read_more()) return "(closed)";
    }
    std::string chunk = received_.substr(0, length);
    received_.erase(0, length + 2);
    return chunk;
  }

  // All that comes until the other side closes, or cuts it off.
  std::string receive_all() {
    while (read_more()) {
    }
    return std::exchange(received_, {});
  }
  // Whether the other side has cut the connection off.
  bool was_reset() const { return was_reset_; }

  // Whether something has come that was not received yet.
  bool has_answer() const {
    char byte = 0;
    return !received_.empty() || ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }

  // Waits until the other side closes; false when it has something to say first.
  bool closed() { return received_.empty() && !read_more() && received_.empty(); }

 private:
  bool read_more() {
    char bytes[16 * 1024];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    was_reset_ = count < 0 && errno == ECONNRESET;
    if (count <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  int socket_;
  std::string received_;
  bool was_reset_ = false;
};

}  // namespace daybook::test
