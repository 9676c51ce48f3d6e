// What a report may read of a shard: nothing comes out that the question's filters and its scope do not let through.
//
// Reports know neither the store nor the index: this is the one way to both.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "query/account_reader.h"
#include "query/answer.h"
#include "query/laid_over.h"
#include "query/model.h"
#include "query/open_items.h"
#include "query/period.h"
#include "query/question.h"
#include "query/receivables.h"
#include "store/keys.h"

namespace daybook::query {

class ShardReader;

// What reports have of accounts and figures.
using AccountNumber = store::LabelId;
using ReceivableRow = index::ReceivableRow;
using LedgerCell = store::Cell;

// Of receivables: by customer, parent_customer, region (level), sales_rep, currency or none.
struct Grouping {
  std::string by = "none";
  int level = 0;
  Filters filters;
  AccessScope scope;
  Day as_of = 0;  // By whose file parents are.
  // Credits are laid over items: figures are of whole accounts, which the scope sees or does not.
  bool credits_laid_over = false;

  // The question's group_by and level, where its report has them, and its filters.
  static Grouping of(const Question& question);
  // Refuses a level where nothing has one, and parts of accounts over which credits cannot be laid.
  static void check(const Question& question);

  // Whether figures must be told apart by document attributes, or by account at all.
  bool needs_attributes() const {
    return filters.region || filters.sales_rep || !scope.sees_everything() || by == "region" || by == "sales_rep";
  }
  bool needs_accounts() const {
    return needs_attributes() || filters.parent_customer || (by != "none" && by != "currency");
  }
  Detail detail() const { return needs_accounts() || credits_laid_over ? Detail::kAccounts : Detail::kTotals; }

  // Whether what comes to this region and rep passes the filters and the scope.
  bool passes(std::string_view region, std::string_view sales_rep) const {
    return passes_region(filters.region, region) && query::passes(filters.sales_rep, sales_rep) &&
           scope.sees(region, sales_rep);
  }
  bool passes(Currency currency) const { return !filters.currency || currency == *filters.currency; }
  bool passes(AccountReader& account) const {
    return !filters.parent_customer || account.parent(as_of) == *filters.parent_customer;
  }
};

// Where figures of one shard go: by account and attributes, which mostly stay for a while.
class GroupCursor {
 public:
  // All must outlive this.
  GroupCursor(const ShardReader& reader, const Grouping& grouping)
      : reader_(reader), grouping_(grouping), place_(next_place()) {}

  // Goes to the place of these figures.
  void go(AccountNumber customer, AccountNumber attributes) {
    const bool same_customer = customer_ != nullptr && customer_->id() == customer;
    if (same_customer && (attributes == attributes_ || !grouping_.needs_attributes())) return;
    move(same_customer, customer, attributes);
  }

  // Whether figures there pass, and of what group they are.
  bool passes() const { return passes_; }
  std::string group(Currency currency) const { return grouping_.by == "currency" ? currency.code() : group_; }
  // Another one wherever passes() or group() may be, and for every cursor.
  std::uint64_t place() const { return place_; }

 private:
  static std::uint64_t next_place();
  void move(bool same_customer, AccountNumber customer, AccountNumber attributes);

  const ShardReader& reader_;
  const Grouping& grouping_;
  std::unique_ptr<AccountReader> customer_;
  AccountNumber attributes_ = 0;
  std::string_view region_;
  std::string_view rep_;
  bool account_passes_ = true;
  bool passes_ = true;
  std::string group_;
  std::uint64_t place_;
};

// Sums by group and currency.
template <typename Sums>
class GroupedSums {
 public:
  using Key = std::pair<std::string, Currency>;

  // What each begins as.
  explicit GroupedSums(Sums none = {}) : none_(std::move(none)) {}

  Sums& at(const GroupCursor& group, Currency currency) {
    if (last_ == nullptr || place_ != group.place() || currency_ != currency) {
      const auto [at, is_new] = sums_.try_emplace({group.group(currency), currency}, none_);
      if (is_new) take_memory(sizeof *at + at->first.first.capacity() + kNodeBytes);
      last_ = &at->second;
      place_ = group.place();
      currency_ = currency;
    }
    return *last_;
  }
  std::map<Key, Sums> take() {
    last_ = nullptr;
    return std::move(sums_);
  }

 private:
  const Sums none_;
  std::map<Key, Sums> sums_;
  // Rows of one group and currency mostly stand together.
  Sums* last_ = nullptr;
  std::uint64_t place_ = 0;
  Currency currency_;
};

// A record and the event in it.
struct EventRef {
  std::int32_t partition = 0;
  domain::Position at;
  std::int64_t recorded_ms = 0;
  // Nothing of a record that is parked.
  struct Told {
    domain::EventId event_id;
    std::uint8_t type = 0;
    Instant occurred_at = 0;
  };
  std::optional<Told> told;
};

// One question of one shard. One thread.
class ShardReader {
 public:
  // All must outlive it.
  ShardReader(const ShardSnapshot& shard, const Question& question, const ReadModel& model, std::stop_token stop);

