// Settings: file, environment and flags, later wins; faults name key, value, origin and what is
// allowed.
#include "app/settings.h"

#include "app/programs.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "support/temp_dir.h"

namespace daybook::app {
namespace {

class SettingsTest : public testing::Test {
 protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }
  // Whatever whoever runs the tests has set.
  static void clear() {
    std::vector<std::string> ours;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string_view text = *variable;
      if (text.starts_with("DAYBOOK_")) ours.emplace_back(text.substr(0, text.find('=')));
    }
    for (const std::string& name : ours) ::unsetenv(name.c_str());
  }
  std::string file(const std::string& text) {
    const std::string path = directory_.path() + "/daybook.toml";
    std::ofstream(path) << text;
    return path;
  }
  static void set(const std::string& key, const std::string& value) {
    ::setenv(variable_of(key).c_str(), value.c_str(), 1);
  }
  // The message of what must be refused.
  static std::string refusal(const std::string& path, const std::map<std::string, std::string>& flags = {},
                             const std::vector<std::string>& kafka = {}) {
    const auto settings = read_settings(path, flags, kafka);
    EXPECT_FALSE(settings);
    if (settings) return "";
    EXPECT_EQ(settings.error().code, ErrorCode::kInvalidArgument);
    return settings.error().message;
  }

  test::TempDir directory_;
};

bool holds(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    if (text.find(part) == std::string::npos) return false;
  }
  return true;
}

TEST_F(SettingsTest, WithoutAnythingTheDefaultsHold) {
  const auto settings = read_settings("", {}, {});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->data, "./daybook-data");
  EXPECT_EQ(settings->listen, "127.0.0.1:8080");
  EXPECT_EQ(settings->brokers, "");
  EXPECT_EQ(settings->partitions, std::nullopt);
  EXPECT_EQ(settings->shards, std::nullopt);
  EXPECT_EQ(settings->fold.business_time_zone, "UTC");
  EXPECT_EQ(settings->today, std::nullopt);
  EXPECT_TRUE(settings->fold.expect.orders && settings->fold.expect.shipments && settings->fold.expect.invoices &&
              settings->fold.expect.payments);
}

TEST_F(SettingsTest, TheFileSetsEveryKey) {
  const auto settings = read_settings(file(R"(
data = "/d"
listen = "0.0.0.0:0"
brokers = "b1:9092,b2:9092"
topic_prefix = "test."
partitions = 16
shards = ["0-3", 6]
business_time_zone = "Asia/Shanghai"
expect = ["orders", "invoices"]
today = 2024-06-30
threads = 4
memory_mib = 256
[anomaly_days]
delivered_not_invoiced = 1
shipped_without_proof_of_delivery = 20
invoice_not_received = 300
[kafka]
security.protocol = "SSL"
"ssl.ca.location" = "/ca"
debug = true
retries = 5
)"),
                                      {}, {});
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->data, "/d");
  EXPECT_EQ(settings->listen, "0.0.0.0:0");
  EXPECT_EQ(settings->brokers, "b1:9092,b2:9092");
  EXPECT_EQ(settings->topic_prefix, "test.");
  EXPECT_EQ(settings->partitions, 16);
  EXPECT_EQ(settings->shards, (std::vector<std::int32_t>{0, 1, 2, 3, 6}));
  EXPECT_EQ(settings->fold.business_time_zone, "Asia/Shanghai");
  EXPECT_TRUE(settings->fold.expect.orders && settings->fold.expect.invoices);
  EXPECT_FALSE(settings->fold.expect.shipments || settings->fold.expect.payments);
  EXPECT_EQ(settings->today, parse_date("2024-06-30"));
  EXPECT_EQ(settings->threads, 4);
  EXPECT_EQ(settings->memory_mib, 256U);
  EXPECT_EQ(settings->fold.anomaly_days, (domain::AnomalyDays{1, 20, 300}));
  EXPECT_EQ(settings->kafka,
            (std::map<std::string, std::string>{
                {"security.protocol", "SSL"}, {"ssl.ca.location", "/ca"}, {"debug", "true"}, {"retries", "5"}}));
}

TEST_F(SettingsTest, TheEnvironmentWinsOverTheFileAndFlagsOverBoth) {
  const std::string path = file("threads = 3\npartitions = 3\nlisten = \"127.0.0.1:3\"\n");
  set("threads", "4");
  set("partitions", "4");
  const auto settings = read_settings(path, {{"partitions", "5"}}, {});
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->listen, "127.0.0.1:3");
  EXPECT_EQ(settings->threads, 4);
  EXPECT_EQ(settings->partitions, 5);
}

