#include "query/model.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "evaluation/contribution.h"
#include "query/known_at.h"
#include "query/request.h"
#include "store/keys.h"

namespace daybook::query {

const store::Labels& ShardSnapshot::figure_labels() const { return known_at == nullptr ? *labels : known_at->labels(); }

std::optional<store::LabelId> ShardSnapshot::find_customer(std::string_view customer_id) const {
  const auto id = labels->find_customer(customer_id);
  return id && *id < state.labels ? id : std::nullopt;
}

std::vector<store::LabelId> ShardSnapshot::customers_after(std::string_view after, std::size_t count) const {
  std::string behind(after);
  while (true) {
    std::vector<store::LabelId> ids = labels->customers_after(behind, count);
    if (ids.empty()) return ids;
    behind = labels->get(ids.back()).customer;
    std::erase_if(ids, [&](store::LabelId id) { return id >= state.labels; });
    // None may be of this moment, though others follow that are.
    if (!ids.empty()) return ids;
  }
}

ReadModel::ReadModel() : known_at_evaluations_(std::make_unique<KnownAtEvaluations>()) {}
ReadModel::~ReadModel() = default;

Result<std::optional<log::KeptRecord>> ReadModel::record(log::TopicPartition, std::int64_t) const {
  return unexpected(ErrorCode::kUnavailable, "the log is not at hand");
}

ShardSnapshot ReadModel::recall(const ShardSnapshot& shard, std::int64_t recorded_ms) const {
  ShardSnapshot known;
  known.partition = shard.partition;
  known.opening = shard.opening;
  known.reads = shard.reads;
  known.labels = shard.labels;
  known.state = shard.state;
  known.report = shard.report;
  known.known = domain::Known::until(recorded_ms);
  known.known_at = known_at_evaluations_->of(shard, recorded_ms, rules());
  known.as_read = shard.as_read == nullptr ? std::make_shared<const ShardSnapshot>(shard) : shard.as_read;
  return known;
}

namespace {

void recall_pages(const ShardSnapshot& shard, char family, std::optional<store::LabelId> customer,
                  std::uint16_t first_span, std::uint16_t last_span,
                  const std::function<void(store::LabelId, const std::vector<store::Cell>&)>& visit) {
  const auto add = [&](evaluation::Contribution& contribution, std::vector<store::Cell>& cells) {
    contribution.for_each_cell([&](const store::Cell& cell) {
      const store::PageId page = store::page_of(cell.id);
      if (page.family == family && page.span >= first_span && page.span <= last_span) cells.push_back(cell);
    });
  };
  std::vector<store::Cell> cells;
  std::optional<store::LabelId> last;
  const auto hand_out = [&] {
    store::add_up(cells);
    if (!cells.empty()) visit(*last, cells);
    cells.clear();
  };
  shard.known_at->for_each_contribution(
      shard, customer, [&](store::LabelId id, domain::DocumentRef, evaluation::Contribution& contribution) {
        if (last && *last != id) hand_out();
        last = id;
        add(contribution, cells);
      });
  hand_out();
}

}  // namespace

void scan_pages(const ShardSnapshot& shard, char family, std::optional<store::LabelId> customer,
                std::uint16_t first_span, std::uint16_t last_span,
                const std::function<void(store::LabelId, const std::vector<store::Cell>&)>& visit) {
  if (shard.known_at != nullptr) return recall_pages(shard, family, customer, first_span, last_span, visit);
  // So many pages are passed over before the next of these spans is looked for anew.
  constexpr int kPassOverMax = 4;
  const std::string prefix = customer ? store::cells_prefix(family, *customer) : std::string(1, family);
  std::vector<store::Cell> cells;
  std::string from = customer ? store::PageKey{*customer, {family, first_span}}.bytes() : std::string();
  for (bool more = true; more;) {
    more = false;
    int passed_over = 0;
    std::string next;
    const auto take = [&](std::string_view bytes, std::string_view value) -> Result<store::StoreReader::Next> {
      ASSIGN_OR_RETURN(const store::PageKey key, store::PageKey::parse(bytes));
      if (key.page.span < first_span || key.page.span > last_span) {
        if (++passed_over <= kPassOverMax) return store::StoreReader::Next::kGoOn;
        const bool comes = key.page.span < first_span;
        more = comes || (!customer && key.customer < UINT32_MAX);
        next = store::PageKey{key.customer + (comes ? 0 : 1), {family, first_span}}.bytes();
        return store::StoreReader::Next::kStop;
      }
      passed_over = 0;
      RETURN_IF_ERROR(store::decode_page(value, cells));
      RETURN_IF_ERROR(store::check_labels(*shard.labels, key.customer, cells));
      visit(key.customer, cells);
      return store::StoreReader::Next::kGoOn;
    };
    const auto scanned = shard.reads->scan(store::Table::kCells, prefix, from, take);
    if (!scanned) refuse(scanned.error());
    from = std::move(next);
  }
}

std::optional<std::vector<store::LabelId>> accounts_posting(const ShardSnapshot& shard, Day first, Day last,
                                                            index::Postings kinds) {
  if (!tells_of_days(shard)) return std::nullopt;
  std::vector<store::LabelId> accounts;
  for_each_posting_day(shard, first, last, kinds, [&](const index::DayRow& row) { accounts.push_back(row.customer); });
  std::ranges::sort(accounts);
  accounts.erase(std::unique(accounts.begin(), accounts.end()), accounts.end());
  return accounts;
}

std::int64_t untold_postings(const ShardSnapshot& shard, std::span<const store::LabelId> accounts) {
  if (!tells_of_days(shard)) return 0;
  std::map<std::pair<store::LabelId, Day>, index::Postings> told;
  for_each_posting_day(shard, store::kCellDayMin, store::kCellDayMax, ~index::Postings{0}, [&](const auto& row) {
    if (std::ranges::binary_search(accounts, row.customer)) told[{row.customer, row.day}] |= row.postings;
  });
  std::int64_t untold = 0;
  for (const store::LabelId account : accounts) {
    for (const char family : {store::kLedgerPage, store::kSalesPage}) {
      scan_pages(shard, family, account, 0, std::numeric_limits<std::uint16_t>::max(),
                 [&](store::LabelId, const std::vector<store::Cell>& cells) {
                   for (const store::Cell& cell : cells) {
                     const auto at = told.find({account, cell.id.day});
                     const index::Postings on_day = at == told.end() ? 0 : at->second;
                     untold += (index::posted(cell.id.measure) & ~on_day) != 0 ? 1 : 0;
                   }
                 });
    }
  }
  return untold;
}

void scan_posted(const ShardSnapshot& shard, char family, std::optional<store::LabelId> customer, Day first, Day last,
                 index::Postings kinds,
                 const std::function<void(store::LabelId, const std::vector<store::Cell>&)>& visit) {
  const std::uint16_t first_span = store::span_of(first);
  const std::uint16_t last_span = store::span_of(last);
  // On more days than these most accounts have something, and more pages each than it takes to find one.
  constexpr Day kFewDays = 32;
  const bool is_few = !customer && std::int64_t{last} - first < kFewDays;
  const auto accounts = is_few ? accounts_posting(shard, first, last, kinds) : std::nullopt;
  if (!accounts) return scan_pages(shard, family, customer, first_span, last_span, visit);
  std::vector<store::Cell> cells;
  for (const store::LabelId account : *accounts) {
    for (std::uint16_t span = first_span; span <= last_span; ++span) {
      const std::string key = store::PageKey{account, {family, span}}.bytes();
      const auto page = value_or_refuse(shard.reads->get(store::Table::kCells, key));
      if (!page) continue;
      auto read = store::decode_page(*page, cells);
      if (read) read = store::check_labels(*shard.labels, account, cells);
      if (!read) refuse(read.error());
      visit(account, cells);
    }
  }
}

}  // namespace daybook::query
