// The body of an answer that goes on for as long as there is news: server-sent events.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace daybook::http {

// Thread-safe. The one who pushes keeps it, and drops it once push() has given false.
class Stream {
 public:
  // False when nobody listens any more: the peer went or did not keep up, or the server stops. A
  // peer that goes is noticed when something is sent, so send at least a comment now and then.
  bool push(std::string_view bytes);
  // The same, in place of what was not taken yet.
  bool replace(std::string_view bytes);
  // What was not taken yet: the peer, or the way to it, is slow.
  std::size_t waiting_bytes() const;
  // Nobody listens any more.
  bool is_closed() const;
  // The answer is complete.
  void close();

  // For the server: `wake` is called, from within push() and close(), when there is something to
  // take again.
  void attach(std::function<void()> wake);
  struct Taken {
    std::string bytes;
    bool closed = false;
  };
  Taken take();

  // What may wait for one peer.
  static constexpr std::size_t kWaitingBytesMax = 1024 * 1024;

 private:
  bool put(std::string_view bytes);  // Under mutex_.

  mutable std::mutex mutex_;  // Guards everything below.
  std::string waiting_;
  bool closed_ = false;
  std::function<void()> wake_;
};

}  // namespace daybook::http
