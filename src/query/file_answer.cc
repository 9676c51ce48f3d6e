#include "query/file_answer.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/release.h"
#include "query/rows_aside.h"
#include "query/standing.h"
#include "query/workbook.h"

namespace daybook::query {
namespace {

using std::chrono::steady_clock;

// What the rows of a round are to take: it grows up to this from its first rows, which are few, so that they come soon.
constexpr std::size_t kRowsAtFirst = 1'000;
constexpr std::size_t kRoundBytes = std::size_t{8} << 20;
// Writing a workbook takes longer than its rows, and has memory of its own.
constexpr std::size_t kWorkbookRoundBytes = std::size_t{4} << 20;
// With all that is read for them. What takes more is asked for again with fewer rows, down to so many: what these take is
// read for each round, of an account with very many documents for one, and comes on top from then on. Else they would
// be read again for every few rows.
constexpr std::size_t kRoundBytesMax = 2 * kRoundBytes;
constexpr std::size_t kRowsLeast = 16;
constexpr std::size_t kRowsMost = 20'000;
// The moment of the shards is held for as long as a file is read.
constexpr std::chrono::hours kTimeMax{1};
// Of a workbook, as it is read from the disk.
constexpr std::size_t kReadBytes = std::size_t{256} << 10;

// Objects that are null have their columns all the same.
void fill(Row& row, const std::vector<std::string>& columns) {
  for (auto& [name, value] : row.values) {
    if (value.kind() != Value::Kind::kNull) continue;
    Row empty;
    for (const std::string& column : columns) {
      if (column.starts_with(name + '.')) empty.add(column.substr(name.size() + 1), Value());
    }
    if (!empty.values.empty()) value = Value::object(std::move(empty));
  }
}

std::vector<std::string> columns_of(const Description& description, const Answer& answer) {
  if (!answer.columns && description.row.empty()) refuse(406, "No rows", "this answer has no rows to give as a table");
  return answer.columns ? *answer.columns : description.columns();
}

// The rows of a file, round by round: each is asked for by itself, or all are made at once and put aside, so that no more
// of them are in memory than a round.
class RowsOfFile {
 public:
  explicit RowsOfFile(FileWanted wanted)
      : wanted_(std::move(wanted)),
        in_rounds_(query::goes_in_rounds(wanted_.report, wanted_.question)),
        until_(steady_clock::now() + kTimeMax) {
    if (!in_rounds_) return;
    wanted_.coordinator->prepare_rounds(wanted_.report, wanted_.question);
    // What settled the question is little, and its step of the budget is the rounds'.
    wanted_.memory->keep(0);
  }

  struct Round {
    std::vector<SortedRow> rows;
    // That they were given, and what is made of them is to take.
    std::shared_ptr<QuestionMemory> memory;
  };
  // While there are more.
  Round next() {
    if (steady_clock::now() > until_) refuse(503, "File not finished", "it was not read within an hour");
    if (!in_rounds_) return aside_ == nullptr ? make_all() : next_put_aside();
    while (true) {
      try {
        return next_round();
      } catch (const Refusal& refusal) {
        if (!asks_too_much(refusal.problem) || count_ == kRowsLeast) throw;
        count_ = std::max(kRowsLeast, count_ / 8);
      }
    }
  }
  bool more() const { return more_; }
  // Once there was a round.
  const std::vector<std::string>& columns() const { return columns_; }

  // What is said beside the rows, over all of them; once, behind the last.
  Answer frame() {
    if (!in_rounds_) return std::move(frame_);
    Question asked = wanted_.question;
    asked.page = {{}, 0};
    return wanted_.coordinator->answer(wanted_.report, asked);
  }

  const FileWanted& wanted() const { return wanted_; }
  const Description& description() const { return wanted_.report.description(); }
  Coordinator& coordinator() { return *wanted_.coordinator; }

 private:
  std::size_t round_bytes() const { return wanted_.form.is_workbook ? kWorkbookRoundBytes : kRoundBytes; }

