// What waits, what does not add up, and what is no valid event.
#include "query/reports/anomalies.h"
#include "engine/manifest.h"
#include "query/local_shards.h"
#include "query/reports/parked.h"
#include "support/cost.h"
#include "support/story.h"

namespace daybook::test {
namespace {

constexpr const char* kEnd = "2024-12-31";

// --- repeats ----------------------------------------------------------------------------------

TEST(Repeats, SameIdSameContentIsADuplicateHoweverWritten) {
  Story story;
  const std::string issued = R"("invoice_id":"I","currency":"CNY","net_minor":"100","issue_date":"2024-05-01")";
  story.put("invoice_issued", "2024-05-01", issued, "x");
  story.put("invoice_delivered", "2024-05-02", R"("invoice_id":"I")", "y");
  story.put("invoice_issued", "2024-05-01T16:00:00.9+08:00", issued + R"(,"kind":"INVOICE_KIND_INVOICE")", "x");
  EXPECT_EQ(story.counts(), "2 1 0 0 0");
  EXPECT_EQ(story.anomalies(kEnd), "");
}

TEST(Repeats, AbsentAndZeroAreAConflict) {
  Story story;
  const std::string issued = R"("invoice_id":"I","currency":"CNY","net_minor":"100","issue_date":"2024-05-01")";
  story.put("invoice_issued", "2024-05-01", issued, "x");
  story.put("invoice_issued", "2024-05-01", issued + R"(,"tax_minor":0)", "x");
  EXPECT_EQ(story.counts(), "1 0 1 0 0");
  EXPECT_EQ(story.anomalies(kEnd), "conflicting_repeat I");
  EXPECT_EQ(story.anomalies("2024-01-01"), "conflicting_repeat I");
}

TEST(Repeats, ClaimsCompareThePayloadAlone) {
  Story story;
  story.put("payment_reversed", "2024-05-01", R"("payment_id":"P","date":"2024-05-01")", "a");
  story.put("payment_reversed", "2024-05-09", R"("payment_id":"P","date":"2024-05-01")", "b");
  story.put("payment_reversed", "2024-05-01", R"("payment_id":"P","date":"2024-05-02")", "c");
  story.put("payment_reversed", "2024-05-01", R"("payment_id":"P","date":"2024-05-02")", "c");
  EXPECT_EQ(story.counts(), "1 1 2 0 1");
}

TEST(Repeats, AConflictHoldsNoId) {
  Story story;
  story.put("invoice_voided", "2024-05-01", R"("invoice_id":"I","date":"2024-05-01")", "a");
  story.put("invoice_voided", "2024-05-01", R"("invoice_id":"I","date":"2024-05-02")", "b");
  story.put("invoice_delivered", "2024-05-01", R"("invoice_id":"I")", "b");
  EXPECT_EQ(story.counts(), "2 0 1 0 2");
}

TEST(Repeats, IdsAreComparedWithinOneDocumentAndTopic) {
  Story story;
  story.put("order_ready", "2024-05-01", R"("order_id":"O1")", "a");
  story.put("order_ready", "2024-05-01", R"("order_id":"O2")", "a");
  story.put("shipment_delivered", "2024-05-01", R"("order_id":"O1","shipment_id":"S")", "a");
  story.account = "D";
  story.put("order_ready", "2024-05-01", R"("order_id":"O1")", "a");
  EXPECT_EQ(story.counts(), "4 0 0 0 4");
}

TEST(Repeats, TheFirstStandsAndFiguresDoNotMove) {
  Story story;
  story.invoice("I", 100, "2024-05-01");
  story.invoice("I", 900, "2024-05-01");
  story.invoice("I", 100, "2024-05-01");
  EXPECT_EQ(story.counts(), "1 1 1 0 0");
  EXPECT_EQ(story.ageing(kEnd, "balance items"), "1.00 1");
}

TEST(Repeats, AreFoundAfterAReopening) {
  Story story;
  story.put("order_placed", "2024-05-01",
            R"("order_id":"O","currency":"CNY","lines":[{"line_id":"1","sku":"s","quantity":"1","net_minor":1}])", "a");
  story.book.reopen();
  story.put("order_placed", "2024-05-01",
            R"("order_id":"O","currency":"CNY","lines":[{"line_id":"1","sku":"s","quantity":"1","net_minor":1}])", "a");
  story.put("order_placed", "2024-05-01",
            R"("order_id":"O","currency":"CNY","lines":[{"line_id":"1","sku":"s","quantity":"1.0","net_minor":1}])",
            "b");
  EXPECT_EQ(story.counts(), "1 1 1 0 0");
}

// --- what waits -------------------------------------------------------------------------------

// What refers to something that is not there, what of it is of which family, and how it comes.
struct Reference {
  const char* unknown;
  bool domain::Expect::* family;
  std::function<void(Story&)> first;
  std::function<void(Story&)> then;
};
const std::vector<Reference>& references() {
  static const std::vector<Reference> cases = {
      {"unknown_order O", &domain::Expect::orders, [](Story& s) { s.confirm("2024-05-01"); },
       [](Story& s) { s.order(); }},
      {"unknown_order O", &domain::Expect::orders, [](Story& s) { s.ship("S", "2024-05-01", {{"1", "1"}}); },
       [](Story& s) { s.order(); }},
      {"unknown_order O", &domain::Expect::orders,
       [](Story& s) { s.invoice("I", 5, "2024-05-01", R"(,"order_ids":["O"])"); }, [](Story& s) { s.order(); }},
      {"unknown_shipment S", &domain::Expect::shipments,
       [](Story& s) {
         s.order();
         s.deliver("S", "2024-05-02");
       },
       [](Story& s) { s.ship("S", "2024-05-01", {{"1", "1"}}); }},
      {"unknown_shipment S", &domain::Expect::shipments,
       [](Story& s) {
         s.order();
         s.give_back("T", "2024-05-02", {{"1", "1"}}, "S");
       },
       [](Story& s) { s.ship("S", "2024-05-01", {{"1", "1"}}); }},
      {"unknown_invoice I", &domain::Expect::invoices, [](Story& s) { s.void_invoice("I", "2024-05-02"); },
       [](Story& s) { s.invoice("I", 5, "2024-05-01"); }},
      {"unknown_invoice I", &domain::Expect::invoices, [](Story& s) { s.dispute("D", "I", "2024-05-02"); },
       [](Story& s) { s.invoice("I", 5, "2024-05-01"); }},
      {"unknown_invoice I", &domain::Expect::invoices, [](Story& s) { s.write_off("W", "I", 5, "2024-05-02"); },
       [](Story& s) { s.invoice("I", 5, "2024-05-01"); }},
      {"unknown_invoice I", &domain::Expect::invoices, [](Story& s) { s.credit("N", 5, "2024-05-02", "I"); },
       [](Story& s) { s.invoice("I", 5, "2024-05-01"); }},
      {"unknown_invoice I", &domain::Expect::invoices, [](Story& s) { s.pay("P", 5, "2024-05-02", {{"I", "5"}}); },
       [](Story& s) { s.invoice("I", 5, "2024-05-01"); }},
      {"unknown_invoice I", &domain::Expect::invoices,
       [](Story& s) {
         s.put(
             "promise_made", "2024-05-02",
             R"("promise_id":"M","invoice_ids":["I"],"currency":"CNY","amount_minor":5,"promised_date":"2024-06-01")");
       },
       [](Story& s) { s.invoice("I", 5, "2024-05-01"); }},
      {"unknown_dispute D", &domain::Expect::invoices,
       [](Story& s) {
         s.invoice("I", 5, "2024-05-01");
         s.resolve("D", "I", "2024-05-03");
       },
       [](Story& s) { s.dispute("D", "I", "2024-05-02"); }},
      {"unknown_write_off W", &domain::Expect::invoices,
       [](Story& s) {
         s.invoice("I", 5, "2024-05-01");
         s.recover("R", "W", "I", 5, "2024-05-03");
       },
       [](Story& s) { s.write_off("W", "I", 5, "2024-05-02"); }},
      {"unknown_payment P", &domain::Expect::payments, [](Story& s) { s.reverse("P", "2024-05-02"); },
       [](Story& s) { s.pay("P", 5, "2024-05-01"); }},
      {"unknown_payment P", &domain::Expect::payments,
       [](Story& s) {
         s.invoice("I", 5, "2024-05-01");
         s.allocate("A", "P", "2024-05-02", {{"I", "5"}});
       },
       [](Story& s) { s.pay("P", 5, "2024-05-01"); }},
      {"unknown_credit_note N", &domain::Expect::invoices,
       [](Story& s) {
         s.invoice("I", 5, "2024-05-01");
         s.allocate("A", "N", "2024-05-02", {{"I", "5"}}, "credit_note_id");
       },
       [](Story& s) { s.credit("N", 5, "2024-05-01"); }},
      {"unknown_allocation A", &domain::Expect::payments,
       [](Story& s) {
         s.invoice("I", 5, "2024-05-01");
         s.pay("P", 5, "2024-05-01");
         s.unallocate("A", "P", "2024-05-02");
       },
       [](Story& s) { s.allocate("A", "P", "2024-05-02", {{"I", "5"}}); }},
      {"unknown_promise M", &domain::Expect::payments,
       [](Story& s) { s.put("promise_withdrawn", "2024-05-03", R"("promise_id":"M")"); },
       [](Story& s) {
         s.put("promise_made", "2024-05-02",
               R"("promise_id":"M","currency":"CNY","amount_minor":5,"promised_date":"2024-06-01")");
       }},
  };
  return cases;
}

// Whatever comes first, in the end nothing waits.
TEST(Waiting, EveryReferenceIsResolvedWhenItArrives) {
  for (const Reference& c : references()) {
    Story story;
    c.first(story);
    EXPECT_EQ(story.anomalies(kEnd), c.unknown);
    EXPECT_EQ(story.anomalies("2024-01-01"), c.unknown) << "unknown_ counts at every as_of";
    EXPECT_EQ(story.book.sum().waiting, 1) << c.unknown;
    story.book.expect_audited();
    c.then(story);
    EXPECT_EQ(story.anomalies(kEnd), "") << c.unknown;
    EXPECT_EQ(story.book.sum().waiting, 0) << c.unknown;
  }
}

TEST(Waiting, NamesTheOutermostAndCountsOnce) {
  Story story;
  story.allocate("A", "P", "2024-05-01", {{"I1", "1"}, {"I2", "1"}});
  EXPECT_EQ(story.anomalies(kEnd), "unknown_payment P");
  EXPECT_EQ(story.counts(), "1 0 0 0 1");
  story.pay("P", 10, "2024-05-01", {{"I1", "1"}, {"I3", "1"}});
  EXPECT_EQ(story.anomalies(kEnd), "unknown_invoice I1; unknown_invoice I2; unknown_invoice I3");
  EXPECT_EQ(story.counts(), "2 0 0 0 2");
  story.resolve("D", "I1", "2024-05-03");
  EXPECT_EQ(story.anomalies(kEnd), "unknown_invoice I1; unknown_invoice I2; unknown_invoice I3");
  story.invoice("I1", 5, "2024-05-01");
  EXPECT_EQ(story.anomalies(kEnd), "unknown_dispute D; unknown_invoice I2; unknown_invoice I3");
  EXPECT_EQ(story.counts(), "4 0 0 0 3") << "a record waits as long as one of its invoices is missing";
}

TEST(Waiting, ReferencesAreLookedUpInTheOwnAccountOnly) {
  Story story;
  story.pay("P", 5, "2024-05-01", {{"I", "5"}});
  story.account = "D";
  story.invoice("I", 5, "2024-05-01");
  EXPECT_EQ(story.anomalies(kEnd), "unknown_invoice I");
}

TEST(Waiting, CashStandsInTheLedgerAtOnce) {
  Story story;
  story.pay("P", 5, "2024-05-01", {{"I", "5"}});
  EXPECT_EQ(story.ageing(kEnd, "unapplied_cash balance"), "0.05 -0.05");
}

TEST(Waiting, FamiliesThatAreNotExpectedAreNotMissed) {
  Story story(patient_rules({.orders = false, .shipments = false, .invoices = true, .payments = true}));
  story.invoice("I", 5, "2024-05-01", R"(,"order_ids":["O"])");
  EXPECT_EQ(story.counts(), "1 0 0 0 0");
  EXPECT_EQ(story.anomalies(kEnd), "");
  story.pay("P", 5, "2024-05-01", {{"J", "5"}});
  EXPECT_EQ(story.anomalies(kEnd), "unknown_invoice J");
}

TEST(Waiting, OfFamiliesExactlyTheOneThatIsNeededMatters) {
  constexpr bool domain::Expect::* kFamilies[] = {&domain::Expect::orders, &domain::Expect::shipments,
                                                  &domain::Expect::invoices, &domain::Expect::payments};
  for (const Reference& c : references()) {
    for (const auto family : kFamilies) {
      domain::Expect expect;
      expect.*family = false;
      Story story(patient_rules(expect));
      c.first(story);
      const bool is_missed = family != c.family;
      EXPECT_EQ(story.anomalies(kEnd), is_missed ? c.unknown : "")
          << c.unknown << ", " << domain::format_expect(expect);
      EXPECT_EQ(story.book.sum().waiting, is_missed ? 1 : 0) << c.unknown << ", " << domain::format_expect(expect);
    }
  }
}

TEST(Waiting, PaymentsWithoutInvoicesExpected) {
  Story story(patient_rules({.orders = true, .shipments = true, .invoices = false, .payments = true}));
  story.pay("P", 5, "2024-05-01", {{"J", "5"}});
  EXPECT_EQ(story.counts(), "1 0 0 0 0");
  EXPECT_EQ(story.anomalies(kEnd), "");
}

// --- parked records ---------------------------------------------------------------------------

std::string ready_event(const std::string& customer = "C1") {
  events::v1::Event event;
  events::Violations violations;
  EXPECT_TRUE(events::read_event(R"({"event_id":"e","customer_id":")" + customer +
                                     R"(","source":"s","occurred_at":"2024-05-01T08:00:00Z",)"
                                     R"("order_ready":{"order_id":"O"}})",
                                 event, violations));
  return event.SerializeAsString();
}

