// What a handler of requests sees: nothing of sockets, and nothing of the library behind them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daybook::http {

class Stream;      // stream.h
class BodySource;  // body_source.h

struct Request {
  // "GET" for HEAD too: the server leaves the body of the answer out.
  std::string method;
  // As sent, still percent-encoded; without the parameters.
  std::string path;
  // The path's parts, percent-decoded: none for "/", an empty last one after a trailing "/".
  std::vector<std::string> segments;
  // Percent-decoded, "+" is a blank.
  std::multimap<std::string, std::string> parameters;
  std::string accept;
  std::string content_type;
  std::string accept_encoding;
  std::string if_none_match;
  std::string last_event_id;  // Of a stream that broke; empty: it is a new one.
  std::string body;
  // Asked to stop once nobody waits for the answer any more, for the peer has gone or the server ends: whoever
  // takes long looks at it now and then.
  std::stop_token stop;
};

struct Response {
  int status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  // Goes on behind `body` when there is one.
  std::shared_ptr<Stream> stream = nullptr;
  // Likewise; not both.
  std::shared_ptr<BodySource> source = nullptr;
  // Let go of once the answer is written, or nobody waits for it: what `body` takes of some bound.
  std::shared_ptr<void> share = nullptr;
};

// "text/csv" of "Text/CSV; charset=utf-8".
std::string media_type(std::string_view content_type);

// Answers one request: from any thread, now or later, even after the server has gone. Only the
// first call counts; when the last copy goes without a call, the client gets a 500.
using Respond = std::function<void(Response)>;

// Called on a worker thread, several at a time. Must not wait for long: keep `respond` instead. A
// thrown exception becomes a 500.
using Handler = std::function<void(Request, Respond)>;

}  // namespace daybook::http
