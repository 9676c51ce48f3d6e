// Sales: what was ordered, shipped, invoiced and collected, each on its own date.
#include "query/comparison.h"
#include "support/story.h"

namespace daybook::test {
namespace {

constexpr const char* kEnd = "2024-12-31";

TEST(Sales, PartsShippedAddUpExactly) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "3", 100}});
  const char* const days[] = {"2024-05-03", "2024-05-02", "2024-05-04", "2024-05-05"};
  for (int i = 0; i < 4; ++i) story.ship("S" + std::to_string(i), days[i], {{"1", "1"}});
  story.give_back("T1", "2024-05-06", {{"1", "1"}});
  story.give_back("T2", "2024-05-07", {{"1", "1"}});
  EXPECT_EQ(story.sales(kEnd, "period shipped", "grain=day"),
            "2024-05-01 0.00; 2024-05-02 0.33; 2024-05-03 0.33; 2024-05-04 0.34; 2024-05-05 0.33; "
            "2024-05-06 -0.33; "
            "2024-05-07 -0.33");
}

TEST(Sales, MoreShippedThanOrderedIsNotCapped) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "3", 100}});
  story.ship("S", "2024-05-02", {{"1", "9"}});
  EXPECT_EQ(story.sales_totals(kEnd, "ordered shipped"), "1.00 3.00");
}

TEST(Sales, OrderedIsRestatedOnThePlacedDate) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "3", 100}, {"2", "1", 50}});
  story.ship("S", "2024-05-02", {{"1", "2"}});
  story.cancel("2024-05-03");
  EXPECT_EQ(story.sales_totals("2024-05-02", "ordered"), "1.50");
  EXPECT_EQ(story.sales("2024-05-03", "period ordered orders", "grain=day&to=2024-05-01"), "2024-05-01 0.66 1");
  story.change("2024-05-04", {{"3", "1", 7}});
  EXPECT_EQ(story.sales(kEnd, "group.sku ordered orders shipped shipments", "group_by=sku"),
            "s1 0.00 0 0.66 1; s3 0.07 1 0.00 0");
}

TEST(Sales, AChangeOfTermsRestatesWhatWasShipped) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "10", 1000}});
  story.ship("S", "2024-05-02", {{"1", "5"}});
  story.change("2024-05-03", {{"1", "10", 2000}});
  EXPECT_EQ(story.sales_totals("2024-05-02", "shipped"), "5.00");
  EXPECT_EQ(story.sales("2024-05-03", "period shipped", "grain=day&from=2024-05-02&to=2024-05-02"), "2024-05-02 10.00");
}

TEST(Sales, ADroppedLineKeepsItsLastTerms) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "10", 1000}});
  story.change("2024-05-02", {{"1", "10", 500}});
  story.change("2024-05-03", {{"2", "1", 1}});
  story.ship("S", "2024-05-04", {{"1", "10"}});
  EXPECT_EQ(story.sales(kEnd, "group.sku ordered shipped shipped_quantity", "group_by=sku"),
            "s1 0.00 5.00 10; s2 0.01 0.00 0");
}

TEST(Sales, ACancellationDoesNotChangeWhatShippedIsWorth) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "10", 1000}});
  story.ship("S", "2024-05-02", {{"1", "5"}});
  story.cancel("2024-05-03");
  EXPECT_EQ(story.sales_totals(kEnd, "ordered shipped"), "5.00 5.00");
}

TEST(Sales, SkusCountOrdersAndShipmentsOnceEachAndTotalsOnce) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "3", 100}, {"2", "1", 50}});
  story.ship("S", "2024-05-02", {{"1", "2"}, {"2", "1"}, {"9", "4"}}, R"(,"freight_minor":30,"currency":"CNY")");
  EXPECT_EQ(story.sales(kEnd, "group.sku orders shipments shipped_quantity freight", "group_by=sku"),
            "s1 1 1 2 0.00; s2 1 1 1 0.00; unassigned 0 1 4 0.30");
  EXPECT_EQ(story.sales_totals(kEnd, "orders shipments freight shipped", "group_by=sku"), "1 1 0.30 1.16");
}

TEST(Sales, QuantitiesArePerSku) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "2.5", 100}});
  story.ship("S", "2024-05-02", {{"1", "2.5"}});
  story.give_back("T", "2024-05-03", {{"1", "0.000001"}});
  EXPECT_EQ(story.sales(kEnd, "ordered_quantity shipped_quantity", "group_by=sku"), "2.5 2.499999");
}

