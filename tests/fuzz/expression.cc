// Expressions of a mapping over a small table: each is compiled or refused with its place, and evaluates to a value or
// to a fault of a row.
#include "tools/import/expression.h"
#include "fuzz/target.h"

namespace daybook::fuzz {
namespace {

using namespace tools;  // NOLINT: this file is about nothing else.

// Two inputs, one of them found by a key, and a table of values.
struct World {
  World() {
    const std::vector<SourceFile> files = {
        {"orders.csv",
         "id,customer,date,amount,text\nO1,C1,2024-05-01,12.50,a\nO2,C2,1/2/2024,\"1.234,5\",\nO3,C9,,0,ß\n"},
        {"lines.csv", "order,sku,quantity\nO1,S1,2\nO1,S2,0.5\nO2,S1,x\n"}};
    std::vector<FileFault> faults;
    inputs["orders"] = tools::Input::read("orders", {{"orders.csv"}, {"id"}, {}}, "m.toml:1:1", files, faults);
    inputs["lines"] = tools::Input::read("lines", {{"lines.csv"}, {"order"}, {}}, "m.toml:2:1", files, faults);
    tables["regions"] = {{"C1", "North"}, {"C2", "South"}};
    expect(faults.empty(), "the table is read");
  }
  std::map<std::string, std::unique_ptr<const tools::Input>, std::less<>> inputs;
  std::map<std::string, ValueTable, std::less<>> tables;
  Names names{.inputs = &inputs, .tables = &tables, .zone = "Europe/Berlin", .seconds_of_day = 43'200};
};

template <typename Compiled>
void evaluate(const World& world, const Result<Compiled>& compiled) {
  if (!compiled) {
    expect(compiled.error().code == ErrorCode::kInvalidArgument, "what is no expression is the caller's fault");
    expect(!compiled.error().message.empty(), "an error says what is wrong");
    return;
  }
  for (const Row& row : world.inputs.at("orders")->rows()) {
    Evaluator evaluator(world.names);
    const auto value = evaluator.evaluate(*compiled, {.row = row});
    expect(value.has_value() == evaluator.fault().message.empty(), "there is a value, or a fault");
    if (!value) {
      expect(evaluator.fault().place.starts_with("orders.csv:") || evaluator.fault().place.starts_with("lines.csv:"),
             "a fault has its place");
      continue;
    }
    Evaluator once_more(world.names);
    const auto again = once_more.evaluate(*compiled, {.row = row});
    expect(again && again->text() == value->text(), "a row has one value");
  }
}

void read(std::string_view text) {
  static const World world;
  const ScopeInputs scope = {world.inputs.at("orders").get()};
  evaluate(world, compile_expression(text, world.names, scope));
  evaluate(world, compile_template(text, world.names, scope));
  const auto rows = compile_rows(text, world.names, scope);
  if (!rows) return;
  for (const Row& row : world.inputs.at("orders")->rows()) {
    Evaluator evaluator(world.names);
    expect((evaluator.find(*rows, {.row = row}) == nullptr) == !evaluator.fault().message.empty(),
           "there are rows, or a fault");
  }
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  daybook::fuzz::read(text);
  daybook::fuzz::expect_linear(text, [](const std::string& much) { daybook::fuzz::read(much); });
  return 0;
}
