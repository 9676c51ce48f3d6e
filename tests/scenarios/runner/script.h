// Scenarios as they stand in a text file (tests/scenarios/README.md): named, each a list of lines.
#pragma once

#include <string>
#include <vector>

namespace daybook::test {

// A line of a scenario and, of a question, what stands under it.
struct Step {
  int number = 0;  // In the file.
  std::vector<std::string> words;
  std::string json;                  // Members at the end of an event, "{…}".
  std::vector<std::string> columns;  // Of a question, behind the colon.
  std::string body;                  // Of a question that comes with a file: its lines "| …".
  std::string table;                 // What is expected, a line a row.
};

struct Scenario {
  std::string name;
  std::string file;
  std::vector<Step> steps;
};

// Reads one file. Throws std::runtime_error, with file and line, for what is no scenario.
std::vector<Scenario> read_scenarios(const std::string& path);

std::vector<std::string> words_of(const std::string& line);

}  // namespace daybook::test