std::string reasons(Story& story) { return story.table("v1/parked", "", "parked", "topic offset reason"); }

TEST(Parked, EveryReasonIsToldAndTheNextRecordIsFolded) {
  struct Case {
    const char* reason;
    log::Topic topic;
    std::optional<std::string> key, value;
  };
  const std::string good = ready_event();
  events::v1::Event without_id;
  without_id.ParseFromString(good);
  without_id.mutable_order_ready()->clear_order_id();
  const std::vector<Case> cases = {{"wrong_topic", log::Topic::kInvoices, "C1", good},
                                   {"wrong_key", log::Topic::kOrders, "C2", good},
                                   {"wrong_key", log::Topic::kOrders, std::nullopt, good},
                                   {"invalid", log::Topic::kOrders, "C1", without_id.SerializeAsString()},
                                   {"not_parseable", log::Topic::kOrders, "C1", "\xFF\xFF"},
                                   {"not_parseable", log::Topic::kOrders, "C1", std::nullopt}};
  for (const Case& c : cases) {
    Story story;
    story.book.append(c.topic, c.key, c.value, log::partition_of("C1", 3));
    EXPECT_EQ(story.table("v1/parked", "", "parked", "reason"), c.reason);
    EXPECT_EQ(story.counts(), "0 0 0 1 0");
    EXPECT_EQ(story.anomalies(kEnd).substr(0, std::string(c.reason).size()), c.reason);
    story.book.append(log::Topic::kOrders, "C1", good);
    EXPECT_EQ(story.counts(), "1 0 0 1 1");
  }
}

