// What answers take of the memory for them: that it is counted, has a bound, and is given back.
#include "query/question_memory.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <new>

#include "query/catalog.h"
#include "support/paths.h"
#include "support/story.h"

namespace {

// Of this thread: what it has allocated and not freed, and by how much that was above what was counted, at most.
thread_local std::ptrdiff_t allocated = 0;
thread_local std::ptrdiff_t uncounted = 0;
thread_local const daybook::MemoryBudget* counted = nullptr;

void note(std::ptrdiff_t bytes) {
  allocated += bytes;
  if (counted != nullptr) uncounted = std::max(uncounted, allocated - static_cast<std::ptrdiff_t>(counted->taken()));
}

}  // namespace

void* operator new(std::size_t size) {
  void* const at = std::malloc(size);
  if (at == nullptr) throw std::bad_alloc();
  note(static_cast<std::ptrdiff_t>(::malloc_usable_size(at)));
  return at;
}
void operator delete(void* at) noexcept {
  note(-static_cast<std::ptrdiff_t>(::malloc_usable_size(at)));
  std::free(at);
}
void operator delete(void* at, std::size_t) noexcept { operator delete(at); }

// In place of jemalloc's, which is asked to give freed memory back to the system: how often, and what answers had then.
namespace {
int released = 0;
const daybook::MemoryBudget* looked_at = nullptr;
std::size_t taken_when_released = 0;
}  // namespace
extern "C" int mallctl(const char* name, void*, std::size_t*, void*, std::size_t) {
  EXPECT_STREQ(name, "arena.4096.purge");
  ++released;
  if (looked_at != nullptr) taken_when_released = looked_at->taken();
  return 0;
}

namespace daybook::test {
namespace {

using query::QuestionMemory;

TEST(QuestionMemory, HasABoundForOneAndOneForAll) {
  const auto budget = std::make_shared<MemoryBudget>(std::size_t{8} << 20);
  QuestionMemory one(budget);
  EXPECT_EQ(one.bytes_max(), std::size_t{6} << 20);
  EXPECT_EQ(one.try_take(std::size_t{7} << 20), QuestionMemory::Taken::kTooMuch);
  EXPECT_EQ(budget->taken(), 0U);
  EXPECT_EQ(one.try_take(std::size_t{5} << 20), QuestionMemory::Taken::kYes);
  {
    QuestionMemory other(budget);
    EXPECT_EQ(other.try_take(std::size_t{4} << 20), QuestionMemory::Taken::kOthersHaveIt);
    EXPECT_EQ(other.try_take(std::size_t{2} << 20), QuestionMemory::Taken::kYes);
    EXPECT_EQ(budget->taken(), std::size_t{7} << 20);
  }
  EXPECT_EQ(budget->taken(), std::size_t{5} << 20);
  one.give_back(std::size_t{9} << 20);
  EXPECT_EQ(one.try_take(std::size_t{6} << 20), QuestionMemory::Taken::kYes)
      << "what was counted too often is not there twice";
  one.keep(100);
  EXPECT_EQ(budget->taken(), std::size_t{256} << 10) << "in whole steps";
}

TEST(QuestionMemory, OfALargeAnswerGoesToTheSystemBeforeOthersMayTakeIt) {
  const auto budget = std::make_shared<MemoryBudget>(std::size_t{64} << 20);
  looked_at = budget.get();
  released = 0;
  QuestionMemory memory(budget);
  memory.take(std::size_t{1} << 20);
  memory.keep(100);
  EXPECT_EQ(released, 0) << "the allocator does so by itself, and sooner is not worth it";
  memory.take(std::size_t{16} << 20);
  memory.keep(100);
  EXPECT_EQ(released, 1);
  EXPECT_GE(taken_when_released, std::size_t{16} << 20);
  EXPECT_EQ(budget->taken(), std::size_t{256} << 10);
  looked_at = nullptr;
}

TEST(QuestionMemory, IsThatOfTheQuestionThatAThreadWorksFor) {
  const auto budget = std::make_shared<MemoryBudget>(std::size_t{1} << 20);
  query::take_memory(std::size_t{1} << 30);
  QuestionMemory memory(budget);
  {
    const QuestionMemory::Work work(&memory);
    query::take_memory(1);
    EXPECT_GT(budget->taken(), 0U);
    EXPECT_THROW(query::take_memory(std::size_t{1} << 30), query::Refusal);
    const QuestionMemory::Work nobody(nullptr);
    query::take_memory(std::size_t{1} << 30);
  }
  query::take_memory(std::size_t{1} << 30);
}

// Some thousand documents of some hundred accounts.
struct ManyRows : testing::Test {
  ManyRows() {
    Book& book = story.book;
    const auto send = [&](const std::string& customer, const std::string& payload) {
      book.send("{\"event_id\":\"m" + std::to_string(++number) + "\",\"customer_id\":\"" + customer +
                "\",\"source\":\"test\",\"occurred_at\":\"2024-05-02T12:00:00Z\"," + payload + "}");
    };
    for (int i = 0; i < 4'000; ++i) {
      const std::string id = std::to_string(i);
      const std::string customer = i % 2 == 0 ? "C1" : "C" + std::to_string(i % 500);
      send(customer,
           R"("invoice_issued":{"invoice_id":"I)" + id +
               R"(","kind":"INVOICE","currency":"CNY","net_minor":100,)"
               R"("tax_minor":0,"issue_date":"2024-05-02","order_ids":["none"],"instalments":[{"due_date":"2024-05-)" +
               std::to_string(10 + i % 20) + R"(","amount_minor":100}]})");
      send(customer,
           R"("order_placed":{"order_id":"O)" + id + R"(","kind":"STANDARD","currency":"CNY","sales_rep":"R)" + id +
               R"(","lines":[{"line_id":"1","sku":"S)" + id + R"(","quantity":"1","net_minor":10,"tax_minor":1}]})");
    }
    book.settle();
  }
  Story story;
  int number = 0;
};

