#include "query/cycle_reader.h"

#include <limits>

#include "evaluation/contribution.h"
#include "query/known_at.h"

namespace daybook::query {

CycleReader::CycleReader(const ShardReader& shard, const Grouping& grouping, const Period& period, const Cycle& cycle)
    : shard_(shard),
      grouping_(grouping),
      period_(period),
      cycle_(cycle),
      as_of_(shard.question().as_of),
      zone_(shard.rules().zone) {
  if (is_plain()) plain_ = number_of("");
}

bool CycleReader::is_plain() const {
  const Filters& filters = grouping_.filters;
  return grouping_.by == "none" && !grouping_.needs_attributes() && !filters.grade && !filters.warehouse &&
         !filters.kind && !filters.channel;
}

bool CycleReader::asks_file(const domain::Attributes& own) const {
  const Filters& filters = grouping_.filters;
  const bool scoped = !grouping_.scope.sees_everything();
  return grouping_.by == "grade" || filters.grade ||
         (own.region.empty() && (grouping_.by == "region" || filters.region || scoped)) ||
         (own.sales_rep.empty() && (grouping_.by == "sales_rep" || filters.sales_rep || scoped));
}

void CycleReader::scan_stored(const std::function<void(AccountNumber, const domain::CycleRow&)>& visit) const {
  const ShardSnapshot& shard = shard_.shard();
  if (shard.known_at != nullptr) {
    shard.known_at->for_each_contribution(
        shard, shard_.only(), [&](AccountNumber account, domain::DocumentRef, evaluation::Contribution& contribution) {
          if (!contribution.cycle_row().empty()) visit(account, decoded(contribution.cycle_row()));
        });
    return;
  }
  const std::string prefix =
      shard_.only() ? store::cells_prefix(store::kCycleRow, *shard_.only()) : std::string(1, store::kCycleRow);
  using Next = store::Reads::Next;
  const auto take = [&](std::string_view bytes, std::string_view value) -> Result<Next> {
    ASSIGN_OR_RETURN(const store::CycleRowKey key, store::CycleRowKey::parse(bytes));
    RETURN_IF_ERROR(store::check_labels(*shard.labels, key.customer, {}));
    ASSIGN_OR_RETURN(const domain::CycleRow row, store::decode_cycle_row(value));
    visit(key.customer, row);
    return Next::kGoOn;
  };
  const auto scanned = shard.reads->scan(store::Table::kCells, prefix, "", take);
  if (!scanned) refuse(scanned.error());
}

domain::CycleRow CycleReader::decoded(std::string_view bytes) {
  return value_or_refuse(store::decode_cycle_row(bytes));
}

std::uint32_t CycleReader::known_group(const index::PlainCycle& row, index::TextId warehouse) {
  const ShardSnapshot& shard = shard_.shard();
  auto known = groups_.find(row.group);
  if (known == groups_.end()) {
    known = groups_.emplace(row.group, index::cycle_group(shard.dictionary->text(row.group))).first;
  }
  index::CycleGroup& group = known->second;
  const bool by_file = asks_file(group.attributes);
  std::array<std::uint32_t, 4> key = {row.group, asks_warehouse() ? warehouse : 0,
                                      by_file || grouping_.by == "customer" ? row.customer : 0, 0};
  if (by_file) {
    group.attributes.file_day = zone_.day_of(row.placed);
    const index::FileVersions& files = shard.index->files->of(row.customer);
    const index::FileVersion* file = files.on(group.attributes.file_day);
    // Any day may be a file's first.
    key[3] = static_cast<std::uint32_t>(file == nullptr ? std::numeric_limits<Day>::min() : file->from);
  }
  const auto [found, is_new] = known_.try_emplace(key, kPassedOver);
  if (is_new) {
    const auto name = warehouse == kNotDispatched ? std::string_view() : shard.dictionary->text(warehouse);
    found->second = find_group(group, name, row.customer);
  }
  return found->second;
}

std::uint32_t CycleReader::find_group(const index::CycleGroup& order, std::string_view warehouse,
                                      AccountNumber account) {
  if (account_ == nullptr || account_->id() != account) account_ = shard_.new_account(account);
  auto name = group_of(order, warehouse);
  return name ? number_of(*std::move(name)) : kPassedOver;
}

std::optional<std::string> CycleReader::group_of(const index::CycleGroup& order, std::string_view warehouse) {
  const Filters& filters = grouping_.filters;
  const std::string_view region = account_->region(order.attributes);
  const std::string_view rep = account_->sales_rep(order.attributes);
  const std::string_view grade = account_->grade(order.attributes.file_day);
  const std::string_view kind = domain::order_kind_name(static_cast<std::uint8_t>(order.kind));
  if (!grouping_.passes(region, rep) || !passes(filters.grade, grade) || !passes(filters.warehouse, warehouse) ||
      !passes(filters.kind, kind) || !passes(filters.channel, order.channel)) {
    return std::nullopt;
  }
  if (grouping_.by == "region") return group_name(cut_region(region, grouping_.level));
  if (grouping_.by == "sales_rep") return group_name(rep);
  if (grouping_.by == "grade") return group_name(grade);
  if (grouping_.by == "warehouse") return group_name(warehouse);
  if (grouping_.by == "customer") return std::string(account_->name());
  if (grouping_.by == "kind") return std::string(kind);
  if (grouping_.by == "channel") return group_name(order.channel);
  return "";
}

std::uint32_t CycleReader::number_of(std::string name) {
  const auto [at, is_new] = numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(std::move(name));
  return at->second;
}

}  // namespace daybook::query
