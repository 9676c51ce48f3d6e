#include "query/model.h"

#include <algorithm>

#include "base/bytes.h"
#include "evaluation/contribution.h"
#include "store/document_codec.h"
#include "store/keys.h"
#include "query/known_at.h"
#include "query/request.h"

namespace daybook::query {

using Next = store::Reads::Next;

const store::Labels& ShardSnapshot::figure_labels() const {
  return known_at == nullptr ? *labels : known_at->labels();
}

ReadModel::ReadModel() : known_at_evaluations_(std::make_unique<KnownAtEvaluations>()) {}
ReadModel::~ReadModel() = default;

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
  return known;
}

CustomerContext::CustomerContext(const ShardSnapshot& shard, store::LabelId customer,
                                 const domain::Rules& rules, FileChoice choice)
    : shard_(shard),
      id_(customer),
      choice_(choice),
      name_(shard.labels->get(customer).customer),
      rules_(rules) {}

domain::AccountState& CustomerContext::account() {
  if (!account_state_) {
    const auto load = [this](const std::string& key) -> Result<evaluation::DocumentBytes> {
      if (bytes_) {
        const auto at = bytes_->find(key);
        if (at == bytes_->end()) return evaluation::DocumentBytes{};
        return evaluation::DocumentBytes{at->second, at->second.size()};
      }
      auto stored = shard_.reads->get(store::Table::kDocuments, key);
      if (!stored) return unexpected(stored.error());
      if (!*stored) return evaluation::DocumentBytes{};
      ids_.push_back(std::make_unique<std::string>(**std::move(stored)));
      return evaluation::DocumentBytes{*ids_.back(), ids_.back()->size()};
    };
    account_.emplace(id_, name_, load, [this](const Error& error) { fail(error); });
    account_state_.emplace(*account_, shard_.known, rules_);
  }
  return *account_state_;
}

const domain::Document& CustomerContext::document(domain::DocumentRef ref) {
  account();
  const auto found = account_->find(ref);
  if (!found) fail(found.error());
  if (*found == nullptr) fail(evaluation::missing(name_, ref));
  return **found;
}

void CustomerContext::fail(const Error& error) const {
  if (shard_.report) shard_.report(error);
  refuse(error);
}

bool CustomerContext::is_known() {
  // Accounts are made by accepted events.
  if (shard_.known_at == nullptr) return true;
  return std::ranges::any_of(documents(), [&](const domain::DocumentRef& ref) {
    return std::ranges::any_of(document(ref).facts,
                               [&](const domain::Fact& fact) { return account().admits(fact); });
  });
}

std::span<const domain::DocumentRef> CustomerContext::documents() {
  if (bytes_) return documents_;
  bytes_.emplace();
  const auto take = [&](std::string_view key, std::string_view value) -> Result<Next> {
    const auto at = bytes_->emplace(key, value).first;
    ASSIGN_OR_RETURN(const store::DocumentKey parsed, store::DocumentKey::parse(at->first));
    documents_.push_back(parsed.ref);
    return Next::kGoOn;
  };
  const auto scanned = shard_.reads->scan(store::Table::kDocuments, store::DocumentKey::prefix(id_), "", take);
  if (!scanned) refuse(scanned.error());
  return documents_;
}

std::span<const domain::DocumentRef> CustomerContext::receivable_documents() {
  const std::span<const domain::DocumentRef> all = documents();
  const auto is_one = [](const domain::DocumentRef& ref) { return domain::is_receivable(ref.kind); };
  const auto first = std::ranges::find_if(all, is_one);
  return {first, std::find_if_not(first, all.end(), is_one)};
}

const index::FileVersion* CustomerContext::file(Day day) {
  if (files_ == nullptr && shard_.index != nullptr) files_ = &shard_.index->files->of(id_);
  if (files_ == nullptr) {
    own_files_ = index::FileVersions(account().file());
    files_ = &own_files_;
  }
  return choice_ == FileChoice::kAsWas ? files_->on(day) : files_->last();
}

std::string_view CustomerContext::grade(Day day) {
  const auto* version = file(day);
  return version == nullptr ? std::string_view() : version->grade;
}

std::string_view CustomerContext::parent(Day day) {
  const auto* version = file(day);
  return version == nullptr || version->parent.empty() ? std::string_view(name_) : version->parent;
}

std::vector<domain::DocumentRef> CustomerContext::opened_on(std::span<const Day> days) {
  // The index says where something was found with all that is known now.
  if (shard_.known_at != nullptr) return {receivable_documents().begin(), receivable_documents().end()};
  // So many keys are passed over before the next day is looked for anew.
  constexpr int kPassOverMax = 8;
  std::vector<domain::DocumentRef> refs;
  const std::string prefix = store::cells_prefix(store::kOpenedDocument, id_);
  auto day = days.begin();
  for (bool more = true; more && day != days.end();) {
    more = false;
    int passed_over = 0;
    const auto take = [&](std::string_view key, std::string_view) -> Result<Next> {
      ASSIGN_OR_RETURN(const store::OpenedKey opened, store::OpenedKey::parse(key));
      while (day != days.end() && *day < opened.day) ++day;
      if (day == days.end()) return Next::kStop;
      if (*day == opened.day) {
        ids_.push_back(std::make_unique<std::string>(opened.ref.id));
        refs.push_back({opened.ref.kind, *ids_.back()});
      } else if (++passed_over > kPassOverMax) {
        more = true;
      }
      return more ? Next::kStop : Next::kGoOn;
    };
    const auto scanned = shard_.reads->scan(store::Table::kCells, prefix, store::OpenedKey::prefix(id_, *day), take);
    if (!scanned) refuse(scanned.error());
  }
  std::ranges::sort(refs);
  refs.erase(std::unique(refs.begin(), refs.end()), refs.end());
  return refs;
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
  const std::string prefix =
      customer ? store::cells_prefix(family, *customer) : std::string(1, family);
  std::vector<store::Cell> cells;
  const auto take = [&](std::string_view bytes, std::string_view value) -> Result<Next> {
    ASSIGN_OR_RETURN(const store::PageKey key, store::PageKey::parse(bytes));
    if (key.page.span < first_span || key.page.span > last_span) return Next::kGoOn;
    RETURN_IF_ERROR(store::decode_page(value, cells));
    RETURN_IF_ERROR(store::check_labels(*shard.labels, key.customer, cells));
    visit(key.customer, cells);
    return Next::kGoOn;
  };
  const auto scanned = shard.reads->scan(store::Table::kCells, prefix, "", take);
  if (!scanned) refuse(scanned.error());
}

}  // namespace daybook::query
