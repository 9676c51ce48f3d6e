// Order-cycle times: lines as they stand, milestones, statistics and stages.
#include "support/story.h"

namespace daybook::test {
namespace {

constexpr const char* kEnd = "2024-12-31";

std::string lines(Story& story, const std::string& as_of) {
  return story.table("v1/orders/O", as_of, "lines", "line_id quantity remaining_quantity dispatched");
}

// --- lines as they stand ----------------------------------------------------------------------

TEST(Lines, AreThoseOfTheOrderUntilAChangeSetsThemAnew) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "10", 1000}, {"2", "5", 500}});
  story.change("2024-05-03", {{"2", "7.5", 700}, {"3", "1", 100}});
  EXPECT_EQ(lines(story, "2024-05-02"), "1 10 10 0; 2 5 5 0");
  EXPECT_EQ(lines(story, "2024-05-03"), "2 7.5 7.5 0; 3 1 1 0");
}

TEST(Lines, ChangesHoldInOrderOfOccurrenceNotOfArrival) {
  Story story;
  story.order();
  story.change("2024-05-04", {{"1", "4", 400}});
  story.change("2024-05-03", {{"1", "3", 300}});
  EXPECT_EQ(lines(story, "2024-05-03"), "1 3 3 0");
  EXPECT_EQ(lines(story, "2024-05-04"), "1 4 4 0");
}

TEST(Lines, ACancellationBeforeDispatchTakesTheLineAway) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "10", 1000}, {"2", "5", 500}});
  story.cancel("2024-05-02", R"(,"line_ids":["1"])");
  EXPECT_EQ(lines(story, "2024-05-01"), "1 10 10 0; 2 5 5 0");
  EXPECT_EQ(lines(story, "2024-05-02"), "1 10 0 0; 2 5 5 0");
}

TEST(Lines, ACancellationAfterPartWasDispatchedCutsToThatPart) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "10", 1000}, {"2", "5", 500}});
  story.ship("S1", "2024-05-03", {{"1", "4"}});
  story.cancel("2024-05-04");
  story.ship("S2", "2024-05-05", {{"1", "6"}});
  EXPECT_EQ(lines(story, kEnd), "1 10 4 10; 2 5 0 0");
  EXPECT_EQ(story.milestone(kEnd, "dispatched"), "2024-05-03T08:00:00Z");
  EXPECT_EQ(story.milestone("2024-05-03", "dispatched"), "-");
}

TEST(Lines, ADispatchOfTheVerySecondCountsForACancellation) {
  Story story;
  story.order();
  story.cancel("2024-05-04T10:00:00Z");
  story.ship("S1", "2024-05-04T10:00:00Z", {{"1", "4"}});
  story.ship("S2", "2024-05-04T10:00:01Z", {{"1", "4"}});
  EXPECT_EQ(lines(story, kEnd), "1 10 4 8");
}

TEST(Lines, OfWhatCameBackACancellationTakesAwayWhatIsToBeResent) {
  for (const auto& [more, expected] : {std::pair("", "1 10 6 6"), std::pair(R"(,"to_be_resent":false)", "1 10 6 6"),
                                       std::pair(R"(,"to_be_resent":true)", "1 10 4 6")}) {
    Story story;
    story.order();
    story.ship("S", "2024-05-02", {{"1", "6"}});
    story.give_back("T", "2024-05-03", {{"1", "2"}}, "", "O", more);
    story.cancel("2024-05-04");
    EXPECT_EQ(lines(story, kEnd), expected) << more;
  }
}

TEST(Lines, ACancellationNeverRaisesWhatRemains) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "3", 300}});
  story.ship("S1", "2024-05-02", {{"1", "8"}});
  story.cancel("2024-05-03");
  EXPECT_EQ(lines(story, kEnd), "1 3 3 8");
}

