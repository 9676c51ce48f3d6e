// Evaluating the documents of one account at a commit: which figures may have changed, and by how
// much.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/arena.h"
#include "base/few.h"
#include "base/hash.h"
#include "domain/figures.h"
#include "store/anomalies.h"
#include "store/cells.h"
#include "store/labels.h"

namespace daybook::engine {

// A stored document: its bytes, and where what is new in them begins.
struct DocumentBytes {
  std::string_view bytes;
  std::size_t fresh_from = 0;
};

// Whether an account may lack it: where its id is empty it is the account's one document of its kind, told or
// not. Any other is asked for because a fact, a link or an index names it, and whoever named it made it.
inline bool may_be_absent(domain::DocumentRef ref) { return ref.id.empty(); }
// Says which document of the account cannot be had, and why.
Error damaged(std::string_view customer_id, domain::DocumentRef ref, const Error& why);
Error missing(std::string_view customer_id, domain::DocumentRef ref);

// An account whose documents are decoded when asked for. `load` gives the bytes of a document key;
// empty bytes: nothing is stored. They must stay where they are.
class StoredAccount : public domain::Account {
 public:
  using Load = std::function<Result<DocumentBytes>(const std::string& key)>;
  // Told of what document() cannot give. Where it returns, the document looks absent, and error() is what was told
  // last.
  using Fail = std::function<void(const Error&)>;
  // `name`: of the customer, for messages; it must outlive the account.
  StoredAccount(store::LabelId customer, std::string_view name, Load load, Fail fail = {})
      : customer_(customer), name_(name), load_(std::move(load)), fail_(std::move(fail)) {}

  // Null where nothing is stored and may_be_absent(). kCorrupt for a document that is damaged or missing, which the
  // message names; else what `load` failed of.
  Result<const domain::Document*> find(domain::DocumentRef ref);
  const domain::Document* document(domain::DocumentRef ref) override;
  const std::optional<Error>& error() const { return error_; }

 private:
  store::LabelId customer_;
  std::string_view name_;
  Load load_;
  Fail fail_;
  Arena arena_;
  std::unordered_map<std::string, std::optional<domain::Document>, TextHash> documents_;
  std::uint32_t next_number_ = 0;
  std::optional<Error> error_;
};

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
  Few<std::pair<domain::Attributes, store::LabelId>, 4> attributes_;
  Few<std::pair<domain::Dimensions, store::LabelId>, 16> dimensions_;
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
    anomalies_.clear();
    cycle_row_.clear();
    waiting_ = 0;
    waited_ = false;
    labels_.begin();
    opened_on_.clear();
  }

  void cell(const domain::CellKey& key, const domain::CellValue& value) override;
  void anomaly(const domain::Anomaly& anomaly) override {
    anomalies_.push_back(store::encode_anomaly(customer_, document_, anomaly));
  }
  void cycle_row(const domain::CycleRow& row) override { store::encode_cycle_row(row, cycle_row_); }
  void waiting(std::int64_t records) override { waiting_ += records; }
  void waited() override { waited_ = true; }

  const std::vector<store::Cell>& cells() const { return cells_; }
  // Sorted, each once.
  const std::vector<store::AnomalyRow>& anomalies();
  const std::string& cycle_row() const { return cycle_row_; }
  std::int64_t waiting() const { return waiting_; }
  bool has_waited() const { return waited_; }
  // The days under which the document is found as long as anything of it is open (store::opened_day), in
  // no order, each once: mostly one or none.
  std::span<const Day> opened_on() const { return opened_on_; }

 private:
  CellLabels& labels_;
  store::LabelId customer_ = 0;
  domain::DocumentRef document_;
  std::vector<store::Cell> cells_;
  std::vector<store::AnomalyRow> anomalies_;
  std::string cycle_row_;
  std::int64_t waiting_ = 0;
  bool waited_ = false;
  Few<Day, 2> opened_on_;
};

// Sorts cells by page and id and adds up those of one id.
void add_up(std::vector<store::Cell>& cells);

}  // namespace daybook::engine