TEST(Parked, AWrongPartitionIsParkedAndTheRightOneIsNot) {
  Story story;
  for (std::int32_t partition = 0; partition < 3; ++partition) {
    story.book.append(log::Topic::kOrders, "C1", ready_event(), partition);
  }
  EXPECT_EQ(story.counts(), "1 0 0 2 1");
  EXPECT_EQ(reasons(story), "daybook.orders.v1 0 wrong_partition; daybook.orders.v1 0 wrong_partition");
}

TEST(Parked, IsUnresolvedWhereNothingWasSaidOfItsDocument) {
  Story story;
  story.book.tell("2024-05-01", R"("promise_withdrawn":{"promise_id":"W"})");
  story.book.append(log::Topic::kInvoices, "C1", ready_event());  // Wrong topic.
  EXPECT_EQ(query::unresolved_parked(query::LocalShards(story.book.model())), 1);
}

TEST(Parked, IsResolvedOnceAnEventWithItsIdIsAcceptedInItsDocument) {
  Story story;
  const auto resolved = [&] {
    std::string all;
    const boost::json::value answer = story.book.json("v1/parked");
    for (const auto& row : answer.at("parked").as_array()) {
      all += row.at("resolved").as_bool() ? "yes " : "no ";
    }
    return all + std::to_string(query::unresolved_parked(query::LocalShards(story.book.model())));
  };
  const std::string good = ready_event();
  events::v1::Event other;
  other.ParseFromString(good);
  other.clear_source();
  events::v1::Event of_another = other;
  of_another.mutable_order_ready()->set_order_id("another order");
  events::v1::Event another = other;
  another.set_event_id("another event");
  const std::int32_t elsewhere = (log::partition_of("C1", 3) + 1) % 3;
  story.book.append(log::Topic::kInvoices, "C1", good);                     // Wrong topic.
  story.book.append(log::Topic::kOrders, "C1", good, elsewhere);            // Wrong partition.
  story.book.append(log::Topic::kReference, "C1", "no event");              // Nobody can know.
  story.book.append(log::Topic::kOrders, "C1", other.SerializeAsString());  // Told rightly later, under its id.
  story.book.append(log::Topic::kOrders, "C1", of_another.SerializeAsString());
  story.book.append(log::Topic::kOrders, "C1", another.SerializeAsString());
  EXPECT_EQ(resolved(), "no no no no no no 5") << "the one that nobody can know of is not waited for";
  story.book.append(log::Topic::kOrders, "C1", good);
  const std::string after = resolved();
  EXPECT_EQ(std::ranges::count(after, 'y'), 3) << after;
  EXPECT_TRUE(after.ends_with(" 2")) << after;
  EXPECT_EQ(story.counts().substr(0, 8), "1 0 0 6 ") << "it stays parked";
  story.book.reopen();
  EXPECT_EQ(resolved(), after);
}