TEST(Sales, InvoicedIsNetAndTakesCreditsAndVoidsOnTheirDates) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "10", 1000}}, R"(,"channel":"web","kind":"SAMPLE")");
  story.invoice("I", 1000, "2024-05-02", R"(,"tax_minor":130,"order_ids":["O"])");
  story.invoice("D", 5, "2024-05-02", R"(,"kind":"DEBIT_NOTE")");
  story.credit("N", 100, "2024-05-03", "I");
  story.void_invoice("I", "2024-05-04");
  EXPECT_EQ(story.sales(kEnd, "period group.channel group.kind invoiced invoices",
                        "grain=day&group_by=channel,kind&from=2024-05-02"),
            "2024-05-02 unassigned unassigned 0.05 1; 2024-05-02 web SAMPLE 10.00 1; 2024-05-03 "
            "web SAMPLE -1.00 0; "
            "2024-05-04 web SAMPLE -10.00 0");
}

TEST(Sales, CollectedIsSplitByApplicationsAndRestated) {
  Story story;
  story.profile("2024-01-01", R"("region":"EU")");
  story.invoice("I", 1000, "2024-05-01", R"(,"region":"CN")");
  story.pay("P", 1500, "2024-05-05");
  story.allocate("A", "P", "2024-06-02", {{"I", "1000"}});
  const auto by_region = [&](const char* day) {
    return story.sales(day, "period group.region collected", "group_by=region&grain=month&measure=collected");
  };
  EXPECT_EQ(by_region("2024-06-01"), "2024-05 EU 15.00");
  EXPECT_EQ(by_region("2024-06-02"), "2024-05 CN 10.00; 2024-05 EU 5.00");
  story.reverse("P", "2024-07-01");
  EXPECT_EQ(by_region("2024-07-01"), "2024-05 CN 10.00; 2024-05 EU 5.00; 2024-07 CN -10.00; 2024-07 EU -5.00");
  story.unallocate("A", "P", "2024-06-20");
  EXPECT_EQ(by_region("2024-07-01"), "2024-05 EU 15.00; 2024-07 EU -15.00");
}

TEST(Sales, AVoidGivesCollectedBackToThePayment) {
  Story story;
  story.profile("2024-01-01", R"("region":"EU")");
  story.invoice("I", 1000, "2024-05-01", R"(,"region":"CN")");
  story.pay("P", 1000, "2024-05-05", {{"I", "1000"}});
  story.void_invoice("I", "2024-05-10");
  EXPECT_EQ(story.sales("2024-05-09", "group.region collected", "group_by=region&measure=collected"), "CN 10.00");
  EXPECT_EQ(story.sales("2024-05-10", "group.region collected", "group_by=region&measure=collected"), "EU 10.00");
}

TEST(Sales, RefundsAndReversalsAreNegativeOnTheirDates) {
  Story story;
  story.pay("P", 500, "2024-05-05");
  story.refund("F", 100, "2024-05-07", R"(,"payment_id":"P")");
  story.refund("G", 50, "2024-05-08");
  EXPECT_EQ(story.sales(kEnd, "period collected", "grain=day"), "2024-05-05 5.00; 2024-05-07 -1.00; 2024-05-08 -0.50");
}

TEST(Sales, RegionLevelsAreSumsOfAllBelow) {
  Story story;
  story.order("O1", "2024-05-01", {{"1", "10", 1000}}, R"(,"region":"CN/South/Hunan")");
  story.order("O2", "2024-05-01", {{"1", "10", 1000}}, R"(,"region":"CN")");
  story.order("O3", "2024-05-01", {{"1", "10", 1000}}, R"(,"region":"CN/South")");
  story.order("O4");
  const auto rows = [&](const std::string& query) {
    return story.sales(kEnd, "group.region ordered", "group_by=region&" + query);
  };
  EXPECT_EQ(rows("level=1"), "CN 30.00; unassigned 10.00");
  EXPECT_EQ(rows("level=2"), "CN 10.00; CN/South 20.00; unassigned 10.00");
  EXPECT_EQ(rows("level=6"), "CN 10.00; CN/South 10.00; CN/South/Hunan 10.00; unassigned 10.00");
  EXPECT_EQ(rows("region=CN/South"), "CN/South 10.00; CN/South/Hunan 10.00");
  EXPECT_EQ(rows("region=unassigned"), "unassigned 10.00");
}

