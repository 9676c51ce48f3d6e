#include "gateway/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/date.h"
#include "base/json_text.h"
#include "http/problem.h"

namespace daybook::gateway {
namespace {

// Of one event in an answer, save for very long names.
constexpr std::size_t kResultBytes = 192;

enum class Form { kJson, kLines, kProtobuf };

std::optional<Form> form_of(std::string_view content_type) {
  const std::string type = http::media_type(content_type);
  if (type == "application/json") return Form::kJson;
  if (type == "application/x-ndjson") return Form::kLines;
  if (type == "application/x-protobuf") return Form::kProtobuf;
  return std::nullopt;
}

http::Response too_many(std::size_t events_max) {
  return http::problem(413, "Too many events", fmt::format("one request may have {} events; send several", events_max));
}

http::Response refusal(const Faults& faults) {
  return http::problem(
      400, "Invalid events",
      faults.count == faults.kept.size()
          ? fmt::format("{} faults; nothing was published", faults.count)
          : fmt::format("{} faults, the first {} listed; nothing was published", faults.count, faults.kept.size()),
      faults);
}

void append_number(std::string& out, std::int64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

// Instants as texts. The records of a request lie in many partitions, each with its own time, but nearly
// all in one second: then only the decimals are written.
class InstantTexts {
 public:
  // Until the next call.
  std::string_view of(std::int64_t instant_ms) {
    const std::int64_t decimals = instant_ms - second_ms_;
    if (text_.empty() || decimals < 0 || decimals > 999) {
      text_ = format_instant_ms(instant_ms);
      second_ms_ = instant_ms - (instant_ms % 1000 + 1000) % 1000;
    } else {
      char* const at = text_.data() + text_.size() - std::string_view("000Z").size();
      at[0] = static_cast<char>('0' + decimals / 100);
      at[1] = static_cast<char>('0' + decimals / 10 % 10);
      at[2] = static_cast<char>('0' + decimals % 10);
    }
    return text_;
  }

 private:
  std::string text_;
  std::int64_t second_ms_ = 0;
};

}  // namespace

Gateway::Gateway(log::Log& log, GatewayOptions options) : log_(log), options_(std::move(options)) {
  for (const log::Topic topic : log::kEventTopics) {
    std::string& member = topic_members_[static_cast<std::size_t>(topic)];
    member = R"(,"topic":)";
    append_json_text(member, log::topic_name(options_.topic_prefix, topic));
    member += R"(,"partition":)";
  }
  clock_ = std::thread([this] { look_at_the_clock(); });
}

Gateway::~Gateway() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  clock_.join();
}

void Gateway::publish(http::Request request, http::Respond respond) {
  const auto form = form_of(request.content_type);
  if (!form) {
    return respond(http::problem(415, "Unsupported content type",
                                 "send application/json, application/x-ndjson or "
                                 "application/x-protobuf (an EventBatch)"));
  }
  if (request.body.size() > options_.body_bytes_max) {
    return respond(
        http::problem(413, "Body too large", fmt::format("a body may take {} bytes", options_.body_bytes_max)));
  }
  auto batch = std::make_shared<Batch>(request.stop);
  bool fits = false;
  switch (*form) {
    case Form::kJson: fits = batch->add_json(std::move(request.body), options_.events_max); break;
    case Form::kLines: fits = batch->add_lines(std::move(request.body), options_.events_max); break;
    case Form::kProtobuf: fits = batch->add_protobuf(std::move(request.body), options_.events_max); break;
  }
  if (!fits) return respond(too_many(options_.events_max));
  if (!batch->faults().empty()) return respond(refusal(batch->faults()));
  append(std::move(batch), std::move(respond));
}

void Gateway::append(std::shared_ptr<const Batch> batch, http::Respond respond) {
  if (batch->size() == 0) return respond(answer(*batch, std::vector<log::Appended>()));
  auto records = batch->records();
  const auto waiting = std::make_shared<Waiting>(Waiting{std::move(batch), std::move(respond)});
  {
    const std::lock_guard lock(mutex_);
    while (!deadlines_.empty() && deadlines_.front().waiting.expired()) deadlines_.pop_front();
    deadlines_.push_back({std::chrono::steady_clock::now() + options_.patience, waiting});
    if (deadlines_.size() == 1) changed_.notify_one();
  }
  log_.append(std::move(records), [this, waiting](const Result<std::vector<log::Appended>>& appended) {
    waiting->respond(answer(*waiting->batch, appended));
  });
}

void Gateway::look_at_the_clock() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (deadlines_.empty()) {
      changed_.wait(lock);
      continue;
    }
    // Not held meanwhile: what it takes is given back when it is answered.
    const Deadline first = deadlines_.front();
    if (!first.waiting.expired() && std::chrono::steady_clock::now() < first.at) {
      changed_.wait_until(lock, first.at);
      continue;
    }
    const auto late = first.waiting.lock();
    deadlines_.pop_front();
    if (late == nullptr) continue;
    lock.unlock();
    late->respond(answer(*late->batch,
                         unexpected(ErrorCode::kUnavailable,
                                    fmt::format("the log has not answered within {} ms", options_.patience.count()))));
    lock.lock();
  }
}

http::Response Gateway::answer(const Batch& batch, const Result<std::vector<log::Appended>>& appended) const {
  if (!appended) {
    return http::problem(
        503, "Log not available",
        "part of the request may have been published; send all of it again: " + appended.error().message);
  }
  std::string body = fmt::format(R"({{"accepted":{},"results":[)", appended->size());
  body.reserve(body.size() + appended->size() * kResultBytes);
  InstantTexts instants;
  for (std::size_t i = 0; i < appended->size(); ++i) {
    const log::Appended& place = (*appended)[i];
    body += i == 0 ? R"({"event_id":)" : R"(,{"event_id":)";
    append_json_text(body, batch.event_id(i));
    body += topic_members_[static_cast<std::size_t>(batch.topic(i))];
    append_number(body, place.partition);
    body += R"(,"offset":)";
    append_number(body, place.offset);
    body += R"(,"recorded_at":")";
    body += instants.of(place.timestamp_ms);
    body += R"("})";
  }
  body += "]}";
  return {200, "application/json", std::move(body), {}};
}

}  // namespace daybook::gateway
