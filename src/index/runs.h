// What came since a table was made: rows in the order of their commits, in few immutable runs.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace daybook::index {

// A value: copies share the rows. A run is joined with its neighbour once it is half as long, so that
// n rows are in about log n runs, and each was copied as often.
template <typename Row>
class Runs {
 public:
  void append(std::vector<Row> rows) {
    if (rows.empty()) return;
    size_ += rows.size();
    runs_.push_back(std::make_shared<const std::vector<Row>>(std::move(rows)));
    while (runs_.size() >= sealed_ + 2 && runs_[runs_.size() - 2]->size() <= 2 * runs_.back()->size()) {
      std::vector<Row> joined = *runs_[runs_.size() - 2];
      joined.insert(joined.end(), runs_.back()->begin(), runs_.back()->end());
      runs_.pop_back();
      runs_.back() = std::make_shared<const std::vector<Row>>(std::move(joined));
    }
  }

  // The runs there are stay as they are, until drop_sealed() takes them away.
  void seal() { sealed_ = runs_.size(); }
  void drop_sealed() {
    for (std::size_t i = 0; i < sealed_; ++i) size_ -= runs_[i]->size();
    runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(sealed_));
    sealed_ = 0;
  }

  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const auto& run : runs_) {
      for (const Row& row : *run) visit(row);
    }
  }
  std::vector<Row> rows() const {
    std::vector<Row> all;
    all.reserve(size_);
    for_each([&](const Row& row) { all.push_back(row); });
    return all;
  }

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(Row); }

 private:
  std::vector<std::shared_ptr<const std::vector<Row>>> runs_;
  std::size_t sealed_ = 0;
  std::size_t size_ = 0;
};

}  // namespace daybook::index