TEST(Sales, PeriodsOfEveryGrain) {
  Story story;
  story.order("O", "2024-12-30");
  for (const auto& [grain, label] : std::vector<std::pair<std::string, std::string>>{{"day", "2024-12-30"},
                                                                                     {"week", "2025-W01"},
                                                                                     {"month", "2024-12"},
                                                                                     {"quarter", "2024-Q4"},
                                                                                     {"year", "2024"}}) {
    EXPECT_EQ(story.sales(kEnd, "period", "grain=" + grain), label);
  }
  EXPECT_EQ(story.sales(kEnd, "period"), "2020-01-01/2030-01-01");
}

TEST(Sales, FromAndToAreInclusive) {
  Story story;
  story.order("O", "2024-05-01");
  EXPECT_EQ(story.sales(kEnd, "orders", "from=2024-05-01&to=2024-05-01"), "1");
  EXPECT_EQ(story.sales(kEnd, "orders", "from=2024-05-02"), "");
  EXPECT_EQ(story.sales(kEnd, "orders", "to=2024-04-30"), "");
  EXPECT_EQ(story.book.get("v1/sales", {{"from", "2024-05-02"}, {"to", "2024-05-01"}}).status, 400);
  EXPECT_EQ(story.book.get("v1/sales", {{"from", "2024-05-02"}}).status, 400);
}

TEST(Sales, TheBusinessZoneMakesTheDate) {
  Story story({BusinessZone::find("Asia/Shanghai").value(), {}});
  story.order("O", "2024-05-31T16:00:00Z");
  EXPECT_EQ(story.sales("2024-06-01", "period", "grain=month"), "2024-06");
  EXPECT_EQ(story.sales("2024-05-31", "period"), "");
}

TEST(Sales, TotalsAgreeOverEveryGrouping) {
  Story story;
  story.profile("2024-01-01", R"("region":"EU","sales_rep":"r")");
  story.order("O", "2024-05-01", {{"1", "3", 100}, {"2", "1", 50}}, R"(,"channel":"web","region":"CN")");
  story.ship("S", "2024-05-02", {{"1", "2"}, {"9", "4"}}, R"(,"freight_minor":30,"currency":"CNY")");
  story.invoice("I", 150, "2024-05-03", R"(,"order_ids":["O"])");
  story.invoice("J", 70, "2024-05-03", "", "JPY");
  story.pay("P", 200, "2024-05-05", {{"I", "150"}});
  const std::string columns = "currency ordered shipped invoiced collected freight orders shipments invoices";
  const std::string totals = story.sales_totals(kEnd, columns);
  EXPECT_EQ(totals, "CNY 1.50 0.66 1.50 2.00 0.30 1 1 1; JPY 0 0 70 0 0 0 0 1");
  for (const char* by : {"region", "sales_rep", "customer", "sku", "channel", "kind", "region,sku", "sku,kind,channel",
                         "sales_rep,customer,region"}) {
    EXPECT_EQ(story.sales_totals(kEnd, columns, "group_by=" + std::string(by)), totals) << by;
  }
}

TEST(Sales, FreightStandsInItsOwnCurrencyAndUnderNoSku) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "3", 100}});
  story.ship("S", "2024-05-02", {{"1", "2"}}, R"(,"freight_minor":30,"currency":"USD")");
  const std::string columns = "currency shipped freight shipments";
  EXPECT_EQ(story.sales_totals(kEnd, columns), "CNY 0.66 0.00 1; USD 0.00 0.30 0");
  EXPECT_EQ(story.sales_totals(kEnd, columns, "currency=USD"), "USD 0.00 0.30 0");
  const std::string sku = story.sales(kEnd, "group.sku", "group_by=sku&measure=shipped");
  EXPECT_EQ(story.sales_totals(kEnd, columns, "sku=" + sku), "CNY 0.66 0.00 1");
}

TEST(Sales, AnUnknownOrderCountsNothingUntilItArrives) {
  Story story;
  story.ship("S", "2024-05-02", {{"1", "5"}}, R"(,"freight_minor":30,"currency":"CNY")");
  EXPECT_EQ(story.sales(kEnd, "shipped"), "");
  story.order();
  EXPECT_EQ(story.sales_totals(kEnd, "ordered shipped freight shipments"), "10.00 5.00 0.30 1");
}