TEST_F(SettingsTest, KafkaFlagsWinOverTheFile) {
  const auto settings = read_settings(file("[kafka]\nacks = \"1\"\nlinger = 2\n"), {}, {"acks=all", "a=b=c"});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->kafka, (std::map<std::string, std::string>{{"acks", "all"}, {"linger", "2"}, {"a", "b=c"}}));
  EXPECT_TRUE(holds(refusal("", {}, {"acks"}), {"acks", "PROPERTY=VALUE"}));
  EXPECT_TRUE(holds(refusal("", {}, {"=all"}), {"=all", "PROPERTY=VALUE"}));
}

TEST_F(SettingsTest, FaultsNameKeyValueOriginAndWhatIsAllowed) {
  struct Case {
    const char *key, *value, *allowed;
  };
  for (const Case& c : std::vector<Case>{{"partitions", "0", "from 1 to 1024"},
                                         {"partitions", "1025", "from 1 to 1024"},
                                         {"partitions", "8x", "from 1 to 1024"},
                                         {"shards", "", "such as 0-3,6"},
                                         {"shards", "0-3,2", "each once"},
                                         {"shards", "3-0", "from 0 to 1023"},
                                         {"shards", "1024", "from 0 to 1023"},
                                         {"metrics_listen", "8091", "HOST:PORT"},
                                         {"unprotected", "yes", "true or false"},
                                         {"dead_letters", "1", "true or false"},
                                         {"projectors", "", "books-1:8090"},
                                         {"projectors", "a:1,", "HOST:PORT,…"},
                                         {"projectors", "a:0", "HOST:PORT,…"},
                                         {"projectors", "a:1,b", "HOST:PORT,…"},
                                         {"projectors", "http://a:1", "HOST:PORT,…"},
                                         {"threads", "0", "from 1 to 256"},
                                         {"memory_mib", "63", "from 64"},
                                         {"memory_mib", "-1", "from 64"},
                                         {"listen", "8080", "HOST:PORT"},
                                         {"listen", ":8080", "HOST:PORT"},
                                         {"listen", "h:65536", "HOST:PORT"},
                                         {"listen", "h:", "HOST:PORT"},
                                         {"listen", "::1:8080", "[::1]:8080"},
                                         {"listen", "[localhost]:8080", "[::1]:8080"},
                                         {"business_time_zone", "Mars/Olympus", "IANA"},
                                         {"expect", "orders,refunds", "orders, shipments, invoices, payments"},
                                         {"anomaly_days.delivered_not_invoiced", "-1", "from 0 to 3650"},
                                         {"anomaly_days.invoice_not_received", "3651", "from 0 to 3650"},
                                         {"anomaly_days.shipped_without_proof_of_delivery", "soon", "from 0 to 3650"},
                                         {"today", "2024-02-30", "YYYY-MM-DD"},
                                         {"data", "", "path"}}) {
    EXPECT_TRUE(holds(refusal("", {{c.key, c.value}}), {c.key, c.value, flag_of(c.key), c.allowed})) << c.key;
    set(c.key, c.value);
    EXPECT_TRUE(holds(refusal(""), {c.key, c.value, variable_of(c.key), c.allowed})) << c.key;
    clear();
    const std::string path = file(std::string(c.key) + " = \"" + c.value + "\"\n");
    EXPECT_TRUE(holds(refusal(path), {c.key, c.value, path, c.allowed})) << c.key;
  }
}

TEST_F(SettingsTest, UnknownKeysAreRefusedByName) {
  EXPECT_TRUE(holds(refusal(file("no_such_key = 1\n")), {"no_such_key", "daybook.toml"}));
  EXPECT_TRUE(holds(refusal("", {{"no_such_key", "1"}}), {"no_such_key"}));
}

TEST_F(SettingsTest, AFileThatIsNoTomlNamesTheLine) {
  EXPECT_TRUE(holds(refusal(file("threads = 2\n= 3\n")), {"daybook.toml:2"}));
  EXPECT_FALSE(refusal(directory_.path() + "/absent.toml").empty());
}

