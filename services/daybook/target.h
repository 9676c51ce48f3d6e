// Where a command publishes to: a URL, Kafka, or the embedded log of a data folder.
#pragma once

#include <memory>
#include <string>

#include "command.h"
#include "gateway/publish_client.h"

namespace daybook::cli {

class TargetFlags {
 public:
  // Adds --to, and the settings' --brokers and --data.
  void add_to(CLI::App& command);
  // The same without --to, for a command that reads it itself and says set_url().
  void add_logs_to(CLI::App& command);
  void set_url(std::string url) { url_ = std::move(url); }
  bool given() const;
  // Whether --data was given, and nothing else.
  bool is_data_alone() const;
  // Opens what was named; it lives as long as this. kInvalidArgument when nothing or too much was.
  Result<gateway::PublishTarget*> open();
  Result<app::Settings> settings() const { return flags_.read(); }

 private:
  // How many of the three were given.
  std::size_t count() const;

  std::string url_;
  SettingFlags flags_;
  CLI::App* command_ = nullptr;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<gateway::PublishTarget> target_;
};

// Publishes with progress on a terminal; prints where the last records went. Gives the exit code.
int publish(gateway::LineSource& source, gateway::PublishTarget& target);

}  // namespace daybook::cli