TEST(Lines, AChangeAfterACancellationSetsLinesAnew) {
  Story story;
  story.order();
  story.change("2024-05-03", {{"2", "3", 300}});
  story.cancel("2024-05-02");
  EXPECT_EQ(lines(story, "2024-05-02"), "1 10 0 0");
  EXPECT_EQ(lines(story, "2024-05-03"), "2 3 3 0");
}

TEST(Lines, AChangeDatedBeforeThePlacingStillComesBehindIt) {
  Story story;
  story.order("O", "2024-05-10", {{"1", "10", 1000}});
  story.change("2024-05-01", {{"1", "4", 400}});
  EXPECT_EQ(lines(story, "2024-05-10"), "1 4 4 0");
}

// --- milestones -------------------------------------------------------------------------------

TEST(Milestones, ConfirmedAndReadyAreTheEarliest) {
  Story story;
  story.order();
  story.confirm("2024-05-05");
  story.confirm("2024-05-03");
  story.ready("2024-05-07");
  story.ready("2024-05-06");
  EXPECT_EQ(story.milestones(kEnd),
            "placed=2024-05-01T08:00:00Z confirmed=2024-05-03T08:00:00Z ready=2024-05-06T08:00:00Z");
  EXPECT_EQ(story.milestone("2024-05-02", "confirmed"), "-");
}

TEST(Milestones, DispatchedWhenEveryLineIsAndReturnsAreNotCountedBack) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "10", 1000}, {"2", "5", 500}});
  story.ship("S1", "2024-05-03", {{"1", "10"}});
  story.ship("S2", "2024-05-05", {{"2", "2.5"}, {"9", "7"}});
  story.ship("S3", "2024-05-06", {{"2", "2.5"}});
  EXPECT_EQ(story.milestones("2024-05-05"), "placed=2024-05-01T08:00:00Z first_dispatched=2024-05-03T08:00:00Z");
  EXPECT_EQ(story.milestone(kEnd, "dispatched"), "2024-05-06T08:00:00Z");
  story.give_back("T", "2024-05-06", {{"1", "10"}});
  EXPECT_EQ(story.milestone(kEnd, "dispatched"), "2024-05-06T08:00:00Z");
}

TEST(Milestones, AWhollyCancelledOrderIsNeverDispatched) {
  Story story;
  story.order();
  story.cancel("2024-05-02", R"(,"line_ids":["1"])");
  story.ship("S1", "2024-05-03", {{"1", "10"}});
  story.deliver("S1", "2024-05-04");
  EXPECT_EQ(story.milestones(kEnd), "placed=2024-05-01T08:00:00Z first_dispatched=2024-05-03T08:00:00Z");
}

TEST(Milestones, DeliveredNeedsEveryProofAndTakesTheEarliestOfEach) {
  Story story;
  story.order();
  story.ship("S1", "2024-05-03", {{"1", "4"}});
  story.ship("S2", "2024-05-04", {{"1", "6"}});
  story.deliver("S2", "2024-05-06");
  EXPECT_EQ(story.milestone(kEnd, "delivered"), "-");
  story.deliver("S1", "2024-05-09");
  story.deliver("S1", "2024-05-08");
  EXPECT_EQ(story.milestone(kEnd, "delivered"), "2024-05-08T08:00:00Z");
}

TEST(Milestones, AShipmentThatCameBackWholeIsLeftOut) {
  Story story;
  story.order();
  story.ship("S1", "2024-05-03", {{"1", "4"}});
  story.ship("S2", "2024-05-04", {{"1", "6"}});
  story.deliver("S2", "2024-05-06");
  story.give_back("T1", "2024-05-07", {{"1", "3"}}, "S1");
  EXPECT_EQ(story.milestone(kEnd, "delivered"), "-");
  story.give_back("T2", "2024-05-08", {{"1", "1"}}, "S1");
  EXPECT_EQ(story.milestone("2024-05-07", "delivered"), "-");
  EXPECT_EQ(story.milestone("2024-05-08", "delivered"), "2024-05-06T08:00:00Z");
}