TEST(Parked, AParkedRecordClaimsNothing) {
  Story story;
  story.book.append(log::Topic::kInvoices, "C1", ready_event());
  story.book.append(log::Topic::kOrders, "C1", ready_event());
  EXPECT_EQ(story.counts(), "1 0 0 1 1");
}

TEST(Parked, ARepeatIsParkedAgain) {
  Story story;
  story.book.append(log::Topic::kOrders, "C1", "\xFF");
  story.book.append(log::Topic::kOrders, "C1", "\xFF");
  EXPECT_EQ(story.counts(), "0 0 0 2 0");
  EXPECT_EQ(reasons(story), "daybook.orders.v1 0 not_parseable; daybook.orders.v1 1 not_parseable");
}

TEST(Parked, StaysOverAReopening) {
  Story story;
  story.book.append(log::Topic::kOrders, "C1", "\xFF");
  const std::string digest = to_hex(story.book.sum().digest);
  story.book.reopen();
  EXPECT_EQ(story.counts(), "0 0 0 1 0");
  EXPECT_EQ(to_hex(story.book.sum().digest), digest);
  EXPECT_EQ(reasons(story), "daybook.orders.v1 0 not_parseable");
}

// --- the list ---------------------------------------------------------------------------------

TEST(Anomalies, AreFilteredByKindAndAccount) {
  Story story;
  story.pay("P", 5, "2024-05-01", {{"I", "5"}});
  story.account = "D";
  story.reverse("Q", "2024-05-01");
  const auto list = [&](const std::string& query) {
    return story.table("v1/anomalies", kEnd, "anomalies", "customer_id kind document_id", query);
  };
  EXPECT_EQ(list(""), "C unknown_invoice I; D unknown_payment Q");
  EXPECT_EQ(list("kind=unknown_payment"), "D unknown_payment Q");
  EXPECT_EQ(list("customer_id=C"), "C unknown_invoice I");
  EXPECT_EQ(list("customer_id=E"), "");
}

