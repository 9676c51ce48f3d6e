// What a document contributes, in stored terms.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/small_vector.h"
#include "domain/cell.h"
#include "domain/open_amounts.h"
#include "store/anomalies.h"
#include "store/cells.h"
#include "store/labels.h"

namespace daybook::evaluation {

// Labels of one document's cells, which mostly share them, before a commit and after it.
class CellLabels {
 public:
  explicit CellLabels(store::Labels& labels) : labels_(labels) {}

  // Forgets those of the document before, whose texts may go.
  void begin() {
    attributes_.clear();
    dimensions_.clear();
  }
  store::LabelId attributes(const domain::Attributes& attributes);
  store::LabelId dimensions(const domain::Dimensions& dimensions);
  const store::Label& own(store::LabelId id) const { return labels_.own(id); }

 private:
  store::Labels& labels_;
  // Of no dimensions, which is what receivables and ledger have.
  std::optional<store::LabelId> no_dimensions_;
  // Those asked for first. Known by where their texts are: the same text at another place is merely looked
  // up once more.
  SmallVector<std::pair<domain::Attributes, store::LabelId>, 4> attributes_;
  SmallVector<std::pair<domain::Dimensions, store::LabelId>, 16> dimensions_;
};

// What a document contributes, in stored terms.
class Contribution : public domain::Contributions {
 public:
  // `labels` may be shared by contributions of one document.
  explicit Contribution(CellLabels& labels) : labels_(labels) {}

  void begin(store::LabelId customer, domain::DocumentRef document) {
    customer_ = customer;
    document_ = document;
    cells_.clear();
    open_.clear();
    anomalies_.clear();
    cycle_row_.clear();
    waiting_ = 0;
    waited_ = false;
    labels_.begin();
    opened_on_.clear();
  }

  void cell(const domain::CellKey& key, const domain::CellValue& value) override;
  void open_amounts(domain::OpenAmounts&& amounts) override;
  void anomaly(const domain::Anomaly& anomaly) override {
    anomalies_.push_back(store::encode_anomaly(customer_, document_, anomaly));
  }
  void cycle_row(const domain::CycleRow& row) override { store::encode_cycle_row(row, cycle_row_); }
  void waiting(std::int64_t records) override { waiting_ += records; }
  void waited() override { waited_ = true; }

  // Calls visit(Cell); an id may come more than once. The document's texts must still be there.
  template <typename Visit>
  void for_each_cell(const Visit& visit) {
    for (const store::Cell& cell : cells_) visit(cell);
    open_.for_each_cell([&](const domain::CellKey& key, const domain::CellValue& value) { visit(stored(key, value)); });
  }
  // The same for what is open of an invoice's instalments otherwise than it was in `old`: a contribution of the same
  // document, which shares the labels.
  template <typename Visit>
  void for_each_open_difference(const Contribution& old, const Visit& visit) {
    domain::OpenAmounts::for_each_difference(
        old.open_, open_,
        [&](const domain::CellKey& key, const domain::CellValue& value) { visit(stored(key, value)); });
  }
  // But those of what is open of an invoice's instalments.
  const std::vector<store::Cell>& other_cells() const { return cells_; }
  // Sorted, each once.
  const std::vector<store::AnomalyRow>& anomalies();
  const std::string& cycle_row() const { return cycle_row_; }
  std::int64_t waiting() const { return waiting_; }
  bool has_waited() const { return waited_; }
  // The days under which the document is found as long as anything of it is open (store::opened_day), rising, each
  // once: mostly one or none.
  std::span<const Day> opened_on();

 private:
  store::Cell stored(const domain::CellKey& key, const domain::CellValue& value);
  void note_opened(Day day) {
    if (opened_on_.empty() || opened_on_.back() != day) opened_on_.push_back(day);
  }

  CellLabels& labels_;
  store::LabelId customer_ = 0;
  domain::DocumentRef document_;
  std::vector<store::Cell> cells_;  // But those of open_.
  domain::OpenAmounts open_;
  std::vector<store::AnomalyRow> anomalies_;
  std::string cycle_row_;
  std::int64_t waiting_ = 0;
  bool waited_ = false;
  SmallVector<Day, 2> opened_on_;
};

}  // namespace daybook::evaluation
