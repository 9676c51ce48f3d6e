// Rows of a file that do not come in its order: put aside as they are made, sorted, on the disk where they are many, and
// handed out in order afterwards. So no more of them are in memory than a round of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "query/answer.h"

namespace daybook::query {

// The file is of this process alone, has no name and goes with this. What goes wrong with it is a Refusal (503).
class RowsAside {
 public:
  // What rows take in memory at most, here and on their way back.
  explicit RowsAside(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Any thread, while none is handed out. The row's memory is taken; it is given back here where it goes to the disk.
  void add(SortedRow row);
  // All were added. What is needed to hand them out from the disk, beside themselves; 0: they are all in memory.
  std::size_t close();

  // The next in the order of their keys, one at least and about bytes_max together; all where they are in memory. Takes the memory of
  // those that come from the disk.
  std::vector<SortedRow> next();
  bool has_more() const { return runs_.empty() ? !rows_.empty() : !order_.empty(); }

 private:
  // Rows that were sorted together, from here to there in the file, and read as far as the first that was not handed out.
  struct Run {
    std::uint64_t next = 0;
    std::uint64_t end = 0;
    std::string bytes = {};  // Of it, from the file.
    std::size_t at = 0;      // In these.
    SortedRow first = {};
  };

  void write_run();
  void append(std::string& text);
  // False: there are no more.
  bool read_row(Run& run) const;
  // So many bytes of a run, which lie behind each other; they stay until the next are read.
  std::string_view read(Run& run, std::size_t bytes) const;

  const std::size_t bytes_max_;
  std::mutex mutex_;  // Guards what add() changes.
  std::vector<SortedRow> rows_;
  std::size_t bytes_ = 0;  // Of these.
  File file_;
  std::uint64_t written_ = 0;
  std::vector<Run> runs_;
  std::size_t read_bytes_ = 0;  // At a time, of each run.
  // The first rows of runs, that with the lowest key on top: numbers of runs.
  struct IsLater {
    const std::vector<Run>& runs;
    bool operator()(std::size_t a, std::size_t b) const { return runs[b].first.key < runs[a].first.key; }
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, IsLater> order_{IsLater{runs_}};
};

}  // namespace daybook::query
