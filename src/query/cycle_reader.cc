#include "query/cycle_reader.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "evaluation/contribution.h"
#include "query/instants_of_days.h"
#include "query/known_at.h"

namespace daybook::query {

CycleReader::CycleReader(const ShardReader& shard, const Grouping& grouping, std::optional<Reached> reached)
    : shard_(shard), grouping_(grouping), reached_(reached), as_of_(shard.question().as_of), zone_(shard.rules().zone) {
  if (is_plain()) plain_ = number_of("");
}

bool CycleReader::is_plain() const {
  const Filters& filters = grouping_.filters;
  return grouping_.by == "none" && !grouping_.needs_attributes() && !filters.grade && !filters.warehouse &&
         !filters.kind && !filters.channel;
}

bool CycleReader::has_columns() const {
  return shard_.shard().index != nullptr && shard_.shard().index->cycles.table != nullptr;
}

bool CycleReader::may_reach(const index::Cycles::Month& month) const {
  if (!reached_) return true;
  const InstantSpan span = instants_of(reached_->from, reached_->to);
  for (std::size_t i = reached_->first; i <= reached_->last; ++i) {
    if (month.last[i] >= span.first && month.first[i] <= span.last) return true;
  }
  return false;
}

bool CycleReader::asks_file(const domain::Attributes& own) const {
  const Filters& filters = grouping_.filters;
  const bool scoped = !grouping_.scope.sees_everything();
  return grouping_.by == "grade" || filters.grade ||
         (own.region.empty() && (grouping_.by == "region" || filters.region || scoped)) ||
         (own.sales_rep.empty() && (grouping_.by == "sales_rep" || filters.sales_rep || scoped));
}

void CycleReader::scan_stored(std::optional<AccountNumber> only, const VisitStored& visit) const {
  const ShardSnapshot& shard = shard_.shard();
  if (shard.known_at != nullptr) {
    shard.known_at->for_each_cycle_row(shard, only,
                                       [&](AccountNumber account, std::string_view order_id, std::string_view bytes) {
                                         shard_.go_on();
                                         visit(account, order_id, decoded(bytes));
                                       });
    return;
  }
  const std::string prefix = only ? store::cells_prefix(store::kCycleRow, *only) : std::string(1, store::kCycleRow);
  scan_rows(prefix, "", [&](const store::CycleRowKey& key, std::string_view value) {
    visit(key.customer, key.order_id, decoded(value));
    return true;
  });
}

void CycleReader::scan_listed(AccountNumber account, const Rows& rows, const VisitStored& visit) const {
  if (shard_.shard().known_at != nullptr) return scan_stored(account, visit);
  const std::string prefix = sort_key({shard_.account(account).name()});
  const std::string_view after = rows.cut().after;
  const std::string_view after_id = after.starts_with(prefix) ? after.substr(prefix.size()) : std::string_view();
  const std::string_view first = after_id.substr(0, after_id.find('\0'));
  scan_rows(store::cells_prefix(store::kCycleRow, account), store::CycleRowKey{account, first}.bytes(),
            [&](const store::CycleRowKey& key, std::string_view value) {
              if (!rows.until().empty() && prefix + std::string(key.order_id) >= rows.until()) return false;
              visit(account, key.order_id, decoded(value));
              return true;
            });
}

template <typename Take>
void CycleReader::scan_rows(const std::string& prefix, const std::string& from, const Take& take) const {
  const ShardSnapshot& shard = shard_.shard();
  using Next = store::StoreReader::Next;
  const auto take_one = [&](std::string_view bytes, std::string_view value) -> Result<Next> {
    ASSIGN_OR_RETURN(const store::CycleRowKey key, store::CycleRowKey::parse(bytes));
    RETURN_IF_ERROR(store::check_labels(*shard.labels, key.customer, {}));
    shard_.go_on();
    return take(key, value) ? Next::kGoOn : Next::kStop;
  };
  const auto scanned = shard.reads->scan(store::Table::kCells, prefix, from, take_one);
  if (!scanned) refuse(scanned.error());
}

domain::CycleRow CycleReader::decoded(std::string_view bytes) {
  return value_or_refuse(store::decode_cycle_row(bytes));
}

const domain::CycleState* CycleReader::state_of(const domain::CycleRow& row) const {
  const auto after = std::ranges::upper_bound(row.changes, as_of_, {}, &domain::CycleChange::counts_from);
  return after == row.changes.begin() ? nullptr : &std::prev(after)->state;
}

std::uint32_t CycleReader::known_group(const index::PlainCycle& row, bool dispatched) {
  const ShardSnapshot& shard = shard_.shard();
  auto known = groups_.find(row.group);
  if (known == groups_.end()) {
    known = groups_.emplace(row.group, index::cycle_group(shard.dictionary->text(row.group))).first;
  }
  const index::CycleGroup& own = known->second;
  const bool by_file = asks_file(own.attributes);
  std::array<std::uint32_t, 4> key = {row.group, asks_warehouse() && dispatched ? 1U : 0U,
                                      by_file || grouping_.by == "customer" ? row.customer : 0, 0};
  Day file_day = 0;
  if (by_file) {
    file_day = zone_.day_of(row.placed);
    const index::FileVersions& files = shard.index->files->of(row.customer);
    const index::FileVersion* file = files.on(file_day);
    // Any day may be a file's first.
    key[3] = static_cast<std::uint32_t>(file == nullptr ? std::numeric_limits<Day>::min() : file->from);
  }
  const auto [found, is_new] = known_.try_emplace(key, kPassedOver);
  if (is_new) {
    index::CycleGroup order = own;
    order.attributes.file_day = file_day;
    if (!dispatched) order.warehouse = {};
    found->second = find_group(order, row.customer);
  }
  return found->second;
}

std::uint32_t CycleReader::find_group(const index::CycleGroup& order, AccountNumber account) {
  if (account_ == nullptr || account_->id() != account) account_ = shard_.new_account(account);
  auto name = group_of(order);
  return name ? number_of(*std::move(name)) : kPassedOver;
}

std::optional<std::string> CycleReader::group_of(const index::CycleGroup& order) {
  const Filters& filters = grouping_.filters;
  const std::string_view region = account_->region(order.attributes);
  const std::string_view rep = account_->sales_rep(order.attributes);
  const std::string_view grade = account_->grade(order.attributes.file_day);
  const std::string_view kind = domain::order_kind_name(static_cast<std::uint8_t>(order.kind));
  if (!grouping_.passes(region, rep) || !passes(filters.grade, grade) || !passes(filters.warehouse, order.warehouse) ||
      !passes(filters.kind, kind) || !passes(filters.channel, order.channel)) {
    return std::nullopt;
  }
  if (grouping_.by == "region") return group_name(cut_region(region, grouping_.level));
  if (grouping_.by == "sales_rep") return group_name(rep);
  if (grouping_.by == "grade") return group_name(grade);
  if (grouping_.by == "warehouse") return group_name(order.warehouse);
  if (grouping_.by == "customer") return std::string(account_->name());
  if (grouping_.by == "kind") return std::string(kind);
  if (grouping_.by == "channel") return group_name(order.channel);
  return "";
}

std::vector<AccountNumber> CycleReader::by_name(const std::unordered_map<AccountNumber, std::int64_t>& accounts,
                                                const Rows& rows) const {
  std::vector<std::pair<std::string, AccountNumber>> named;
  for (const auto& [account, orders] : accounts) {
    if (orders <= 0) continue;
    std::string name(shard_.account(account).name());
    if (rows.may_hold(sort_key({name}))) named.emplace_back(std::move(name), account);
  }
  std::ranges::sort(named);
  std::vector<AccountNumber> numbers;
  for (const auto& each : named) numbers.push_back(each.second);
  return numbers;
}

std::uint32_t CycleReader::number_of(std::string name) {
  const auto [at, is_new] = numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(std::move(name));
  return at->second;
}

}  // namespace daybook::query
