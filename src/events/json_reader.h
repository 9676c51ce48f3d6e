// JSON events read where they lie, as encoded ones are: for those that are as they should be, which
// nearly all are.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "events/wire_messages.h"

namespace daybook::events {

// What it reads is what read_event() of json.h finds in the same text. It gives up where anything is
// unusual, be it wrong or only rare (a field that is given twice or is not known, an escaped name):
// then read_event() is to be asked, which knows all of JSON and says what is wrong. One thread at a time.
class JsonReader {
 public:
  explicit JsonReader(std::string text);
  ~JsonReader();

  std::string_view text() const;

  // The one event that `part` of text() holds; false when it gives up. The event points into text() and
  // `lists`, and into this reader until its next call.
  bool read(std::string_view part, Arena& lists, wire::Event& event);
  // Each event of the list that text() is; false when it gives up, or `take` does.
  bool read_list(Arena& lists, const std::function<bool(const wire::Event&)>& take);

 private:
  struct Parser;

  std::string padded_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace daybook::events
