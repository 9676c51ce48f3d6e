// Answers as files, CSV or workbooks, of one moment of the shards. Of a list whose pages can be asked for one after the
// other without much ado the rows come in rounds; those of all others are made at once, and put aside on the disk where
// they are more than a round. So the rows of a file take no more memory than a round of it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "query/coordinator.h"
#include "query/pieces.h"
#include "query/report.h"

namespace daybook::query {

struct FileForm {
  bool is_workbook = false;
  // Of CSV, for a spreadsheet in another language.
  char separator = ',';
  bool has_mark = false;  // Of byte order, by which some see that it is UTF-8.
};

// What a file is made of.
struct FileWanted {
  const Report& report;
  Question question;  // Settled (Coordinator::settle).
  FileForm form;
  ParameterMap given;  // For the cover of a workbook.
  std::unique_ptr<Coordinator> coordinator;
  std::shared_ptr<MemoryBudget> budget;    // Of all answers.
  std::shared_ptr<QuestionMemory> memory;  // Of this one, for what is no round's.
};

// Whether its rows come in rounds.
bool goes_in_rounds(const Report& report, const Question& question);

// The file's beginning, with which its memory goes; `rest` is what follows. A CSV begins once its first round is there, a
// workbook once it stands on the disk. Throws a Refusal.
Piece begin_file(FileWanted wanted, std::shared_ptr<Pieces>& rest);

}  // namespace daybook::query
