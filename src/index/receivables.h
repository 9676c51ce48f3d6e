// Cells of the receivables and the ledger in memory, ordered so that any past date is a sum that was
// kept plus the cells of one period.
#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/date.h"
#include "base/int128.h"
#include "index/parts.h"
#include "store/cells.h"

namespace daybook::index {

// A cell as ages and balances need it: issue and due date of open amounts alone, counts of what is an
// item alone, and the measures of the ledger as one (kLedgerInvoices). Amounts too large for a row are up to three.
struct ReceivableRow {
  store::LabelId customer = 0;
  store::LabelId attributes = 0;
  Day day = 0;
  Day day2 = 0;
  Day counts_from = 0;
  std::uint16_t currency = 0;
  domain::Measure measure{};
  std::uint8_t amount_shift = 0;
  std::int64_t amount_part = 0;
  std::int64_t quantity = 0;

  Int128 amount() const { return part_at(amount_part, amount_shift); }
  // As totals tell rows apart.
  void leave_out_accounts() {
    customer = 0;
    attributes = 0;
    day = 0;
  }
};
// The rows that a receivables or ledger cell becomes, appended to `to`.
void add_receivable_rows(store::LabelId customer, const store::Cell& cell, std::vector<ReceivableRow>& to);

// Rows by the period in which they begin to count, each period with the sums of all before it.
class PeriodSums {
 public:
  explicit PeriodSums(Grain grain) : grain_(grain) {}

  // These and `rows`. Shares the periods before the first of them with this.
  PeriodSums merged(std::span<const ReceivableRow> rows) const;
  // The same rows by coarser periods.
  PeriodSums coarser(Grain grain) const;

  // Calls visit(row) for sums over what counts on a date. Rows of one customer and attributes stand
  // together, in two stretches at most.
  template <typename Visit>
  void for_each(Day as_of, const Visit& visit) const {
    const Period* period = find(as_of);
    if (period == nullptr) return;
    period->opening.for_each(
        [&](const Account& account, const Packed& row) { visit(row.row(account, period->start)); });
    period->rows.for_each([&](const Account& account, const Packed& row) {
      if (period->start + row.day_in_period() <= as_of) visit(row.row(account, period->start));
    });
  }

  // All of them, by period.
  std::vector<ReceivableRow> rows() const;
  Grain grain() const { return grain_; }
  std::size_t bytes() const;

 private:
  // Whose rows stand together.
  struct Account {
    store::LabelId customer = 0;
    store::LabelId attributes = 0;

    auto operator<=>(const Account&) const = default;
  };
  // 16 bytes, as most of what an index holds are these. Amounts of 48 bits and quantities of 15: what
  // does not fit is up to four rows, each worth so many bits more.
  class Packed {
   public:
    // Without amount and quantity; the period has at most 511 days.
    Packed(const ReceivableRow& row, Day start);

    // Takes what fits of both into the row of this place, from 0 on.
    void take(unsigned place, Int128& amount, Int128& quantity);
    Int128 amount() const { return part_at(amount_part(), amount_shift()); }
    std::int64_t quantity() const { return (static_cast<std::int64_t>(dates_ << 49) >> 49) << 15 * place(); }
    // The day in the period comes last.
    auto key() const { return std::pair(amount_ & kCurrencyMask, dates_ >> 15); }
    Day day_in_period() const { return static_cast<Day>(dates_ >> 15 & 0x1FF); }
    Packed without_day() const;
    ReceivableRow row(const Account& account, Day start) const;

    static constexpr unsigned kPlaces = 4;

   private:
    static constexpr std::uint64_t kCurrencyMask = 0x3FFF;

    unsigned place() const { return static_cast<unsigned>(amount_ >> 14 & 3); }
    std::int64_t amount_part() const { return static_cast<std::int64_t>(amount_) >> 16; }
    std::uint8_t amount_shift() const { return static_cast<std::uint8_t>(48 * place()); }

    std::uint64_t amount_;  // 48 bits; place 2; currency 14.
    std::uint64_t dates_;   // Measure 4, issue date 18, due date 18, day in the period 9, quantity 15.
  };
  // Rows by key: account, then Packed::key(). Those with one key are summed.
  class Sums {
   public:
    // One row after the other. It must outlive the cursor.
    class Cursor {
     public:
      explicit Cursor(const Sums& sums) : sums_(sums) {}

      bool at_end() const { return row_ == sums_.rows_.size(); }
      const Account& account() const { return sums_.runs_[run_].account; }
      const Packed& row() const { return sums_.rows_[row_]; }
      auto key() const { return std::pair(account(), row().key()); }
      void next() {
        if (++row_ == sums_.runs_[run_].end) ++run_;
      }

     private:
      const Sums& sums_;
      std::size_t run_ = 0;
      std::size_t row_ = 0;
    };

    bool empty() const { return rows_.empty(); }
    std::size_t size() const { return rows_.size(); }
    void reserve(std::size_t rows) { rows_.reserve(rows); }
    // By rising keys.
    void push_back(const Account& account, const Packed& row);
    void shrink_to_fit();
    std::size_t bytes() const { return runs_.capacity() * sizeof(Run) + rows_.capacity() * sizeof(Packed); }
    // Calls visit(account, row).
    template <typename Visit>
    void for_each(const Visit& visit) const {
      std::size_t at = 0;
      for (const Run& run : runs_) {
        for (; at < run.end; ++at) visit(run.account, rows_[at]);
      }
    }

   private:
    struct Run {
      Account account;
      std::uint32_t end = 0;  // Behind its last row.
    };

    std::vector<Run> runs_;
    std::vector<Packed> rows_;
  };
  struct Period {
    Day start = 0;
    Sums opening;
    Sums rows;
  };

  static void emit(const Account& account, Packed row, Int128 amount, Int128 quantity, Sums& to);
  static Sums add(const Sums& a, const Sums& b);
  static Sums without_days(const Sums& sums);
  // The period in force on a day; null before the first.
  const Period* find(Day day) const;

  Grain grain_;
  std::vector<std::shared_ptr<const Period>> periods_;  // By start; those without a row are left out.
};

// What the ageing asks for: all of it, and totals over all customers by currency and due date. Apart from
// these what orders add to credit exposure.
struct Receivables {
  using Row = ReceivableRow;

  // None: there is no room for them.
  std::optional<PeriodSums> accounts{Grain::kMonth};
  std::optional<PeriodSums> credit{Grain::kMonth};
  std::optional<PeriodSums> totals{Grain::kWeek};

  Receivables merged(std::vector<ReceivableRow> rows) const;
  std::size_t bytes() const {
    return (accounts ? accounts->bytes() : 0) + (credit ? credit->bytes() : 0) + (totals ? totals->bytes() : 0);
  }
};

}  // namespace daybook::index
