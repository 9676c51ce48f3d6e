#include "http/stream.h"

#include <utility>

namespace daybook::http {

bool Stream::push(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  return put(bytes);
}

bool Stream::replace(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  waiting_.clear();
  return put(bytes);
}

std::size_t Stream::waiting_bytes() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

bool Stream::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

bool Stream::put(std::string_view bytes) {
  if (waiting_.size() + bytes.size() > kWaitingBytesMax) closed_ = true;
  if (closed_) return false;
  const bool first = waiting_.empty() && !bytes.empty();
  waiting_ += bytes;
  if (first && wake_) wake_();
  return true;
}

void Stream::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (wake_) wake_();
  wake_ = nullptr;
}

void Stream::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  if (!closed_) wake_ = std::move(wake);
}

Stream::Taken Stream::take() {
  const std::lock_guard lock(mutex_);
  return {std::exchange(waiting_, {}), closed_};
}

}  // namespace daybook::http
