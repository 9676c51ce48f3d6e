#include "engine/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/bytes.h"
#include "base/hash.h"
#include "engine/shard.h"
#include "evaluation/contribution.h"
#include "evaluation/names.h"
#include "evaluation/stored_account.h"
#include "store/document_codec.h"
#include "store/keys.h"
#include "store/parked.h"

namespace daybook::engine {
namespace {

using Next = store::StoreReader::Next;

constexpr std::size_t kFaultsMax = 100;

class Auditor {
 public:
  Auditor(const store::StoreReader& reads, const domain::Rules& rules) : reads_(reads), rules_(rules) {}

  Result<AuditReport> run(const std::function<void(std::uint64_t)>& progress) {
    RETURN_IF_ERROR(labels_.load(reads_));
    ASSIGN_OR_RETURN(state_, store::read_state(reads_, labels_));
    report_.stored_digest = state_.digest;
    const store::LabelId labels_count = labels_.size();
    for (store::LabelId id = 0; id < labels_count; ++id) {
      if (labels_.get(id).kind != store::Label::Kind::kCustomer) continue;
      RETURN_IF_ERROR(customer(id));
      if (++report_.customers % 100 == 0) progress(report_.customers);
    }
    if (labels_.size() != labels_count) fault("a figure has a label that the store does not hold");
    RETURN_IF_ERROR(parked());
    RETURN_IF_ERROR(keys({store::kWaitedPrefix}, waited_, "documents that waited"));
    RETURN_IF_ERROR(keys({store::kIdPrefix}, ids_, "the index of ids"));
    RETURN_IF_ERROR(keys({store::kShipmentPrefix, store::kNamePrefix, store::kEndedPrefix}, names_,
                         "the index of shipments, names and ends"));
    RETURN_IF_ERROR(anomalies());
    compare("accepted", report_.facts, state_.accepted);
    compare("waiting", waiting_, state_.waiting);
    if (report_.digest != report_.stored_digest) {
      fault(fmt::format("digest: recomputed {}, stored {}", to_hex(report_.digest), to_hex(report_.stored_digest)));
    }
    return report_;
  }

 private:
  void fault(std::string text) {
    if (report_.faults.size() < kFaultsMax) report_.faults.push_back(std::move(text));
  }
  template <typename A, typename B>
  void compare(const char* what, A recomputed, B stored) {
    if (static_cast<std::int64_t>(recomputed) != static_cast<std::int64_t>(stored)) {
      fault(fmt::format("{}: recomputed {}, stored {}", what, recomputed, stored));
    }
  }

  // All keys and values of a prefix.
  Result<std::map<std::string, std::string>> read(store::Table table, const std::string& prefix) {
    std::map<std::string, std::string> all;
    const auto take = [&](std::string_view key, std::string_view value) -> Result<Next> {
      all.emplace_hint(all.end(), key, value);
      return Next::kGoOn;
    };
    RETURN_IF_ERROR(reads_.scan(table, prefix, "", take));
    return all;
  }
  static std::set<std::string> keys_of(const std::map<std::string, std::string>& all) {
    std::set<std::string> keys;
    for (const auto& [key, value] : all) keys.insert(keys.end(), key);
    return keys;
  }

