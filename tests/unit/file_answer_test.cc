// Answers as files: the rounds that they are made of, what they take, and where they end when they cannot go on.
#include "query/file_answer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <set>
#include <sstream>

#include "query/catalog.h"
#include "query/router.h"
#include "query/rows_aside.h"
#include "query/workbook.h"
#include "support/book.h"
#include "support/file_size_limit.h"
#include "support/paths.h"
#include "support/temp_dir.h"

namespace daybook::test {
namespace {

constexpr int kInvoices = 5'000;
const query::Today kToday = [] { return *parse_date("2024-06-30"); };

// Shards of which each question is told before it is asked: what throws there is what the shard says.
class Watched final : public query::ShardSource {
 public:
  Watched(const query::ShardSource& inner, std::function<void()> told) : inner_(inner), told_(std::move(told)) {}

  std::int32_t partition_count() const override { return inner_.partition_count(); }
  const domain::Rules& rules() const override { return inner_.rules(); }
  std::string_view topic_prefix() const override { return inner_.topic_prefix(); }
  bool has_folded(log::TopicPartition at, std::int64_t offset) const override { return inner_.has_folded(at, offset); }
  std::unique_ptr<query::ShardSession> open(std::int32_t partition,
                                            std::optional<std::int64_t> known_at_ms) const override {
    return std::make_unique<Session>(inner_.open(partition, known_at_ms), told_);
  }

 private:
  class Session final : public query::ShardSession {
   public:
    Session(std::unique_ptr<query::ShardSession> inner, const std::function<void()>& told)
        : inner_(std::move(inner)), told_(told) {}
    query::ShardHead head() override { return inner_->head(); }
    query::ShardReply ask(const query::Report& report, const query::Question& question,
                          const std::stop_token& stop) override {
      told_();
      return inner_->ask(report, question, stop);
    }

   private:
    const std::unique_ptr<query::ShardSession> inner_;
    const std::function<void()>& told_;
  };

  const query::ShardSource& inner_;
  const std::function<void()> told_;
};

struct FileAnswer : testing::Test {
  FileAnswer() {
    for (int i = 0; i < kInvoices; ++i) send(i, "C" + std::to_string(i % 700));
    book.settle();
  }
  void send(int number, const std::string& customer) {
    const std::string id = std::to_string(number);
    book.send(
        R"({"event_id":"e)" + id + R"(","customer_id":")" + customer +
        R"(","source":"test","occurred_at":"2024-05-02T12:00:00Z","invoice_issued":{"invoice_id":"I)" + id +
        R"(","kind":"INVOICE","currency":"CNY","net_minor":100,"tax_minor":0,"issue_date":"2024-05-02","instalments":[)"
        R"({"due_date":"2024-05-20","amount_minor":100}]}})");
  }

  // The pieces of a file; the Refusal that it ends with, if it does.
  struct Made {
    query::Rendered first;
    std::vector<std::string> pieces;
    std::optional<Problem> refused;

    std::string text() const {
      std::string all;
      for (const std::string& piece : pieces) all += piece;
      return all;
    }
  };
  Made make(
      const query::ShardSource& source, const std::string& path, const query::ParameterMap& parameters,
      std::shared_ptr<MemoryBudget> memory = {}, const std::function<void()>& between = [] {}) {
    const std::vector<std::string> segments = segments_of(path);
    query::Request request{.segments = segments, .parameters = parameters};
    request.memory = memory;
    Made made;
    made.first = query::begin_answer(source, kToday, request);
    made.pieces.push_back(made.first.body);
    try {
      for (bool more = made.first.rest != nullptr; more;) {
        between();
        query::Piece piece = made.first.rest->next();
        more = !piece.is_last;
        made.pieces.push_back(std::move(piece.bytes));
      }
    } catch (const query::Refusal& refusal) {
      made.refused = refusal.problem;
    }
    return made;
  }

