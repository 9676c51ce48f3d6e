// Histories that try everything: small id spaces, every payload, repeats, conflicts, references to
// what never comes, and every field over all that it may hold. Deterministic in their seed.
#pragma once

#include <array>
#include <random>
#include <string>
#include <vector>

#include "base/date.h"
#include "daybook/events/v1/event.pb.h"
#include "events/validate.h"
#include "log/log.h"

namespace daybook::test {

struct HostileRecord {
  log::Topic topic{};
  std::string key;
  std::string value;
};

// How many lines, instalments, allocations and ids an event has.
inline std::size_t things_in(const google::protobuf::Message& message) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  reflection.ListFields(message, &fields);
  std::size_t things = 0;
  for (const auto* field : fields) {
    if (field->is_repeated()) {
      things += static_cast<std::size_t>(reflection.FieldSize(message, field));
    } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      things += things_in(reflection.GetMessage(message, field));
    }
  }
  return things;
}

// From where a history takes its values.
enum class Values {
  kFew,    // Some days and amounts, so that much of it meets.
  kWhole,  // All that contract 1 allows of a field, its ends above all; a list may have 10,000 things.
};

class Hostile {
 public:
  explicit Hostile(std::uint32_t seed, Values values = Values::kFew)
      : whole_(values == Values::kWhole), random_(seed) {}

  std::vector<HostileRecord> records(std::size_t count) {
    std::vector<HostileRecord> records;
    while (records.size() < count) {
      if (!records.empty() && below(8) == 0) {
        records.push_back(records[below(records.size())]);  // Again, as it was.
        continue;
      }
      Event event = make();
      Arena arena;
      events::Violations violations;
      const auto valid = events::validate(event, arena, violations);
      if (!valid && below(10) != 0) continue;  // Few unfit ones.
      const log::Topic topic = valid ? events::topic_of(valid->payload) : log::Topic::kOrders;
      records.push_back({topic, event.customer_id(), event.SerializeAsString()});
    }
    return records;
  }

  // Of the days that its dates fall on, or of their neighbours.
  Day any_day() {
    if (!whole_ || !chance(3)) return 19'800 + static_cast<Day>(below(40));
    switch (below(4)) {
      case 0: return kFirstDate;
      case 1: return kLastDate;
      default: return kFirstDate + static_cast<Day>(below(static_cast<std::size_t>(kLastDate - kFirstDate)));
    }
  }

 private:
  using Event = events::v1::Event;

  std::size_t below(std::size_t n) { return random_() % n; }
  bool chance(std::size_t in) { return below(in) == 0; }
  // The id with this number: always the same.
  std::string name(const std::string& prefix, std::size_t number) const {
    const std::string plain = prefix + std::to_string(number);
    if (!whole_) return plain;
    switch (number % 5) {
      case 0: return number == 0 ? prefix : plain;
      case 1: {
        std::string longest = plain;
        while (longest.size() <= kIdBytesMax - 3) longest += "中";
        return longest + std::string(kIdBytesMax - longest.size(), '.');
      }
      case 2: return plain + R"(, "\' =+@|;%2F/..#?&)";
      case 3: return std::string(kIdBytesMax - plain.size(), '0') + plain;
      default: return plain;
    }
  }
  std::string id(const char* prefix, std::size_t n) { return name(prefix, below(n)); }
  std::string day() { return format_date(any_day()); }
  std::int64_t minor() {
    if (!whole_ || !chance(3)) return static_cast<std::int64_t>(100 * (1 + below(9)));
    switch (below(4)) {
      case 0: return 1;
      case 1: return kMinorMax / 10 * static_cast<std::int64_t>(1 + below(10));
      default: return 1 + static_cast<std::int64_t>(random_() * (std::uint64_t{1} << below(18)));
    }
  }
  const char* currency() { return std::array{"CNY", "JPY", "KWD"}[chance(4) ? below(3) : 0]; }
  std::string quantity() {
    if (!whole_ || !chance(3)) return std::to_string(1 + below(4));
    switch (below(4)) {
      case 0: return "0.000001";
      case 1: return "999999999999.999999";
      default: return std::to_string(1 + below(std::size_t{1} << below(30))) + "." + std::to_string(below(1'000'000));
    }
  }
  // How many things a list has that mostly has few.
  std::size_t length(std::size_t few) {
    if (!whole_ || !chance(40)) return few;
    return chance(10) ? kListMax : below(200) + 1;
  }
  std::string text(std::size_t bytes) { return std::string(whole_ && chance(3) ? bytes : 3, 'x'); }
  std::string region() {
    if (!whole_ || chance(2)) return std::array{"CN/South", "CN/North/Hebei", "CN/East"}[below(3)];
    return chance(2) ? "中国/华南/" + std::string(kIdBytesMax - 14, 'r') : "1/2/3/4/5/6";
  }

