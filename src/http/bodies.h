// The memory that bodies of requests take, or what is made of them, within one bound for all of them.
#pragma once

#include <algorithm>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/memory_budget.h"

namespace daybook::http {

// What one body has of the memory for all, given back at the end. One thread at a time.
class BodyShare {
 public:
  static constexpr std::size_t kStep = 64 * 1024;

  explicit BodyShare(MemoryBudget& memory) : memory_(memory) {}
  ~BodyShare() { release(); }
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;

  // Whole steps, of which the first is for the buffer that a body is read through. False, and all stays as it is,
  // when there is too little memory.
  [[nodiscard]] bool resize(std::size_t bytes) {
    const std::size_t wanted = (bytes / kStep + 2) * kStep;
    if (wanted > bytes_ && !memory_.try_take(wanted - bytes_)) return false;
    if (wanted < bytes_) memory_.give_back(bytes_ - wanted);
    bytes_ = wanted;
    return true;
  }
  void release() {
    memory_.give_back(bytes_);
    bytes_ = 0;
  }

 private:
  MemoryBudget& memory_;
  std::size_t bytes_ = 0;
};

// The body of a message for Beast's parser: a text that takes its share while it grows. Where there is too little
// memory the parser's error is not_enough_memory.
struct SharedBody {
  // Left behind a text, for a reader that wants room there.
  static constexpr std::size_t kRoom = 64;

  struct value_type {
    std::string text;
    BodyShare* share = nullptr;  // Set before a body comes.

    // What has come of one that nobody will read. A text that is assigned an empty one keeps its memory.
    void drop() {
      std::string().swap(text);
      share->release();
    }
  };

  class reader {
   public:
    template <bool isRequest, class Fields>
    reader(boost::beast::http::header<isRequest, Fields>&, value_type& body) : body_(body) {}

    // Memory that is reserved and not written to costs nothing yet.
    void init(const boost::optional<std::uint64_t>& length, boost::system::error_code& error) {
      if (length) body_.text.reserve(static_cast<std::size_t>(*length) + kRoom);
      error = {};
    }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      const std::size_t size = boost::beast::buffer_bytes(buffers);
      if (!make_room(body_.text.size() + size)) {
        error = make_error_code(boost::system::errc::not_enough_memory);
        return 0;
      }
      for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
        body_.text.append(static_cast<const char*>(buffer.data()), buffer.size());
      }
      error = {};
      return size;
    }

    void finish(boost::system::error_code& error) { error = {}; }

   private:
    bool make_room(std::size_t size) {
      std::string& text = body_.text;
      if (size + kRoom <= text.capacity()) return body_.share->resize(size);
      // While it moves it is there twice.
      if (!body_.share->resize(text.size() + size)) return false;
      text.reserve(std::max(size + kRoom, 2 * text.capacity()));
      return body_.share->resize(size);
    }

    value_type& body_;
  };
};

}  // namespace daybook::http
