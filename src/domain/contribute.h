// Inside the domain: what each kind of document contributes (figures.h), one file a kind.
#pragma once

#include <algorithm>
#include <vector>

#include "domain/figures.h"

namespace daybook::domain {

// Cells and anomalies of credit.h.
void contribute_credit(Picture& picture, const Order& order, Contributions& to);
void contribute_order(Picture& picture, const Document& document, Contributions& to, Extent extent);
void contribute_invoice(Picture& picture, const Document& document, Contributions& to);
void contribute_source(Picture& picture, const Document& document, Contributions& to);

// A refund outside any source's sequence: negative unapplied cash by itself.
void contribute_standing_refund(const Fact& fact, const Attributes& attributes, Contributions& to);
// A refund's ledger entry and negative collection.
void contribute_refund_postings(const RefundPaid& refund, const Attributes& attributes,
                                Contributions& to);

// Of sales: channel and kind of the first known order that the invoice names.
Dimensions dimensions_of(Picture& picture, const Invoice& invoice);

Anomaly anomaly_about(AnomalyKind kind, std::string_view document_id, const Fact& fact);

// An anomaly that comes and goes: one for each stretch of days on which it holds.
class Stretches {
 public:
  Stretches(AnomalyKind kind, std::string_view document_id, const Fact& fact, Contributions& to)
      : kind_(kind), document_id_(document_id), fact_(fact), to_(to) {}
  // The last stretch has no end.
  ~Stretches() { holds(kNever, false); }
  Stretches(const Stretches&) = delete;
  Stretches& operator=(const Stretches&) = delete;

  // Whether it holds from this day on; days rise.
  void holds(Day day, bool now) {
    if (now == (since_ != kNever)) return;
    if (!now) report(day);
    since_ = now ? day : kNever;
  }

 private:
  void report(Day until);

  AnomalyKind kind_;
  std::string_view document_id_;
  const Fact& fact_;
  Contributions& to_;
  Day since_ = kNever;
};

// Records that lack something, by what they lack: an anomaly for each missing id, at the first record
// that lacks it.
class Lacking {
 public:
  void add(const Fact& fact, std::string_view id);
  void report(AnomalyKind kind, Contributions& to) const;

 private:
  Few<std::pair<std::string_view, const Fact*>, 2> lacked_;
};

// Dates on which something takes effect, each once, rising.
class Breakpoints {
 public:
  void add(Day day) {
    if (day != kNever) days_.push_back(day);
  }
  std::span<const Day> sorted() {
    std::ranges::sort(days_);
    days_.erase(std::unique(days_.begin(), days_.end()), days_.end());
    return days_;
  }

 private:
  Few<Day, 16> days_;
};

}  // namespace daybook::domain
