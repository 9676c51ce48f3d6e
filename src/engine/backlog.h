// What a shard was told and has not folded yet, by account. When it grows beyond memory, what is there is
// set aside in a sorted run on disk; folding merges the runs, so that an account comes once, with everything
// it was told, however long the backlog is.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/file.h"
#include "base/result.h"
#include "domain/event.h"
#include "store/document_codec.h"
#include "store/labels.h"

namespace daybook::engine {

// An event that waits to be folded.
struct Told {
  domain::DocumentRef ref;
  domain::Position at;
  std::int64_t recorded_ms = 0;
  std::uint32_t clock = 0;  // Of Accounts.
  store::EncodedEvent event;
  std::span<const domain::DocumentRef> names;  // What it names in other documents.
};

// One thread.
class Backlog {
 public:
  // Runs are made in `folder`. They have no name there, so that they end with the process; one that was about
  // to lose its name when an earlier process ended is removed.
  explicit Backlog(const std::string& folder);

  // Copies what `told` points to.
  void add(store::LabelId customer, const Told& told);
  // Writes what is in memory to a run. Errors: kUnavailable, with everything as it was.
  Result<void> set_aside();

  bool empty() const { return told_.empty() && runs_.empty(); }
  std::size_t bytes_in_memory() const { return bytes_in_memory_; }
  // What it takes of memory altogether, in use or kept for the next events.
  std::size_t bytes_held() const;
  // On disk.
  std::size_t bytes_set_aside() const { return bytes_set_aside_; }
  // Of the account that was told most, in memory and on disk.
  std::size_t bytes_of_largest_account() const { return largest_; }

  // Calls visit(customer, events) for each account, by rising customer, with all its events in the order they
  // were added. The events hold during the call. Ends with the first error, of `visit` or of a run.
  Result<void> for_each_account(const std::function<Result<void>(store::LabelId, std::span<const Told* const>)>& visit);
  // Gives back what a large backlog took.
  void clear();

 private:
  struct Run {
    File file;
    std::uint64_t size = 0;
  };
  class Cursor;
  using Waiting = std::pair<store::LabelId, Told*>;

  void sort();
  void forget_memory();

  const std::string path_;  // Of a run, until it has lost its name.
  Arena memory_;
  std::vector<Waiting> told_;
  std::size_t bytes_in_memory_ = 0;
  std::vector<Run> runs_;  // Oldest first.
  std::size_t bytes_set_aside_ = 0;
  std::vector<std::size_t> bytes_of_account_;
  std::size_t largest_ = 0;
  // While accounts are visited.
  std::vector<const Told*> events_;
  Arena read_;
};

}  // namespace daybook::engine