TEST_F(SettingsTest, ExpectOfNothingLeavesEveryFamilyOut) {
  const auto settings = read_settings("", {{"expect", ""}}, {});
  ASSERT_TRUE(settings);
  EXPECT_FALSE(settings->fold.expect.orders || settings->fold.expect.shipments || settings->fold.expect.invoices ||
               settings->fold.expect.payments);
}

TEST_F(SettingsTest, NamesOfFlagsAndVariables) {
  EXPECT_EQ(flag_of("business_time_zone"), "--business-time-zone");
  EXPECT_EQ(variable_of("business_time_zone"), "DAYBOOK_BUSINESS_TIME_ZONE");
  EXPECT_EQ(flag_of("anomaly_days.invoice_not_received"), "--anomaly-days-invoice-not-received");
  EXPECT_EQ(variable_of("anomaly_days.invoice_not_received"), "DAYBOOK_ANOMALY_DAYS_INVOICE_NOT_RECEIVED");
}

TEST_F(SettingsTest, WhatKafkaSendsAheadIsAShareOfTheMemoryBound) {
  Settings settings;
  const std::size_t before = settings.kafka_options().prefetch_bytes;
  EXPECT_LT(before, settings.memory_mib << 20);
  settings.memory_mib /= 4;
  EXPECT_EQ(settings.kafka_options().prefetch_bytes, before / 4);
}

TEST_F(SettingsTest, RulesAreMadeOfZoneExpectAndAnomalyDays) {
  Settings settings;
  settings.fold.anomaly_days.invoice_not_received = 3;
  settings.fold.business_time_zone = "Asia/Shanghai";
  settings.fold.expect.orders = false;
  const auto rules = domain::make_rules(settings.fold);
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->zone.name(), "Asia/Shanghai");
  EXPECT_FALSE(rules->expect.orders);
  EXPECT_EQ(rules->anomaly_days, (domain::AnomalyDays{7, 14, 3}));
}

TEST_F(SettingsTest, VariablesThatAreNoSettingAreSaid) {
  set("listen", "127.0.0.1:1");
  EXPECT_EQ(unknown_variables(), std::vector<std::string>());
  ::setenv("DAYBOOK_MEMORY_MB", "3", 1);
  ::setenv("DAYBOOK_X", "", 1);
  ::setenv("OTHER_MEMORY_MB", "3", 1);
  EXPECT_EQ(unknown_variables(), (std::vector<std::string>{
                                     "DAYBOOK_MEMORY_MB in the environment is not a setting and has no effect; did you "
                                     "mean 'DAYBOOK_MEMORY_MIB'?",
                                     "DAYBOOK_X in the environment is not a setting and has no effect"}));
  ::unsetenv("OTHER_MEMORY_MB");
}

TEST_F(SettingsTest, AKeyThatIsNoSettingIsSaidWithTheNearest) {
  EXPECT_TRUE(holds(refusal(file("lisen = \"x\"\n")), {"'lisen' is not a setting; did you mean 'listen'?"}));
}

TEST_F(SettingsTest, BodiesHaveAnEighthOfTheMemoryUnlessSaidOtherwise) {
  const auto bodies_mib = [&](const std::map<std::string, std::string>& flags) {
    return read_settings("", flags, {})->memory_plan().bodies >> 20;
  };
  EXPECT_EQ(bodies_mib({}), 128U);
  EXPECT_EQ(bodies_mib({{"memory_mib", "4096"}}), 512U);
  EXPECT_EQ(bodies_mib({{"memory_mib", "64"}}), 32U);
  EXPECT_EQ(bodies_mib({{"bodies_mib", "17"}}), 17U);
  EXPECT_TRUE(holds(refusal("", {{"bodies_mib", "16"}}), {"bodies_mib", "'16'", "17 to"}));
}

TEST_F(SettingsTest, OfProgramsThatShareAFile) {
  const auto settings = read_settings(file(R"(
projectors = ["p1:8090", "[::1]:8090"]
metrics_listen = "127.0.0.1:0"
unprotected = true
dead_letters = true
)"),
                                      {{"dead_letters", "false"}}, {}, defaults_of(Program::kProjector));
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->projectors, (std::vector<std::string>{"p1:8090", "[::1]:8090"}));
  EXPECT_EQ(settings->metrics_listen, "127.0.0.1:0");
  EXPECT_TRUE(settings->unprotected);
  EXPECT_FALSE(settings->dead_letters);
  EXPECT_EQ(settings->listen, defaults_of(Program::kProjector).listen);
}

