// One kept-alive connection to a server on this machine, for measuring it: sends, and waits.
#pragma once

#include <string>
#include <string_view>

namespace daybook::bench {

class HttpConnection {
 public:
  // "http://127.0.0.1:8080".
  explicit HttpConnection(std::string_view url);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  struct Answer {
    int status = 0;
    std::string body;
  };
  Answer get(std::string_view target);
  Answer post(std::string_view target, std::string_view content_type, std::string_view body);

 private:
  Answer ask(std::string_view header, std::string_view body);
  // In one piece, as long as the kernel takes it.
  void send(std::string_view header, std::string_view body);
  void receive_more();

  int socket_ = -1;
  std::string received_;
};

}  // namespace daybook::bench