TEST(Milestones, WhenAllCameBackNothingIsDelivered) {
  Story story;
  story.order();
  story.ship("S1", "2024-05-03", {{"1", "10"}});
  story.give_back("T1", "2024-05-07", {{"1", "10"}}, "S1");
  EXPECT_EQ(story.milestone(kEnd, "dispatched"), "2024-05-03T08:00:00Z");
  EXPECT_EQ(story.milestone(kEnd, "delivered"), "-");
}

TEST(Milestones, InvoicedIsTheEarliestInvoiceThatIsNotVoided) {
  Story story;
  story.order();
  story.put("invoice_issued", "2024-05-04",
            R"("invoice_id":"I","currency":"CNY","net_minor":1,"issue_date":"2024-01-01","order_ids":["O"])");
  story.invoice("J", 1, "2024-05-06", R"(,"order_ids":["O"])");
  story.invoice("D", 1, "2024-05-02", R"(,"order_ids":["O"],"kind":"DEBIT_NOTE")");
  EXPECT_EQ(story.milestone(kEnd, "invoiced"), "2024-05-04T08:00:00Z");
  story.void_invoice("I", "2024-05-20");
  EXPECT_EQ(story.milestone("2024-05-19", "invoiced"), "2024-05-04T08:00:00Z");
  EXPECT_EQ(story.milestone("2024-05-20", "invoiced"), "2024-05-06T08:00:00Z");
}

TEST(Milestones, PaidWhenSettledAndUndoneByARecovery) {
  Story story;
  story.order();
  story.ship("S", "2024-05-02", {{"1", "10"}});
  story.put("invoice_issued", "2024-05-04",
            R"("invoice_id":"I","currency":"CNY","net_minor":1000,"issue_date":"2024-05-03","order_ids":["O"])");
  story.invoice("D", 50, "2024-05-03", R"(,"order_ids":["O"],"kind":"DEBIT_NOTE")");
  story.pay("P", 990, "2024-05-10", {{"I", "990"}}, "CNY", "2024-05-12");
  EXPECT_EQ(story.milestone(kEnd, "paid"), "-");
  story.write_off("W", "I", 10, "2024-05-20", "SMALL_DIFFERENCE", "2024-05-11");
  EXPECT_EQ(story.milestone("2024-05-19", "paid"), "-");
  EXPECT_EQ(story.milestone("2024-05-20", "paid"), "2024-05-12T08:00:00Z");
  story.recover("R", "W", "I", 10, "2024-05-25");
  EXPECT_EQ(story.milestone(kEnd, "paid"), "-");
  story.pay("Q", 20, "2024-05-26", {{"I", "20"}});
  EXPECT_EQ(story.milestone(kEnd, "paid"), "2024-05-26T08:00:00Z");
}

TEST(Milestones, ABadDebtIsNotPaid) {
  Story story;
  story.order();
  story.ship("S", "2024-05-02", {{"1", "10"}});
  story.invoice("I", 1000, "2024-05-03", R"(,"order_ids":["O"])");
  story.write_off("W", "I", 1000, "2024-05-11");
  EXPECT_EQ(story.milestone(kEnd, "paid"), "-");
}

TEST(Milestones, PaidNeedsAllInvoicesAndTheDispatch) {
  Story story;
  story.order();
  story.invoice("I", 100, "2024-05-03", R"(,"order_ids":["O"])");
  story.invoice("J", 100, "2024-05-03", R"(,"order_ids":["O"])");
  story.pay("P", 100, "2024-05-10", {{"I", "100"}});
  story.pay("Q", 100, "2024-05-12", {{"J", "100"}});
  EXPECT_EQ(story.milestone(kEnd, "paid"), "-");
  story.ship("S", "2024-05-20", {{"1", "10"}});
  EXPECT_EQ(story.milestone(kEnd, "paid"), "2024-05-12T08:00:00Z");
  story.reverse("P", "2024-06-01");
  EXPECT_EQ(story.milestone(kEnd, "paid"), "-");
  EXPECT_EQ(story.milestone("2024-05-31", "paid"), "2024-05-12T08:00:00Z");
}

