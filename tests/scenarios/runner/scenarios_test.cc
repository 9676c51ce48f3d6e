// Plays every scenario of the text files in tests/scenarios: one test each, under its name.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <memory>
#include <set>
#include <stdexcept>

#include "scenarios/runner/asking.h"
#include "scenarios/runner/script.h"
#include "scenarios/runner/telling.h"

namespace daybook::test {
namespace {

class Play : public testing::Test {
 public:
  explicit Play(const Scenario& scenario) : scenario_(scenario) {}

  void TestBody() override {
    domain::Rules rules = utc_rules();
    for (const Step& step : scenario_.steps) {
      if (step.words[0] == "zone") rules.zone = BusinessZone::find(step.words.at(1)).value();
    }
    auto owned = std::make_unique<Book>(2, std::move(rules));
    Book& book = *owned;
    // Closing a book takes as long as a scenario: meanwhile the next one is played.
    static std::future<void> closing;
    Asker asker(book);
    for (const Step& step : scenario_.steps) {
      const testing::ScopedTrace here(scenario_.file.c_str(), step.number, "here");
      try {
        go(step, book, asker);
      } catch (const std::exception& error) {
        FAIL() << error.what();
      }
      if (HasFatalFailure()) return;
    }
    book.settle();
    book.expect_audited();
    for (const std::string& day : days_) {
      for (const char* attributes : {"as_was", "as_now"}) {
        EXPECT_EQ(asker.faults_of_proof(*days_.begin(), day, attributes), "");
      }
    }
    closing = std::async(std::launch::async, [owned = std::move(owned)]() mutable { owned.reset(); });
  }

 private:
  void go(const Step& step, Book& book, Asker& asker) {
    const std::string& first = step.words[0];
    if (first == "on") {
      const Told told = teller_.tell(step);
      days_.insert(told.days.begin(), told.days.end());
      book.send(told.json, told.topic, told.key);
    } else if (first == "customer") {
      teller_.set_customer(step.words.at(1));
    } else if (first == "recorded") {
      const std::string& at = step.words.at(1);
      book.log().set_time_ms(parse_instant_ms(at.size() == 10 ? at + "T00:00:00Z" : at).value());
    } else if (first == "bytes") {
      // Of a record that is no event.
      book.send_record(log::Topic::kInvoices, step.words.at(1), step.words.at(2), {});
    } else if (first == "?") {
      book.settle();
      const std::string answer = asker.ask(step);
      const std::string given = expected_refusal(step) + step.table;
      if (answer != given) {
        ADD_FAILURE_AT(scenario_.file.c_str(), step.number) << "expected:\n" << given << "but was:\n" << answer;
      }
    } else if (first != "zone") {
      FAIL() << "no line begins with '" << first << "'";
    }
  }

  static std::string expected_refusal(const Step& question) {
    const auto mark = std::ranges::find_if(question.words, [](const auto& word) { return word.starts_with('!'); });
    if (mark == question.words.end()) return "";
    return fmt::format("{}\n", fmt::join(mark, question.words.end(), " "));
  }

  const Scenario& scenario_;
  Teller teller_;
  std::set<std::string> days_;
};

}  // namespace
}  // namespace daybook::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(DAYBOOK_SCENARIOS)) {
    if (file.path().extension() == ".txt") files.push_back(file.path());
  }
  std::ranges::sort(files);
  std::vector<std::vector<daybook::test::Scenario>> scenarios;
  for (const auto& file : files) scenarios.push_back(daybook::test::read_scenarios(file.string()));
  for (const auto& of_file : scenarios) {
    for (const daybook::test::Scenario& scenario : of_file) {
      const std::string theme = std::filesystem::path(scenario.file).stem();
      testing::RegisterTest(theme.c_str(), scenario.name.c_str(), nullptr, nullptr, scenario.file.c_str(),
                            scenario.steps.empty() ? 0 : scenario.steps.front().number,
                            [&scenario]() -> testing::Test* { return new daybook::test::Play(scenario); });
    }
  }
  return RUN_ALL_TESTS();
}
