#include "engine/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/bytes.h"
#include "base/hash.h"
#include "engine/evaluation.h"
#include "engine/shard.h"
#include "store/document_codec.h"
#include "store/keys.h"

namespace daybook::engine {
namespace {

constexpr std::size_t kFaultsMax = 100;

class Auditor {
 public:
  Auditor(const store::Reads& reads, const domain::Rules& rules) : reads_(reads), rules_(rules) {}

  Result<AuditReport> run(const std::function<void(std::uint64_t)>& progress) {
    RETURN_IF_ERROR(labels_.load(reads_));
    ASSIGN_OR_RETURN(state_, read_state(reads_));
    report_.stored_digest = state_.digest;
    const store::LabelId labels_count = labels_.size();
    for (store::LabelId id = 0; id < labels_count; ++id) {
      if (labels_.get(id).kind != store::Label::Kind::kCustomer) continue;
      RETURN_IF_ERROR(customer(id));
      if (++report_.customers % 100 == 0) progress(report_.customers);
    }
    if (labels_.size() != labels_count) fault("a figure has a label that the store does not hold");
    RETURN_IF_ERROR(parked());
    RETURN_IF_ERROR(waited());
    RETURN_IF_ERROR(anomalies());
    compare("accepted", report_.facts, state_.accepted);
    compare("waiting", waiting_, state_.waiting);
    if (report_.digest != report_.stored_digest) {
      fault(fmt::format("digest: recomputed {}, stored {}", to_hex(report_.digest),
                        to_hex(report_.stored_digest)));
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

  Result<void> customer(store::LabelId id) {
    const store::Label& name = labels_.get(id);
    std::map<std::string, std::string, std::less<>> bytes;
    std::string prefix;
    ByteWriter(prefix).big32(id);
    RETURN_IF_ERROR(reads_.scan(store::Table::kDocuments, prefix, "",
                                [&](std::string_view key, std::string_view value) {
                                  bytes.emplace(key, value);
                                  return true;
                                }));
    StoredAccount account(id, [&](const std::string& key) -> Result<DocumentBytes> {
      const auto at = bytes.find(key);
      if (at == bytes.end()) return DocumentBytes{};
      return DocumentBytes{at->second, at->second.size()};
    });
    domain::Picture picture(account, domain::Known::all(), rules_);
    CellLabels cell_labels(labels_);
    Contribution contribution(cell_labels);
    std::vector<store::Cell> cells;
    std::map<std::string, std::string> rows;
    std::set<std::string> opened;
    for (const auto& [key, value] : bytes) {
      const domain::DocumentRef ref = store::document_ref(key);
      const domain::Document* document = account.document(ref);
      if (document == nullptr) continue;
      ++report_.documents;
      store::for_each_content(value, [&](std::uint8_t topic, std::string_view content) {
        ++report_.facts;
        report_.digest += store::fact_hash(name.customer, ref, topic, content);
      });
      contribution.begin(id, ref);
      domain::contribute(picture, *document, contribution);
      cells.insert(cells.end(), contribution.cells().begin(), contribution.cells().end());
      for (const Day day : contribution.opened_on()) opened.insert(store::opened_key(id, day, ref));
      waiting_ += contribution.waiting();
      if (contribution.has_waited()) waited_.insert(store::waited_key(key));
      for (const auto& anomaly : contribution.anomalies()) anomalies_.emplace(anomaly.key, anomaly.value);
      if (!contribution.cycle_row().empty()) {
        rows.emplace(store::cycle_row_key(id, ref.id), contribution.cycle_row());
        report_.digest += cycle_row_hash(name.customer, ref.id, contribution.cycle_row());
      }
    }
    if (account.error()) return unexpected(*account.error());
    add_up(cells);
    report_.cells += cells.size();
    for (const store::Cell& cell : cells) {
      report_.digest += store::cell_hash(cell.id, cell.value, name, labels_.get(cell.id.attributes),
                                         labels_.get(cell.id.dimensions));
    }
    RETURN_IF_ERROR(compare_cells(id, cells));
    RETURN_IF_ERROR(compare_opened(id, opened));
    return compare_rows(id, rows);
  }

  Result<void> compare_cells(store::LabelId id, const std::vector<store::Cell>& cells) {
    std::vector<store::Cell> stored;
    std::optional<Error> error;
    for (const char family : {store::kReceivablesPage, store::kLedgerPage, store::kSalesPage}) {
      std::vector<store::Cell> page;
      RETURN_IF_ERROR(reads_.scan(store::Table::kCells, store::cells_prefix(family, id), "",
                                  [&](std::string_view, std::string_view value) {
                                    if (const auto done = store::decode_page(value, page); !done) {
                                      error = done.error();
                                      return false;
                                    }
                                    stored.insert(stored.end(), page.begin(), page.end());
                                    return true;
                                  }));
    }
    if (error) return unexpected(*error);
    add_up(stored);
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < cells.size() && j < stored.size() && cells[i].id == stored[j].id &&
           cells[i].value == stored[j].value) {
      ++i, ++j;
    }
    if (i < cells.size() || j < stored.size()) {
      const store::Cell& first = i < cells.size() ? cells[i] : stored[j];
      fault(fmt::format("customer '{}': cell of measure {}, {}, day {}, counting from {}: recomputed {}, "
                        "stored {}",
                        labels_.get(id).customer, static_cast<int>(first.id.measure),
                        Currency::from_number(first.id.currency).code(), format_date(first.id.day),
                        format_date(first.id.counts_from),
                        i < cells.size() ? to_string(cells[i].value.amount) : "nothing",
                        j < stored.size() ? to_string(stored[j].value.amount) : "nothing"));
    }
    return {};
  }

  Result<void> compare_opened(store::LabelId id, const std::set<std::string>& opened) {
    std::set<std::string> stored;
    RETURN_IF_ERROR(reads_.scan(store::Table::kCells, store::cells_prefix(store::kOpenedDocument, id), "",
                                [&](std::string_view key, std::string_view) {
                                  stored.emplace(key);
                                  return true;
                                }));
    if (opened != stored) {
      fault(fmt::format("customer '{}': the index of what was open differs: recomputed {}, stored {}",
                        labels_.get(id).customer, opened.size(), stored.size()));
    }
    return {};
  }

  Result<void> compare_rows(store::LabelId id, const std::map<std::string, std::string>& rows) {
    std::map<std::string, std::string> stored;
    RETURN_IF_ERROR(reads_.scan(store::Table::kCells, store::cells_prefix(store::kCycleRow, id), "",
                                [&](std::string_view key, std::string_view value) {
                                  stored.emplace(key, value);
                                  return true;
                                }));
    if (rows != stored) {
      fault(fmt::format("customer '{}': order-cycle rows differ", labels_.get(id).customer));
    }
    return {};
  }

  Result<void> parked() {
    std::uint64_t count = 0;
    std::optional<Error> error;
    RETURN_IF_ERROR(reads_.scan(store::Table::kMeta, std::string(1, store::kParkedPrefix), "",
                                [&](std::string_view key, std::string_view value) {
                                  const auto record = ParkedRecord::decode(key, value);
                                  if (!record) {
                                    error = record.error();
                                    return false;
                                  }
                                  ++count;
                                  report_.digest += record->content_hash();
                                  return true;
                                }));
    if (error) return unexpected(*error);
    compare("parked", count, state_.parked);
    return {};
  }

  Result<void> waited() {
    std::set<std::string> stored;
    RETURN_IF_ERROR(reads_.scan(store::Table::kMeta, std::string(1, store::kWaitedPrefix), "",
                                [&](std::string_view key, std::string_view) {
                                  stored.emplace(key);
                                  return true;
                                }));
    if (stored != waited_) {
      fault(fmt::format("documents that waited: recomputed {}, stored {}, or some differ", waited_.size(),
                        stored.size()));
    }
    return {};
  }

  Result<void> anomalies() {
    std::map<std::string, std::string> stored;
    RETURN_IF_ERROR(reads_.scan(store::Table::kMeta, std::string(1, store::kAnomalyPrefix), "",
                                [&](std::string_view key, std::string_view value) {
                                  stored.emplace(key, value);
                                  return true;
                                }));
    if (stored != anomalies_) {
      fault(fmt::format("anomalies: recomputed {}, stored {}, or some differ", anomalies_.size(),
                        stored.size()));
    }
    return {};
  }

  const store::Reads& reads_;
  const domain::Rules& rules_;
  store::Labels labels_;
  ShardState state_;
  AuditReport report_;
  std::int64_t waiting_ = 0;
  std::set<std::string> waited_;
  std::map<std::string, std::string> anomalies_;
};

Result<void> for_each_event_id(const store::Reads& reads,
                               const std::function<void(std::string_view)>& visit) {
  return reads.scan(store::Table::kDocuments, "", "", [&](std::string_view, std::string_view value) {
    store::for_each_content(value, [&](std::uint8_t, std::string_view content) {
      visit(store::event_id_of(content).text());
    });
    return true;
  });
}

}  // namespace

Result<AuditReport> audit(const store::Reads& reads, const domain::Rules& rules,
                          const std::function<void(std::uint64_t)>& progress) {
  return Auditor(reads, rules).run(progress);
}

Result<std::vector<std::string>> shared_event_ids(const std::vector<const store::Reads*>& shards) {
  // First by hashes, which are small; then the texts of those that repeat.
  std::vector<std::uint64_t> hashes;
  for (const store::Reads* reads : shards) {
    RETURN_IF_ERROR(for_each_event_id(*reads, [&](std::string_view id) { hashes.push_back(hash64(id)); }));
  }
  std::ranges::sort(hashes);
  std::unordered_map<std::uint64_t, int> repeated;
  for (std::size_t i = 1; i < hashes.size(); ++i) {
    if (hashes[i] == hashes[i - 1]) repeated[hashes[i]] = 0;
  }
  std::map<std::string, int> counts;
  if (repeated.empty()) return std::vector<std::string>();
  for (const store::Reads* reads : shards) {
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