TEST(Sales, AReturnOfAShipmentThatWasNotDispatchedWaits) {
  Story story;
  story.order();
  story.ship("S1", "2024-05-02", {{"1", "10"}});
  story.give_back("T", "2024-05-03", {{"1", "10"}}, "S2");
  EXPECT_EQ(story.sales_totals(kEnd, "shipped"), "10.00");
  EXPECT_EQ(story.anomalies(kEnd), "unknown_shipment S2");
  story.ship("S2", "2024-05-02", {{"1", "1"}});
  EXPECT_EQ(story.sales_totals(kEnd, "shipped"), "1.00");
  EXPECT_EQ(story.anomalies(kEnd), "");
}

// --- refunds and credit notes -------------------------------------------------------------------

TEST(Sales, ARefundOfSettledMoneyStandsWithItsInvoiceAsLongAsTheItemDoes) {
  Story story;
  story.profile("2024-01-01", R"("region":"HQ")");
  story.invoice("I", 100, "2024-05-01", R"(,"region":"CN")");
  story.pay("P", 100, "2024-05-02", {{"I", "100"}});
  story.refund("F", 30, "2024-06-10", R"(,"payment_id":"P")");
  story.unallocate("P", "P", "2024-07-01");
  EXPECT_EQ(story.sales("2024-05-31", "group.region collected", "group_by=region&measure=collected"), "CN 1.00");
  EXPECT_EQ(story.sales("2024-06-30", "period group.region collected", "group_by=region&measure=collected&grain=month"),
            "2024-05 CN 1.00; 2024-06 CN -0.30");
  // Unallocated, May's cash and June's refund both go back to the payment's region.
  EXPECT_EQ(story.sales(kEnd, "period group.region collected", "group_by=region&measure=collected&grain=month"),
            "2024-05 HQ 1.00; 2024-06 HQ -0.30");
}

TEST(Sales, AnItemTakenBackWholeEndsByNothingLater) {
  Story story;
  story.profile("2024-01-01", R"("region":"HQ")");
  story.invoice("I", 100, "2024-05-01", R"(,"region":"CN")");
  story.pay("P", 150, "2024-05-02", {{"I", "100"}});
  // 50 of what is unapplied, then all that it settled.
  story.refund("F", 150, "2024-06-10", R"(,"payment_id":"P")");
  story.unallocate("P", "P", "2024-07-01");
  const std::string expected = "2024-05 CN 1.00; 2024-05 HQ 0.50; 2024-06 CN -1.00; 2024-06 HQ -0.50";
  EXPECT_EQ(story.sales(kEnd, "period group.region collected", "group_by=region&measure=collected&grain=month"),
            expected);
  story.reverse("P", "2024-08-01");
  EXPECT_EQ(story.sales(kEnd, "period group.region collected", "group_by=region&measure=collected&grain=month"),
            expected + "; 2024-08 CN -1.00; 2024-08 HQ -0.50");
}

TEST(Sales, AVoidedCreditNoteIsSoldAgain) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "1", 100}}, R"(,"channel":"web")");
  story.invoice("I", 100, "2024-05-02", R"(,"order_ids":["O"],"region":"CN")");
  story.credit("N", 40, "2024-06-03", "I");
  story.void_credit("N", "2024-07-04");
  EXPECT_EQ(story.sales(kEnd, "period group.region group.channel invoiced",
                        "group_by=region,channel&measure=invoiced&grain=month"),
            "2024-05 CN web 1.00; 2024-06 CN web -0.40; 2024-07 CN web 0.40");
  EXPECT_EQ(story.sales_totals("2024-06-30", "invoiced"), "0.60");
  EXPECT_EQ(story.sales_totals(kEnd, "invoiced"), "1.00");
}

TEST(Sales, ARefundOfACreditNoteHasItsChannelAndKind) {
  Story story;
  story.order("O", "2024-05-01", {{"1", "1", 100}}, R"(,"channel":"web","kind":"SAMPLE")");
  story.invoice("I", 100, "2024-05-02", R"(,"order_ids":["O"])");
  story.pay("P", 100, "2024-05-03", {{"I", "100"}});
  story.credit("N", 40, "2024-06-03", "I");
  story.refund("F", 40, "2024-06-04", R"(,"credit_note_id":"N")");
  EXPECT_EQ(story.sales(kEnd, "group.channel group.kind collected", "group_by=channel,kind&measure=collected"),
            "web SAMPLE 0.60");
}