  Book book;
  const query::LocalShards shards{book.model()};
  const query::ParameterMap csv = {{"format", "csv"}};
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST_F(FileAnswer, IsMadeInRoundsAndAsItIsWhenMadeAtOnce) {
  const Made made = make(shards, "v1/invoices", csv);
  ASSERT_EQ(made.first.status, 200);
  EXPECT_GE(made.pieces.size(), 3U);
  EXPECT_LT(made.pieces[0].size(), made.text().size() / 3) << "few rows at first, so that they come soon";
  // At once, by way of the whole question.
  const query::Report& report = *query::find_report("invoices");
  query::Question question;
  question.report = "invoices";
  question.today = question.as_of = kToday();
  question.scope = query::AccessScope::everything();
  question.arguments = query::Arguments(report.description(), {}, shards.rules().zone);
  query::Coordinator coordinator(shards, std::nullopt, {});
  coordinator.settle(report, question);
  std::string expected;
  query::append_csv_header(expected, report.description().columns(), ',');
  for (const query::SortedRow& row : coordinator.answer(report, question).rows.take().rows)
    query::append_csv(expected, row.row, ',');
  EXPECT_EQ(lines_of(expected).size(), kInvoices + 1U);
  EXPECT_TRUE(made.text() == expected) << made.text().size() << " bytes, not " << expected.size();
  const std::vector<std::string> segments = segments_of("v1/invoices");
  EXPECT_TRUE(query::answer(shards, kToday, {.segments = segments, .parameters = csv}).body == expected);
}

TEST_F(FileAnswer, IsOfOneMomentHoweverLongItIsRead) {
  int told = kInvoices;
  const Made made = make(shards, "v1/invoices", csv, {}, [&] {
    for (const char* customer : {"A", "C350", "C699", "X"}) send(told++, customer);
    book.settle();
  });
  EXPECT_FALSE(made.refused);
  const std::vector<std::string> lines = lines_of(made.text());
  EXPECT_EQ(lines.size(), kInvoices + 1U);
  EXPECT_EQ(std::set(lines.begin(), lines.end()).size(), lines.size());
  EXPECT_EQ(lines_of(make(shards, "v1/invoices", csv).text()).size(), static_cast<std::size_t>(told) + 1);
}

TEST_F(FileAnswer, TakesAsMuchAsARoundAndIsNotRefusedForItsLength) {
  const auto budget = std::make_shared<MemoryBudget>(std::size_t{2} << 20);
  std::atomic<std::size_t> most = 0;
  const Watched watched(shards, [&] { most = std::max(most.load(), budget->taken()); });
  for (const char* path : {"v1/invoices", "v1/receivables/items"}) {
    Made made = make(watched, path, csv, budget);
    ASSERT_EQ(made.first.status, 200) << made.first.body;
    EXPECT_FALSE(made.refused) << made.refused->detail;
    EXPECT_EQ(lines_of(made.text()).size(), kInvoices + 1U);
    EXPECT_GT(made.text().size(), std::size_t{256} << 10);
    made.first = {};
    EXPECT_EQ(budget->taken(), 0U) << path;
  }
  EXPECT_GT(most, 0U);
  // Which is refused where it is wanted as a whole.
  const std::vector<std::string> segments = segments_of("v1/receivables/items");
  query::Request request{.segments = segments, .parameters = csv};
  request.memory = std::make_shared<MemoryBudget>(std::size_t{256} << 10);
  const query::Rendered whole = query::answer(shards, kToday, request);
  EXPECT_EQ(whole.status, 400) << whole.body;
}

// What is open of an account is known once all of it was read, which takes more than a round may. It is not read anew for
// every few rows.
TEST_F(FileAnswer, ReadsALargeAccountAFewTimes) {
  constexpr int kMore = 40'000;
  for (int i = 0; i < kMore; ++i) send(kInvoices + i, "large");
  book.settle();
  std::atomic<int> asked = 0;
  const Watched watched(shards, [&] { ++asked; });
  const auto budget = std::make_shared<MemoryBudget>(std::size_t{512} << 20);
  for (const char* path : {"v1/receivables/items", "v1/receivables/entries"}) {
    asked = 0;
    query::ParameterMap parameters = {{"format", "csv"}, {"customer_id", "large"}};
    if (std::string_view(path).ends_with("entries")) {
      parameters.emplace("from", "2024-01-01");
      parameters.emplace("to", "2024-12-31");
    }
    const Made made = make(watched, path, parameters, budget);
    ASSERT_EQ(made.first.status, 200) << made.first.body;
    EXPECT_FALSE(made.refused) << made.refused->detail;
    EXPECT_EQ(lines_of(made.text()).size(), kMore + 1U) << path;
    EXPECT_LT(asked, 40) << path;
  }
}

// Those of which the rows are made at once.
const std::vector<std::pair<std::string, query::ParameterMap>> kMadeAtOnce = {
    {"v1/receivables/restatement", {{"known_from", "2020-01-01"}, {"known_to", "2030-01-01"}}},
    {"v1/receivables/entries", {{"known_at", "2030-01-01"}, {"from", "2024-01-01"}, {"to", "2024-06-30"}}},
    {"v1/sales/postings", {{"known_at", "2030-01-01"}, {"from", "2024-01-01"}, {"to", "2024-06-30"}}},
    {"v1/receivables/ageing", {}},
    {"v1/receivables/bridge", {{"from", "2024-01-01"}, {"to", "2024-06-30"}, {"group_by", "customer"}}},
    {"v1/receivables/worklist", {}},
    {"v1/receivables/dunning", {}},
};

TEST_F(FileAnswer, OfRowsThatAreMadeAtOnceTakesAsMuchAsARoundAndIsTheSame) {
  const TempDir folder;
  ::setenv("TMPDIR", folder.path().c_str(), 1);
  for (auto [path, parameters] : kMadeAtOnce) {
    SCOPED_TRACE(path);
    parameters.insert(csv.begin(), csv.end());
    const Made at_once = make(shards, path, parameters);
    ASSERT_EQ(at_once.first.status, 200) << at_once.first.body;
    EXPECT_LE(at_once.pieces.size(), 4U);
    EXPECT_GE(lines_of(at_once.text()).size(), 701U);
    const auto budget = std::make_shared<MemoryBudget>(std::size_t{2} << 20);
    Made made = make(shards, path, parameters, budget);
    ASSERT_EQ(made.first.status, 200) << made.first.body;
    EXPECT_FALSE(made.refused) << made.refused->detail;
    EXPECT_GT(made.pieces.size(), at_once.pieces.size());
    EXPECT_TRUE(made.text() == at_once.text()) << made.text().size() << " bytes, not " << at_once.text().size();
    made.first = {};
    EXPECT_EQ(budget->taken(), 0U);
    parameters.erase("format");
    parameters.emplace("format", "xlsx");
    EXPECT_TRUE(make(shards, path, parameters, budget).text() == make(shards, path, parameters).text());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "what was put aside has no name";
  ::unsetenv("TMPDIR");
}

TEST_F(FileAnswer, OfRowsForWhichTheDiskHasNoRoomIsRefused) {
  const auto& [path, asked] = kMadeAtOnce.front();
  query::ParameterMap parameters = asked;
  parameters.insert(csv.begin(), csv.end());
  const auto budget = std::make_shared<MemoryBudget>(std::size_t{2} << 20);
  {
    const FileSizeLimit limit(100'000);
    const Made made = make(shards, path, parameters, budget);
    EXPECT_EQ(made.first.status, 503);
    EXPECT_NE(made.first.body.find("cannot be put aside"), std::string::npos) << made.first.body;
  }
  EXPECT_EQ(budget->taken(), 0U);
  EXPECT_EQ(make(shards, path, parameters, budget).first.status, 200);
}

TEST(RowsAside, ComeBackInTheOrderOfTheirKeysHoweverManyAreInMemory) {
  for (const std::size_t bytes_max : {std::size_t{0}, std::size_t{1'000}, std::size_t{100'000}, std::size_t{1} << 30}) {
    query::RowsAside aside(bytes_max);
    const int count = 3'000;
    for (int i = 0; i < count; ++i) {
      query::Row row;
      // Some are larger than what is read at a time.
      row.add("text", query::Value::text(std::string(i % 500 == 0 ? 300'000 : i % 7, 'x')));
      aside.add({query::sortable(i * 7'919 % count), std::move(row)});
    }
    EXPECT_EQ(aside.close() > 0, bytes_max < std::size_t{1} << 30) << bytes_max;
    int next = 0;
    while (aside.has_more()) {
      const std::vector<query::SortedRow> rows = aside.next();
      EXPECT_FALSE(rows.empty());
      for (const query::SortedRow& row : rows) EXPECT_EQ(query::first_number(row.key), next++);
    }
    EXPECT_EQ(next, count);
  }
}

TEST_F(FileAnswer, EndsWhereAShardGoesAwayAndIsRefusedBeforeItBegins) {
  std::atomic<int> asked = 0;
  for (const int fails_at : {1, 3, 6, 9}) {
    asked = 0;
    const Watched failing(shards, [&] {
      const int number = ++asked;
      if (number == fails_at) throw query::AskAgain{{{503, "Shard not available", "shard 1 went away"}}};
      if (number > fails_at) query::refuse(503, "Shard not available", "shard 1 is away");
    });
    const Made made = make(failing, "v1/invoices", csv);
    if (made.first.status == 200) {
      ASSERT_TRUE(made.refused) << fails_at;
      EXPECT_EQ(made.refused->status, 503);
      EXPECT_LT(lines_of(made.text()).size(), kInvoices + 1U);
    } else {
      EXPECT_EQ(made.first.status, 503) << fails_at;
      EXPECT_EQ(made.first.rest, nullptr);
    }
    EXPECT_EQ(made.first.status == 200, fails_at > 6) << fails_at;
  }
}

TEST_F(FileAnswer, OfAWorkbookIsReadFromTheDiskAndSaysItsRowsOnTheCover) {
  const auto budget = std::make_shared<MemoryBudget>(std::size_t{2} << 20);
  const query::ParameterMap xlsx = {{"format", "xlsx"}};
  const Made made = make(shards, "v1/invoices", xlsx, budget);
  ASSERT_EQ(made.first.status, 200) << made.first.body;
  EXPECT_FALSE(made.refused);
  for (const std::string& piece : made.pieces) EXPECT_LE(piece.size(), std::size_t{256} << 10);
  const std::string bytes = made.text();
  EXPECT_TRUE(bytes.starts_with("PK"));
  EXPECT_TRUE(make(shards, "v1/invoices", xlsx).text() == bytes) << "the same question of the same day";
}

// What a full disk leaves of a workbook: nothing, whenever it is full.
TEST_F(FileAnswer, OfAWorkbookThatDoesNotFitTheDiskIsNone) {
  const TempDir folder;
  ::setenv("TMPDIR", folder.path().c_str(), 1);
  const query::ParameterMap xlsx = {{"format", "xlsx"}};
  const std::string whole = make(shards, "v1/invoices", xlsx).text();
  int refused = 0;
  int made_whole = 0;
  for (const std::size_t bytes :
       {std::size_t{1}, whole.size() / 8, whole.size() / 2, whole.size() - 1, std::size_t{1} << 30}) {
    const FileSizeLimit limit(bytes);
    const Made made = make(shards, "v1/invoices", xlsx);
    EXPECT_FALSE(made.refused);
    if (made.first.status == 200) {
      EXPECT_TRUE(made.text() == whole) << bytes;
      ++made_whole;
    } else {
      EXPECT_EQ(made.first.status, 503) << made.first.body;
      ++refused;
    }
  }
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(made_whole, 1);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "temporary files are gone";
  ::unsetenv("TMPDIR");
}

TEST(Workbook, HasFurtherSheetsForRowsBeyondThoseOfOne) {
  query::Workbook workbook("rows", {"number"}, 4);
  for (int i = 0; i < 10; ++i) {
    query::Row row;
    row.add("number", query::Value::integer(i));
    workbook.write(row);
  }
  query::WorkbookCover cover{"test", "A test.", 0, {}};
  workbook.write_cover(cover);
  const query::WorkbookFile file = workbook.finish();
  std::string bytes(file.bytes(), '\0');
  file.read(0, bytes);
  // The cover, and three rows on each of the others.
  EXPECT_NE(bytes.find("xl/worksheets/sheet5.xml"), std::string::npos);
  EXPECT_EQ(bytes.find("xl/worksheets/sheet6.xml"), std::string::npos);
}

}  // namespace
}  // namespace daybook::test
