#include "query/document_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "query/event_content.h"
#include "query/question_memory.h"

namespace daybook::query {

Answer only_page(const Question& question, DocumentPages pages, std::string_view what) {
  auto& by_account = pages.by_account;
  if (by_account.empty()) refuse(404, "Not found", fmt::format("there is no {} '{}'", what, question.subject));
  if (by_account.size() > 1) {
    Problem problem{409, "Several accounts have this id",
                    fmt::format("{} '{}' exists in {} accounts: say which with customer_id", what, question.subject,
                                by_account.size())};
    for (const auto& [account, page] : by_account) problem.accounts.push_back(account);
    throw Refusal{std::move(problem)};
  }
  Answer answer;
  answer.head = std::move(by_account.begin()->second);
  return answer;
}

std::vector<Field> page_fields(std::vector<Field> common, std::vector<Field> own) {
  std::ranges::move(own, std::back_inserter(common));
  return common;
}

std::vector<Parameter> page_parameters() {
  return {
      parameters::customer_id(),
      parameters::choice("expand", {"events", "story"}, "",
                         "events: with what they say, each as it may be published; story: of an invoice the promises "
                         "that name it as well.")};
}

bool tells_story(const Question& question) { return question.arguments.choice("expand") == "story"; }

Field events_field() {
  Field events = fields::list_of(fields::event("events"));
  events.fields.push_back(Field{"content", Field::Type::kEvent}.where_asked());
  return events;
}

Value events_of(const ShardReader& shard, AccountReader& account, const domain::Document& document) {
  std::vector<const domain::Fact*> facts;
  for (const domain::Fact& fact : document.facts) facts.push_back(&fact);
  return events_of(shard, account, std::move(facts));
}

Value events_of(const ShardReader& shard, AccountReader& account, std::vector<const domain::Fact*> facts) {
  std::erase_if(facts, [&](const domain::Fact* fact) { return !account.account().admits(*fact); });
  std::ranges::sort(facts, {}, [](const domain::Fact* fact) { return fact->at; });
  std::vector<Row> rows;
  // The choices differ in what is told besides; a page without the parameter has no choice to say.
  const bool is_expanded = !shard.question().arguments.choice("expand").empty();
  for (const domain::Fact* fact : facts) {
    Row row = shard.event_row(*fact);
    if (is_expanded) {
      shard.go_on();
      row.add("content", content_of(fact->event, account.name()));
      take_memory(bytes_of(row));
    }
    rows.push_back(std::move(row));
  }
  return Value::list_of_rows(std::move(rows));
}

}  // namespace daybook::query
