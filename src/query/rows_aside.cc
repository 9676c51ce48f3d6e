#include "query/rows_aside.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/release.h"
#include "query/codec.h"
#include "query/question_memory.h"
#include "query/request.h"

namespace daybook::query {
namespace {

constexpr std::size_t kRunWriteBytes = std::size_t{256} << 10;
// Of a run at a time, however many there are.
constexpr std::size_t kRunReadBytesLeast = std::size_t{4} << 10;
constexpr std::size_t kRunReadBytesMost = std::size_t{256} << 10;
// In front of each row: how many bytes it has.
constexpr std::size_t kLengthBytes = 4;

template <typename T>
T or_refuse(Result<T> result) {
  if (!result) refuse(503, "File not made", "the rows of the file cannot be put aside: " + result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Where temporary files are; nobody else finds it there.
File open_nameless() {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  std::string path = (error ? std::string("/tmp") : folder.string()) + "/daybook-rows-XXXXXX";
  const int descriptor = ::mkstemp(path.data());
  if (descriptor < 0) refuse(503, "File not made", "no file can be made at " + path);
  ::close(descriptor);
  Result<File> file = File::open(path, O_RDWR | O_CLOEXEC);
  ::unlink(path.c_str());
  return or_refuse(std::move(file));
}

}  // namespace

void RowsAside::add(SortedRow row) {
  const std::lock_guard lock(mutex_);
  bytes_ += bytes_of(row);
  rows_.push_back(std::move(row));
  if (bytes_ >= bytes_max_) write_run();
}

void RowsAside::write_run() {
  if (!file_.is_open()) file_ = open_nameless();
  std::ranges::sort(rows_, {}, &SortedRow::key);
  Run run{.next = written_};
  std::string text;
  for (SortedRow& row : rows_) {
    const std::string bytes = encode(row);
    ByteWriter(text).big32(static_cast<std::uint32_t>(bytes.size()));
    text += bytes;
    if (text.size() >= kRunWriteBytes) append(text);
    row = {};
  }
  append(text);
  run.end = written_;
  runs_.push_back(std::move(run));
  release(rows_);
  give_back_memory(std::exchange(bytes_, 0));
}

void RowsAside::append(std::string& text) {
  or_refuse(file_.write_at(text, written_));
  written_ += text.size();
  text.clear();
}

std::size_t RowsAside::close() {
  if (runs_.empty()) {
    std::ranges::sort(rows_, {}, &SortedRow::key);
    return 0;
  }
  if (!rows_.empty()) write_run();
  read_bytes_ = std::clamp(bytes_max_ / 4 / runs_.size(), kRunReadBytesLeast, kRunReadBytesMost);
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (read_row(runs_[i])) order_.push(i);
  }
  // As much again for the first row of each, which is seldom as large.
  return 2 * read_bytes_ * runs_.size();
}

std::vector<SortedRow> RowsAside::next() {
  if (runs_.empty()) return std::exchange(rows_, {});
  std::vector<SortedRow> rows;
  for (std::size_t bytes = 0; !order_.empty() && (rows.empty() || bytes < bytes_max_);) {
    const std::size_t number = order_.top();
    order_.pop();
    SortedRow row = std::exchange(runs_[number].first, {});
    if (read_row(runs_[number])) order_.push(number);
    const std::size_t of_row = bytes_of(row);
    take_memory(of_row);
    bytes += of_row;
    rows.push_back(std::move(row));
  }
  return rows;
}

bool RowsAside::read_row(Run& run) const {
  if (run.at == run.bytes.size() && run.next == run.end) return false;
  const std::uint32_t length = ByteReader(read(run, kLengthBytes)).big32();
  auto row = decode<SortedRow>(read(run, length));
  if (!row) refuse(503, "File not made", "the rows of the file that were put aside are not what was written");
  run.first = *std::move(row);
  return true;
}

std::string_view RowsAside::read(Run& run, std::size_t bytes) const {
  if (run.bytes.size() - run.at < bytes) {
    run.bytes.erase(0, run.at);
    run.at = 0;
    const std::size_t missing = bytes - run.bytes.size();
    const std::size_t more =
        static_cast<std::size_t>(std::min<std::uint64_t>(std::max(missing, read_bytes_), run.end - run.next));
    const std::size_t before = run.bytes.size();
    run.bytes.resize(before + more);
    const std::size_t got = or_refuse(file_.read_at(run.bytes.data() + before, more, run.next));
    if (more < missing || got < more) {
      refuse(503, "File not made", "the rows of the file that were put aside are not all there");
    }
    run.next += more;
  }
  const std::string_view found = std::string_view(run.bytes).substr(run.at, bytes);
  run.at += bytes;
  return found;
}

void put_aside(RowsAside& aside, SortedRow row) { aside.add(std::move(row)); }

}  // namespace daybook::query
