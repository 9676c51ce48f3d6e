// What an answer is before it is written down: a typed tree, whose list is cut to a page while its rows come.
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/document.h"
#include "query/question.h"
#include "query/question_memory.h"
#include "query/value.h"

namespace daybook::query {

// A row and what it is sorted and paged by: parts joined with a zero byte sort as the parts do.
struct SortedRow {
  std::string key;
  Row row;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(key, row);
  }
};

inline std::size_t bytes_of(const SortedRow& sorted) {
  return sizeof sorted + sorted.key.capacity() + bytes_of(sorted.row);
}

// rows_aside.h
void put_aside(RowsAside& aside, SortedRow row);

// Sort keys.
std::string sort_key(std::initializer_list<std::string_view> parts);
// Eight bytes in number order; and the number, or the day, that a key begins with.
std::string sortable(std::int64_t number);
std::int64_t first_number(std::string_view key);
Day first_day(std::string_view key);
// Sorts by topic, partition, offset.
std::string position_key(std::int32_t partition, domain::Position at);

// Rows in the order of their keys, cut to a page while they come: no more are kept, and made, than it
// shows and one, which tells that there are more. Those that are put aside are not kept at all.
class Rows {
 public:
  // All of them.
  Rows() = default;
  explicit Rows(PageCut cut) : cut_(std::move(cut)) {}
  // These, whose memory is taken.
  explicit Rows(std::vector<SortedRow> rows) : rows_(std::move(rows)) {}

  // Whether a row whose key begins so may be on the page.
  bool may_hold(std::string_view prefix) const {
    return prefix >= std::string_view(cut_.after).substr(0, prefix.size()) && is_wanted(prefix);
  }
  // `make` gives the row, and is called only for one that may be shown.
  template <typename Make>
  void add(std::string key, const Make& make) {
    if (key <= cut_.after || !is_wanted(key)) return;
    SortedRow row{std::move(key), make()};
    take_memory(bytes_of(row));
    place(std::move(row));
  }

  // Those that may be shown of rows that were cut to the same page; of a round, each shard to a share of its own.
  void add_all(Rows other) {
    if (cut_.is_round) widen_to(other);
    for (SortedRow& row : other.rows_) {
      if (row.key > cut_.after && is_wanted(row.key)) {
        place(std::move(row));
      } else {
        give_back_memory(bytes_of(row));
      }
    }
  }

  // Calls visit(row), or visit(key, row), for those that may be shown, in no order: for what is known at the end alone.
  template <typename Visit>
  void for_each(const Visit& visit) {
    for (SortedRow& sorted : rows_) {
      if constexpr (std::invocable<const Visit&, Row&>) {
        visit(sorted.row);
      } else {
        visit(sorted.key, sorted.row);
      }
    }
  }

  // What was given elsewhere goes where the rows of this page are put.
  void put_aside(const PageCut& page) {
    cut_.aside = page.aside;
    for (SortedRow& row : std::exchange(rows_, {})) place(std::move(row));
  }

  // What the page shows, in order, and whether there is more behind it, or may be behind a round.
  struct Page {
    std::vector<SortedRow> rows;
    bool more = false;
  };
  Page take();

  const PageCut& cut() const { return cut_; }
  // The key from which on no more rows are needed, as the page is full; empty: it is not.
  const std::string& until() const { return is_full() ? rows_.front().key : cut_.until; }

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(cut_, rows_);
  }

 private:
  bool is_wanted(std::string_view key) const { return until().empty() || key < until(); }
  void place(SortedRow row) {
    if (cut_.aside != nullptr) return query::put_aside(*cut_.aside, std::move(row));
    const bool was_full = is_full();
    rows_.push_back(std::move(row));
    if (!is_full()) return;
    if (!was_full) {
      std::ranges::make_heap(rows_, {}, &SortedRow::key);
      return;
    }
    std::ranges::push_heap(rows_, {}, &SortedRow::key);
    std::ranges::pop_heap(rows_, {}, &SortedRow::key);
    give_back_memory(bytes_of(rows_.back()));
    rows_.pop_back();
  }
  // Keeps what both were cut to.
  void widen_to(const Rows& other);
  bool is_full() const { return cut_.count && rows_.size() > *cut_.count; }

  PageCut cut_;
  std::vector<SortedRow> rows_;  // Once they are full a heap, the last key in front.
};

struct Answer {
  // Fields beside the common ones, in front of the rows.
  Row head;
  Rows rows;
  // Columns in CSV, where the question decides them; else the report's description does.
  std::optional<std::vector<std::string>> columns;
  // Fields behind the rows, over all pages.
  Row tail;
  // Makes the whole answer as a page to print, where its report has one.
  std::function<std::string()> page;
};

// A group's name: `unassigned` for an empty value.
std::string group_name(std::string_view value);
// The path cut to `level` parts; as it is with level 0.
std::string cut_region(std::string_view region, int level);
// Keys of targets and rates are accounts of the log, not customers.
bool is_customer(std::string_view name);

}  // namespace daybook::query
