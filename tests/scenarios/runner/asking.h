// Questions in few words (tests/scenarios/README.md), and answers as tables.
#pragma once

#include <string>

#include "scenarios/runner/script.h"
#include "support/book.h"

namespace daybook::test {

class Asker {
 public:
  explicit Asker(Book& book) : book_(book) {}

  // The answer as the scenario would write it: rows, or "!400 as_of". Throws std::runtime_error for what is no
  // question.
  std::string ask(const Step& step);
  // Proof differences of the ageing and the bridge up to a date, by every grouping and with the files of then or
  // of now: there ought to be none.
  std::string faults_of_proof(const std::string& from, const std::string& day, const std::string& attributes);

 private:
  Book& book_;
  std::string next_;  // Token of the page behind the first of the question before.
};

}  // namespace daybook::test
