// JSON events read where they lie, as encoded ones are: for those that are as they should be, which
// nearly all are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "events/wire_messages.h"

namespace daybook::events {

// What it reads is what read_event() of json.h finds in the same text. It gives up where anything is
// unusual, be it wrong or only rare (a field that is given twice or is not known, an escaped name, a text
// much longer than events are): then read_event() is to be asked, which knows all of JSON and says what is
// wrong. One thread at a time.
class JsonReader {
 public:
  // Of one event's text. Reading takes memory of several times its length.
  static constexpr std::size_t kEventTextMax = 2 * 1024 * 1024;

  explicit JsonReader(std::string text);
  ~JsonReader();

  std::string_view text() const;

  // The one event that `part` of text() holds; false when it gives up. The event points into text() and
  // `lists`, and into this reader until its next call.
  bool read(std::string_view part, Arena& lists, wire::Event& event);

 private:
  struct Parser;

  std::string padded_;
  std::unique_ptr<Parser> parser_;
};

// Cuts the text of a JSON list into those of its entries, each of them to be read by itself: what is no JSON within
// one is found there, by whoever reads it. The text must outlive it. One thread at a time.
class JsonList {
 public:
  explicit JsonList(std::string_view text);

  // Whether the text begins as a list.
  bool is_list() const { return is_list_; }
  // The next entry, which is empty where there is none between commas; nothing behind the last.
  std::optional<std::string_view> next();
  // Behind the last entry: whether the list has its end there, and nothing behind it.
  bool ended_well() const { return ended_well_; }

 private:
  void skip_blanks();
  // Where the value that begins at at_ ends: at a comma or bracket of the list, or with the text.
  std::size_t end_of_value() const;

  const std::string_view text_;
  std::size_t at_ = 0;
  bool is_list_ = false;
  bool is_first_ = true;
  bool ended_well_ = false;
};

}  // namespace daybook::events
