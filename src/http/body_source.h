// The body of an answer that is made while it is sent.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace daybook::http {

struct Piece {
  std::string bytes;
  bool is_last = false;
  // Let go of once the piece is sent: what it takes of some bound.
  std::shared_ptr<void> share = nullptr;
};

// Asked for one piece after the other by a worker, each while the one before is sent: a peer that reads slowly slows it
// down, and holds no worker meanwhile. It is let go of once the body is sent, or the peer has gone, when the request's
// `stop` is requested.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Nothing: it cannot go on, and the peer sees that the body is cut. So it does where this throws.
  virtual std::optional<Piece> next() = 0;
};

}  // namespace daybook::http
