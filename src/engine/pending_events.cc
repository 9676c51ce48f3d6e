#include "engine/pending_events.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/radix_sort.h"
#include "base/release.h"

namespace daybook::engine {
namespace {

constexpr std::size_t kWriteBytes = 1 << 20;
// Of each run, while they are merged.
constexpr std::size_t kReadBytes = 256 << 10;
// Memory that clear() keeps, for live commits.
constexpr std::size_t kInMemoryBytes = 1 << 20;

// Of a run, each event: a checksum of all that follows (8 bytes), customer and size of the rest (4 bytes each, all of
// this machine's order), then topic, kind and claims (a byte each), offset, recorded time, clock, the document's id, the
// event with what EncodedEvent says of it, and each name as kind and id. Of no meaning to another process.
constexpr std::size_t kHeadBytes = 16;

std::uint64_t checksum(std::uint32_t customer, std::string_view rest) { return hash64(rest, customer); }

std::uint64_t read64(const char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

std::uint32_t read32(const char* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

void append32(std::uint32_t value, ByteBuffer& to) { to.append({reinterpret_cast<const char*>(&value), sizeof value}); }

// The rest, behind the head.
void append_rest(const PendingEvent& told, BufferWriter& out) {
  out.u8(told.at.topic);
  out.u8(static_cast<std::uint8_t>(told.ref.kind));
  out.u8(static_cast<std::uint8_t>(told.event.claims));
  out.zigzag(told.at.offset);
  out.zigzag(told.recorded_ms);
  out.varint(told.clock);
  out.string(told.ref.id);
  out.varint(told.event.source_at);
  out.varint(told.event.payload_at);
  out.string(told.event.bytes);
  out.varint(told.names.size());
  for (const domain::DocumentRef& name : told.names) {
    out.u8(static_cast<std::uint8_t>(name.kind));
    out.string(name.id);
  }
}

// What was told lies where it was read, all over the memory.
void call_for(const PendingEvent* told) {
  const char* const bytes = reinterpret_cast<const char*>(told);
  for (std::size_t at = 0; at < sizeof(PendingEvent) + 128; at += 64) __builtin_prefetch(bytes + at);
}

// Its texts point into `bytes`, its names into `memory`.
const PendingEvent* read_rest(std::string_view bytes, Arena& memory) {
  ByteReader in(bytes);
  PendingEvent& told = memory.array<PendingEvent>(1).front();
  told.at.topic = in.u8();
  told.ref.kind = static_cast<domain::DocumentKind>(in.u8());
  told.event.claims = static_cast<domain::Claims>(in.u8());
  told.at.offset = in.zigzag();
  told.recorded_ms = in.zigzag();
  told.clock = static_cast<std::uint32_t>(in.varint());
  told.ref.id = in.string();
  told.event.source_at = static_cast<std::uint32_t>(in.varint());
  told.event.payload_at = static_cast<std::uint32_t>(in.varint());
  told.event.bytes = in.string();
  const auto names = memory.array<domain::DocumentRef>(in.varint());
  for (domain::DocumentRef& name : names) {
    name.kind = static_cast<domain::DocumentKind>(in.u8());
    name.id = in.string();
  }
  told.names = names;
  return &told;
}

}  // namespace

// Reads a run from its beginning.
class PendingEvents::Cursor {
 public:
  static constexpr store::LabelId kEnd = std::numeric_limits<store::LabelId>::max();

  explicit Cursor(const Run& run) : run_(run), buffer_(kReadBytes) {}

  // Of the next event; kEnd behind the last. After load().
  store::LabelId customer() const { return customer_; }

  // Sees to it that the next event is in memory.
  Result<void> load() {
    RETURN_IF_ERROR(gather(kHeadBytes));
    if (begin_ == end_) {
      customer_ = kEnd;
      return {};
    }
    const std::uint64_t expected = read64(buffer_.data() + begin_);
    customer_ = read32(buffer_.data() + begin_ + 8);
    size_ = read32(buffer_.data() + begin_ + 12);
    if (size_ > run_.size - read_ + (end_ - begin_)) return damaged();
    RETURN_IF_ERROR(gather(kHeadBytes + size_));
    const std::string_view rest(buffer_.data() + begin_ + kHeadBytes, size_);
    return checksum(customer_, rest) == expected ? Result<void>() : damaged();
  }

  // The next event, into `memory`.
  const PendingEvent* take(Arena& memory) {
    const std::string_view bytes = memory.copy({buffer_.data() + begin_ + kHeadBytes, size_});
    begin_ += kHeadBytes + size_;
    return read_rest(bytes, memory);
  }

 private:
  // The store is as it was committed, and what was set aside is in the log: nothing but trying again is needed.
  Unexpected damaged() const {
    return unexpected(
        ErrorCode::kUnavailable,
        fmt::format("what was set aside in {} was not read back as it was written; it is read from the log again",
                    run_.file.path()));
  }

  // Reads on until `size` bytes are there, or the run has ended.
  Result<void> gather(std::size_t size) {
    if (end_ - begin_ >= size) return {};
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    if (buffer_.size() < size) buffer_.resize(size);
    const std::size_t wanted = std::min<std::uint64_t>(buffer_.size() - end_, run_.size - read_);
    ASSIGN_OR_RETURN(const std::size_t got, run_.file.read_at(buffer_.data() + end_, wanted, read_));
    if (got < wanted) return damaged();
    read_ += got;
    end_ += got;
    return {};
  }

  const Run& run_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t read_ = 0;
  store::LabelId customer_ = kEnd;
  std::uint32_t size_ = 0;
};

PendingEvents::PendingEvents(const std::string& folder) : path_(folder + "/set-aside") { ::unlink(path_.c_str()); }

void PendingEvents::add(store::LabelId customer, const PendingEvent& told) {
  PendingEvent& kept = memory_.keep(told);
  kept.ref.id = memory_.copy(told.ref.id);
  kept.event.bytes = memory_.copy(told.event.bytes);
  const auto names = memory_.array<domain::DocumentRef>(told.names.size());
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = {told.names[i].kind, memory_.copy(told.names[i].id)};
  kept.names = names;
  told_.emplace_back(customer, &kept);
  std::size_t bytes = sizeof(Waiting) + sizeof kept + kept.ref.id.size() + kept.event.bytes.size();
  for (const domain::DocumentRef& name : names) bytes += sizeof name + name.id.size();
  bytes_in_memory_ += bytes;
  if (customer >= bytes_of_account_.size()) bytes_of_account_.resize(customer + 1);
  largest_ = std::max(largest_, bytes_of_account_[customer] += bytes);
}

// By customer, digit by digit from the lowest: each pass keeps the order of what is equal.
void PendingEvents::sort() {
  std::vector<Waiting> spare;
  radix_sort(told_, spare, [](const Waiting& waiting) { return waiting.first; });
}

Result<void> PendingEvents::spill() {
  if (told_.empty()) return {};
  sort();
  ASSIGN_OR_RETURN(File file, File::open(path_, O_RDWR | O_CREAT | O_TRUNC));
  if (::unlink(path_.c_str()) != 0) return system_error("remove", path_, errno);
  Run run{std::move(file)};
  ByteBuffer buffer;
  ByteBuffer rest;
  BufferWriter out(rest);
  const auto flush = [&]() -> Result<void> {
    RETURN_IF_ERROR(run.file.write_at(buffer.view(), run.size));
    run.size += buffer.size();
    buffer.clear();
    return {};
  };
  constexpr std::size_t kAhead = 8;
  for (std::size_t i = 0; i < told_.size(); ++i) {
    if (i + kAhead < told_.size()) call_for(told_[i + kAhead].second);
    const auto& [customer, told] = told_[i];
    rest.clear();
    append_rest(*told, out);
    const std::uint64_t sum = checksum(customer, rest.view());
    buffer.append({reinterpret_cast<const char*>(&sum), sizeof sum});
    append32(customer, buffer);
    append32(static_cast<std::uint32_t>(rest.size()), buffer);
    buffer.append(rest.view());
    if (buffer.size() >= kWriteBytes) RETURN_IF_ERROR(flush());
  }
  RETURN_IF_ERROR(flush());
  bytes_spilled_ += run.size;
  runs_.push_back(std::move(run));
  forget_memory();
  return {};
}

void PendingEvents::forget_memory() {
  told_.clear();
  memory_.reset();
  bytes_in_memory_ = 0;
}

Result<void> PendingEvents::for_each_account(
    const std::function<Result<void>(store::LabelId, std::span<const PendingEvent* const>)>& visit) {
  sort();
  std::vector<std::unique_ptr<Cursor>> cursors;
  for (const Run& run : runs_) {
    RETURN_IF_ERROR(cursors.emplace_back(std::make_unique<Cursor>(run))->load());
  }
  std::size_t next = 0;  // Of told_.
  while (true) {
    store::LabelId customer = next < told_.size() ? told_[next].first : Cursor::kEnd;
    for (const auto& cursor : cursors) customer = std::min(customer, cursor->customer());
    if (customer == Cursor::kEnd) return {};
    events_.clear();
    read_.reset();
    for (const auto& cursor : cursors) {
      while (cursor->customer() == customer) {
        events_.push_back(cursor->take(read_));
        RETURN_IF_ERROR(cursor->load());
      }
    }
    for (; next < told_.size() && told_[next].first == customer; ++next) {
      call_for(told_[next].second);
      events_.push_back(told_[next].second);
    }
    RETURN_IF_ERROR(visit(customer, events_));
  }
}

std::size_t PendingEvents::bytes_held() const {
  return memory_.bytes_kept() + read_.bytes_kept() + told_.capacity() * sizeof(Waiting) +
         events_.capacity() * sizeof(events_[0]) + bytes_of_account_.capacity() * sizeof(bytes_of_account_[0]);
}

void PendingEvents::clear() {
  if (runs_.empty()) {
    // A live commit has told few of very many accounts something.
    for (const auto& [customer, told] : told_) bytes_of_account_[customer] = 0;
  } else {
    bytes_of_account_.clear();
  }
  forget_memory();
  if (bytes_held() > kInMemoryBytes) {
    memory_.release();
    read_.release();
    daybook::release(told_);
    daybook::release(events_);
  }
  runs_.clear();
  bytes_spilled_ = 0;
  largest_ = 0;
}

}  // namespace daybook::engine