  Round next_round() {
    const bool are_least = count_ == kRowsLeast;
    const std::size_t bytes_max = are_least ? SIZE_MAX : beside_ + kRoundBytesMax;
    Round round{{}, std::make_shared<QuestionMemory>(wanted_.budget, bytes_max)};
    const QuestionMemory::Work work(round.memory.get());
    Question asked = wanted_.question;
    asked.page = {.after = after_, .count = count_, .until = {}, .is_round = true};
    Answer answer = wanted_.coordinator->answer(wanted_.report, asked);
    if (columns_.empty()) columns_ = columns_of(description(), answer);
    Rows::Page page = answer.rows.take();
    round.rows = std::move(page.rows);
    more_ = page.more;
    if (round.rows.empty()) return round;
    after_ = round.rows.back().key;
    std::size_t bytes = 0;
    for (const SortedRow& row : round.rows) bytes += bytes_of(row);
    const std::size_t fitting =
        std::min(round_bytes(), round.memory->bytes_max() / 2) / (bytes / round.rows.size() + 1);
    if (are_least) beside_ = std::max(beside_, round.memory->most() - std::min(bytes, round.memory->most()));
    count_ = std::clamp(fitting, kRowsLeast, std::min(kRowsMost, 4 * count_));
    return round;
  }

  // All of them, or the first of what was put aside.
  Round make_all() {
    const QuestionMemory::Work work(wanted_.memory.get());
    Question asked = wanted_.question;
    // A page is little.
    const bool is_page = asked.page.count.has_value();
    if (!is_page) {
      asked.page.aside = aside_ = std::make_shared<RowsAside>(std::min(round_bytes(), wanted_.memory->bytes_max() / 4));
    }
    frame_ = wanted_.coordinator->answer(wanted_.report, asked);
    columns_ = columns_of(description(), frame_);
    Rows::Page page = frame_.rows.take();
    if (!wanted_.form.is_workbook) frame_ = {};
    // Reports that make their rows of one document have them at hand.
    more_ = page.rows.empty() && aside_ != nullptr;
    if (!more_) return {std::move(page.rows), wanted_.memory};
    if (const std::size_t bytes = aside_->close(); bytes > 0) {
      wanted_.memory->keep(bytes);
      return next_put_aside();
    }
    return {taken_from_aside(), wanted_.memory};
  }

  Round next_put_aside() {
    auto memory = std::make_shared<QuestionMemory>(wanted_.budget);
    const QuestionMemory::Work work(memory.get());
    return {taken_from_aside(), std::move(memory)};
  }

  std::vector<SortedRow> taken_from_aside() {
    Answer answer;
    answer.rows = Rows(aside_->next());
    more_ = aside_->has_more();
    wanted_.coordinator->name(wanted_.report, wanted_.question, answer);
    return answer.rows.take().rows;
  }

  FileWanted wanted_;
  const bool in_rounds_;
  const steady_clock::time_point until_;
  std::vector<std::string> columns_;
  bool more_ = true;
  // In rounds.
  std::string after_;  // The key of the last row.
  std::size_t count_ = kRowsAtFirst;
  std::size_t beside_ = 0;  // That rounds take beside their rows, as far as it is known.
  // Where they were made at once.
  std::shared_ptr<RowsAside> aside_;
  Answer frame_;
};

// Writes rows as they are wanted, each gone when it is written.
template <typename Write>
void write_rows(std::vector<SortedRow>& rows, const std::vector<std::string>& columns, const Write& write) {
  const bool has_objects =
      std::ranges::any_of(columns, [](const std::string& name) { return name.find('.') != std::string::npos; });
  for (SortedRow& row : rows) {
    const std::size_t bytes = bytes_of(row.row);
    if (has_objects) fill(row.row, columns);
    write(row.row);
    give_back_memory(bytes);
    row.row = Row();
  }
}

class CsvPieces final : public Pieces {
 public:
  explicit CsvPieces(FileWanted wanted) : rows_(std::move(wanted)) {}

  Piece next() override {
    RowsOfFile::Round round = rows_.next();
    const QuestionMemory::Work work(round.memory.get());
    const FileForm& form = rows_.wanted().form;
    Piece piece{{}, !rows_.more(), round.memory};
    std::string& csv = piece.bytes;
    const std::vector<std::string>& columns = rows_.columns();
    if (std::exchange(is_first_, false)) {
      if (form.has_mark) csv = "\xEF\xBB\xBF";
      append_csv_header(csv, columns, form.separator);
    }
    GrowingText text;
    write_rows(round.rows, columns, [&](const Row& row) {
      append_csv(csv, row, form.separator);
      text.grew_to(csv.size());
    });
    release(round.rows);
    round.memory->keep(csv.capacity());
    return piece;
  }

