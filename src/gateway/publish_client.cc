#include "gateway/publish_client.h"

#include <limits>

#include "gateway/batch.h"

namespace daybook::gateway {
namespace {

class LogTarget final : public PublishTarget {
 public:
  LogTarget(log::Log& log, std::string topic_prefix) : log_(log), topic_prefix_(std::move(topic_prefix)) {}

  Result<Faults> publish(std::string_view lines, LastOffsets& last) override {
    Batch batch;
    batch.add_lines(std::string(lines), std::numeric_limits<std::size_t>::max());
    if (!batch.faults().empty()) return batch.faults();
    ASSIGN_OR_RETURN(const auto appended, log::append_and_wait(log_, batch.records()));
    for (std::size_t i = 0; i < appended.size(); ++i) {
      last[{log::topic_name(topic_prefix_, batch.topic(i)), appended[i].partition}] = appended[i].offset;
    }
    return Faults();
  }

 private:
  log::Log& log_;
  const std::string topic_prefix_;
};

// Lines to be sent together, and where they stand in the file.
struct Lines {
  std::string text;
  std::vector<std::uint64_t> numbers;

  void add(std::string_view line, std::uint64_t number) {
    text.append(line);
    text += '\n';
    numbers.push_back(number);
  }
  void clear() {
    text.clear();
    numbers.clear();
  }
};

class Publisher {
 public:
  Publisher(PublishTarget& target, const PublishOptions& options) : target_(target), options_(options) {}

  PublishReport run(LineSource& source) {
    while (true) {
      const auto line = source.next();
      if (!line) {
        report_.error = line.error();
        break;
      }
      if (!*line) {
        send();
        break;
      }
      if ((*line)->find_first_not_of(" \t\r") == std::string_view::npos) continue;
      const bool full =
          lines_.numbers.size() >= options_.batch_events || lines_.text.size() + (*line)->size() > options_.batch_bytes;
      if (full && !send()) break;
      lines_.add(**line, source.number());
    }
    return std::move(report_);
  }

 private:
  // False when it ends here.
  bool send() {
    if (lines_.numbers.empty()) return true;
    auto faults = target_.publish(lines_.text, report_.last);
    if (!faults) {
      report_.error = faults.error();
      return false;
    }
    report_.fault_count = faults->count;
    for (Fault& fault : faults->kept) {
      const auto index = static_cast<std::size_t>(fault.index);
      report_.faults.push_back({index < lines_.numbers.size() ? lines_.numbers[index] : 0, std::move(fault.field),
                                std::move(fault.message)});
    }
    if (!report_.faults.empty()) return false;
    report_.events += lines_.numbers.size();
    lines_.clear();
    if (options_.progress) {
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin_;
      options_.progress({report_.events, static_cast<double>(report_.events) / seconds.count()});
    }
    return true;
  }

  PublishTarget& target_;
  const PublishOptions& options_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  Lines lines_;
  PublishReport report_;
};

}  // namespace

std::unique_ptr<PublishTarget> target_of(log::Log& log, std::string topic_prefix) {
  return std::make_unique<LogTarget>(log, std::move(topic_prefix));
}

PublishReport publish_lines(LineSource& source, PublishTarget& target, const PublishOptions& options) {
  return Publisher(target, options).run(source);
}

}  // namespace daybook::gateway
