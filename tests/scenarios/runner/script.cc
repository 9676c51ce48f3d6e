#include "scenarios/runner/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace daybook::test {
namespace {

const std::string kColumnsFollow = " : ";

Step read_event(const std::string& line) {
  Step step;
  const std::size_t brace = line.find('{');
  step.words = words_of(line.substr(0, brace));
  if (brace != std::string::npos) step.json = line.substr(brace);
  return step;
}

Step read_question(const std::string& line) {
  Step step;
  const std::size_t colon = line.find(kColumnsFollow);
  step.words = words_of(line.substr(0, colon));
  if (colon != std::string::npos) step.columns = words_of(line.substr(colon + kColumnsFollow.size()));
  return step;
}

bool is_csv(const Step& step) { return step.columns.empty(); }

// Lines that are no rows, whatever stands above them.
bool is_told(const std::string& line) {
  return std::ranges::any_of(std::array{"on ", "customer ", "recorded ", "bytes ", "zone "},
                             [&](const char* word) { return line.starts_with(word); });
}

// Tables may be aligned with blanks; CSV is taken as it is.
std::string row_of(const Step& question, const std::string& line) {
  return is_csv(question) ? line : fmt::format("{}", fmt::join(words_of(line), " "));
}

}  // namespace

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream in(line);
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::vector<Scenario> read_scenarios(const std::string& path) {
  std::ifstream in(path);
  std::vector<Scenario> scenarios;
  Step* question = nullptr;  // Whose table is being read.
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty() || line.starts_with("# ")) {
      question = nullptr;
      continue;
    }
    if (line.starts_with("## ")) {
      scenarios.push_back({line.substr(3), path, {}});
      question = nullptr;
      continue;
    }
    if (scenarios.empty()) throw std::runtime_error(fmt::format("{}:{}: stands in no scenario", path, number));
    std::vector<Step>& steps = scenarios.back().steps;
    if (line.starts_with("? ")) {
      steps.push_back(read_question(line));
      steps.back().number = number;
      question = &steps.back();
    } else if (question != nullptr && line.starts_with("| ")) {
      question->body += line.substr(2) + "\n";
    } else if (question != nullptr && !is_told(line)) {
      question->table += row_of(*question, line) + "\n";
    } else {
      steps.push_back(read_event(line));
      steps.back().number = number;
      question = nullptr;
    }
  }
  if (in.bad() || number == 0) throw std::runtime_error(path + " cannot be read");
  return scenarios;
}

}  // namespace daybook::test
