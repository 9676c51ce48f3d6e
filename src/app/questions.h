// Every question to a program, over the shards that it knows of, be they its own or others': those that wait for a
// position, and files to reconcile with, too.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/memory_use.h"
#include "app/waiting_questions.h"
#include "base/date.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "http/message.h"
#include "query/shard_query.h"

namespace daybook::app {

// Thread-safe, but for stop().
class Questions {
 public:
  // Has a worker do what goes on with a request. False: too much waits.
  using Submit = std::function<bool(std::function<void()>)>;

  // `shards`, while they are not known, says why in an Error: what is asked is a 503 then. It is called for each question.
  // `today`: as it is fixed; else the clock's. `answers`: what they may take together.
  Questions(FindShards shards, std::optional<Day> today, std::shared_ptr<MemoryBudget> answers, Submit submit);
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;

  // Answered by this worker, or by another one once what it waits for is folded.
  void ask(http::Request request, http::Respond respond);
  // Something was committed: what waits is looked at.
  void committed() { waiting_.committed(); }
  // What waits is not answered any more.
  void stop() { waiting_.stop(); }

  // In the business time zone of the shards; an Error while they are not known, and the settings do not fix it.
  Result<Day> today() const;
  MemoryUse memory() const;

 private:
  http::Response answer(const http::Request& request);

  const FindShards shards_;
  const std::optional<Day> fixed_today_;
  const Submit submit_;
  const std::shared_ptr<MemoryBudget> answers_;  // Answers may outlive the questions.
  WaitingQuestions waiting_;
};

// Whether a path is asked with a file, by POST.
bool is_reconciliation(const http::Request& request);

}  // namespace daybook::app
