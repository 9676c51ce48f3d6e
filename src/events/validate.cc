#include "events/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/text.h"
#include "domain/event_types.h"

namespace daybook::events {
namespace {

constexpr std::string_view kTargetPrefix = "target:";
constexpr std::string_view kRatePrefix = "fx:";
// "target:" or "fx:" keys hold a region path behind their prefix.
constexpr std::size_t kReferenceKeyBytesMax = 160;

enum class Need { kRequired, kOptional };

// Checks the fields of one message, says what is wrong with each, and converts them.
class Checker {
 public:
  // Of the event itself, or of its payload.
  Checker(v1::Event::PayloadCase payload, Arena& arena, Violations& violations)
      : payload_(payload), arena_(arena), violations_(violations) {}

  // Apart from the usual path, which formats nothing.
  template <typename... Args>
  [[gnu::cold, gnu::noinline]] void fault(std::string_view field, fmt::format_string<const Args&...> message,
                                          const Args&... args) {
    violations_.add(path() + std::string(field), [&] { return fmt::format(message, args...); });
  }

  // An entry of a list of this message, which must outlive it.
  Checker item(std::string_view list, int index) {
    Checker entry(payload_, arena_, violations_);
    entry.parent_ = this;
    entry.list_ = list;
    entry.index_ = index;
    return entry;
  }

  std::string_view label(std::string_view field, wire::Text text, Need need) {
    if (!text.empty()) {
      check_label(field, text, kLabelBytesMax);
    } else if (need == Need::kRequired) {
      fault(field, "is required");
    }
    return text;
  }

  void check_label(std::string_view field, wire::Text text, std::size_t bytes_max) {
    if (is_plain_label(text, bytes_max)) return;
    if (const auto wrong = label_fault(text, bytes_max)) fault(field, "{}", *wrong);
  }

  std::string_view region(std::string_view field, wire::Text text) {
    if (!text.empty()) {
      if (const auto wrong = region_fault(text)) fault(field, "{}", *wrong);
    }
    return text;
  }

  std::string_view free_text(std::string_view field, wire::Text text) {
    if (!text.empty()) {
      if (const auto wrong = free_text_fault(text)) fault(field, "{}", *wrong);
    }
    return text;
  }

  std::optional<Day> date(std::string_view field, std::string_view text, Need need) {
    if (text.empty()) {
      if (need == Need::kRequired) fault(field, "is required");
      return std::nullopt;
    }
    const auto day = parse_date(text);
    if (!day) {
      fault(field, "'{}' is not a date: YYYY-MM-DD, a real day from 1900-01-01 to 2199-12-31", shortened(text));
    }
    return day;
  }

  Currency currency(std::string_view field, std::string_view code, Need need) {
    if (code.empty()) {
      if (need == Need::kRequired) fault(field, "is required");
      return {};
    }
    const auto currency = Currency::parse(code);
    if (!currency) {
      fault(field, "'{}' is not an ISO 4217 currency code", shortened(code));
      return {};
    }
    return *currency;
  }

  std::int64_t amount(std::string_view field, bool present, std::int64_t minor, std::int64_t least, Need need) {
    if (!present) {
      if (need == Need::kRequired) fault(field, "is required");
      return 0;
    }
    if (minor < least || minor > kAmountMax) {
      fault(field, "{} is not allowed: {} to {} minor units", minor, least, kAmountMax);
    }
    return minor;
  }

  std::optional<std::int64_t> optional_amount(std::string_view field, bool present, std::int64_t minor,
                                              std::int64_t least) {
    amount(field, present, minor, least, Need::kOptional);
    return present ? std::optional(minor) : std::nullopt;
  }

  Decimal decimal(std::string_view field, std::string_view text, int fraction_max) {
    if (text.empty()) {
      fault(field, "is required");
      return {};
    }
    const auto value = parse_decimal(text, fraction_max);
    if (!value) {
      fault(field, "'{}' is not a decimal: up to 12 digits, and up to {} after a point", shortened(text), fraction_max);
      return {};
    }
    if (value->digits == 0) fault(field, "must be above 0");
    return *value;
  }

  // False when the list is too long to look at.
  bool list(std::string_view field, int size, Need need) {
    if (need == Need::kRequired && size == 0) fault(field, "must not be empty");
    if (size > kListMax) {
      fault(field, "has more than {} entries", kListMax);
      return false;
    }
    return true;
  }

  // Finds repeats; linear for the short lists that nearly all are.
  class Unique {
   public:
    bool insert(std::string_view text) {
      if (many_) return many_->insert(text).second;
      const auto end = few_.begin() + count_;
      if (std::find(few_.begin(), end, text) != end) return false;
      if (count_ == kFew) return many_.emplace(few_.begin(), end).insert(text).second;
      few_[static_cast<std::size_t>(count_++)] = text;
      return true;
    }

