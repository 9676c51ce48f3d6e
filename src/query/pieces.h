// A long answer, piece by piece.
#pragma once

#include <memory>
#include <string>

#include "query/question_memory.h"

namespace daybook::query {

struct Piece {
  std::string bytes;
  bool is_last = false;
  std::shared_ptr<QuestionMemory> memory = {};  // That its bytes were given, until it goes.
};

// One piece after the other; any thread, one at a time. The shards must outlive it.
class Pieces {
 public:
  virtual ~Pieces() = default;
  // Not behind the last. Throws a Refusal where it cannot go on: what there is so far is not the whole answer.
  virtual Piece next() = 0;
};

}  // namespace daybook::query