 private:
  RowsOfFile rows_;
  bool is_first_ = true;
};

// A file that was written, from its beginning; it goes with this.
class FilePieces final : public Pieces {
 public:
  FilePieces(WorkbookFile file, std::shared_ptr<MemoryBudget> budget)
      : file_(std::move(file)), budget_(std::move(budget)) {}

  Piece next() override {
    const std::size_t wanted = std::min(kReadBytes, file_.bytes() - at_);
    Piece piece{std::string(wanted, '\0'), false, std::make_shared<QuestionMemory>(budget_)};
    piece.memory->take(wanted);
    file_.read(at_, piece.bytes);
    at_ += wanted;
    piece.is_last = at_ == file_.bytes();
    return piece;
  }

 private:
  WorkbookFile file_;
  const std::shared_ptr<MemoryBudget> budget_;
  std::size_t at_ = 0;
};

// What was asked, and what the rows add up to.
WorkbookCover cover_of(const FileWanted& wanted, const Answer& answer, std::size_t rows, std::size_t marked,
                       const Standing& standing) {
  const Description& description = wanted.report.description();
  const Question& question = wanted.question;
  WorkbookCover cover{description.name, description.meaning, question.today, {}};
  Row& facts = cover.facts;
  facts.add("asked_on", Value::date(question.today));
  facts.add("as_of", Value::date(question.as_of));
  facts.add("known_at", question.known_at_ms ? Value::instant_ms(*question.known_at_ms) : Value());
  if (!question.subject.empty()) facts.add("of", Value::text(question.subject));
  for (const auto& [name, value] : wanted.given) {
    const bool is_said =
        name == "as_of" || name == "known_at" || name == "format" || name == "page_token" || name == "wait_ms";
    if (!is_said) facts.add("asked: " + name, Value::text(value));
  }
  for (const auto& [name, value] : answer.head.values) facts.add(name, value);
  facts.add("rows", Value::integer(rows));
  if (marked > 0) facts.add("numbers as text (shaded): more than 15 digits", Value::integer(marked));
  for (const auto& [name, value] : answer.tail.values) facts.add(name, value);
  facts.add("newest_recorded_at", standing.newest_recorded_at);
  facts.add("waiting", Value::integer(standing.waiting));
  facts.add("parked_records", Value::integer(standing.parked));
  facts.add("positions", Value::list_of_rows(standing.positions));
  return cover;
}

WorkbookFile write_workbook(RowsOfFile& asked) {
  const Description& description = asked.description();
  std::optional<Workbook> workbook;
  std::size_t count = 0;
  while (asked.more()) {
    RowsOfFile::Round round = asked.next();
    const QuestionMemory::Work work(round.memory.get());
    if (!workbook) {
      workbook.emplace(description.rows_name.empty() ? description.name : description.rows_name, asked.columns());
    }
    count += round.rows.size();
    write_rows(round.rows, asked.columns(), [&](const Row& row) {
      asked.coordinator().go_on();
      workbook->write(row);
    });
    workbook->check_disk();
  }
  const QuestionMemory::Work work(asked.wanted().memory.get());
  const Answer frame = asked.frame();
  const Standing standing = Standing::of(asked.coordinator().heads(), asked.coordinator().topic_prefix());
  workbook->write_cover(cover_of(asked.wanted(), frame, count, workbook->marked(), standing));
  return workbook->finish();
}

}  // namespace

bool goes_in_rounds(const Report& report, const Question& question) {
  return !question.page.count && report.goes_in_rounds(question);
}

Piece begin_file(FileWanted wanted, std::shared_ptr<Pieces>& rest) {
  std::shared_ptr<Pieces> pieces;
  if (wanted.form.is_workbook) {
    std::shared_ptr<MemoryBudget> budget = wanted.budget;
    RowsOfFile rows(std::move(wanted));
    pieces = std::make_shared<FilePieces>(write_workbook(rows), std::move(budget));
  } else {
    pieces = std::make_shared<CsvPieces>(std::move(wanted));
  }
  Piece first = pieces->next();
  if (!first.is_last) rest = std::move(pieces);
  return first;
}

}  // namespace daybook::query
