// The synthetic history: always the same, always valid, and like a company's.
#include "tools/generate.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "events/json.h"
#include "events/validate.h"
#include "tools/as_told.h"

namespace daybook::tools {
namespace {

GenerateOptions small() {
  GenerateOptions options;
  options.customers = 50;
  options.orders = 2'000;
  return options;
}

template <typename Each>
void each_event(const GenerateOptions& options, Each each) {
  Generator generator(options);
  events::v1::Event event;
  while (generator.next(event)) each(event);
}

std::vector<std::string> lines_of(const GenerateOptions& options) {
  std::vector<std::string> lines;
  each_event(options, [&](const auto& event) { lines.push_back(events::to_json(event)); });
  return lines;
}

// Amounts open by invoice: what was issued less what came off it, by the plainest reading.
std::map<std::string, std::int64_t> open_amounts(const GenerateOptions& options) {
  std::map<std::string, std::int64_t> open;
  std::map<std::string, std::vector<std::pair<std::string, std::int64_t>>> applied;
  const auto apply = [&](const std::string& id, const auto& allocations) {
    for (const auto& item : allocations) {
      open[item.invoice_id()] -= item.amount_minor();
      applied[id].emplace_back(item.invoice_id(), item.amount_minor());
    }
  };
  // Of each payment: what it is, less what it was applied to and what went back.
  std::map<std::string, std::int64_t> unapplied;
  const auto undo = [&](const std::string& id) {
    for (const auto& [invoice, amount] : applied[id]) open[invoice] += amount;
  };
  each_event(options, [&](const events::v1::Event& event) {
    if (event.has_invoice_issued()) {
      const auto& issued = event.invoice_issued();
      open[issued.invoice_id()] = issued.net_minor() + issued.tax_minor();
    } else if (event.has_invoice_voided()) {
      open[event.invoice_voided().invoice_id()] = 0;
    } else if (event.has_credit_note_issued()) {
      const auto& note = event.credit_note_issued();
      if (!note.invoice_id().empty()) {
        const std::int64_t gross = note.net_minor() + note.tax_minor();
        open[note.invoice_id()] -= gross;
        applied[note.credit_note_id()] = {{note.invoice_id(), gross}};
      }
    } else if (event.has_credit_note_voided()) {
      undo(event.credit_note_voided().credit_note_id());
    } else if (event.has_refund_paid()) {
      const auto& refund = event.refund_paid();
      std::int64_t& left = unapplied[refund.payment_id()];
      const auto& items = applied[refund.payment_id()];
      left -= refund.amount_minor();
      if (left < 0 && !items.empty()) open[items.back().first] -= std::exchange(left, 0);
    } else if (event.has_payment_received()) {
      const auto& payment = event.payment_received();
      std::int64_t& left = unapplied[payment.payment_id()] = payment.amount_minor();
      for (const auto& item : payment.allocations()) left -= item.amount_minor();
      apply(payment.payment_id(), payment.allocations());
    } else if (event.has_payment_allocated()) {
      apply(event.payment_allocated().allocation_id(), event.payment_allocated().allocations());
    } else if (event.has_payment_unallocated()) {
      undo(event.payment_unallocated().allocation_id());
    } else if (event.has_payment_reversed()) {
      undo(event.payment_reversed().payment_id());
    } else if (event.has_invoice_written_off()) {
      open[event.invoice_written_off().invoice_id()] -= event.invoice_written_off().amount_minor();
    } else if (event.has_write_off_recovered()) {
      open[event.write_off_recovered().invoice_id()] += event.write_off_recovered().amount_minor();
    }
  });
  return open;
}

TEST(GeneratorTest, TheSameOptionsGiveTheSameEvents) { EXPECT_EQ(lines_of(small()), lines_of(small())); }

TEST(GeneratorTest, AnotherSeedGivesAnotherHistory) {
  GenerateOptions other = small();
  other.seed = 2;
  EXPECT_NE(lines_of(small()), lines_of(other));
}

// The history must not change by accident: benchmarks are compared over versions.
TEST(GeneratorTest, TheFirstOrderIsTheOneItAlwaysWas) {
  std::string first;
  each_event(small(), [&](const auto& event) {
    if (first.empty() && event.has_order_placed()) first = events::to_json(event);
  });
  EXPECT_EQ(
      first,
      R"({"event_id":"99c26188-38ce-46f1-b0e4-6488f93bfbbc","customer_id":"C-00005","source":"erp","occurred_at":"2023-01-02T07:19:34Z","order_placed":{"order_id":"SO-000001","region":"EU/FR","sales_rep":"rep-10","channel":"field","currency":"EUR","requested_date":"2023-01-16","lines":[{"line_id":"1","sku":"SKU-0134","quantity":"32","net_minor":"953728","tax_minor":"190746"},{"line_id":"2","sku":"SKU-0014","quantity":"20","net_minor":"125300","tax_minor":"25060"}]}})");
}

TEST(GeneratorTest, EveryEventIsValidAndInOrderOfTimeUnderAnIdOfItsOwn) {
  Arena arena;
  std::unordered_set<std::string> ids;
  std::int64_t last = 0;
  each_event(small(), [&](const events::v1::Event& event) {
    arena.reset();
    events::Violations violations;
    EXPECT_TRUE(events::validate(event, arena, violations)) << events::to_json(event);
    EXPECT_TRUE(ids.insert(event.event_id()).second) << event.event_id();
    EXPECT_GE(event.occurred_at().seconds(), last);
    last = event.occurred_at().seconds();
  });
  EXPECT_LT(last, (Instant{small().to} + 1) * 86400);
}

TEST(GeneratorTest, NoDocumentIsMadeTwice) {
  GenerateOptions options = small();
  options.orders = 20'000;
  std::unordered_set<std::string> made;
  each_event(options, [&](const events::v1::Event& event) {
    for (const std::string& id : {event.order_placed().order_id(), event.shipment_dispatched().shipment_id(),
                                  event.shipment_returned().return_id(), event.invoice_issued().invoice_id(),
                                  event.credit_note_issued().credit_note_id(), event.invoice_disputed().dispute_id(),
                                  event.invoice_written_off().write_off_id(), event.write_off_recovered().recovery_id(),
                                  event.payment_received().payment_id(), event.payment_allocated().allocation_id(),
                                  event.refund_paid().refund_id(), event.promise_made().promise_id()}) {
      EXPECT_TRUE(id.empty() || made.insert(id).second) << id;
    }
  });
}

TEST(GeneratorTest, EveryKindOfEventHappens) {
  GenerateOptions options = small();
  options.orders = 20'000;
  std::unordered_set<int> kinds;
  each_event(options, [&](const auto& event) { kinds.insert(event.payload_case()); });
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(events::v1::Event::descriptor()->oneof_decl(0)->field_count()));
}

// A credit note moved to another invoice, a refund of money that had settled something, an exchange.
TEST(GeneratorTest, NotesAreMovedSettledMoneyIsRefundedAndGoodsAreExchanged) {
  GenerateOptions options = small();
  options.orders = 20'000;
  Arena arena;
  std::map<std::string, std::string> invoice_of_note;
  std::map<std::string, std::string> loose;  // Notes taken off an invoice: the invoice.
  std::map<std::string, std::int64_t> unapplied;
  std::map<std::string, std::string> awaited;  // By order: the quantity to be sent again.
  std::unordered_set<std::string> on_the_way;  // Shipments that replace what came back.
  int moved = 0;
  int refunded = 0;
  int exchanged = 0;
  each_event(options, [&](const events::v1::Event& event) {
    arena.reset();
    events::Violations violations;
    EXPECT_TRUE(events::validate(event, arena, violations)) << events::to_json(event);
    if (event.has_credit_note_issued()) {
      const auto& note = event.credit_note_issued();
      invoice_of_note[note.credit_note_id()] = note.invoice_id();
    } else if (event.has_payment_unallocated()) {
      const auto& undone = event.payment_unallocated();
      if (undone.credit_note_id().empty()) return;
      EXPECT_EQ(undone.allocation_id(), undone.credit_note_id());
      loose[undone.credit_note_id()] = invoice_of_note[undone.credit_note_id()];
    } else if (event.has_payment_allocated()) {
      const auto& allocated = event.payment_allocated();
      const auto note = loose.find(allocated.credit_note_id());
      if (note == loose.end()) return;
      EXPECT_NE(allocated.allocations(0).invoice_id(), note->second);
      ++moved;
    } else if (event.has_payment_received()) {
      const auto& payment = event.payment_received();
      std::int64_t& left = unapplied[payment.payment_id()] = payment.amount_minor();
      for (const auto& item : payment.allocations()) left -= item.amount_minor();
    } else if (event.has_refund_paid()) {
      const auto& refund = event.refund_paid();
      refunded += refund.amount_minor() > unapplied[refund.payment_id()] ? 1 : 0;
    } else if (event.has_shipment_returned()) {
      const auto& returned = event.shipment_returned();
      if (returned.to_be_resent()) awaited[returned.order_id()] = returned.lines(0).quantity();
    } else if (event.has_shipment_dispatched()) {
      const auto& sent = event.shipment_dispatched();
      const auto back = awaited.find(sent.order_id());
      if (back == awaited.end() || sent.lines(0).quantity() != back->second) return;
      on_the_way.insert(sent.shipment_id());
    } else if (event.has_shipment_delivered()) {
      exchanged += on_the_way.contains(event.shipment_delivered().shipment_id()) ? 1 : 0;
    }
  });
  EXPECT_GT(moved, 20);
  EXPECT_GT(refunded, 20);
  EXPECT_GT(exchanged, 20);
}

TEST(GeneratorTest, OrdersAreAllPlacedAndHaveAboutEightEventsEach) {
  std::int64_t orders = 0;
  std::int64_t all = 0;
  GenerateOptions options = small();
  options.orders = 10'000;
  each_event(options, [&](const auto& event) {
    orders += event.has_order_placed() ? 1 : 0;
    ++all;
  });
  EXPECT_EQ(orders, 10'000);
  EXPECT_NEAR(static_cast<double>(all) / 10'000, 8.2, 0.5);
}

TEST(GeneratorTest, AFewInvoicesAreOpenAtTheEndAndNoneIsOverpaid) {
  GenerateOptions options = small();
  options.orders = 20'000;
  std::int64_t open = 0;
  const auto amounts = open_amounts(options);
  for (const auto& [invoice, amount] : amounts) {
    EXPECT_GE(amount, 0) << invoice;
    open += amount > 0 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(open) / static_cast<double>(amounts.size()), 0.06, 0.02);
}

struct Told {
  std::string id;
  std::string source;
  std::int64_t occurred_ms = 0;
  std::int64_t told_ms = 0;
};

std::vector<Told> tellings_of(const GenerateOptions& options) {
  std::vector<Told> tellings;
  AsTold story(options);
  events::v1::Event event;
  std::int64_t told_ms = 0;
  while (story.next(event, told_ms)) {
    tellings.push_back({event.event_id(), event.source(), event.occurred_at().seconds() * 1000, told_ms});
  }
  return tellings;
}

TEST(AsToldTest, NothingIsToldBeforeItOccursAndTheTimeNeverGoesBack) {
  std::int64_t last_ms = 0;
  for (const Told& told : tellings_of(small())) {
    EXPECT_GT(told.told_ms, told.occurred_ms) << told.id;
    EXPECT_GE(told.told_ms, last_ms) << told.id;
    last_ms = told.told_ms;
  }
  EXPECT_LT(last_ms, (Instant{small().to} + 1) * 86'400'000);
}

TEST(AsToldTest, TheSameOptionsGiveTheSameTellings) {
  const auto first = tellings_of(small());
  const auto second = tellings_of(small());
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].id, second[i].id);
    EXPECT_EQ(first[i].told_ms, second[i].told_ms);
  }
}