  Result<void> customer(store::LabelId id) {
    const store::Label& name = labels_.get(id);
    ids_.insert(store::IdKey{{domain::DocumentKind::kCustomer, name.customer}, id}.bytes());
    ASSIGN_OR_RETURN(const auto bytes, read(store::Table::kDocuments, store::DocumentKey::prefix(id)));
    const auto load = [&](const std::string& key) -> Result<evaluation::DocumentBytes> {
      const auto at = bytes.find(key);
      if (at == bytes.end()) return evaluation::DocumentBytes{};
      return evaluation::DocumentBytes{at->second, at->second.size()};
    };
    evaluation::StoredAccount account(id, name.customer, load, [&](const Error& error) { fault(error.message); });
    domain::AccountState state(account, domain::Known::all(), rules_);
    evaluation::CellLabels cell_labels(labels_);
    evaluation::Contribution contribution(cell_labels);
    std::vector<store::Cell> cells;
    std::map<std::string, std::string> rows;
    std::set<std::string> opened;
    for (const auto& [key, value] : bytes) {
      const auto parsed = store::DocumentKey::parse(key);
      if (!parsed) {
        fault(fmt::format("customer '{}': {}", name.customer, parsed.error().message));
        continue;
      }
      const domain::DocumentRef ref = parsed->ref;
      const domain::Document* document = account.document(ref);
      if (document == nullptr) continue;
      ++report_.documents;
      if (store::has_page(ref.kind)) ids_.insert(store::IdKey{ref, id}.bytes());
      for (const domain::Fact& fact : document->facts) {
        evaluation::for_each_name(id, ref, fact, [&](std::string made) { names_.insert(std::move(made)); });
      }
      store::for_each_content(value, [&](std::uint8_t topic, std::string_view content) {
        ++report_.facts;
        report_.digest += store::fact_hash(name.customer, ref, topic, content);
      });
      contribution.begin(id, ref);
      domain::contribute(state, *document, contribution);
      contribution.for_each_cell([&](const store::Cell& cell) { cells.push_back(cell); });
      for (const Day day : contribution.opened_on()) opened.insert(store::OpenedKey{id, day, ref}.bytes());
      waiting_ += contribution.waiting();
      if (contribution.has_waited()) waited_.insert(store::WaitedKey{*parsed}.bytes());
      for (const auto& anomaly : contribution.anomalies()) anomalies_.emplace(anomaly.key, anomaly.value);
      if (!contribution.cycle_row().empty()) {
        rows.emplace(store::CycleRowKey{id, ref.id}.bytes(), contribution.cycle_row());
        report_.digest += store::cycle_row_hash(name.customer, ref.id, contribution.cycle_row());
      }
    }
    store::add_up(cells);
    report_.cells += cells.size();
    for (const store::Cell& cell : cells) {
      report_.digest +=
          store::cell_hash(cell.id, cell.value, name, labels_.get(cell.id.attributes), labels_.get(cell.id.dimensions));
    }
    RETURN_IF_ERROR(compare_cells(id, cells));
    RETURN_IF_ERROR(compare_opened(id, opened));
    return compare_rows(id, rows);
  }

  Result<void> compare_cells(store::LabelId id, const std::vector<store::Cell>& cells) {
    std::vector<store::Cell> stored;
    std::vector<store::Cell> page;
    for (const char family : {store::kReceivablesPage, store::kLedgerPage, store::kSalesPage}) {
      const auto take = [&](std::string_view key, std::string_view value) -> Result<Next> {
        const auto parsed = store::PageKey::parse(key);
        const auto done = parsed ? store::decode_page(value, page) : Result<void>(unexpected(parsed.error()));
        if (done) {
          stored.insert(stored.end(), page.begin(), page.end());
        } else {
          fault(fmt::format("customer '{}': {}", labels_.get(id).customer, done.error().message));
        }
        return Next::kGoOn;
      };
      RETURN_IF_ERROR(reads_.scan(store::Table::kCells, store::cells_prefix(family, id), "", take));
    }
    store::add_up(stored);
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < cells.size() && j < stored.size() && cells[i].id == stored[j].id && cells[i].value == stored[j].value) {
      ++i, ++j;
    }
    if (i < cells.size() || j < stored.size()) {
      const store::Cell& first = i < cells.size() ? cells[i] : stored[j];
      fault(fmt::format(
          "customer '{}': cell of measure {}, {}, day {}, counting from {}: recomputed {}, "
          "stored {}",
          labels_.get(id).customer, static_cast<int>(first.id.measure), Currency::from_number(first.id.currency).code(),
          format_date(first.id.day), format_date(first.id.counts_from),
          i < cells.size() ? to_string(cells[i].value.amount) : "nothing",
          j < stored.size() ? to_string(stored[j].value.amount) : "nothing"));
    }
    return {};
  }

  Result<void> compare_opened(store::LabelId id, const std::set<std::string>& opened) {
    ASSIGN_OR_RETURN(const auto stored, read(store::Table::kCells, store::cells_prefix(store::kOpenedDocument, id)));
    if (opened != keys_of(stored)) {
      fault(fmt::format("customer '{}': the index of what was open differs: recomputed {}, stored {}",
                        labels_.get(id).customer, opened.size(), stored.size()));
    }
    return {};
  }