TEST(Milestones, ASetOfEventsInAnyTopicOrderGivesTheSame) {
  Story late;
  late.pay("P", 1000, "2024-05-10", {{"I", "1000"}});
  late.deliver("S", "2024-05-04");
  late.ship("S", "2024-05-03", {{"1", "10"}});
  late.invoice("I", 1000, "2024-05-05", R"(,"order_ids":["O"])");
  late.confirm("2024-05-02");
  EXPECT_EQ(late.counts(), "5 0 0 0 4");
  late.order();
  EXPECT_EQ(late.counts(), "6 0 0 0 0");
  EXPECT_EQ(late.milestones(kEnd),
            "placed=2024-05-01T08:00:00Z confirmed=2024-05-02T08:00:00Z "
            "first_dispatched=2024-05-03T08:00:00Z "
            "dispatched=2024-05-03T08:00:00Z delivered=2024-05-04T08:00:00Z "
            "invoiced=2024-05-05T08:00:00Z "
            "paid=2024-05-10T08:00:00Z");
}

constexpr const char* kResend = R"(,"to_be_resent":true)";

TEST(Milestones, ExchangedGoodsMakeTheOrderShortAgain) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "100", 1000}});
  story.ship("S", "2024-05-02", {{"1", "100"}});
  story.give_back("B", "2024-05-04", {{"1", "70"}}, "", "O", kResend);
  story.give_back("C", "2024-05-05", {{"1", "5"}});
  story.ship("T", "2024-05-07", {{"1", "60"}});
  story.ship("U", "2024-05-08", {{"1", "10"}});
  EXPECT_EQ(story.milestone("2024-05-03", "dispatched"), "2024-05-02T08:00:00Z");
  EXPECT_EQ(story.milestone("2024-05-04", "dispatched"), "-");
  EXPECT_EQ(story.milestone("2024-05-07", "dispatched"), "-");
  EXPECT_EQ(story.milestone(kEnd, "dispatched"), "2024-05-08T08:00:00Z") << "what is not wanted does not count back";
}

TEST(Milestones, LinesThatTheOrderDoesNotHaveAreNotMissed) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "10", 1000}});
  story.ship("S", "2024-05-02", {{"1", "10"}});
  story.give_back("B", "2024-05-04", {{"2", "6"}}, "S", "O", kResend);
  EXPECT_EQ(story.milestone(kEnd, "dispatched"), "2024-05-02T08:00:00Z");
  EXPECT_EQ(story.milestone("2024-05-02", "dispatched"), "2024-05-02T08:00:00Z");
}

TEST(Milestones, WhatLeavesAfterTheOrderWasCompleteDoesNotReopenIt) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "1", 1000}});
  story.ship("S", "2024-05-02", {{"1", "1"}});
  story.deliver("S", "2024-05-03");
  const std::string complete = story.milestones("2024-05-03");
  EXPECT_EQ(story.milestone("2024-05-03", "delivered"), "2024-05-03T08:00:00Z");
  story.ship("T", "2024-05-10", {{"1", "1"}});
  EXPECT_EQ(story.milestones("2024-05-31"), complete);
  story.deliver("T", "2024-06-01");
  EXPECT_EQ(story.milestones(kEnd), complete);
}

TEST(Milestones, WhereAllCameBackWithoutProofTheFirstLaterProofDelivers) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "1", 1000}});
  story.ship("S", "2024-05-02", {{"1", "1"}});
  story.give_back("B", "2024-05-04", {{"1", "1"}}, "S");
  story.ship("T", "2024-05-10", {{"1", "1"}});
  story.ship("U", "2024-05-11", {{"1", "1"}});
  EXPECT_EQ(story.milestone("2024-05-12", "delivered"), "-");
  story.deliver("U", "2024-05-13");
  story.deliver("T", "2024-05-14");
  EXPECT_EQ(story.milestone(kEnd, "delivered"), "2024-05-13T08:00:00Z");
}

