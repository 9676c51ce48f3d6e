// What documents contribute, as it is handed out, stored and read: cells of the aggregates, rows of order cycles,
// anomalies. figures.h says how they come about.
//
// An aggregate cell has two dates: the day a figure belongs to (due, posting or period day) and the day from which
// it counts. Any as_of is a sum over cells with counting day <= as_of.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/date.h"
#include "base/int128.h"
#include "base/money.h"
#include "domain/document.h"

namespace daybook::domain {

// Region and sales rep of a document: its own, or those of the customer file in force on a date.
struct Attributes {
  // Empty: from the file.
  std::string_view region;
  std::string_view sales_rep;
  Day file_day = 0;

  bool operator==(const Attributes&) const = default;
};

// Stored: never renumber.
enum class Measure : std::uint8_t {
  // Receivables. day = issue date, day2 = due date; quantity counts open instalments.
  kOpen = 1,
  kDisputed = 2,  // day2 = due date.
  // Positive when it is the customer's money; quantity counts payments (credits) that are not 0.
  kUnapplied = 3,
  kOpenCredits = 4,
  // Credit exposure by orders, beside the balance; day = counting day, without attributes.
  kOpenOrders = 5,   // Not dispatched.
  kNotInvoiced = 6,  // Dispatched and not invoiced.
  // Ledger, signed as in the balance. day = effective date = counting day.
  kLedgerInvoices = 10,
  kLedgerCreditNotes = 11,
  kLedgerCash = 12,
  kLedgerReversals = 13,
  kLedgerRefunds = 14,
  kLedgerWriteOffs = 15,
  kLedgerRecoveries = 16,
  kLedgerVoids = 17,
  kLedgerTransfers = 18,
  // Of payments, what was applied: day = when it took effect; quantity = amount × (the later of value date and
  // issue date − issue date).
  // In the ledger's pages, and no part of it.
  kSettled = 20,
  // Sales. day = posting date.
  kOrdered = 30,   // quantity: what remains.
  kShipped = 31,   // quantity: dispatched less returned.
  kInvoiced = 32,  // quantity counts invoices issued.
  kCollected = 33,
  kOrders = 35,     // quantity counts.
  kShipments = 36,  // quantity counts; the amount is freight.
};
inline bool is_receivables(Measure m) { return m < Measure::kLedgerInvoices; }
inline bool is_credit(Measure m) { return m == Measure::kOpenOrders || m == Measure::kNotInvoiced; }
// Whether its cells count documents under their sku.
inline bool has_count(Measure m) { return m == Measure::kOrdered || m == Measure::kShipped; }
// Whether its cells count open items.
inline bool has_items(Measure m) {
  return m == Measure::kOpen || m == Measure::kUnapplied || m == Measure::kOpenCredits;
}
// Whether it is one of these numbers.
inline bool is_stored(Measure m) {
  const auto among = [m](Measure first, Measure last) { return m >= first && m <= last; };
  return among(Measure::kOpen, Measure::kNotInvoiced) || among(Measure::kLedgerInvoices, Measure::kLedgerTransfers) ||
         m == Measure::kSettled || among(Measure::kOrdered, Measure::kCollected) ||
         among(Measure::kOrders, Measure::kShipments);
}
inline bool is_ledger(Measure m) { return m >= Measure::kLedgerInvoices && m < Measure::kSettled; }

// Dimensions of sales. What is missing is empty (kind: 0).
struct Dimensions {
  std::string_view sku;
  std::string_view channel;
  std::uint8_t kind = 0;  // OrderKind.

  auto operator<=>(const Dimensions&) const = default;
};

// As it is handed out: attributes and dimensions are whoever's who hands it out.
struct CellKey {
  Measure measure{};
  Currency currency;
  const Attributes& attributes;
  const Dimensions& dimensions;
  Day day = 0;
  Day day2 = 0;
  Day counts_from = 0;
};

struct CellValue {
  Int128 amount = 0;
  Int128 quantity = 0;
  std::int64_t count = 0;  // Of orders and shipments, once under each of their skus: has_count().

