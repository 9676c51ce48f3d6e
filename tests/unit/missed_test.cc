// Anomalies of orders, shipments and invoices that come and go with facts and days.
#include "query/anomalies.h"
#include "query/local_shards.h"
#include "query/reports/anomalies.h"
#include "support/story.h"

namespace daybook::test {
namespace {

// Which of these days the anomalies of a kind are open on: "document@day …".
std::string open_on(Story& story, const std::string& kind, const std::vector<std::string>& days) {
  std::string all;
  for (const std::string& day : days) {
    const std::string documents = story.table("v1/anomalies", day, "anomalies", "document_id", "kind=" + kind);
    if (!documents.empty()) all += (all.empty() ? "" : " ") + documents + "@" + day;
  }
  return all;
}

struct Case {
  const char* what;
  std::function<void(Story&)> tell;
  std::vector<std::string> days;
  const char* open;
};
void expect_open(const std::string& kind, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    Story story(utc_rules());
    c.tell(story);
    EXPECT_EQ(open_on(story, kind, c.days), c.open) << c.what;
  }
}

void order_of_ten(Story& s) { s.order("O", "2024-05-01", {{"1", "10", 1000}}); }
const char* const kForO = R"(,"order_ids":["O"])";

TEST(Missed, DeliveredNotInvoiced) {
  const auto delivered = [](Story& s) {
    order_of_ten(s);
    s.ship("S", "2024-05-02", {{"1", "10"}});
    s.deliver("S", "2024-05-03");
  };
  expect_open(
      "delivered_not_invoiced",
      {{"more than seven days", delivered, {"2024-05-10", "2024-05-11", "2199-12-31"}, "O@2024-05-11 O@2199-12-31"},
       {"until it is invoiced",
        [&](Story& s) {
          delivered(s);
          s.invoice("I", 1000, "2024-05-20", kForO);
        },
        {"2024-05-11", "2024-05-19", "2024-05-20"},
        "O@2024-05-11 O@2024-05-19"},
       {"again after the void",
        [&](Story& s) {
          delivered(s);
          s.invoice("I", 1000, "2024-05-04", kForO);
          s.void_invoice("I", "2024-05-06");
        },
        {"2024-05-10", "2024-05-11"},
        "O@2024-05-11"},
       {"never for one that is worth nothing",
        [](Story& s) {
          s.order("O", "2024-05-01", {{"1", "10", 0}});
          s.ship("S", "2024-05-02", {{"1", "10"}});
          s.deliver("S", "2024-05-03");
        },
        {"2024-12-31"},
        ""},
       {"tax alone is worth something",
        [](Story& s) {
          s.put("order_placed", "2024-05-01",
                R"("order_id":"O","currency":"CNY","lines":[{"line_id":"1","sku":"s","quantity":"1",)"
                R"("net_minor":"0","tax_minor":"1"}])");
          s.ship("S", "2024-05-02", {{"1", "1"}});
          s.deliver("S", "2024-05-03");
        },
        {"2024-12-31"},
        "O@2024-12-31"},
       {"a replacement that leaves later does not count anew",
        [&](Story& s) {
          delivered(s);
          s.ship("T", "2024-05-12", {{"1", "1"}});
          s.deliver("T", "2024-05-08");
        },
        {"2024-05-11", "2024-05-12", "2024-05-15", "2024-05-16"},
        "O@2024-05-11 O@2024-05-12 O@2024-05-15 O@2024-05-16"},
       {"a debit note is no invoice",
        [&](Story& s) {
          delivered(s);
          s.invoice("I", 1000, "2024-05-04", std::string(kForO) + R"(,"kind":"DEBIT_NOTE")");
        },
        {"2024-12-31"},
        "O@2024-12-31"}});

  Story story(utc_rules({.orders = true, .shipments = true, .invoices = false, .payments = true}));
  delivered(story);
  EXPECT_EQ(open_on(story, "delivered_not_invoiced", {"2024-12-31"}), "") << "no invoices are expected";
}

TEST(Missed, ShippedWithoutProofOfDelivery) {
  const auto shipped = [](Story& s) {
    order_of_ten(s);
    s.ship("S", "2024-05-02", {{"1", "10"}});
  };
  expect_open("shipped_without_proof_of_delivery",
              {{"more than 14 days", shipped, {"2024-05-16", "2024-05-17"}, "S@2024-05-17"},
               {"until the proof",
                [&](Story& s) {
                  shipped(s);
                  s.deliver("S", "2024-06-01");
                },
                {"2024-05-16", "2024-05-31", "2024-06-01"},
                "S@2024-05-31"},
               {"proven in time",
                [&](Story& s) {
                  shipped(s);
                  s.deliver("S", "2024-05-17");
                },
                {"2024-05-17", "2024-12-31"},
                ""},
               {"until it came back whole",
                [&](Story& s) {
                  shipped(s);
                  s.give_back("R1", "2024-05-20", {{"1", "4"}}, "S");
                  s.give_back("R2", "2024-05-25", {{"1", "6"}}, "S");
                },
                {"2024-05-20", "2024-05-24", "2024-05-25"},
                "S@2024-05-20 S@2024-05-24"},
               {"counted from the placed date of the order",
                [](Story& s) {
                  s.order("O", "2024-06-01", {{"1", "10", 1000}});
                  s.ship("S", "2024-05-02", {{"1", "10"}});
                },
                {"2024-05-31", "2024-06-01"},
                "S@2024-06-01"}});
}

TEST(Missed, InvoiceNotReceived) {
  const auto issued = [](Story& s) { s.invoice("I", 1000, "2024-05-01"); };
  expect_open("invoice_not_received",
              {{"more than 14 days", issued, {"2024-05-15", "2024-05-16", "2024-12-31"}, "I@2024-05-16 I@2024-12-31"},
               {"until it reached the customer",
                [&](Story& s) {
                  issued(s);
                  s.put("invoice_delivered", "2024-05-20", R"("invoice_id":"I")");
                },
                {"2024-05-16", "2024-05-19", "2024-05-20"},
                "I@2024-05-16 I@2024-05-19"},
               {"until it is paid, and again when it bounces",
                [&](Story& s) {
                  issued(s);
                  s.pay("P", 1000, "2024-05-20", {{"I", "1000"}});
                  s.reverse("P", "2024-05-25");
                },
                {"2024-05-19", "2024-05-20", "2024-05-24", "2024-05-25"},
                "I@2024-05-19 I@2024-05-25"},
               {"until it is void",
                [&](Story& s) {
                  issued(s);
                  s.void_invoice("I", "2024-05-18");
                },
                {"2024-05-17", "2024-05-18"},
                "I@2024-05-17"},
               {"told before it was issued",
                [&](Story& s) {
                  issued(s);
                  s.put("invoice_delivered", "2024-04-20", R"("invoice_id":"I")");
                },
                {"2024-12-31"},
                ""},
               {"debit notes too",
                [](Story& s) { s.invoice("I", 5, "2024-05-01", R"(,"kind":"DEBIT_NOTE")"); },
                {"2024-05-16"},
                "I@2024-05-16"}});
}

TEST(Missed, WhatIsNoLongerOpenIsCleared) {
  Story story(utc_rules());
  story.invoice("I", 1000, "2024-05-01");
  story.put("invoice_delivered", "2024-05-20", R"("invoice_id":"I")");
  story.refund("F", 100, "2024-05-01");
  story.pay("P", 100, "2024-05-10");
  const auto shown = [&](const std::string& as_of, const std::string& state) {
    return story.table("v1/anomalies", as_of, "anomalies", "kind document_id state", "state=" + state);
  };
  EXPECT_EQ(shown("2024-05-09", "cleared"), "");
  EXPECT_EQ(shown("2024-05-09", "all"), "refund_exceeds_unapplied F open");
  EXPECT_EQ(shown("2024-05-19", "open"), "invoice_not_received I open");
  EXPECT_EQ(shown("2024-05-19", "cleared"), "refund_exceeds_unapplied F cleared");
  EXPECT_EQ(shown("2024-05-20", "open"), "");
  EXPECT_EQ(shown("2024-05-20", "all"), "invoice_not_received I cleared; refund_exceeds_unapplied F cleared");
  // Open again: no longer among the cleared.
  story.invoice("J", 50, "2024-05-01");
  story.pay("Q", 50, "2024-05-18", {{"J", "50"}});
  story.reverse("Q", "2024-05-25");
  EXPECT_EQ(
      story.table("v1/anomalies", "2024-05-24", "anomalies", "document_id", "state=cleared&kind=invoice_not_received"),
      "I; J");
  EXPECT_EQ(
      story.table("v1/anomalies", "2024-05-25", "anomalies", "document_id", "state=cleared&kind=invoice_not_received"),
      "I");
  EXPECT_EQ(story.book.get("v1/anomalies", {{"state", "closed"}}).status, 400);
}

TEST(Missed, AreCountedByKind) {
  Story story(utc_rules());
  story.profile("2024-01-01", R"("credit_currency":"USD")");
  story.invoice("I", 1000, "2024-05-01");
  story.invoice("J", 1000, "2024-05-01");
  story.book.append(log::Topic::kOrders, "C", "\xFF", log::partition_of("C", 3));
  const auto counts = query::open_anomalies(query::LocalShards(story.book.model()), *parse_date("2024-06-30"));
  EXPECT_EQ(counts.size(), query::anomaly_kinds().size());
  EXPECT_EQ(counts.at("invoice_not_received"), 2);
  EXPECT_EQ(counts.at("missing_rate"), 1);
  EXPECT_EQ(counts.at("not_parseable"), 1);
  EXPECT_EQ(counts.at("over_applied"), 0);
}

TEST(Missed, AreCountedShardByShardWithoutWhatTakesRates) {
  Story story(utc_rules());
  for (const char* account : {"C", "D", "E", "F"}) {
    story.account = account;
    story.profile("2024-01-01", R"("credit_currency":"USD")");
    story.invoice("I", 1000, "2024-05-01");
  }
  const query::LocalShards shards(story.book.model());
  const Day today = *parse_date("2024-06-30");
  auto all = query::open_anomalies(shards, today);
  EXPECT_EQ(all.at("invoice_not_received"), 4);
  EXPECT_EQ(all.at("missing_rate"), 4);
  std::map<std::string, std::int64_t> sum;
  int shards_with_any = 0;
  for (const std::int32_t partition : story.book.projector().partitions()) {
    const auto counts = query::open_anomalies_of(std::vector{partition}, shards, today, {});
    shards_with_any += counts.at("invoice_not_received") > 0 ? 1 : 0;
    for (const auto& [kind, count] : counts) sum[kind] += count;
  }
  EXPECT_GT(shards_with_any, 1);
  EXPECT_EQ(all.erase("missing_rate") + all.erase("over_credit_limit"), 2U);
  EXPECT_EQ(sum, all);
}

TEST(Missed, AfterTheDaysOfTheSettings) {
  domain::Rules rules = utc_rules();
  rules.anomaly_days = {1, 2, 3};
  Story story(rules);
  order_of_ten(story);
  story.ship("S", "2024-05-02", {{"1", "10"}});
  story.deliver("S", "2024-05-03");
  story.ship("T", "2024-05-03", {{"1", "10"}});
  story.invoice("I", 5, "2024-05-01");
  EXPECT_EQ(open_on(story, "invoice_not_received", {"2024-05-04", "2024-05-05"}), "I@2024-05-05");
  EXPECT_EQ(open_on(story, "shipped_without_proof_of_delivery", {"2024-05-05", "2024-05-06"}), "T@2024-05-06");
}

TEST(OrderAnomalies, PaymentBeforeInvoice) {
  expect_open("payment_before_invoice", {{"from the day it settles, for good",
                                          [](Story& s) {
                                            s.invoice("I", 1000, "2024-05-10");
                                            s.pay("P", 1000, "2024-05-09", {{"I", "400"}});
                                            s.reverse("P", "2024-05-20");
                                          },
                                          {"2024-05-09", "2024-05-10", "2024-05-20"},
                                          "P@2024-05-10 P@2024-05-20"},
                                         {"not on the issue date",
                                          [](Story& s) {
                                            s.invoice("I", 1000, "2024-05-10");
                                            s.pay("P", 1000, "2024-05-10", {{"I", "400"}});
                                          },
                                          {"2024-12-31"},
                                          ""},
                                         {"not for what is allocated later",
                                          [](Story& s) {
                                            s.invoice("I", 1000, "2024-05-10");
                                            s.pay("P", 1000, "2024-05-01");
                                            s.allocate("A", "P", "2024-05-15", {{"I", "400"}});
                                          },
                                          {"2024-05-14", "2024-05-15"},
                                          ""},
                                         {"not for what does not count",
                                          [](Story& s) {
                                            s.invoice("I", 1000, "2024-05-10");
                                            s.pay("P", 300, "2024-05-01");
                                            s.allocate("A", "P", "2024-05-15", {{"I", "400"}});
                                          },
                                          {"2024-12-31"},
                                          ""},
                                         {"nor for credit notes",
                                          [](Story& s) {
                                            s.invoice("I", 1000, "2024-05-10");
                                            s.credit("N", 300, "2024-05-01", "I");
                                          },
                                          {"2024-12-31"},
                                          ""}});
}

TEST(OrderAnomalies, InvoicedOverOrdered) {
  expect_open("invoiced_over_ordered", {{"by net, when the invoice is issued",
                                         [](Story& s) {
                                           order_of_ten(s);
                                           s.invoice("I", 1001, "2024-05-05", kForO);
                                         },
                                         {"2024-05-04", "2024-05-05"},
                                         "O@2024-05-05"},
                                        {"tax of the invoice does not count",
                                         [](Story& s) {
                                           order_of_ten(s);
                                           s.invoice("I", 1000, "2024-05-05",
                                                     std::string(kForO) + R"(,"tax_minor":"130")");
                                         },
                                         {"2024-12-31"},
                                         ""},
                                        {"until one of two is void",
                                         [](Story& s) {
                                           order_of_ten(s);
                                           s.invoice("I", 600, "2024-05-05", kForO);
                                           s.invoice("J", 500, "2024-05-06", kForO);
                                           s.void_invoice("I", "2024-05-09");
                                         },
                                         {"2024-05-05", "2024-05-06", "2024-05-08", "2024-05-09"},
                                         "O@2024-05-06 O@2024-05-08"},
                                        {"when the order is cut",
                                         [](Story& s) {
                                           order_of_ten(s);
                                           s.invoice("I", 1000, "2024-05-05", kForO);
                                           s.change("2024-05-07", {{"1", "5", 500}});
                                         },
                                         {"2024-05-06", "2024-05-07"},
                                         "O@2024-05-07"},
                                        // 3001 over 1000 and 2000: ⌊1000.33⌋, and the rest, 2001, on the last.
                                        {"split by value",
                                         [](Story& s) {
                                           order_of_ten(s);
                                           s.order("Q", "2024-05-01", {{"1", "1", 2000}});
                                           s.invoice("I", 3001, "2024-05-05", R"(,"order_ids":["O","Q"])");
                                         },
                                         {"2024-05-05"},
                                         "Q@2024-05-05"},
                                        {"other currencies take no share",
                                         [](Story& s) {
                                           order_of_ten(s);
                                           s.order("Q", "2024-05-01", {{"1", "1", 2000}}, "", "USD");
                                           s.invoice("I", 1001, "2024-05-05", R"(,"order_ids":["Q","O"])");
                                         },
                                         {"2024-05-05"},
                                         "O@2024-05-05"}});
}

TEST(OrderAnomalies, ShippedOverOrdered) {
  expect_open("shipped_over_ordered", {{"less what came back",
                                        [](Story& s) {
                                          order_of_ten(s);
                                          s.ship("S", "2024-05-02", {{"1", "10"}});
                                          s.ship("T", "2024-05-04", {{"1", "0.5"}});
                                          s.give_back("R", "2024-05-06", {{"1", "0.5"}});
                                        },
                                        {"2024-05-03", "2024-05-04", "2024-05-05", "2024-05-06"},
                                        "O@2024-05-04 O@2024-05-05"},
                                       {"a line the order does not have",
                                        [](Story& s) {
                                          order_of_ten(s);
                                          s.ship("S", "2024-05-02", {{"9", "1"}});
                                        },
                                        {"2024-05-01", "2024-05-02"},
                                        "O@2024-05-02"},
                                       {"after a cancellation",
                                        [](Story& s) {
                                          order_of_ten(s);
                                          s.cancel("2024-05-02");
                                          s.ship("S", "2024-05-03", {{"1", "1"}});
                                        },
                                        {"2024-05-02", "2024-05-03"},
                                        "O@2024-05-03"},
                                       {"a line that a change dropped",
                                        [](Story& s) {
                                          order_of_ten(s);
                                          s.ship("S", "2024-05-02", {{"1", "1"}});
                                          s.change("2024-05-04", {{"2", "5", 500}});
                                        },
                                        {"2024-05-03", "2024-05-04"},
                                        "O@2024-05-04"}});
}

TEST(OrderAnomalies, ReturnedOverDispatched) {
  expect_open("returned_over_dispatched", {{"by line",
                                            [](Story& s) {
                                              order_of_ten(s);
                                              s.ship("S", "2024-05-02", {{"1", "2"}});
                                              s.give_back("R", "2024-05-03", {{"1", "3"}});
                                              s.ship("T", "2024-05-05", {{"1", "1"}});
                                            },
                                            {"2024-05-02", "2024-05-03", "2024-05-04", "2024-05-05"},
                                            "O@2024-05-03 O@2024-05-04"},
                                           {"a line that nobody knows",
                                            [](Story& s) {
                                              order_of_ten(s);
                                              s.give_back("R", "2024-05-03", {{"9", "1"}});
                                            },
                                            {"2024-05-03"},
                                            "O@2024-05-03"}});
}

TEST(OrderAnomalies, MilestonesOutOfOrder) {
  expect_open("milestones_out_of_order", {{"ready before confirmed",
                                           [](Story& s) {
                                             order_of_ten(s);
                                             s.ready("2024-05-02");
                                             s.confirm("2024-05-04");
                                           },
                                           {"2024-05-03", "2024-05-04"},
                                           "O@2024-05-04"},
                                          {"neighbours among those it has",
                                           [](Story& s) {
                                             order_of_ten(s);
                                             s.confirm("2024-05-05");
                                             s.ship("S", "2024-05-04", {{"1", "10"}});
                                           },
                                           {"2024-05-04", "2024-05-05"},
                                           "O@2024-05-05"},
                                          {"confirmed before it was placed",
                                           [](Story& s) {
                                             order_of_ten(s);
                                             s.confirm("2024-04-30");
                                           },
                                           {"2024-04-30", "2024-05-01"},
                                           "O@2024-05-01"},
                                          {"invoiced before it was placed",
                                           [](Story& s) {
                                             s.order("O", "2024-05-05", {{"1", "10", 1000}});
                                             s.invoice("I", 1000, "2024-05-04", kForO);
                                           },
                                           {"2024-05-04", "2024-05-05"},
                                           "O@2024-05-05"},
                                          {"invoiced before it was delivered is usual",
                                           [](Story& s) {
                                             order_of_ten(s);
                                             s.invoice("I", 1000, "2024-05-02", kForO);
                                             s.ship("S", "2024-05-03", {{"1", "10"}});
                                             s.deliver("S", "2024-05-04");
                                           },
                                           {"2024-12-31"},
                                           ""}});
}

}  // namespace
}  // namespace daybook::test
