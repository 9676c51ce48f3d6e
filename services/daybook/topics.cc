// daybook topics create|check: the topics on Kafka.
#include <fmt/format.h>

#include <chrono>

#include "command.h"
#include "log/kafka/topics.h"

namespace daybook::cli {
namespace {

// Topics are made right after a broker was started, which answers slowly at first on a small machine.
constexpr std::chrono::seconds kNewBrokerPatience{30};

}  // namespace

void add_topics(CLI::App& app, Run& run) {
  CLI::App* topics = app.add_subcommand("topics", "Make or check the topics on Kafka.");
  topics->require_subcommand(1);

  CLI::App* create =
      topics->add_subcommand("create", "Make the topics that are missing, with the settings a book of record needs.");
  auto create_flags = std::make_shared<SettingFlags>();
  create_flags->add_to(*create, {"brokers", "topic_prefix", "partitions"});
  auto replicas = std::make_shared<int>(log::kReplicas);
  create->add_option("--replicas", *replicas, "copies of each partition; with fewer than 3 a lost disk may lose events")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  create->callback([&run, create_flags, replicas] {
    run = [create_flags, replicas] {
      const auto settings = create_flags->read();
      if (!settings) return fail(settings.error());
      if (settings->brokers.empty()) return fail({ErrorCode::kInvalidArgument, "--brokers is required"});
      const std::int32_t partitions = settings->partitions.value_or(8);
      log::KafkaOptions options = settings->kafka_options();
      options.timeout = options.topics_timeout = kNewBrokerPatience;
      const auto done = log::create_topics(options, partitions, *replicas);
      if (!done) return fail(done.error());
      out("topics ready: {} partitions each\n", partitions);
      if (const std::string caveat = log::caveat_of(*replicas); !caveat.empty()) say(caveat);
      return kDone;
    };
  });

  CLI::App* check = topics->add_subcommand("check", "Say whether the topics are fit, and every fault if not.");
  auto check_flags = std::make_shared<SettingFlags>();
  check_flags->add_to(*check, {"brokers", "topic_prefix"});
  check->callback([&run, check_flags] {
    run = [check_flags] {
      const auto settings = check_flags->read();
      if (!settings) return fail(settings.error());
      if (settings->brokers.empty()) return fail({ErrorCode::kInvalidArgument, "--brokers is required"});
      const auto found = log::check_topics(settings->kafka_options());
      if (!found) return fail(found.error());
      out("topics fit: {} partitions each\n", found->partitions.front());
      if (const std::string caveat = log::caveat_of(found->replicas); !caveat.empty()) say(caveat);
      return kDone;
    };
  });
}

}  // namespace daybook::cli
