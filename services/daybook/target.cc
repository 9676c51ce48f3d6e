#include "target.h"

#include <fmt/format.h>
#include <unistd.h>

#include "app/log_keeper.h"

namespace daybook::cli {

void TargetFlags::add_to(CLI::App& command) {
  command.add_option("--to", url_, "URL of an instance, such as http://127.0.0.1:8080");
  add_logs_to(command);
}

void TargetFlags::add_logs_to(CLI::App& command) {
  command_ = &command;
  flags_.add_to(command, {"brokers", "data", "topic_prefix", "partitions"});
}

std::size_t TargetFlags::count() const {
  return (url_.empty() ? 0 : 1) + command_->count("--brokers") + command_->count("--data");
}

bool TargetFlags::given() const { return count() > 0; }

bool TargetFlags::is_data_alone() const { return count() == 1 && command_->count("--data") == 1; }

Result<gateway::PublishTarget*> TargetFlags::open() {
  if (count() != 1) {
    return unexpected(ErrorCode::kInvalidArgument,
                      "say where to: one of --to URL, --brokers HOST:PORT,… or --data DIR");
  }
  if (!url_.empty()) {
    ASSIGN_OR_RETURN(target_, gateway::target_of(url_, gateway::HttpTargetOptions{}));
    return target_.get();
  }
  ASSIGN_OR_RETURN(const app::Settings settings, flags_.read());
  ASSIGN_OR_RETURN(log_, app::open_log(settings, say));
  target_ = gateway::target_of(*log_, settings.topic_prefix);
  return target_.get();
}

int publish(gateway::LineSource& source, gateway::PublishTarget& target) {
  gateway::PublishOptions options;
  const bool show_progress = isatty(STDERR_FILENO) != 0;
  options.progress = [&](const gateway::PublishProgress& progress) {
    if (show_progress) {
      tell("\r{} events, {:.0f}/s ", progress.events, progress.events_per_second);
    }
  };
  const gateway::PublishReport report = gateway::publish_lines(source, target, options);
  if (show_progress) tell("\r\033[K");
  for (const gateway::LineFault& fault : report.faults) {
    say(fmt::format("line {}: {}{}{}", fault.line, fault.field, fault.field.empty() ? "" : ": ", fault.message));
  }
  out("published {} events\n", report.events);
  for (const auto& [at, offset] : report.last) out("{}:{}:{}\n", at.first, at.second, offset);
  if (report.error) return fail(*report.error);
  if (report.fault_count > 0) {
    return fail(fmt::format(
        "{} fault{}{}: the batch was refused, and nothing behind it was sent", report.fault_count,
        report.fault_count == 1 ? "" : "s",
        report.fault_count == report.faults.size() ? "" : fmt::format(", the first {} said", report.faults.size())));
  }
  return kDone;
}

}  // namespace daybook::cli