   private:
    friend class Checker;
    static constexpr int kFew = 16;
    std::array<std::string_view, kFew> few_;
    int count_ = 0;
    std::optional<std::unordered_set<std::string_view, TextHash>> many_;
    bool said_ = false;
  };

  // An id of a list that has none twice. Of each list it is said once.
  void once(Unique& unique, std::string_view list, std::string_view id) {
    if (!unique.insert(id) && !std::exchange(unique.said_, true)) fault(list, "'{}' stands twice", id);
  }

  // Ids of which none may stand twice.
  std::span<const std::string_view> ids(std::string_view field, const wire::List<wire::Text>& texts) {
    if (!list(field, texts.size(), Need::kOptional)) return {};
    const auto out = arena_.array<std::string_view>(static_cast<std::size_t>(texts.size()));
    Unique unique;
    for (int i = 0; i < texts.size(); ++i) {
      const std::string_view text = texts[i];
      out[static_cast<std::size_t>(i)] = text;
      const auto here = [&] { return fmt::format("{}[{}]", field, i); };
      if (text.empty()) {
        fault(here(), "must not be empty");
      } else if (!is_plain_label(texts[i], kLabelBytesMax) && label_fault(text)) {
        fault(here(), "{}", *label_fault(text));
      } else {
        once(unique, field, text);
      }
    }
    return out;
  }

  Arena& arena() { return arena_; }

 private:
  static std::string_view shortened(std::string_view text) { return text.size() <= 64 ? text : "…"; }

  static bool is_plain_label(wire::Text text, std::size_t bytes_max) {
    return text.plain() && text.size() <= bytes_max;
  }

  // "invoice_issued.instalments[2].": put together only where there is a fault.
  std::string path() const {
    if (parent_ != nullptr) return fmt::format("{}{}[{}].", parent_->path(), list_, index_);
    if (payload_ == v1::Event::PAYLOAD_NOT_SET) return "";
    return v1::Event::descriptor()->FindFieldByNumber(payload_)->name() + ".";
  }