TEST(Anomalies, StandAtTheLowestRecord) {
  Story story;
  story.pay("P1", 5, "2024-05-01", {{"I", "5"}});
  story.pay("P2", 5, "2024-05-01", {{"I", "5"}});
  story.void_invoice("I", "2024-05-02");
  EXPECT_EQ(story.table("v1/anomalies", kEnd, "anomalies", "kind document_id event.topic event.offset event.type"),
            "unknown_invoice I daybook.invoices.v1 0 invoice_voided");
}

TEST(Anomalies, ADocumentOfItsAccountsNameStandsWithTheCustomerFile) {
  Story story;
  story.put("customer_profile_set", "2024-05-01", R"("name":"n")", "f");
  story.put("customer_profile_set", "2024-05-01", R"("name":"m")", "f");
  for (const char* id : {"A", "C", "D"}) {
    story.invoice(id, 100, "2024-05-01");
    story.invoice(id, 900, "2024-05-01");
  }
  EXPECT_EQ(story.table("v1/anomalies", kEnd, "anomalies", "kind document_id event.topic event.offset"),
            "conflicting_repeat A daybook.invoices.v1 1; conflicting_repeat C daybook.invoices.v1 3; "
            "conflicting_repeat D daybook.invoices.v1 5");
  const auto counts = query::open_anomalies(query::LocalShards(story.book.model()), *parse_date(kEnd));
  EXPECT_EQ(counts.at("conflicting_repeat"), 3);
}