using query::Comparison;
using query::Period;

constexpr Grain kGrains[] = {Grain::kDay, Grain::kWeek, Grain::kMonth, Grain::kQuarter, Grain::kYear};

TEST(Comparison, ThePeriodBeforeEndsWhereTheRowsBegins) {
  for (const Grain grain : kGrains) {
    for (Day day = kFirstDate; day <= kLastDate; ++day) {
      const auto before = compared(Period{day, day, grain}, Comparison::kPreviousPeriod, day);
      ASSERT_TRUE(before);
      ASSERT_EQ(before->to + 1, period_start(grain, day));
      ASSERT_EQ(before->from, period_start(grain, before->to));
    }
  }
}

TEST(Comparison, APeriodAYearBeforeHasTheSameNameInThatYear) {
  for (const Grain grain : kGrains) {
    for (Day day = kFirstDate; day <= kLastDate; ++day) {
      const std::string label = period_label(grain, day);
      const auto before = compared(Period{day, day, grain}, Comparison::kPreviousYear, day);
      ASSERT_EQ(before.has_value(), !label.ends_with("-02-29") && !label.ends_with("-W53")) << label;
      if (!before) continue;
      const std::string expected = std::to_string(std::stoi(label.substr(0, 4)) - 1) + label.substr(4);
      ASSERT_EQ(period_label(grain, before->from), expected);
      ASSERT_EQ(period_label(grain, before->to), expected);
      ASSERT_NE(period_label(grain, before->from - 1), expected);
      ASSERT_NE(period_label(grain, before->to + 1), expected);
    }
  }
}

TEST(Comparison, AllPeriodsOfASpanTogether) {
  const struct {
    const char* from;
    const char* to;
    Grain grain;
    Comparison with;
    const char* all;
  } cases[] = {
      {"2024-05-10", "2024-05-20", Grain::kNone, Comparison::kPreviousPeriod, "2024-04-29/2024-05-09"},
      {"2024-03-01", "2024-03-31", Grain::kNone, Comparison::kPreviousYear, "2023-03-01/2023-03-31"},
      {"2024-02-29", "2024-03-31", Grain::kNone, Comparison::kPreviousYear, "none"},
      {"2024-05-10", "2024-06-02", Grain::kMonth, Comparison::kPreviousPeriod, "2024-04-01/2024-05-31"},
      {"2024-02-29", "2024-03-02", Grain::kDay, Comparison::kPreviousYear, "2023-03-01/2023-03-02"},
      {"2024-02-27", "2024-02-29", Grain::kDay, Comparison::kPreviousYear, "2023-02-27/2023-02-28"},
      {"2024-02-29", "2024-02-29", Grain::kDay, Comparison::kPreviousYear, "none"},
      {"2020-12-30", "2021-01-01", Grain::kWeek, Comparison::kPreviousYear, "none"},
      {"2020-12-20", "2021-01-03", Grain::kWeek, Comparison::kPreviousYear, "2019-12-16/2019-12-29"},
      {"1900-01-01", "2199-12-31", Grain::kYear, Comparison::kPreviousYear, "1899-01-01/2198-12-31"},
  };
  for (const auto& [from, to, grain, with, all] : cases) {
    const auto span = compared(Period{*parse_date(from), *parse_date(to), grain}, with);
    EXPECT_EQ(span ? format_date(span->from) + "/" + format_date(span->to) : "none", all) << from << " " << to;
  }
}

TEST(Comparison, PeriodsOfTargetsByTheirNames) {
  for (const Grain grain : {Grain::kMonth, Grain::kQuarter, Grain::kYear}) {
    for (Day day = kFirstDate; day <= kLastDate; ++day) {
      const auto period = query::parse_period(period_label(grain, day));
      ASSERT_TRUE(period && period->grain == grain) << period_label(grain, day);
      ASSERT_TRUE(period->from == period_start(grain, day) && day <= period->to);
      ASSERT_NE(period_label(grain, period->to + 1), period_label(grain, day));
    }
  }
  for (const char* none :
       {"", "24", "2024-", "2024-13", "2024-5", "2024-Q5", "2024-Q", "2024-W10", "2024-05-01", "abcd"}) {
    EXPECT_FALSE(query::parse_period(none)) << none;
  }
}

}  // namespace
}  // namespace daybook::test