// What is missing was still to be told when the last day ended.
TEST(AsToldTest, EveryEventIsToldOnceButTheLastDays) {
  std::unordered_set<std::string> told;
  for (const Told& one : tellings_of(small())) EXPECT_TRUE(told.insert(one.id).second) << one.id;
  std::size_t missing = 0;
  const Instant end = (Instant{small().to} + 1) * 86'400;
  each_event(small(), [&](const events::v1::Event& event) {
    if (told.contains(event.event_id())) return;
    ++missing;
    EXPECT_GE(event.occurred_at().seconds(), end - 14 * 86'400) << event.event_id();
  });
  EXPECT_GT(missing, 0U);
}

TEST(AsToldTest, SomeOfItComesInTheNightAndSomeDaysLate) {
  std::size_t at_night = 0;
  std::size_t days_late = 0;
  const auto tellings = tellings_of(small());
  for (const Told& told : tellings) {
    const std::int64_t delay_ms = told.told_ms - told.occurred_ms;
    EXPECT_LE(delay_ms, 14 * 86'400'000);
    if (told.source != "erp" && told.source != "bank") {
      EXPECT_LE(delay_ms, 90'000) << told.id;
    }
    at_night += delay_ms > 90'000 && delay_ms < 2 * 86'400'000 ? 1 : 0;
    days_late += delay_ms >= 2 * 86'400'000 ? 1 : 0;
  }
  const auto all = static_cast<double>(tellings.size());
  EXPECT_NEAR(static_cast<double>(at_night) / all, 0.05, 0.01);
  EXPECT_NEAR(static_cast<double>(days_late) / all, 0.016, 0.005);
}

TEST(GeneratorTest, AHistoryWithoutOrdersHasItsReferenceData) {
  GenerateOptions options = small();
  options.orders = 0;
  options.to = options.from;
  std::int64_t profiles = 0;
  each_event(options, [&](const auto& event) {
    EXPECT_GE(event.payload_case(), events::v1::Event::kCustomerProfileSet);
    profiles += event.has_customer_profile_set() ? 1 : 0;
  });
  EXPECT_EQ(profiles, 50);
}

}  // namespace
}  // namespace daybook::tools