query::ParameterMap parameters_of(const query::Description& of, const char* format) {
  query::ParameterMap parameters = {{"format", format}};
  for (const query::Parameter& parameter : of.parameters) {
    if (parameter.required) parameters.emplace(parameter.name, parameter.name == "from" ? "2024-01-01" : "2024-06-30");
  }
  if (of.parameter("group_by") != nullptr) {
    parameters.emplace("group_by", of.name == "sales" ? "sku,customer,sales_rep" : "customer");
  }
  return parameters;
}

TEST_F(ManyRows, OfEveryReportAreCountedBoundedAndGivenBack) {
  const query::LocalShards shards(story.book.model());
  const auto today = [] { return *parse_date("2024-06-30"); };
  std::size_t refused = 0;
  for (const query::Report* report : query::reports()) {
    const query::Description& of = report->description();
    std::string path = of.path.substr(1);
    const std::string id = path.starts_with("v1/customers") ? "C1" : path.starts_with("v1/orders") ? "O0" : "I0";
    path = filled_path(path, id);
    const std::vector<std::string> segments = segments_of(path);
    for (const char* format : {"csv", "json"}) {
      if (format == std::string("csv") && of.row.empty()) continue;
      SCOPED_TRACE(path + " " + format);
      const query::ParameterMap parameters = parameters_of(of, format);
      const std::string ledger = "customer_id,document_id,currency,amount\nC1,I1,CNY,5.00\n";
      const auto ask = [&](std::size_t bytes_max) {
        query::Request request{.segments = segments, .parameters = parameters};
        if (of.has_body) request.body = ledger;
        request.memory = std::make_shared<MemoryBudget>(bytes_max);
        allocated = uncounted = 0;
        counted = request.memory.get();
        query::Rendered rendered = query::answer(shards, today, request);
        counted = nullptr;
        EXPECT_EQ(request.memory->taken() > 0,
                  rendered.memory != nullptr && rendered.body.size() > 0 && rendered.status < 400);
        rendered.memory.reset();
        EXPECT_EQ(request.memory->taken(), 0U);
        return rendered;
      };
      ask(std::size_t{1} << 30);  // What is kept for later questions is there afterwards.
      const query::Rendered whole = ask(std::size_t{1} << 30);
      EXPECT_TRUE(whole.status == 200 || whole.status == 404) << whole.body.substr(0, 300);
      EXPECT_LT(uncounted, std::ptrdiff_t{3} << 20) << "of an answer of " << whole.body.size() << " bytes";
      const query::Rendered little = ask(std::size_t{1} << 20);
      if (whole.body.size() > (std::size_t{1} << 20)) {
        EXPECT_EQ(little.status, 400) << little.body.substr(0, 300);
      }
      refused += little.status == 400;
      EXPECT_LT(uncounted, std::ptrdiff_t{3} << 20);
    }
  }
  EXPECT_GE(refused, 4U);
}

}  // namespace
}  // namespace daybook::test
