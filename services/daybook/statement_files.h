// Statements of account as files of a folder: what they are called, and who sends them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "query/statement_sender.h"

namespace daybook::cli {

// "statement-C-00001.html" for ending "html". Of any two customers another one, also where case does not tell names
// apart, and a name that every system takes: what is no letter, digit, '-' or '_' of ASCII stands as "=2F", lower-case
// letters are told by what stands behind a '~', and an id whose name would be too long is written in letters of its own.
std::string statement_file_name(std::string_view customer_id, std::string_view ending);

// [sender] of a TOML file: name, address, bank and contact, each a text or, but for the name, a list of lines. Other
// sections are passed over. kInvalidArgument says what is wrong, and where.
Result<query::StatementSender> read_sender(const std::string& file);

}  // namespace daybook::cli