  bool is_zero() const { return amount == 0 && quantity == 0 && count == 0; }
  bool operator==(const CellValue&) const = default;
  // Modulo 2^128: a sum that goes beyond, and comes back, is right again.
  CellValue operator-() const {
    return {static_cast<Int128>(-static_cast<UInt128>(amount)), static_cast<Int128>(-static_cast<UInt128>(quantity)),
            -count};
  }
  CellValue& operator+=(const CellValue& other) {
    amount = static_cast<Int128>(static_cast<UInt128>(amount) + static_cast<UInt128>(other.amount));
    quantity = static_cast<Int128>(static_cast<UInt128>(quantity) + static_cast<UInt128>(other.quantity));
    count += other.count;
    return *this;
  }
};

// Stored: never renumber.
enum class AnomalyKind : std::uint8_t {
  kAllocationExceedsPayment = 1,
  kConflictingRepeat = 2,
  kCurrencyMismatch = 3,
  kOverApplied = 4,
  kRecoveryExceedsWriteOff = 5,
  kRefundExceedsUnapplied = 6,
  kUnknownAllocation = 7,
  kUnknownCreditNote = 8,
  kUnknownDispute = 9,
  kUnknownInvoice = 10,
  kUnknownOrder = 11,
  kUnknownPayment = 12,
  kUnknownPromise = 13,
  kUnknownShipment = 14,
  kUnknownWriteOff = 15,
  kPaymentBeforeInvoice = 16,
  kInvoicedOverOrdered = 17,
  kShippedOverOrdered = 18,
  kReturnedOverDispatched = 19,
  kDeliveredNotInvoiced = 20,
  kShippedWithoutProofOfDelivery = 21,
  kInvoiceNotReceived = 22,
  kMilestonesOutOfOrder = 23,
  // Not stored: they depend on exchange rates, which other accounts have.
  kOverCreditLimit = 24,
  kMissingRate = 25,
};
inline constexpr std::size_t kAnomalyKindCount = 25;
std::string_view anomaly_name(AnomalyKind kind);

struct Anomaly {
  AnomalyKind kind{};
  std::string_view document_id;
  // Of the record it is about.
  Position at;
  std::int64_t recorded_ms = 0;
  EventId event_id;
  Instant occurred_at = 0;
  std::uint8_t type = 0;
  // Open at every as_of in [from, until).
  Day from = 0;
  Day until = kNever;
  // Of a conflicting repeat: which fields differ. Empty: its kind says all.
  std::string_view detail;
  // Holds only while the account's unapplied cash in this currency is below 0 (a refund that names
  // no source); no currency: holds.
  Currency while_overdrawn;
};

enum class Milestone : std::uint8_t {
  kPlaced,
  kConfirmed,
  kReady,
  kFirstDispatched,
  kDispatched,
  kDelivered,
  kInvoiced,
  kPaid,
};
inline constexpr std::size_t kMilestoneCount = 8;
std::string_view milestone_name(Milestone milestone);
std::optional<Milestone> parse_milestone(std::string_view name);
using Milestones = std::array<MaybeInstant, kMilestoneCount>;

// When an order is wanted, and what its customer was promised: by the first confirmation or delay that has a promise,
// and by the last.
struct OrderDates {
  std::optional<Day> requested;
  std::optional<Day> first_promise;
  std::optional<Day> last_promise;

  bool operator==(const OrderDates&) const = default;
};

// How far an order has come.
struct CycleState {
  Milestones milestones;
  std::string_view warehouse;  // Of the first dispatch.
  OrderDates dates;
  bool remains = false;  // A line remains: the order is not wholly cancelled.
  // A line remains, and of each that does all was delivered that it had before any cancellation.
  bool in_full = false;

  bool operator==(const CycleState&) const = default;
};

// The same over time: a row of the order-cycle views.
struct CycleChange {
  Day counts_from = 0;
  CycleState state;
};
// Delays that were reported of a stage for a reason, on one day.
struct CycleDelays {
  Day counts_from = 0;
  DelayStage stage = DelayStage::kNone;
  std::string_view reason_code;
  std::int64_t events = 0;

  auto key() const { return std::tie(counts_from, stage, reason_code); }
  bool operator==(const CycleDelays&) const = default;
};
struct CycleRow {
  std::string_view order_id;
  Attributes attributes;
  OrderKind kind = OrderKind::kStandard;
  std::string_view channel;
  std::vector<CycleDelays> delays;   // By key.
  std::vector<CycleChange> changes;  // By counts_from, rising.
};

class OpenAmounts;  // open_amounts.h

// Takes what a document contributes.
class Contributions {
 public:
  virtual ~Contributions() = default;
  virtual void cell(const CellKey& key, const CellValue& value) = 0;
  // All cells of what is open of an invoice's instalments and disputed.
  virtual void open_amounts(OpenAmounts&& amounts) = 0;
  virtual void anomaly(const Anomaly& anomaly) = 0;
  virtual void cycle_row(const CycleRow& row) = 0;
  // Accepted records of this document with a reference that is not resolved.
  virtual void waiting(std::int64_t records) = 0;
  // One of its records waits, or did for a while: what it refers to was read later. So that those waiting at an
  // earlier instant are found.
  virtual void waited() = 0;
};

}  // namespace daybook::domain