  const domain::Rules& rules() const { return model_.rules(); }
  std::string_view topic_prefix() const { return model_.topic_prefix(); }
  std::int32_t partition() const { return shard_.partition; }
  std::int32_t partition_count() const { return model_.partition_count(); }  // Of the log.
  const Question& question() const { return question_; }
  // Refuses to go on once nobody waits for the answer any more: for what takes long.
  void go_on() const { refuse_once_given_up(stop_); }
  // The same question of all that the shard has read, whenever it was recorded.
  ShardReader of_all_read() const {
    return {shard_.as_read == nullptr ? shard_ : *shard_.as_read, question_, model_, stop_};
  }
  // The same shard as it was known at an instant.
  ShardSnapshot known_at(std::int64_t recorded_ms) const { return model_.recall(shard_, recorded_ms); }

  // Calls visit(row, group) for the figures of receivables and ledger that count on a date and pass, with credits laid
  // over them where the grouping says so. Rows of one group mostly stand together.
  template <typename Visit>
  void receivables(Day as_of, const Grouping& grouping, Detail detail, const Visit& visit) const;
  // The same on several dates: visit(place of the date, row, group). What was known at an instant is evaluated once for
  // all of them.
  template <typename Visit>
  void receivables_on(std::span<const Day> dates, Grouping grouping, Detail detail, const Visit& visit) const;
  // Calls visit(cell, group) for what was posted to the ledger on these days and passes.
  template <typename Visit>
  void ledger(const Period& span, const Grouping& grouping, const Visit& visit) const;

  // Calls visit(item, account) for open items that pass, of accounts that may be among the rows; likewise.
  template <typename Visit>
  void for_each_open_item(Day as_of, const Grouping& grouping, const Rows& rows, const Visit& visit) const;

  // Calls visit(row) for what of one account counts on a date; whether the account may be seen was asked before.
  template <typename Visit>
  void receivables_of(AccountNumber account, Day as_of, const Visit& visit) const {
    receivables_at(shard_, account, as_of, Detail::kAccounts, visit);
  }

  // The accounts that the question's customer_id leaves, by name.
  std::vector<AccountNumber> accounts() const;
  // Calls visit(number) for those of them that may be among the rows, whose keys begin with the account's name.
  template <typename Visit>
  void for_each_account(const Rows& rows, const Visit& visit) const;
  AccountReader account(AccountNumber id) const { return {shard_, id, rules(), question_.file_choice}; }
  std::unique_ptr<AccountReader> new_account(AccountNumber id) const {
    return std::make_unique<AccountReader>(shard_, id, rules(), question_.file_choice);
  }
  // One for an answer about the whole account: null when it has no event that is known, or its file in force today is
  // outside the scope.
  std::unique_ptr<AccountReader> find_account(std::string_view customer_id) const;

  // What the file in force at the question's as_of calls an account, whatever file gives it its attributes; empty without
  // a name.
  std::string customer_name(std::string_view customer_id) const;

  // Whether an answer about the whole account may be given.
  bool sees(AccountReader& account) const;

  // A currency's rates by the currency that they lead to and day, each once.
  struct PublishedRate {
    Currency to;
    Day day = 0;
    Int128 rate = 0;  // × 10^kRatePlaces.
  };
  std::map<Currency, std::vector<PublishedRate>> published_rates() const;

  // A record of this shard as the log has it: nothing where there is none, or none any more. Refused where the log is
  // away.
  std::optional<log::KeptRecord> record(log::Topic topic, std::int64_t offset) const;

  // The reference of an event as all answers show it.
  Row event_row(const EventRef& event) const;
  Row event_row(const domain::Fact& fact) const;

  // For the files beside this one that read more than figures by group; none of the reports is among them.
  const ShardSnapshot& shard() const { return shard_; }
  // The one account that is asked for, if any. No accounts: it is one that the shard does not have.
  bool has_accounts() const { return has_accounts_; }
  std::optional<AccountNumber> only() const { return only_; }

 private:
  std::vector<PublishedRate> published_rates(AccountNumber account) const;
  // Calls visit(row, group) for what passes of the rows that read(take) gives, which count on a date.
  template <typename Read, typename Visit>
  void hand_out(Day as_of, const Grouping& grouping, GroupCursor& group, const Read& read, const Visit& visit) const;

