// Events for a server over HTTP: bodies made beforehand, sent at a rate or as fast as it goes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daybook/events/v1/event.pb.h"
#include "tools/generate.h"

namespace daybook::bench {

inline constexpr std::size_t kEventsInBody = 100;

// The first `count` events of a history, on accounts whose names begin with `accounts`: the same
// history under another name is new.
class History {
 public:
  History(std::size_t count, std::string accounts);
  // False after `count` events.
  bool next(events::v1::Event& event);

 private:
  std::size_t left_;
  std::string accounts_;
  tools::Generator generator_;
};

enum class Form { kLines, kProtobuf };
const char* content_type(Form form);
// Bodies of POST /v1/events, of kEventsInBody events each.
std::vector<std::string> bodies_of(History history, Form form);

// What it took to send bodies: by the clock, and of the callers' own processor time.
struct Posted {
  double seconds = 0;
  double callers_cpu_seconds = 0;
};

// Sends all bodies over so many connections and waits for the answers.
Posted post_all(const std::string& url, const std::vector<std::string>& bodies, Form form, int connections,
                double events_per_second = 0);

}  // namespace daybook::bench
