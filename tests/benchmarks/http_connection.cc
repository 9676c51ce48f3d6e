#include "http_connection.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "support.h"

namespace daybook::bench {

HttpConnection::HttpConnection(std::string_view url) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const std::size_t colon = url.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(std::string(url.substr(colon + 1)))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    give_up(fmt::format("cannot connect to {}", url));
  }
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

HttpConnection::~HttpConnection() { ::close(socket_); }

HttpConnection::Answer HttpConnection::get(std::string_view target) {
  return ask(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", target), "");
}

HttpConnection::Answer HttpConnection::post(std::string_view target, std::string_view content_type,
                                            std::string_view body) {
  return ask(fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
                         target, content_type, body.size()),
             body);
}

HttpConnection::Answer HttpConnection::ask(std::string_view header, std::string_view body) {
  send(header, body);
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) receive_more();
  const std::string_view head(received_.data(), end);
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t length_at = head.find(kLength);
  if (length_at == std::string_view::npos) give_up("an answer without a length");
  const std::size_t length = std::stoul(std::string(head.substr(length_at + kLength.size(), 20)));
  Answer answer;
  answer.status = std::stoi(std::string(head.substr(9, 3)));
  while (received_.size() < end + 4 + length) receive_more();
  answer.body = received_.substr(end + 4, length);
  received_.erase(0, end + 4 + length);
  return answer;
}

void HttpConnection::send(std::string_view header, std::string_view body) {
  while (!header.empty() || !body.empty()) {
    iovec parts[] = {{const_cast<char*>(header.data()), header.size()}, {const_cast<char*>(body.data()), body.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = std::size(parts);
    const ssize_t sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent <= 0) give_up("the server has closed the connection");
    const std::size_t of_header = std::min(static_cast<std::size_t>(sent), header.size());
    header.remove_prefix(of_header);
    body.remove_prefix(static_cast<std::size_t>(sent) - of_header);
  }
}

void HttpConnection::receive_more() {
  char bytes[16 * 1024];
  const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
  if (count <= 0) give_up("the server has closed the connection");
  received_.append(bytes, static_cast<std::size_t>(count));
}

}  // namespace daybook::bench