// --- cycles -----------------------------------------------------------------------------------

TEST(Cycle, NothingBeforeThePlacedDateButInstantsStay) {
  Story story;
  story.order("O", "2024-05-10");
  story.ship("S1", "2024-05-03", {{"1", "10"}});
  story.deliver("S1", "2024-05-04");
  EXPECT_EQ(story.cycle("2024-05-09", "n", "cycle=first_dispatched..delivered"), "");
  EXPECT_EQ(story.cycle("2024-05-10", "n total_seconds", "cycle=first_dispatched..delivered"), "1 86400");
}

TEST(Cycle, OutOfOrderIsCountedInThePeriodOfTheLaterMilestone) {
  Story story;
  story.order("O", "2024-05-10");
  story.ship("S1", "2024-04-30", {{"1", "10"}});
  EXPECT_EQ(story.cycle(kEnd, "period n out_of_order total_seconds mean_seconds min_seconds p50_seconds",
                        "cycle=placed..dispatched&grain=month"),
            "2024-04 0 1 0 - - -");
}

TEST(Cycle, EqualInstantsAreInOrder) {
  Story story;
  story.order();
  story.ship("S1", "2024-05-01", {{"1", "10"}});
  EXPECT_EQ(story.cycle(kEnd, "n out_of_order total_seconds", "cycle=placed..dispatched"), "1 0 0");
}

TEST(Cycle, StatisticsAndStagesAddUp) {
  Story story;
  const char* const delivered[] = {"2024-05-01T18:00:00Z", "2024-05-02T04:00:00Z", "2024-05-03T00:00:00Z"};
  for (int i = 0; i < 3; ++i) {
    const std::string id = "O" + std::to_string(i);
    story.order(id);
    story.ship("S", "2024-05-01T10:00:00Z", {{"1", "10"}}, "", id);
    story.deliver("S", delivered[i], id);
  }
  story.confirm("2024-05-01T09:00:00Z", "O0");
  story.confirm("2024-05-09T09:00:00Z", "O1");  // After its end.
  EXPECT_EQ(story.cycle(kEnd, "n total_seconds mean_seconds min_seconds p50_seconds p90_seconds max_seconds"),
            "3 252000 84000 36000 72000 144000 144000");
  const auto answer =
      story.book.json("v1/order-cycle", Story::parameters(kEnd, "from=2024-01-01&to=2024-12-31&grain=year"));
  const auto& row = answer.at("rows").at(0);
  EXPECT_EQ(Story::lines_of(row.at("stages"), "from to total_seconds"),
            "placed confirmed 3600; confirmed ready 0; ready first_dispatched 18000; "
            "first_dispatched dispatched 0; "
            "dispatched delivered 230400");
  std::string filled;
  for (const auto& bar : row.at("histogram").as_array()) {
    if (bar.at("count").as_int64() != 0) filled += Story::lines_of(boost::json::array{bar}, "le_seconds count") + " ";
  }
  EXPECT_EQ(filled, "43200 1 86400 1 172800 1 ");
  EXPECT_EQ(story.cycle(kEnd, "period n", "grain=day"), "2024-05-01 1; 2024-05-02 1; 2024-05-03 1");
}

TEST(Cycle, PercentilesAreTheValueAtTheRankRoundedUp) {
  Story story;
  for (int i = 1; i <= 20; ++i) {
    const std::string id = "O" + std::to_string(i);
    story.order(id, "2024-05-01T00:00:00Z");
    char at[32];
    std::snprintf(at, sizeof at, "2024-05-01T%02d:00:00Z", i);
    story.confirm(at, id);
  }
  // Ranks 10, 18, 19 and 20 of 20.
  EXPECT_EQ(story.cycle(kEnd, "n p50_seconds p90_seconds p95_seconds p99_seconds", "cycle=placed..confirmed"),
            "20 36000 64800 68400 72000");
}

