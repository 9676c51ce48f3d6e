// Who sends a statement of account: put into the page that a server or a data folder gives.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace daybook::query {

// Each in lines.
struct StatementSender {
  std::string name = {};
  std::vector<std::string> address = {};
  std::vector<std::string> bank = {};
  std::vector<std::string> contact = {};
};

// Name and address above the page, bank and contact below it; the page as it is where nothing is given. Nothing where
// the bytes are no such page.
std::optional<std::string> with_sender(std::string_view page, const StatementSender& sender);

}  // namespace daybook::query
