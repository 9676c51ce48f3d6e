// Copies parked records to the dead-letter topic: once for all who fold the same log, whatever is folded anew.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "engine/projector.h"
#include "log/group.h"

namespace daybook::engine {

// A thread of its own, which reads what the projector has parked and committed. It works once the projector has
// caught up, on the partitions that a group of the log gives it, and from where this group has come: a crash between the
// copying and the commit copies once more, never not at all.
//
// A group gives any of the log's partitions to any member, and a member copies what it holds alone. So a group is of those
// who hold the same: `daybook.dead-letter.v1` of those who hold all, `daybook.dead-letter.v1.shards-0-3` of those who hold
// these. Thread-safe.
class DeadLetters {
 public:
  // Both must outlive it.
  DeadLetters(log::Log& log, Projector& projector, std::string topic_prefix);
  ~DeadLetters();
  DeadLetters(const DeadLetters&) = delete;
  DeadLetters& operator=(const DeadLetters&) = delete;

  // Ends the copying; called by the destructor too. Not by two threads at a time.
  void stop();
  // Why nothing is copied now; empty when all is well.
  std::string trouble() const;
  // Copied since the start.
  std::uint64_t sent() const { return sent_; }

 private:
  void work();
  // Copies what is new in all partitions that are ours.
  Result<void> send_new();
  // Copies a part of what is new; gives whether there may be more.
  Result<bool> send_some(std::int32_t partition, log::GroupOffsets& offsets);
  // Appends copies and waits for them, until it is to stop; gives how many there were.
  Result<std::size_t> append(std::vector<store::ParkedRecord> found, std::int32_t partition);

  log::Log& log_;
  Projector& projector_;
  const std::string topic_prefix_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> sent_ = 0;
  mutable std::mutex mutex_;
  std::string trouble_;  // Guarded.
  // The thread's alone.
  std::unique_ptr<log::GroupMember> member_;
  std::map<std::int32_t, std::uint64_t> done_;  // How many were parked, by partition that is ours, when all was copied.
  std::thread thread_;
};

}  // namespace daybook::engine