TEST(Cycle, HistogramBordersAreInclusiveAndTheLastIsOpen) {
  Story story;
  const char* const at[] = {"2024-05-01T01:00:00Z", "2024-05-01T01:00:01Z", "2025-05-01T00:00:00Z",
                            "2025-05-01T00:00:01Z"};
  for (int i = 0; i < 4; ++i) {
    const std::string id = "O" + std::to_string(i);
    story.order(id, "2024-05-01T00:00:00Z");
    story.confirm(at[i], id);  // 3600, 3601, 31536000 and 31536001 seconds.
  }
  const auto answer = story.book.json(
      "v1/order-cycle",
      Story::parameters("2026-01-01", "from=2024-01-01&to=2026-01-01&cycle=placed..confirmed&group_by=customer"));
  std::string filled;
  for (const auto& row : answer.at("rows").as_array()) {
    for (const auto& bar : row.at("histogram").as_array()) {
      if (bar.at("count").as_int64() != 0)
        filled += Story::lines_of(boost::json::array{bar}, "le_seconds count") + "; ";
    }
  }
  EXPECT_EQ(filled, "3600 1; 14400 1; 31536000 1; - 1; ");
}

TEST(Cycle, GroupsAndFilters) {
  Story story;
  story.profile("2024-04-01", R"("grade":"A","region":"X/Y")");
  story.profile("2024-05-02", R"("grade":"B","region":"Z")");
  story.order("O", "2024-05-01", {{"1", "10", 1000}}, R"(,"kind":"SAMPLE","channel":"web")");
  story.ship("S2", "2024-05-04", {{"1", "5"}}, R"(,"warehouse":"W2")");
  story.ship("S1", "2024-05-03", {{"1", "5"}}, R"(,"warehouse":"W1")");
  for (const auto& [by, group] : std::vector<std::pair<std::string, std::string>>{{"grade", "A"},
                                                                                  {"region", "X/Y"},
                                                                                  {"region&level=1", "X"},
                                                                                  {"warehouse", "W1"},
                                                                                  {"kind", "SAMPLE"},
                                                                                  {"channel", "web"},
                                                                                  {"customer", "C"},
                                                                                  {"sales_rep", "unassigned"},
                                                                                  {"none", "\"\""}}) {
    EXPECT_EQ(story.cycle(kEnd, "group", "cycle=placed..dispatched&group_by=" + by), group) << by;
  }
  for (const char* filter : {"grade=A", "region=X", "warehouse=W1", "kind=SAMPLE", "channel=web", "customer_id=C",
                             "sales_rep=unassigned", "grade=B&attributes=as_now"}) {
    EXPECT_EQ(story.cycle(kEnd, "n", "cycle=placed..dispatched&" + std::string(filter)), "1") << filter;
  }
  for (const char* filter : {"grade=B", "region=Z", "warehouse=W2", "kind=STANDARD", "channel=shop", "customer_id=D",
                             "sales_rep=r", "channel=unassigned"}) {
    EXPECT_EQ(story.cycle(kEnd, "n", "cycle=placed..dispatched&" + std::string(filter)), "") << filter;
  }
}

TEST(Cycle, PairsThatAreNoneAreRefused) {
  Story story;
  for (const char* pair : {"", "placed", "placed..", "delivered..placed", "placed..placed", "placed-delivered",
                           "placed..arrived", "placed..delivered..paid"}) {
    const auto refused =
        story.book.get("v1/order-cycle", {{"from", "2024-01-01"}, {"to", "2024-12-31"}, {"cycle", pair}});
    EXPECT_EQ(refused.status, 400) << pair;
    EXPECT_NE(refused.body.find("cycle"), std::string::npos);
  }
}

}  // namespace
}  // namespace daybook::test