  v1::Event::PayloadCase payload_;
  // Of an entry: where it stands.
  const Checker* parent_ = nullptr;
  std::string_view list_;
  int index_ = 0;
  Arena& arena_;
  Violations& violations_;
};

// Number 0 (unspecified) gives `fallback`, and is a fault where the field is required.
template <typename Enum>
Enum enumeration(Checker& check, std::string_view field, int number, int count, Need need, Enum fallback) {
  if (number < 0 || number > count) {
    check.fault(field, "{} is not a known value", number);
    return fallback;
  }
  if (number == 0) {
    if (need == Need::kRequired) check.fault(field, "is required");
    return fallback;
  }
  return static_cast<Enum>(number);
}

template <typename Lines>
std::span<const domain::OrderLine> order_lines(Checker& check, const Lines& lines) {
  if (!check.list("lines", lines.size(), Need::kRequired)) return {};
  const auto out = check.arena().array<domain::OrderLine>(static_cast<std::size_t>(lines.size()));
  Checker::Unique unique;
  for (int i = 0; i < lines.size(); ++i) {
    const auto& line = lines[i];
    Checker at = check.item("lines", i);
    domain::OrderLine& to = out[static_cast<std::size_t>(i)];
    to.line_id = at.label("line_id", line.line_id(), Need::kRequired);
    if (!to.line_id.empty()) check.once(unique, "lines", to.line_id);
    to.sku = at.label("sku", line.sku(), Need::kRequired);
    to.quantity = at.decimal("quantity", line.quantity(), kQuantityPlaces);
    to.net_minor = at.amount("net_minor", line.has_net_minor(), line.net_minor(), 0, Need::kRequired);
    to.tax_minor = at.optional_amount("tax_minor", line.has_tax_minor(), line.tax_minor(), 0);
  }
  return out;
}

template <typename Lines>
std::span<const domain::ShipmentLine> shipment_lines(Checker& check, const Lines& lines) {
  if (!check.list("lines", lines.size(), Need::kRequired)) return {};
  const auto out = check.arena().array<domain::ShipmentLine>(static_cast<std::size_t>(lines.size()));
  Checker::Unique unique;
  for (int i = 0; i < lines.size(); ++i) {
    Checker at = check.item("lines", i);
    domain::ShipmentLine& to = out[static_cast<std::size_t>(i)];
    to.line_id = at.label("line_id", lines[i].line_id(), Need::kRequired);
    if (!to.line_id.empty()) check.once(unique, "lines", to.line_id);
    to.quantity = at.decimal("quantity", lines[i].quantity(), kQuantityPlaces);
  }
  return out;
}

template <typename Items>
std::span<const domain::Allocation> allocations(Checker& check, const Items& items, Need need) {
  if (!check.list("allocations", items.size(), need)) return {};
  const auto out = check.arena().array<domain::Allocation>(static_cast<std::size_t>(items.size()));
  for (int i = 0; i < items.size(); ++i) {
    Checker at = check.item("allocations", i);
    out[static_cast<std::size_t>(i)] = {.invoice_id = at.label("invoice_id", items[i].invoice_id(), Need::kRequired),
                                        .amount_minor = at.amount("amount_minor", items[i].has_amount_minor(),
                                                                  items[i].amount_minor(), 1, Need::kRequired)};
  }
  return out;
}

// Of two fields where exactly one is asked for, the later is named.
void exactly_one(Checker& check, std::string_view first, bool has_first, std::string_view second, bool has_second) {
  if (has_first && has_second) {
    check.fault(second, "must not be given beside {}", first);
  } else if (!has_first && !has_second) {
    check.fault(second, "or {} is required", first);
  }
}

domain::OrderPlaced convert(Checker& c, const wire::OrderPlaced& m) {
  domain::OrderPlaced e;
  e.order_id = c.label("order_id", m.order_id(), Need::kRequired);
  e.kind = enumeration(c, "kind", m.kind(), 2, Need::kOptional, domain::OrderKind::kStandard);
  e.region = c.region("region", m.region());
  e.sales_rep = c.label("sales_rep", m.sales_rep(), Need::kOptional);
  e.channel = c.label("channel", m.channel(), Need::kOptional);
  e.currency = c.currency("currency", m.currency(), Need::kRequired);
  e.requested_date = c.date("requested_date", m.requested_date(), Need::kOptional);
  e.lines = order_lines(c, m.lines());
  return e;
}

domain::OrderConfirmed convert(Checker& c, const wire::OrderConfirmed& m) {
  domain::OrderConfirmed e;
  e.order_id = c.label("order_id", m.order_id(), Need::kRequired);
  e.promised_date = c.date("promised_date", m.promised_date(), Need::kOptional);
  return e;
}

domain::OrderChanged convert(Checker& c, const wire::OrderChanged& m) {
  domain::OrderChanged e;
  e.order_id = c.label("order_id", m.order_id(), Need::kRequired);
  e.lines = order_lines(c, m.lines());
  e.requested_date = c.date("requested_date", m.requested_date(), Need::kOptional);
  return e;
}

domain::OrderDelayed convert(Checker& c, const wire::OrderDelayed& m) {
  domain::OrderDelayed e;
  e.order_id = c.label("order_id", m.order_id(), Need::kRequired);
  e.stage = enumeration(c, "stage", m.stage(), 5, Need::kOptional, domain::DelayStage::kNone);
  e.reason_code = c.label("reason_code", m.reason_code(), Need::kRequired);
  e.promised_date = c.date("promised_date", m.promised_date(), Need::kOptional);
  e.note = c.free_text("note", m.note());
  return e;
}

domain::OrderReady convert(Checker& c, const wire::OrderReady& m) {
  return domain::OrderReady{.order_id = c.label("order_id", m.order_id(), Need::kRequired)};
}

domain::OrderCancelled convert(Checker& c, const wire::OrderCancelled& m) {
  domain::OrderCancelled e;
  e.order_id = c.label("order_id", m.order_id(), Need::kRequired);
  e.line_ids = c.ids("line_ids", m.line_ids());
  e.reason_code = c.label("reason_code", m.reason_code(), Need::kOptional);
  return e;
}

domain::ShipmentDispatched convert(Checker& c, const wire::ShipmentDispatched& m) {
  domain::ShipmentDispatched e;
  e.shipment_id = c.label("shipment_id", m.shipment_id(), Need::kRequired);
  e.order_id = c.label("order_id", m.order_id(), Need::kRequired);
  e.warehouse = c.label("warehouse", m.warehouse(), Need::kOptional);
  e.carrier = c.label("carrier", m.carrier(), Need::kOptional);
  e.lines = shipment_lines(c, m.lines());
  e.freight_minor = c.optional_amount("freight_minor", m.has_freight_minor(), m.freight_minor(), 0);
  e.currency = c.currency("currency", m.currency(), Need::kOptional);
  if (m.has_freight_minor() && m.currency().empty()) {
    c.fault("currency", "is required beside freight_minor");
  }
  return e;
}

domain::ShipmentDelivered convert(Checker& c, const wire::ShipmentDelivered& m) {
  domain::ShipmentDelivered e;
  e.shipment_id = c.label("shipment_id", m.shipment_id(), Need::kRequired);
  e.order_id = c.label("order_id", m.order_id(), Need::kRequired);
  e.signed_by = c.free_text("signed_by", m.signed_by());
  return e;
}

domain::ShipmentReturned convert(Checker& c, const wire::ShipmentReturned& m) {
  domain::ShipmentReturned e;
  e.return_id = c.label("return_id", m.return_id(), Need::kRequired);
  e.shipment_id = c.label("shipment_id", m.shipment_id(), Need::kOptional);
  e.order_id = c.label("order_id", m.order_id(), Need::kRequired);
  e.lines = shipment_lines(c, m.lines());
  e.reason_code = c.label("reason_code", m.reason_code(), Need::kOptional);
  e.to_be_resent = m.to_be_resent();
  return e;
}

domain::InvoiceIssued convert(Checker& c, const wire::InvoiceIssued& m) {
  domain::InvoiceIssued e;
  e.invoice_id = c.label("invoice_id", m.invoice_id(), Need::kRequired);
  e.kind = enumeration(c, "kind", m.kind(), 2, Need::kOptional, domain::InvoiceKind::kInvoice);
  e.order_ids = c.ids("order_ids", m.order_ids());
  e.region = c.region("region", m.region());
  e.sales_rep = c.label("sales_rep", m.sales_rep(), Need::kOptional);
  e.currency = c.currency("currency", m.currency(), Need::kRequired);
  e.net_minor = c.amount("net_minor", m.has_net_minor(), m.net_minor(), 0, Need::kRequired);
  e.tax_minor = c.optional_amount("tax_minor", m.has_tax_minor(), m.tax_minor(), 0);
  e.issue_date = c.date("issue_date", m.issue_date(), Need::kRequired).value_or(0);
  e.due_date = c.date("due_date", m.due_date(), Need::kOptional);
  if (m.instalments().size() > 0 && !m.due_date().empty()) {
    c.fault("instalments", "must not be given beside due_date");
  }
  if (!c.list("instalments", m.instalments().size(), Need::kOptional)) return e;
  const auto instalments = c.arena().array<domain::Instalment>(static_cast<std::size_t>(m.instalments().size()));
  Int128 sum = 0;
  bool sound = true;
  for (int i = 0; i < m.instalments().size(); ++i) {
    const auto& instalment = m.instalments()[i];
    Checker at = c.item("instalments", i);
    domain::Instalment& to = instalments[static_cast<std::size_t>(i)];
    to.due_date = at.date("due_date", instalment.due_date(), Need::kRequired).value_or(0);
    to.amount_minor =
        at.amount("amount_minor", instalment.has_amount_minor(), instalment.amount_minor(), 1, Need::kRequired);
    sound = sound && to.amount_minor >= 1 && to.amount_minor <= kAmountMax;
    sum += to.amount_minor;
  }
  e.instalments = instalments;
  const auto fits = [](std::int64_t minor) { return minor >= 0 && minor <= kAmountMax; };
  if (!instalments.empty() && sound && m.has_net_minor() && fits(m.net_minor()) && fits(m.tax_minor()) &&
      sum != e.gross_minor()) {
    c.fault("instalments", "add up to {}, not to net + tax = {}", to_string(sum), e.gross_minor());
  }
  return e;
}

domain::InvoiceDelivered convert(Checker& c, const wire::InvoiceDelivered& m) {
  return domain::InvoiceDelivered{.invoice_id = c.label("invoice_id", m.invoice_id(), Need::kRequired)};
}

domain::InvoiceDueDateChanged convert(Checker& c, const wire::InvoiceDueDateChanged& m) {
  domain::InvoiceDueDateChanged e;
  e.invoice_id = c.label("invoice_id", m.invoice_id(), Need::kRequired);
  e.due_date = c.date("due_date", m.due_date(), Need::kRequired).value_or(0);
  e.reason_code = c.label("reason_code", m.reason_code(), Need::kOptional);
  return e;
}

domain::InvoiceVoided convert(Checker& c, const wire::InvoiceVoided& m) {
  domain::InvoiceVoided e;
  e.invoice_id = c.label("invoice_id", m.invoice_id(), Need::kRequired);
  e.date = c.date("date", m.date(), Need::kRequired).value_or(0);
  e.reason_code = c.label("reason_code", m.reason_code(), Need::kOptional);
  return e;
}

domain::CreditNoteIssued convert(Checker& c, const wire::CreditNoteIssued& m) {
  domain::CreditNoteIssued e;
  e.credit_note_id = c.label("credit_note_id", m.credit_note_id(), Need::kRequired);
  e.invoice_id = c.label("invoice_id", m.invoice_id(), Need::kOptional);
  e.currency = c.currency("currency", m.currency(), Need::kRequired);
  e.net_minor = c.amount("net_minor", m.has_net_minor(), m.net_minor(), 0, Need::kRequired);
  e.tax_minor = c.optional_amount("tax_minor", m.has_tax_minor(), m.tax_minor(), 0);
  e.issue_date = c.date("issue_date", m.issue_date(), Need::kRequired).value_or(0);
  e.reason_code = c.label("reason_code", m.reason_code(), Need::kOptional);
  if (m.has_net_minor() && m.net_minor() == 0 && m.tax_minor() == 0) {
    c.fault("tax_minor", "net + tax must be above 0");
  }
  return e;
}

domain::CreditNoteVoided convert(Checker& c, const wire::CreditNoteVoided& m) {
  domain::CreditNoteVoided e;
  e.credit_note_id = c.label("credit_note_id", m.credit_note_id(), Need::kRequired);
  e.date = c.date("date", m.date(), Need::kRequired).value_or(0);
  e.reason_code = c.label("reason_code", m.reason_code(), Need::kOptional);
  return e;
}

domain::InvoiceDisputed convert(Checker& c, const wire::InvoiceDisputed& m) {
  domain::InvoiceDisputed e;
  e.dispute_id = c.label("dispute_id", m.dispute_id(), Need::kRequired);
  e.invoice_id = c.label("invoice_id", m.invoice_id(), Need::kRequired);
  e.amount_minor = c.optional_amount("amount_minor", m.has_amount_minor(), m.amount_minor(), 1);
  e.reason_code = c.label("reason_code", m.reason_code(), Need::kOptional);
  return e;
}

domain::DisputeResolved convert(Checker& c, const wire::DisputeResolved& m) {
  domain::DisputeResolved e;
  e.dispute_id = c.label("dispute_id", m.dispute_id(), Need::kRequired);
  e.invoice_id = c.label("invoice_id", m.invoice_id(), Need::kRequired);
  e.outcome = enumeration(c, "outcome", m.outcome(), 3, Need::kRequired, domain::DisputeOutcome::kUpheld);
  return e;
}

domain::InvoiceWrittenOff convert(Checker& c, const wire::InvoiceWrittenOff& m) {
  domain::InvoiceWrittenOff e;
  e.write_off_id = c.label("write_off_id", m.write_off_id(), Need::kRequired);
  e.invoice_id = c.label("invoice_id", m.invoice_id(), Need::kRequired);
  e.amount_minor = c.amount("amount_minor", m.has_amount_minor(), m.amount_minor(), 1, Need::kRequired);
  e.date = c.date("date", m.date(), Need::kRequired).value_or(0);
  e.kind = enumeration(c, "kind", m.kind(), 2, Need::kOptional, domain::WriteOffKind::kBadDebt);
  e.reason_code = c.label("reason_code", m.reason_code(), Need::kOptional);
  return e;
}

domain::WriteOffRecovered convert(Checker& c, const wire::WriteOffRecovered& m) {
  domain::WriteOffRecovered e;
  e.recovery_id = c.label("recovery_id", m.recovery_id(), Need::kRequired);
  e.write_off_id = c.label("write_off_id", m.write_off_id(), Need::kRequired);
  e.invoice_id = c.label("invoice_id", m.invoice_id(), Need::kRequired);
  e.amount_minor = c.amount("amount_minor", m.has_amount_minor(), m.amount_minor(), 1, Need::kRequired);
  e.date = c.date("date", m.date(), Need::kRequired).value_or(0);
  return e;
}

domain::PaymentReceived convert(Checker& c, const wire::PaymentReceived& m) {
  domain::PaymentReceived e;
  e.payment_id = c.label("payment_id", m.payment_id(), Need::kRequired);
  e.currency = c.currency("currency", m.currency(), Need::kRequired);
  e.amount_minor = c.amount("amount_minor", m.has_amount_minor(), m.amount_minor(), 1, Need::kRequired);
  e.value_date = c.date("value_date", m.value_date(), Need::kRequired).value_or(0);
  e.method = c.label("method", m.method(), Need::kOptional);
  e.reference = c.free_text("reference", m.reference());
  e.counterparty_customer_id = c.label("counterparty_customer_id", m.counterparty_customer_id(), Need::kOptional);
  e.allocations = allocations(c, m.allocations(), Need::kOptional);
  Int128 sum = 0;
  for (const auto& allocation : e.allocations) sum += allocation.amount_minor;
  if (m.has_amount_minor() && sum > m.amount_minor()) {
    c.fault("allocations", "add up to {}, more than the payment of {}", to_string(sum), m.amount_minor());
  }
  return e;
}

domain::PaymentAllocated convert(Checker& c, const wire::PaymentAllocated& m) {
  domain::PaymentAllocated e;
  e.allocation_id = c.label("allocation_id", m.allocation_id(), Need::kRequired);
  e.payment_id = c.label("payment_id", m.payment_id(), Need::kOptional);
  e.credit_note_id = c.label("credit_note_id", m.credit_note_id(), Need::kOptional);
  exactly_one(c, "payment_id", !e.payment_id.empty(), "credit_note_id", !e.credit_note_id.empty());
  if (!e.payment_id.empty() && e.allocation_id == e.payment_id) {
    c.fault("payment_id", "must differ from allocation_id: that id is the payment's own allocations");
  }
  if (!e.credit_note_id.empty() && e.allocation_id == e.credit_note_id) {
    c.fault("credit_note_id", "must differ from allocation_id: that id is the credit note's own item");
  }
  e.date = c.date("date", m.date(), Need::kRequired).value_or(0);
  e.allocations = allocations(c, m.allocations(), Need::kRequired);
  return e;
}

domain::PaymentUnallocated convert(Checker& c, const wire::PaymentUnallocated& m) {
  domain::PaymentUnallocated e;
  e.allocation_id = c.label("allocation_id", m.allocation_id(), Need::kRequired);
  e.payment_id = c.label("payment_id", m.payment_id(), Need::kOptional);
  e.credit_note_id = c.label("credit_note_id", m.credit_note_id(), Need::kOptional);
  exactly_one(c, "payment_id", !e.payment_id.empty(), "credit_note_id", !e.credit_note_id.empty());
  e.date = c.date("date", m.date(), Need::kRequired).value_or(0);
  return e;
}

domain::PaymentReversed convert(Checker& c, const wire::PaymentReversed& m) {
  domain::PaymentReversed e;
  e.payment_id = c.label("payment_id", m.payment_id(), Need::kRequired);
  e.date = c.date("date", m.date(), Need::kRequired).value_or(0);
  e.reason_code = c.label("reason_code", m.reason_code(), Need::kOptional);
  return e;
}

domain::RefundPaid convert(Checker& c, const wire::RefundPaid& m) {
  domain::RefundPaid e;
  e.refund_id = c.label("refund_id", m.refund_id(), Need::kRequired);
  e.payment_id = c.label("payment_id", m.payment_id(), Need::kOptional);
  e.credit_note_id = c.label("credit_note_id", m.credit_note_id(), Need::kOptional);
  if (!e.payment_id.empty() && !e.credit_note_id.empty()) {
    c.fault("credit_note_id", "must not be given beside payment_id");
  }
  e.currency = c.currency("currency", m.currency(), Need::kRequired);
  e.amount_minor = c.amount("amount_minor", m.has_amount_minor(), m.amount_minor(), 1, Need::kRequired);
  e.value_date = c.date("value_date", m.value_date(), Need::kRequired).value_or(0);
  e.counterparty_customer_id = c.label("counterparty_customer_id", m.counterparty_customer_id(), Need::kOptional);
  return e;
}

domain::PromiseMade convert(Checker& c, const wire::PromiseMade& m) {
  domain::PromiseMade e;
  e.promise_id = c.label("promise_id", m.promise_id(), Need::kRequired);
  e.invoice_ids = c.ids("invoice_ids", m.invoice_ids());
  e.currency = c.currency("currency", m.currency(), Need::kRequired);
  e.amount_minor = c.amount("amount_minor", m.has_amount_minor(), m.amount_minor(), 1, Need::kRequired);
  e.promised_date = c.date("promised_date", m.promised_date(), Need::kRequired).value_or(0);
  return e;
}

domain::PromiseWithdrawn convert(Checker& c, const wire::PromiseWithdrawn& m) {
  return domain::PromiseWithdrawn{.promise_id = c.label("promise_id", m.promise_id(), Need::kRequired)};
}

domain::CustomerProfileSet convert(Checker& c, const wire::CustomerProfileSet& m) {
  domain::CustomerProfileSet e;
  e.name = c.free_text("name", m.name());
  e.region = c.region("region", m.region());
  e.sales_rep = c.label("sales_rep", m.sales_rep(), Need::kOptional);
  e.grade = c.label("grade", m.grade(), Need::kOptional);
  e.parent_customer_id = c.label("parent_customer_id", m.parent_customer_id(), Need::kOptional);
  e.credit_currency = c.currency("credit_currency", m.credit_currency(), Need::kOptional);
  e.credit_limit_minor = c.optional_amount("credit_limit_minor", m.has_credit_limit_minor(), m.credit_limit_minor(), 0);
  if (m.has_credit_limit_minor() && m.credit_currency().empty()) {
    c.fault("credit_limit_minor", "needs credit_currency");
  }
  if (m.has_payment_terms_days()) {
    if (m.payment_terms_days() < 0 || m.payment_terms_days() > 3650) {
      c.fault("payment_terms_days", "{} is not allowed: 0 to 3650", m.payment_terms_days());
    }
    e.payment_terms_days = m.payment_terms_days();
  }
  return e;
}

bool is_period(std::string_view text) {
  if (text.size() == 7 && text.substr(4, 2) == "-Q") {
    return text[6] >= '1' && text[6] <= '4' && is_period(text.substr(0, 4));
  }
  if (text.size() != 4 && text.size() != 7) return false;
  // Its first day tells.
  std::array<char, 10> date = {'Y', 'Y', 'Y', 'Y', '-', '0', '1', '-', '0', '1'};
  std::ranges::copy(text, date.begin());
  return parse_date({date.data(), date.size()}).has_value();
}

domain::SalesTargetSet convert(Checker& c, const wire::SalesTargetSet& m) {
  domain::SalesTargetSet e;
  e.region = c.region("region", m.region());
  e.sales_rep = c.label("sales_rep", m.sales_rep(), Need::kOptional);
  exactly_one(c, "region", !e.region.empty(), "sales_rep", !e.sales_rep.empty());
  e.period = m.period();
  if (m.period().empty()) {
    c.fault("period", "is required");
  } else if (!is_period(m.period())) {
    c.fault("period", "is not a year, quarter or month (2024, 2024-Q1, 2024-03)");
  }
  e.measure = enumeration(c, "measure", m.measure(), 4, Need::kRequired, domain::SalesMeasure::kOrdered);
  e.currency = c.currency("currency", m.currency(), Need::kRequired);
  e.amount_minor = c.amount("amount_minor", m.has_amount_minor(), m.amount_minor(), 0, Need::kRequired);
  return e;
}

domain::ExchangeRatePublished convert(Checker& c, const wire::ExchangeRatePublished& m) {
  domain::ExchangeRatePublished e;
  e.currency = c.currency("currency", m.currency(), Need::kRequired);
  e.base_currency = c.currency("base_currency", m.base_currency(), Need::kRequired);
  if (e.currency && e.currency == e.base_currency) {
    c.fault("base_currency", "must differ from currency");
  }
  e.date = c.date("date", m.date(), Need::kRequired).value_or(0);
  e.rate = c.decimal("rate", m.rate(), kRatePlaces);
  return e;
}

// The account: a customer, or the key of a target or a rate.
void check_account(Checker& envelope, wire::Text customer, const domain::Payload& payload, Violations& violations) {
  const std::string_view customer_id = customer;
  if (customer.empty()) {
    envelope.fault("customer_id", "is required");
    return;
  }
  const auto key_must_be = [&](std::string_view field, std::string_view prefix, std::string_view name) {
    if (auto wrong = label_fault(customer_id, kReferenceKeyBytesMax)) {
      envelope.fault("customer_id", "{}", *wrong);
    } else if (!customer_id.starts_with(prefix) || customer_id.substr(prefix.size()) != name) {
      violations.add(std::string(field),
                     fmt::format("belongs to the customer_id '{}{}', not to '{}'", prefix, name, customer_id));
    }
  };
  if (const auto* target = std::get_if<domain::SalesTargetSet>(&payload)) {
    const bool by_rep = target->region.empty();
    if (by_rep && target->sales_rep.empty()) return;  // Said already.
    key_must_be(by_rep ? "sales_target_set.sales_rep" : "sales_target_set.region", kTargetPrefix,
                by_rep ? target->sales_rep : target->region);
  } else if (const auto* rate = std::get_if<domain::ExchangeRatePublished>(&payload)) {
    if (!rate->currency) return;  // Said already.
    key_must_be("exchange_rate_published.currency", kRatePrefix, rate->currency.code());
  } else if (customer_id.starts_with(kTargetPrefix) || customer_id.starts_with(kRatePrefix)) {
    envelope.fault("customer_id", "begins with 'target:' or 'fx:', which are kept for targets and rates");
  } else {
    envelope.check_label("customer_id", customer, kLabelBytesMax);
  }
}

}  // namespace

void Violations::add_all(const Violations& others) {
  for (const Violation& violation : others.kept_) {
    if (kept_.size() < kKeptMax) kept_.push_back(violation);
  }
  count_ += others.count_;
}

bool validate(const wire::Event& message, Arena& arena, Violations& violations, domain::Event& event) {
  const std::size_t faults_before = violations.count();
  Checker envelope(v1::Event::PAYLOAD_NOT_SET, arena, violations);
  event.event_id = envelope.label("event_id", message.event_id(), Need::kRequired);
  event.customer_id = message.customer_id();
  event.source = envelope.label("source", message.source(), Need::kRequired);
  if (!message.has_occurred_at()) {
    envelope.fault("occurred_at", "is required");
  } else {
    event.occurred_at = message.occurred_at().seconds();
    const std::int32_t nanos = message.occurred_at().nanos();
    if (event.occurred_at < kInstantMin || event.occurred_at > kInstantMax || nanos < 0 || nanos > 999'999'999) {
      envelope.fault("occurred_at", "is not an instant from 1900 to 2199");
    }
  }
  event.correlation_id = envelope.label("correlation_id", message.correlation_id(), Need::kOptional);

  const auto take = [&](const auto& payload) {
    Checker check(message.payload_case(), arena, violations);
    event.payload = convert(check, payload);
  };
  using P = v1::Event::PayloadCase;
  switch (message.payload_case()) {
    case P::kOrderPlaced: take(message.order_placed()); break;
    case P::kOrderConfirmed: take(message.order_confirmed()); break;
    case P::kOrderChanged: take(message.order_changed()); break;
    case P::kOrderDelayed: take(message.order_delayed()); break;
    case P::kOrderReady: take(message.order_ready()); break;
    case P::kOrderCancelled: take(message.order_cancelled()); break;
    case P::kShipmentDispatched: take(message.shipment_dispatched()); break;
    case P::kShipmentDelivered: take(message.shipment_delivered()); break;
    case P::kShipmentReturned: take(message.shipment_returned()); break;
    case P::kInvoiceIssued: take(message.invoice_issued()); break;
    case P::kInvoiceDelivered: take(message.invoice_delivered()); break;
    case P::kInvoiceDueDateChanged: take(message.invoice_due_date_changed()); break;
    case P::kInvoiceVoided: take(message.invoice_voided()); break;
    case P::kCreditNoteIssued: take(message.credit_note_issued()); break;
    case P::kCreditNoteVoided: take(message.credit_note_voided()); break;
    case P::kInvoiceDisputed: take(message.invoice_disputed()); break;
    case P::kDisputeResolved: take(message.dispute_resolved()); break;
    case P::kInvoiceWrittenOff: take(message.invoice_written_off()); break;
    case P::kWriteOffRecovered: take(message.write_off_recovered()); break;
    case P::kPaymentReceived: take(message.payment_received()); break;
    case P::kPaymentAllocated: take(message.payment_allocated()); break;
    case P::kPaymentUnallocated: take(message.payment_unallocated()); break;
    case P::kPaymentReversed: take(message.payment_reversed()); break;
    case P::kRefundPaid: take(message.refund_paid()); break;
    case P::kPromiseMade: take(message.promise_made()); break;
    case P::kPromiseWithdrawn: take(message.promise_withdrawn()); break;
    case P::kCustomerProfileSet: take(message.customer_profile_set()); break;
    case P::kSalesTargetSet: take(message.sales_target_set()); break;
    case P::kExchangeRatePublished: take(message.exchange_rate_published()); break;
    case P::PAYLOAD_NOT_SET: envelope.fault("payload", "is required: one of the payloads of docs/publishing.md"); break;
  }
  check_account(envelope, message.customer_id(), event.payload, violations);
  return violations.count() == faults_before;
}

std::optional<domain::Event> validate(const v1::Event& message, Arena& arena, Violations& violations) {
  const auto bytes = arena.array<char>(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(bytes.data()));
  wire::Event encoded;
  if (!wire::parse({bytes.data(), bytes.size()}, arena, encoded)) {
    violations.add("", std::string(kNoEvent));
    return std::nullopt;
  }
  std::optional<domain::Event> event(std::in_place);
  if (!validate(encoded, arena, violations, *event)) event.reset();
  return event;
}

namespace {

log::Topic topic_of(domain::Family family) {
  switch (family) {
    case domain::Family::kOrders: return log::Topic::kOrders;
    case domain::Family::kShipments: return log::Topic::kShipments;
    case domain::Family::kInvoices: return log::Topic::kInvoices;
    case domain::Family::kPayments: return log::Topic::kPayments;
    case domain::Family::kReference: return log::Topic::kReference;
  }
  return {};
}

// By the field numbers of the payloads, from the table of event types. A type that the .proto files have and
// the table has not, or the other way round, is found by the first test that asks for any topic.
std::vector<log::Topic> topics_by_number() {
  const google::protobuf::OneofDescriptor* payloads = v1::Event::descriptor()->FindOneofByName("payload");
  ENSURE(static_cast<std::size_t>(payloads->field_count()) == domain::kPayloadCount,
         "the .proto files and the table of event types have the same payloads");
  std::vector<log::Topic> topics;
  for (const domain::EventTypeInfo& type : domain::kEventTypes) {
    const auto* field = v1::Event::descriptor()->FindFieldByName(std::string(type.name));
    ENSURE(field != nullptr && field->real_containing_oneof() == payloads, "a payload is called alike in both");
    const auto number = static_cast<std::size_t>(field->number());
    if (number >= topics.size()) topics.resize(number + 1);
    topics[number] = topic_of(type.family);
  }
  return topics;
}

}  // namespace

log::Topic topic_of(const domain::Payload& payload) { return topic_of(domain::event_type(payload).family); }

log::Topic topic_of(v1::Event::PayloadCase payload) {
  static const std::vector<log::Topic> kTopics = topics_by_number();
  return kTopics[static_cast<std::size_t>(payload)];
}

}  // namespace daybook::events
