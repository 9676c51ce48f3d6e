// What a shard was told and has not folded yet, by account. When it grows beyond memory, what is there is
// spilled to a sorted run on disk; folding merges the runs, so that an account comes once, with everything
// it was told, however many there are.
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
struct PendingEvent {
  domain::DocumentRef ref;
  domain::Position at;
  std::int64_t recorded_ms = 0;
  std::uint32_t clock = 0;  // Of AccountCache.
  store::EncodedEvent event;
  std::span<const domain::DocumentRef> names;  // What it names in other documents.
};

// One thread.
class PendingEvents {
 public:
  // Runs are made in `folder`. They have no name there, so that they end with the process; one that was about
  // to lose its name when an earlier process ended is removed.
  explicit PendingEvents(const std::string& folder);

  // Copies what `told` points to.
  void add(store::LabelId customer, const PendingEvent& told);
  // Writes what is in memory to a run. Errors: kUnavailable, with everything as it was.
  Result<void> spill();

  bool empty() const { return told_.empty() && runs_.empty(); }
  std::size_t bytes_in_memory() const { return bytes_in_memory_; }
  // What it takes of memory altogether, in use or kept for the next events.
  std::size_t bytes_held() const;
  // On disk.
  std::size_t bytes_spilled() const { return bytes_spilled_; }
  // Of the account that was told most, in memory and on disk.
  std::size_t bytes_of_largest_account() const { return largest_; }

  // Calls visit(customer, events) for each account, by rising customer, with all its events in the order they
  // were added. The events hold during the call. Ends with the first error, of `visit` or of a run.
  Result<void> for_each_account(
      const std::function<Result<void>(store::LabelId, std::span<const PendingEvent* const>)>& visit);
  // Gives back what many took.
  void clear();

 private:
  struct Run {
    File file;
    std::uint64_t size = 0;
  };
  class Cursor;
  using Waiting = std::pair<store::LabelId, PendingEvent*>;

  void sort();
  void forget_memory();

  const std::string path_;  // Of a run, until it has lost its name.
  Arena memory_;
  std::vector<Waiting> told_;
  std::size_t bytes_in_memory_ = 0;
  std::vector<Run> runs_;  // Oldest first.
  std::size_t bytes_spilled_ = 0;
  std::vector<std::size_t> bytes_of_account_;
  std::size_t largest_ = 0;
  // While accounts are visited.
  std::vector<const PendingEvent*> events_;
  Arena read_;
};

}  // namespace daybook::engine
