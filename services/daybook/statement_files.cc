#include "statement_files.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/text.h"

namespace daybook::cli {
namespace {

// With what stands around it a name has at most 255 bytes, of a draft too.
constexpr std::size_t kStemMax = 206;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// Which letters are lower-case, four to a digit; empty where none is.
std::string cases_of(std::string_view id) {
  std::string digits;
  bool any = false;
  int bits = 0;
  int count = 0;
  const auto put = [&] {
    digits += "0123456789abcdef"[bits];
    bits = count = 0;
  };
  for (const char c : id) {
    if (!is_lower(c) && !is_upper(c)) continue;
    any |= is_lower(c);
    bits = bits << 1 | (is_lower(c) ? 1 : 0);
    if (++count == 4) put();
  }
  if (count > 0) put();
  return any ? digits : "";
}

std::string in_base32(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 5; count -= 5) text += "abcdefghijklmnopqrstuvwxyz234567"[bits >> (count - 5) & 31];
  }
  if (count > 0) text += "abcdefghijklmnopqrstuvwxyz234567"[bits << (5 - count) & 31];
  return text;
}

std::string stem_of(std::string_view id) {
  std::string stem;
  for (const char c : id) {
    const bool is_plain = is_lower(c) || is_upper(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (is_plain) {
      stem += c;
    } else {
      stem += fmt::format("={:02X}", static_cast<unsigned char>(c));
    }
  }
  if (const std::string cases = cases_of(id); !cases.empty()) stem += "~" + cases;
  return stem.size() <= kStemMax ? stem : "~" + in_base32(id);
}

Unexpected bad(const std::string& file, const toml::node& node, std::string_view words) {
  return unexpected(ErrorCode::kInvalidArgument, fmt::format("{}:{}: {}", file, node.source().begin.line, words));
}

// The text of a node, or its lines.
Result<std::vector<std::string>> lines_of(const std::string& file, std::string_view key, const toml::node& node) {
  std::vector<std::string> lines;
  const auto take = [&](const toml::node& one) -> Result<void> {
    const auto text = one.value_exact<std::string>();
    if (!text) return bad(file, one, fmt::format("sender.{} is a text, or a list of them", key));
    if (const auto fault = free_text_fault(*text)) return bad(file, one, fmt::format("sender.{} {}", key, *fault));
    lines.push_back(*text);
    return {};
  };
  if (const auto* list = node.as_array()) {
    for (const toml::node& one : *list) RETURN_IF_ERROR(take(one));
  } else {
    RETURN_IF_ERROR(take(node));
  }
  return lines;
}

}  // namespace

std::string statement_file_name(std::string_view customer_id, std::string_view ending) {
  return fmt::format("statement-{}.{}", stem_of(customer_id), ending);
}

Result<query::StatementSender> read_sender(const std::string& file) {
  toml::table table;
  try {
    table = toml::parse_file(file);
  } catch (const toml::parse_error& error) {
    return unexpected(ErrorCode::kInvalidArgument,
                      fmt::format("{}:{}: {}", file, error.source().begin.line, error.description()));
  }
  const toml::table* given = table["sender"].as_table();
  if (given == nullptr) {
    return unexpected(ErrorCode::kInvalidArgument, fmt::format("{} has no section [sender]", file));
  }
  query::StatementSender sender;
  for (const auto& [key, node] : *given) {
    const std::string name(key.str());
    std::vector<std::string>* to = name == "address"   ? &sender.address
                                   : name == "bank"    ? &sender.bank
                                   : name == "contact" ? &sender.contact
                                                       : nullptr;
    if (to == nullptr && name != "name") {
      return bad(file, node, fmt::format("sender.{} is none of name, address, bank, contact", name));
    }
    ASSIGN_OR_RETURN(std::vector<std::string> lines, lines_of(file, name, node));
    if (to != nullptr) {
      *to = std::move(lines);
    } else if (lines.size() == 1) {
      sender.name = std::move(lines[0]);
    } else {
      return bad(file, node, "sender.name is one text");
    }
  }
  return sender;
}

}  // namespace daybook::cli