  const ShardSnapshot& shard_;
  const Question& question_;
  const ReadModel& model_;
  const std::stop_token stop_;
  bool has_accounts_ = true;
  std::optional<AccountNumber> only_;
};

template <typename Visit>
void ShardReader::for_each_account(const Rows& rows, const Visit& visit) const {
  // How many a page takes is not known; each time all are looked through.
  std::size_t at_once = 1'000;
  // False: neither it nor any behind it may be.
  const auto visit_one = [&](AccountNumber id, std::string_view name) {
    const std::string prefix = sort_key({name});
    if (!rows.until().empty() && prefix >= rows.until()) return false;
    if (rows.may_hold(prefix)) visit(id);
    return true;
  };
  if (only_ || !has_accounts_) {
    if (only_) visit_one(*only_, account(*only_).name());
    return;
  }
  const std::string& before = rows.cut().after;
  std::string after = before.substr(0, before.find('\0'));
  // The page before may have ended within it.
  if (const auto id = after.empty() ? std::nullopt : shard_.find_customer(after); id && !visit_one(*id, after)) return;
  while (true) {
    const std::vector<AccountNumber> ids = shard_.customers_after(after, at_once);
    if (ids.empty()) return;
    for (const AccountNumber id : ids) {
      after = account(id).name();
      if (!visit_one(id, after)) return;
    }
    at_once *= 4;
  }
}

template <typename Read, typename Visit>
void ShardReader::hand_out(Day as_of, const Grouping& grouping, GroupCursor& group, const Read& read,
                           const Visit& visit) const {
  const bool goes = grouping.needs_accounts();
  const auto to_group = [&](const ReceivableRow& row) {
    if (goes) group.go(row.customer, row.attributes);
    if (group.passes()) visit(row, group);
  };
  if (!grouping.credits_laid_over) {
    return read([&](const ReceivableRow& row) {
      if (grouping.passes(Currency::from_number(row.currency))) to_group(row);
    });
  }
  LaidOver laid(*this, as_of);
  read([&](const ReceivableRow& row) {
    if (grouping.passes(Currency::from_number(row.currency))) laid.add(row);
  });
  laid.take(to_group);
}

template <typename Visit>
void ShardReader::receivables(Day as_of, const Grouping& grouping, Detail detail, const Visit& visit) const {
  if (!has_accounts_) return;
  GroupCursor group(*this, grouping);
  hand_out(
      as_of, grouping, group, [&](const auto& take) { receivables_at(shard_, only_, as_of, detail, take); }, visit);
}

template <typename Visit>
void ShardReader::receivables_on(std::span<const Day> dates, Grouping grouping, Detail detail,
                                 const Visit& visit) const {
  if (!has_accounts_) return;
  if (shard_.known_at == nullptr) {
    for (std::size_t i = 0; i < dates.size(); ++i) {
      go_on();
      grouping.as_of = dates[i];
      receivables(dates[i], grouping, detail,
                  [&](const ReceivableRow& row, const GroupCursor& group) { visit(i, row, group); });
    }
    return;
  }
  std::vector<Grouping> groupings(dates.size(), grouping);
  std::vector<GroupCursor> groups;
  groups.reserve(dates.size());
  for (std::size_t i = 0; i < dates.size(); ++i) {
    groupings[i].as_of = dates[i];
    groups.emplace_back(*this, groupings[i]);
  }
  shard_.known_at->for_each_account(shard_, only_, dates, [&](std::size_t i, const std::vector<ReceivableRow>& rows) {
    go_on();
    hand_out(
        dates[i], groupings[i], groups[i], [&](const auto& take) { std::ranges::for_each(rows, take); },
        [&](const ReceivableRow& row, const GroupCursor& group) { visit(i, row, group); });
  });
}

template <typename Visit>
void ShardReader::for_each_open_item(Day as_of, const Grouping& grouping, const Rows& rows, const Visit& visit) const {
  if (!has_accounts_) return;
  const OpenDaysOf open(shard_, only_, as_of, rows.cut());
  for_each_account(rows, [&](AccountNumber id) {
    go_on();
    const std::vector<Day> days = open.of(id);
    if (days.empty()) return;
    AccountReader account = this->account(id);
    if (!grouping.passes(account)) return;
    std::vector<OpenItem> items = open_items(account, account.opened_on(days), as_of);
    if (grouping.credits_laid_over) {
      if (!sees(account)) return;
      lay_credits_over(items, as_of);
    }
    for (const OpenItem& item : items) {
      if (grouping.passes(item.currency) &&
          grouping.passes(account.region(item.attributes), account.sales_rep(item.attributes))) {
        visit(item, account);
      }
    }
  });
}

template <typename Visit>
void ShardReader::ledger(const Period& span, const Grouping& grouping, const Visit& visit) const {
  if (!has_accounts_) return;
  GroupCursor group(*this, grouping);
  const bool goes = grouping.needs_accounts();
  scan_posted(shard_, store::kLedgerPage, only_, span.from, span.to, index::kLedgerPostings,
              [&](AccountNumber id, const std::vector<store::Cell>& cells) {
                for (const store::Cell& cell : cells) {
                  if (!domain::is_ledger(cell.id.measure) || !span.holds(cell.id.day)) continue;
                  if (!grouping.passes(Currency::from_number(cell.id.currency))) continue;
                  if (goes) group.go(id, cell.id.attributes);
                  if (group.passes()) visit(cell, group);
                }
              });
}

}  // namespace daybook::query
