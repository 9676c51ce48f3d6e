// What the files of daybook statements are called, and who is said to send them.
#include "statement_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace daybook::cli {
namespace {

TEST(StatementFileName, AnOrdinaryIdStaysReadable) {
  EXPECT_EQ(statement_file_name("C-00001", "html"), "statement-C-00001.html");
  EXPECT_EQ(statement_file_name("4711_A", "csv"), "statement-4711_A.csv");
  EXPECT_EQ(statement_file_name("Acme", "html"), "statement-Acme~7.html");
}

TEST(StatementFileName, NothingLeadsOutOfTheFolder) {
  EXPECT_EQ(statement_file_name("../../etc/passwd", "html"), "statement-=2E=2E=2F=2E=2E=2Fetc=2Fpasswd~ff1.html");
  EXPECT_EQ(statement_file_name("..", "html"), "statement-=2E=2E.html");
  EXPECT_EQ(statement_file_name("C:\\x", "html"), "statement-C=3A=5Cx~1.html");
}

// As a file system without case sees them, and one that composes what Unicode takes for the same.
TEST(StatementFileName, NoTwoCustomersShareOne) {
  std::vector<std::string> ids = {
      "abc", "ABC", "Abc", "aBc", "abC", "ABc",  "abc~7", "ABC~7",   "a=62c",   "a",  "A",      "=",    "=3D",
      "~",   "~a",  "a.b", "a b", "a/b", "ä",    "Ä",     "a\u0308", "A\u0308", "K",  "\u212A", "客户", "客戶",
      "con", "CON", "nul", "a.",  "a..", "a=2E", ".",     "..",      "-",       "--", "index",  "INDEX"};
  for (const char* unit : {"x", "X", "ä", "/", "客"}) {
    std::string longest;
    while (longest.size() + std::string_view(unit).size() <= 128) longest += unit;
    ids.push_back(longest);
    ids.push_back(longest.substr(0, longest.size() - std::string_view(unit).size()));
    ids.push_back("y" + longest.substr(std::string_view(unit).size()));
  }
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  std::map<std::string, std::string> by_name;
  for (const std::string& id : ids) {
    std::string name = statement_file_name(id, "html");
    EXPECT_LE(name.size() + std::string_view(".new").size(), 255U) << id;
    for (const char c : name)
      EXPECT_TRUE(c > ' ' && c < 0x7F && c != '/' && c != '\\' && c != ':' && c != '*' && c != '"') << name;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto [at, is_new] = by_name.emplace(name, id);
    EXPECT_TRUE(is_new) << id << " and " << at->second << " are both " << name;
  }
}

class StatementSenderTest : public testing::Test {
 protected:
  Result<query::StatementSender> read(const std::string& text) {
    const std::string path = folder_.path() + "/sender.toml";
    std::ofstream(path) << text;
    return read_sender(path);
  }
  void expect_fault(const std::string& text, const std::string& words) {
    const auto sender = read(text);
    ASSERT_FALSE(sender) << text;
    EXPECT_EQ(sender.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(sender.error().message.find(words), std::string::npos) << sender.error().message;
  }

  test::TempDir folder_;
};

TEST_F(StatementSenderTest, IsASectionOfTextsAndLines) {
  const auto sender = read(
      "data = \"x\"\n[sender]\nname = \"Acme\"\naddress = [\"1 High Street\", \"Leeds\"]\n"
      "bank = \"IBAN GB00\"\ncontact = [\"ar@acme.example\"]\n[other]\na = 1\n");
  ASSERT_TRUE(sender) << sender.error().message;
  EXPECT_EQ(sender->name, "Acme");
  EXPECT_EQ(sender->address, (std::vector<std::string>{"1 High Street", "Leeds"}));
  EXPECT_EQ(sender->bank, std::vector<std::string>{"IBAN GB00"});
  EXPECT_EQ(sender->contact, std::vector<std::string>{"ar@acme.example"});
}

TEST_F(StatementSenderTest, WhatIsWrongIsNamedWithItsPlace) {
  expect_fault("name = \"x\"\n", "has no section [sender]");
  expect_fault("[sender]\nnmae = \"x\"\n", "sender.toml:2: sender.nmae is none of name, address, bank, contact");
  expect_fault("[sender]\nname = 3\n", "sender.toml:2: sender.name is a text");
  expect_fault("[sender]\nname = [\"a\", \"b\"]\n", "sender.toml:2: sender.name is one text");
  expect_fault("[sender]\naddress = [1]\n", "sender.toml:2: sender.address is a text, or a list of them");
  expect_fault("[sender\n", "sender.toml:1: ");
  const auto missing = read_sender(folder_.path() + "/none.toml");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("none.toml"), std::string::npos);
}

}  // namespace
}  // namespace daybook::cli
