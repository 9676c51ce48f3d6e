// Pages about one thing, which has an id: made where it is, by each account that has something of this id.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "query/report.h"
#include "query/shard_reader.h"

namespace daybook::query {

struct DocumentPages {
  std::map<std::string, Row> by_account;

  void add(DocumentPages other) { by_account.merge(other.by_account); }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(by_account);
  }
};

// The one page that there is of the question's subject: 404 when no account has it, 409 when several have. `what`: as
// it is called then.
Answer only_page(const Question& question, DocumentPages pages, std::string_view what);

// The fields of a page: those that it has in common with a list, and its own.
std::vector<Field> page_fields(std::vector<Field> common, std::vector<Field> own);

// What pages of documents are asked with: customer_id, where several accounts have the id, and expand.
std::vector<Parameter> page_parameters();
// Whether a page is asked for with what belongs to its story beside its own events.
bool tells_story(const Question& question);
// "events" of a page.
Field events_field();

// The events of a document that are known, by their places in the log; with expand also what each says.
Value events_of(const ShardReader& shard, AccountReader& account, const domain::Document& document);
// Of these events those that are known.
Value events_of(const ShardReader& shard, AccountReader& account, std::vector<const domain::Fact*> facts);

}  // namespace daybook::query