  template <typename Lines>
  void lines(Lines* to) {
    for (std::size_t i = 0, n = length(1 + below(3)); i < n; ++i) {
      auto* line = to->add_lines();
      line->set_line_id(n > 100 ? "L" + std::to_string(i) : name("L", i));
      line->set_quantity(quantity());
      if constexpr (requires { line->set_sku(""); }) {
        line->set_sku(id("S", 3));
        line->set_net_minor(minor());
        if (chance(2)) line->set_tax_minor(minor() / 10);
      }
    }
  }
  template <typename To>
  void allocations(To* to, std::int64_t most) {
    for (std::size_t i = 0, n = length(below(3)); i < n && most > 0; ++i) {
      auto* item = to->add_allocations();
      item->set_invoice_id(id("I", 5));
      const std::int64_t part = std::min(most, minor());
      item->set_amount_minor(part);
      most -= part;
    }
  }
  template <typename To>
  void source(To* to) {
    if (chance(3)) {
      to->set_credit_note_id(id("N", 3));
    } else {
      to->set_payment_id(id("P", 4));
    }
  }

  Event make() {
    Event event;
    event.set_event_id(id("e", 2000));
    event.set_customer_id(id("C", 4));
    event.set_source(text(kIdBytesMax));
    event.mutable_occurred_at()->set_seconds(std::int64_t{any_day()} * 86'400 +
                                             static_cast<std::int64_t>(below(86'400)));
    if (whole_ && chance(4)) event.mutable_occurred_at()->set_nanos(999'999'999);
    if (whole_ && chance(4)) event.set_correlation_id(text(kIdBytesMax));
    switch (below(30)) {
      case 0:
      case 1: {
        auto* e = event.mutable_order_placed();
        e->set_order_id(id("O", 4));
        if (chance(2)) e->set_region(region());
        if (chance(2)) e->set_sales_rep(id("R", 2));
        if (chance(2)) e->set_channel("web");
        if (chance(6)) e->set_kind(events::v1::ORDER_KIND_SAMPLE);
        e->set_currency(currency());
        if (chance(3)) e->set_requested_date(day());
        lines(e);
        break;
      }
      case 2: {
        event.mutable_order_confirmed()->set_order_id(id("O", 4));
        if (chance(3)) event.mutable_order_confirmed()->set_promised_date(day());
        break;
      }
      case 3: {
        auto* e = event.mutable_order_changed();
        e->set_order_id(id("O", 4));
        lines(e);
        break;
      }
      case 4: {
        auto* e = event.mutable_order_delayed();
        e->set_order_id(id("O", 4));
        e->set_reason_code(text(kIdBytesMax));
        if (chance(2)) e->set_note(text(kTextBytesMax));
        if (chance(2)) e->set_promised_date(day());
        break;
      }
      case 5: event.mutable_order_ready()->set_order_id(id("O", 4)); break;
      case 6: {
        auto* e = event.mutable_order_cancelled();
        e->set_order_id(id("O", 4));
        if (chance(2)) e->add_line_ids(name("L", 0));
        break;
      }
      case 7:
      case 8: {
        auto* e = event.mutable_shipment_dispatched();
        e->set_shipment_id(id("D", 5));
        e->set_order_id(id("O", 4));
        if (chance(2)) e->set_warehouse(id("W", 2));
        lines(e);
        if (chance(2)) {
          e->set_freight_minor(minor());
          e->set_currency(currency());
        }
        break;
      }
      case 9: {
        auto* e = event.mutable_shipment_delivered();
        e->set_shipment_id(id("D", 5));
        e->set_order_id(id("O", 4));
        break;
      }
      case 10: {
        auto* e = event.mutable_shipment_returned();
        e->set_return_id(id("B", 4));
        if (chance(2)) e->set_shipment_id(id("D", 5));
        e->set_order_id(id("O", 4));
        lines(e);
        if (chance(2)) e->set_to_be_resent(true);
        break;
      }
      case 11:
      case 12:
      case 13: {
        auto* e = event.mutable_invoice_issued();
        e->set_invoice_id(id("I", 5));
        if (chance(6)) e->set_kind(events::v1::INVOICE_KIND_DEBIT_NOTE);
        if (chance(2)) {
          // Each once: from some order on, the next ones.
          const std::size_t first = below(5);
          const std::size_t count = 1 + below(3);
          for (std::size_t i = 0; i < count; ++i) e->add_order_ids(name("O", (first + i) % 5));
        }
        if (chance(3)) e->set_region(region());
        e->set_currency(currency());
        const std::size_t parts = length(2);
        // In as many parts as it may have.
        const std::int64_t part_minor = std::max<std::int64_t>(1, minor() / static_cast<std::int64_t>(parts) * 2);
        e->set_net_minor(part_minor * static_cast<std::int64_t>(parts));
        e->set_issue_date(day());
        if (chance(3)) {
          e->set_due_date(day());
        } else if (chance(2)) {
          for (std::size_t i = 0; i < parts; ++i) {
            auto* part = e->add_instalments();
            part->set_due_date(day());
            part->set_amount_minor(part_minor);
          }
        }
        break;
      }
      case 14: event.mutable_invoice_delivered()->set_invoice_id(id("I", 5)); break;
      case 15: {
        auto* e = event.mutable_invoice_due_date_changed();
        e->set_invoice_id(id("I", 5));
        e->set_due_date(day());
        break;
      }
      case 16: {
        if (!chance(3)) return make();
        auto* e = event.mutable_invoice_voided();
        e->set_invoice_id(id("I", 5));
        e->set_date(day());
        break;
      }
      case 17: {
        auto* e = event.mutable_credit_note_issued();
        e->set_credit_note_id(id("N", 3));
        if (chance(2)) e->set_invoice_id(id("I", 6));
        e->set_currency(currency());
        e->set_net_minor(minor());
        e->set_issue_date(day());
        break;
      }
      case 18: {
        auto* e = event.mutable_invoice_disputed();
        e->set_dispute_id(id("X", 3));
        e->set_invoice_id(id("I", 5));
        if (chance(2)) e->set_amount_minor(minor());
        break;
      }
      case 19: {
        auto* e = event.mutable_dispute_resolved();
        e->set_dispute_id(id("X", 3));
        e->set_invoice_id(id("I", 5));
        e->set_outcome(events::v1::DISPUTE_OUTCOME_UPHELD);
        break;
      }
      case 20: {
        auto* e = event.mutable_invoice_written_off();
        e->set_write_off_id(id("W", 3));
        e->set_invoice_id(id("I", 5));
        e->set_amount_minor(minor());
        e->set_date(day());
        if (chance(2)) e->set_kind(events::v1::WRITE_OFF_KIND_SMALL_DIFFERENCE);
        break;
      }
      case 21: {
        auto* e = event.mutable_write_off_recovered();
        e->set_recovery_id(id("Y", 3));
        e->set_write_off_id(id("W", 3));
        e->set_invoice_id(id("I", 5));
        e->set_amount_minor(minor());
        e->set_date(day());
        break;
      }
      case 22:
      case 23: {
        auto* e = event.mutable_payment_received();
        e->set_payment_id(id("P", 4));
        e->set_currency(currency());
        e->set_amount_minor(minor() * 2);
        e->set_value_date(day());
        allocations(e, e->amount_minor());
        break;
      }
      case 24: {
        auto* e = event.mutable_payment_allocated();
        e->set_allocation_id(id("A", 4));
        source(e);
        e->set_date(day());
        allocations(e, whole_ ? kMinorMax : 10'000);
        break;
      }
      case 25: {
        auto* e = event.mutable_payment_unallocated();
        source(e);
        // Also a payment's own allocations, and the own item of a credit note.
        const std::string& own = e->payment_id().empty() ? e->credit_note_id() : e->payment_id();
        e->set_allocation_id(chance(3) ? own : id("A", 4));
        e->set_date(day());
        break;
      }
      case 26: {
        if (chance(3)) {
          auto* e = event.mutable_payment_reversed();
          e->set_payment_id(id("P", 4));
          e->set_date(day());
        } else {
          auto* e = event.mutable_refund_paid();
          e->set_refund_id(id("F", 3));
          if (!chance(3)) source(e);
          e->set_currency(currency());
          e->set_amount_minor(minor());
          e->set_value_date(day());
        }
        break;
      }
      case 27: {
        auto* e = event.mutable_credit_note_voided();
        e->set_credit_note_id(id("N", 3));
        e->set_date(day());
        break;
      }
      case 28: {
        if (chance(2)) {
          event.set_customer_id("fx:JPY");
          auto* e = event.mutable_exchange_rate_published();
          e->set_currency("JPY");
          e->set_base_currency("CNY");
          e->set_date(day());
          e->set_rate(quantity());
        } else {
          event.set_customer_id("target:CN");
          auto* e = event.mutable_sales_target_set();
          e->set_region("CN");
          e->set_period(day().substr(0, chance(2) ? 4 : 7));
          e->set_measure(events::v1::SALES_MEASURE_INVOICED);
          e->set_currency(currency());
          e->set_amount_minor(minor());
        }
        break;
      }
      default: {
        if (chance(3)) {
          auto* e = event.mutable_promise_made();
          e->set_promise_id(id("Q", 3));
          if (chance(2)) e->add_invoice_ids(id("I", 6));
          e->set_currency(currency());
          e->set_amount_minor(minor());
          e->set_promised_date(day());
        } else if (chance(4)) {
          event.mutable_promise_withdrawn()->set_promise_id(id("Q", 3));
        } else {
          auto* e = event.mutable_customer_profile_set();
          e->set_region(chance(2) ? region() : "DE");
          if (chance(3)) e->set_name(text(kTextBytesMax));
          e->set_sales_rep(id("R", 3));
          if (chance(2)) e->set_grade(chance(2) ? "A" : "B");
          if (chance(2)) e->set_parent_customer_id(id("C", 6));
          if (chance(2)) {
            e->set_credit_currency(currency());
            if (!chance(3)) e->set_credit_limit_minor(10 * minor());
          }
          if (!chance(3)) e->set_payment_terms_days(static_cast<int>(whole_ && chance(3) ? kTermsDaysMax : below(40)));
        }
      }
    }
    return event;
  }

  // Contract 1.
  static constexpr std::size_t kIdBytesMax = 128;
  static constexpr std::size_t kTextBytesMax = 512;
  static constexpr std::size_t kListMax = 10'000;
  static constexpr std::size_t kTermsDaysMax = 3'650;
  static constexpr std::int64_t kMinorMax = 1'000'000'000'000'000;

  bool whole_;
  std::mt19937 random_;
};

}  // namespace daybook::test
