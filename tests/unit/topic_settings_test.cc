// Which settings make a topic of Kafka fit to be a part of the book of record.
#include <gtest/gtest.h>

#include "log/kafka/topics.h"

namespace daybook::log {
namespace {

const TopicSettings kFit = {{"cleanup.policy", "delete"},
                            {"max.message.bytes", "2097152"},
                            {"message.timestamp.type", "LogAppendTime"},
                            {"min.insync.replicas", "2"},
                            {"retention.bytes", "-1"},
                            {"retention.ms", "-1"},
                            {"segment.ms", "3153600000000"},
                            {"unclean.leader.election.enable", "false"},
                            {"compression.type", "producer"}};

TEST(TopicSettings, AreFitAsTheContractHasThem) { EXPECT_EQ(setting_faults("t", kFit, 3), std::vector<std::string>{}); }

TEST(TopicSettings, OneThatIsNotToldIsAFault) {
  for (const auto& [name, value] : kFit) {
    if (name == "compression.type") continue;
    SCOPED_TRACE(name);
    TopicSettings told = kFit;
    told.erase(name);
    const auto faults = setting_faults("t", told, 3);
    ASSERT_EQ(faults.size(), 1u);
    EXPECT_NE(faults[0].find("topic t does not tell its " + name + ", needed is " + value), std::string::npos)
        << faults[0];
  }
}

TEST(TopicSettings, OneThatIsAnotherIsAFaultAndMoreThanEnoughIsNot) {
  struct Case {
    const char* name;
    const char* value;
    bool fit;
    int replicas = 3;
  };
  for (const auto& [name, value, fit, replicas] : {
           Case{"cleanup.policy", "compact", false},
           Case{"cleanup.policy", "compact,delete", false},
           Case{"max.message.bytes", "1048588", false},
           Case{"max.message.bytes", "10485760", true},
           Case{"max.message.bytes", "", false},
           Case{"max.message.bytes", "much", false},
           Case{"message.timestamp.type", "CreateTime", false},
           Case{"retention.bytes", "1073741824", false},
           Case{"retention.bytes", "9223372036854775807", false},
           Case{"retention.ms", "604800000", false},
           Case{"segment.ms", "604800000", false},
           Case{"segment.ms", "9223372036854775807", true},
           Case{"unclean.leader.election.enable", "true", false},
           Case{"min.insync.replicas", "1", false},
           Case{"min.insync.replicas", "3", true},
           Case{"min.insync.replicas", "1", false, 2},
           Case{"min.insync.replicas", "1", true, 1},
       }) {
    SCOPED_TRACE(std::string(name) + "=" + value);
    TopicSettings told = kFit;
    told[name] = value;
    const auto faults = setting_faults("t", told, replicas);
    EXPECT_EQ(faults.empty(), fit);
    if (fit) continue;
    EXPECT_NE(faults.at(0).find(std::string(name) + "=" + value), std::string::npos) << faults[0];
  }
}

TEST(TopicSettings, FewerReplicasAreSaidToBeWhatTheyAre) {
  EXPECT_EQ(caveat_of(3), "");
  EXPECT_EQ(caveat_of(5), "");
  EXPECT_NE(caveat_of(2).find("2 of 3 replicas"), std::string::npos);
  EXPECT_NE(caveat_of(1).find("a disk that is lost"), std::string::npos);
}

}  // namespace
}  // namespace daybook::log