constexpr Program kPrograms[] = {Program::kUp, Program::kGateway, Program::kProjector, Program::kQuery};

// What each cannot do without.
Settings fit(Program program) {
  Settings settings = defaults_of(program);
  if (program == Program::kGateway || program == Program::kProjector) settings.brokers = "b:9092";
  if (program == Program::kQuery) settings.projectors = {"p:8090"};
  return settings;
}

std::string fault(Program program, const Settings& settings) {
  const auto checked = check(program, settings);
  EXPECT_TRUE(checked || checked.error().code == ErrorCode::kInvalidArgument);
  return checked ? "" : checked.error().message;
}

TEST_F(SettingsTest, EachProgramSaysWhatItLacks) {
  EXPECT_EQ(fault(Program::kUp, {}), "");
  for (const Program program : {Program::kGateway, Program::kProjector}) {
    EXPECT_TRUE(holds(fault(program, {}), {"brokers = ''", "allowed is HOST:PORT"}));
  }
  EXPECT_TRUE(holds(fault(Program::kQuery, {}), {"projectors = ''", "allowed is HOST:PORT"}));
  for (const Program program : kPrograms) EXPECT_EQ(fault(program, fit(program)), "");
}

TEST_F(SettingsTest, BeyondTheLoopbackOnlyWhereThatIsSaid) {
  for (const Program program : kPrograms) {
    for (const char* listen : {"127.0.0.1:0", "localhost:1", "127.9.9.9:2", "[::1]:0"}) {
      Settings settings = fit(program);
      settings.listen = listen;
      EXPECT_EQ(fault(program, settings), "");
      settings.unprotected = true;
      EXPECT_FALSE(is_unprotected(program, settings)) << listen;
    }
    for (const char* listen :
         {"0.0.0.0:8080", "192.0.2.1:0", "192.168.1.5:8080", "[::]:0", "[2001:db8::1]:0", "[::ffff:127.0.0.1]:0"}) {
      Settings settings = fit(program);
      settings.listen = listen;
      EXPECT_TRUE(
          holds(fault(program, settings), {std::string("listen = '") + listen + "'", "127.0.0.1", "--unprotected"}));
      settings.unprotected = true;
      EXPECT_EQ(fault(program, settings), "");
      EXPECT_TRUE(is_unprotected(program, settings));
      std::string told;
      tell_unprotected(program, settings, [&](Severity, const std::string& words) { told += words; });
      EXPECT_TRUE(holds(told, {"unprotected: listen is ", listen}));
    }
    for (const char* listen : {"books.example:8080", "127.1:0", "0:0", "unix/x:0"}) {
      Settings settings = fit(program);
      settings.listen = listen;
      settings.unprotected = true;
      EXPECT_TRUE(holds(fault(program, settings), {std::string("listen = '") + listen + "'", "an IP address"}));
    }
  }
  Settings projector = fit(Program::kProjector);
  projector.metrics_listen = "0.0.0.0:8091";
  EXPECT_TRUE(holds(fault(Program::kProjector, projector), {"metrics_listen = '0.0.0.0:8091'", "--unprotected"}));
  EXPECT_EQ(fault(Program::kUp, projector), "");
}

TEST_F(SettingsTest, EveryProgramTakesKeysThatThereAreEachOnce) {
  for (const Program program : kPrograms) {
    std::vector<std::string> keys = keys_of(program);
    for (const std::string& key : keys)
      EXPECT_NE(std::ranges::find(setting_keys(), key, &SettingKey::name), setting_keys().end()) << key;
    std::ranges::sort(keys);
    EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
  }
}

TEST_F(SettingsTest, NamesThatAreServed) {
  EXPECT_EQ(read_settings("", {{"served_names", "a.example,192.0.2.7"}}, {})->served_names,
            (std::vector<std::string>{"a.example", "192.0.2.7"}));
  EXPECT_EQ(read_settings(file("served_names = [\"a\", \"b\"]\n"), {}, {})->served_names,
            (std::vector<std::string>{"a", "b"}));
  for (const char* wrong : {"", "a,", "http://a", "a b"}) {
    EXPECT_TRUE(holds(refusal("", {{"served_names", wrong}}), {"served_names", "books.example"})) << wrong;
  }
}

}  // namespace
}  // namespace daybook::app