TEST(Anomalies, AreCountedWhateverThePageShows) {
  Story story;
  for (const char* account : {"C", "D", "E"}) {
    story.account = account;
    story.profile("2024-01-01", R"("credit_currency":"CNY","credit_limit_minor":1)");
    story.invoice("I", 100, "2024-05-01");
    story.pay("P", 5, "2024-05-01", {{"X", "1"}, {"Y", "2"}});
  }
  EXPECT_EQ(story.table("v1/anomalies", kEnd, "anomalies", "customer_id kind document_id", "page_size=1"),
            "C over_credit_limit C");
  const auto counts = query::open_anomalies(query::LocalShards(story.book.model()), *parse_date(kEnd));
  EXPECT_EQ(counts.at("unknown_invoice"), 6);
  EXPECT_EQ(counts.at("over_credit_limit"), 3);
}

// Each of them is open while the account's cash is below 0, which is looked at once for all.
TEST(Anomalies, RefundsOfNoSourceCostWithTheirNumber) {
  const auto told = [](std::size_t n) {
    auto book = std::make_shared<Book>(1);
    for (std::size_t i = 0; i < n; ++i) {
      const std::string id = std::to_string(i);
      book->send(R"({"event_id":"e)" + id +
                 R"(","customer_id":"C","source":"s","occurred_at":"2024-05-01T12:00:00Z",)" +
                 R"("refund_paid":{"refund_id":"R)" + id + R"(","currency":"CNY","amount_minor":5,"value_date":")" +
                 format_date(day_from_civil({2020, 1, 1}) + static_cast<Day>(i)) + "\"}}");
    }
    book->settle();
    return book;
  };
  for (const char* known_at : {"", "2024-01-01T00:00:00Z"}) {
    expect_linear(std::string("refunds known at ") + known_at, 150, told, [&](const std::shared_ptr<Book>& book) {
      query::ParameterMap parameters = {{"as_of", "2030-12-31"}, {"page_size", "1"}};
      if (*known_at != '\0') parameters.emplace("known_at", known_at);
      const auto answer = book->json("v1/anomalies", parameters);
      ASSERT_EQ(answer.at("anomalies").at(0).at("kind"), "refund_exceeds_unapplied");
    });
  }
}

}  // namespace
}  // namespace daybook::test
