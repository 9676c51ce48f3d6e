// A list of what is laid against invoices: payments, or credit notes.
#pragma once

#include "query/document_lists.h"
#include "query/document_rows.h"

namespace daybook::query {

class SourceList : public DocumentList {
 protected:
  // What tells the two apart.
  struct Kind {
    domain::DocumentKind document;
    // Its states: reversed or void; with something unapplied; with nothing.
    const char* ended;
    const char* open;
    const char* applied;
    decltype(&add_payment) add_fields;
  };
  // Literals, which it keeps.
  explicit SourceList(const Kind& kind) : kind_(kind) {}

  // list_parameters() with its states.
  std::vector<Parameter> source_parameters(std::vector<Parameter> filters) const;

  RowsPart part_of(const Question& question, const ShardReader& shard) const override;

 private:
  const char* state_of(const domain::Source& source, Day as_of) const;

  const Kind kind_;
};

}  // namespace daybook::query
