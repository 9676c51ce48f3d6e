// Groups and filters that all answers about receivables have in common.
#pragma once

#include <memory>
#include <string>

#include "query/period.h"
#include "query/view.h"

namespace daybook::query {

// from and to, which is the answer's as_of as well.
Period read_span(Question& question);

// Of receivables: by customer, parent_customer, region (level), sales_rep, currency or none.
struct Grouping {
  std::string by;
  int level = 0;
  Filters filters;

  // Whether figures must be told apart by document attributes, or by account at all.
  bool needs_attributes() const;
  bool needs_accounts() const { return needs_attributes() || (by != "none" && by != "currency"); }
  // group_by, level and the filters.
  static Grouping read(Question& question, const char* fallback);
};

// Where the figures of one shard go: by account and attributes, which mostly stay for a while.
class GroupCursor {
 public:
  // All must outlive this. Parents are those in force at the question's as_of.
  GroupCursor(Question& question, const ShardSnapshot& shard, const Grouping& grouping)
      : question_(question), shard_(shard), grouping_(grouping) {}

  // Goes to the place of these figures. True when it is another one than before.
  bool go(store::LabelId customer, store::LabelId attributes);

  // Whether figures there pass the filters of region and sales rep, and of what group they are.
  bool passes() const { return passes_; }
  const std::string& group(Currency currency) { return grouping_.by == "currency" ? code_of(currency) : group_; }

 private:
  const std::string& code_of(Currency currency);

  Question& question_;
  const ShardSnapshot& shard_;
  const Grouping& grouping_;
  std::unique_ptr<CustomerContext> customer_;
  store::LabelId attributes_ = 0;
  std::string_view region_;
  std::string_view rep_;
  bool passes_ = true;
  std::string group_;
  std::string code_;
};

}  // namespace daybook::query