  Result<void> compare_rows(store::LabelId id, const std::map<std::string, std::string>& rows) {
    ASSIGN_OR_RETURN(const auto stored, read(store::Table::kCells, store::cells_prefix(store::kCycleRow, id)));
    if (rows != stored) {
      fault(fmt::format("customer '{}': order-cycle rows differ", labels_.get(id).customer));
    }
    return {};
  }

  Result<void> parked() {
    std::uint64_t count = 0;
    const auto take = [&](std::string_view key, std::string_view value) -> Result<Next> {
      ++count;
      if (const auto record = store::ParkedRecord::decode(key, value)) {
        report_.digest += record->content_hash();
      } else {
        fault(record.error().message);
      }
      return Next::kGoOn;
    };
    RETURN_IF_ERROR(reads_.scan(store::Table::kMeta, std::string(1, store::kParkedPrefix), "", take));
    compare("parked", count, state_.parked);
    return {};
  }

  // Keys without a value, of these kinds: those stored are those recomputed.
  Result<void> keys(std::initializer_list<char> kinds, const std::set<std::string>& recomputed, const char* what) {
    std::set<std::string> found;
    for (const char kind : kinds) {
      ASSIGN_OR_RETURN(const auto stored, read(store::Table::kMeta, std::string(1, kind)));
      found.merge(keys_of(stored));
    }
    if (found != recomputed) {
      fault(fmt::format("{}: recomputed {}, stored {}, or some differ", what, recomputed.size(), found.size()));
    }
    return {};
  }

  Result<void> anomalies() {
    ASSIGN_OR_RETURN(const auto stored, read(store::Table::kMeta, std::string(1, store::kAnomalyPrefix)));
    if (stored != anomalies_) {
      fault(fmt::format("anomalies: recomputed {}, stored {}, or some differ", anomalies_.size(), stored.size()));
    }
    return {};
  }

  const store::StoreReader& reads_;
  const domain::Rules& rules_;
  store::Labels labels_;
  store::ShardState state_;
  AuditReport report_;
  std::int64_t waiting_ = 0;
  std::set<std::string> waited_;
  std::set<std::string> ids_;
  std::set<std::string> names_;
  std::map<std::string, std::string> anomalies_;
};

Result<void> for_each_event_id(const store::StoreReader& reads, const std::function<void(std::string_view)>& visit) {
  const auto take = [&](std::string_view, std::string_view value) -> Result<Next> {
    store::for_each_content(value,
                            [&](std::uint8_t, std::string_view content) { visit(store::event_id_of(content).text()); });
    return Next::kGoOn;
  };
  return reads.scan(store::Table::kDocuments, "", "", take);
}

}  // namespace

Result<AuditReport> audit(const store::StoreReader& reads, const domain::Rules& rules,
                          const std::function<void(std::uint64_t)>& progress) {
  return Auditor(reads, rules).run(progress);
}

Result<std::vector<std::string>> shared_event_ids(const std::vector<const store::StoreReader*>& shards) {
  // First by hashes, which are small; then the texts of those that repeat.
  std::vector<std::uint64_t> hashes;
  for (const store::StoreReader* reads : shards) {
    RETURN_IF_ERROR(for_each_event_id(*reads, [&](std::string_view id) { hashes.push_back(hash64(id)); }));
  }
  std::ranges::sort(hashes);
  std::unordered_map<std::uint64_t, int> repeated;
  for (std::size_t i = 1; i < hashes.size(); ++i) {
    if (hashes[i] == hashes[i - 1]) repeated[hashes[i]] = 0;
  }
  std::map<std::string, int> counts;
  if (repeated.empty()) return std::vector<std::string>();
  for (const store::StoreReader* reads : shards) {
    RETURN_IF_ERROR(for_each_event_id(*reads, [&](std::string_view id) {
      if (repeated.contains(hash64(id))) ++counts[std::string(id)];
    }));
  }
  std::vector<std::string> ids;
  for (const auto& [id, count] : counts) {
    if (count > 1) ids.push_back(id);
  }
  return ids;
}

}  // namespace daybook::engine
