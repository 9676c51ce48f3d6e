// Receivables, told as events and read as HTTP gives them.
#include "support/story.h"

namespace daybook::test {
namespace {

std::string text(const boost::json::value& value) { return std::string(value.as_string()); }

std::string invoice(const std::string& id, const std::string& minor, const std::string& issued,
                    const std::string& due) {
  return "\"invoice_issued\":{\"invoice_id\":\"" + id + "\",\"currency\":\"CNY\",\"net_minor\":\"" + minor +
         "\",\"issue_date\":\"" + issued + "\",\"due_date\":\"" + due + "\"}";
}

TEST(Receivables, GoldenCaseOfTheContract) {
  Book book;
  book.tell("2024-04-01", invoice("I1", "100000", "2024-04-01", "2024-05-01"));
  book.tell("2024-04-01", invoice("I2", "50000", "2024-04-01", "2024-06-30"));
  book.tell("2024-04-01", invoice("I3", "20000", "2024-04-01", "2024-06-29"));
  book.tell("2024-04-01", invoice("I4", "30000", "2024-04-01", "2024-05-31"));
  book.tell("2024-04-01", invoice("I5", "30000", "2024-04-01", "2024-05-30"));
  book.tell("2024-05-20",
            "\"payment_received\":{\"payment_id\":\"P1\",\"currency\":\"CNY\",\"amount_minor\":"
            "\"40000\",\"value_date\":\"2024-05-20\",\"allocations\":[{\"invoice_id\":\"I1\","
            "\"amount_minor\":\"40000\"}]}");
  book.tell("2024-06-01",
            "\"payment_received\":{\"payment_id\":\"P2\",\"currency\":\"CNY\",\"amount_minor\":"
            "\"25000\",\"value_date\":\"2024-06-01\"}");
  book.tell("2024-06-02",
            "\"credit_note_issued\":{\"credit_note_id\":\"N1\",\"currency\":\"CNY\","
            "\"net_minor\":\"10000\",\"issue_date\":\"2024-06-02\"}");
  const auto answer = book.json("v1/receivables/ageing", {{"as_of", "2024-06-30"}});
  const auto& row = answer.at("rows").at(0);
  EXPECT_EQ(text(row.at("group")), "C1");
  EXPECT_EQ(text(row.at("not_due")), "500.00");
  EXPECT_EQ(text(row.at("buckets").at(0)), "500.00");
  EXPECT_EQ(text(row.at("buckets").at(1)), "900.00");
  EXPECT_EQ(text(row.at("gross_open")), "1900.00");
  EXPECT_EQ(text(row.at("unapplied_cash")), "250.00");
  EXPECT_EQ(text(row.at("open_credits")), "100.00");
  EXPECT_EQ(text(row.at("balance")), "1550.00");
  EXPECT_EQ(text(row.at("proof").at("difference")), "0.00");
  EXPECT_EQ(row.at("items").as_int64(), 7);
  book.expect_audited();
}

// --- known at ---------------------------------------------------------------------------------

TEST(KnownAt, CashRecordedLaterChangesThePastOnlyForThoseWhoKnow) {
  Story story;
  const auto recorded = [&](const char* instant) { story.book.log().set_time_ms(*parse_instant_ms(instant)); };
  recorded("2024-06-01T00:00:00Z");
  story.invoice("I1", 1000, "2024-05-01", ",\"due_date\":\"2024-05-31\"");
  recorded("2024-07-05T10:00:00.500Z");
  story.pay("P1", 400, "2024-06-28", {{"I1", "400"}});
  EXPECT_EQ(story.ageing("2024-06-30", "balance"), "6.00");
  EXPECT_EQ(story.ageing("2024-06-30", "balance", "known_at=2024-06-30"), "10.00");
  EXPECT_EQ(story.ageing("2024-06-30", "balance", "known_at=2024-07-05"), "6.00");
  EXPECT_EQ(story.ageing("2024-06-30", "balance", "known_at=2024-07-05T10:00:00.499Z"), "10.00");
  EXPECT_EQ(story.ageing("2024-06-30", "balance", "known_at=2024-07-05T10:00:00.5Z"), "6.00");
  EXPECT_EQ(story.ageing("2024-06-30", "balance", "known_at=2024-05-31"), "");
}

TEST(KnownAt, CountsWhatWaitedThen) {
  Story story;
  const auto recorded = [&](const char* instant) { story.book.log().set_time_ms(*parse_instant_ms(instant)); };
  const auto waiting = [&](const char* known_at) {
    return story.book.json("v1/receivables/ageing", {{"known_at", known_at}}).at("waiting").as_int64();
  };
  recorded("2024-06-01T00:00:00Z");
  story.pay("P1", 400, "2024-05-28", {{"I1", "400"}});
  recorded("2024-06-02T00:00:00Z");
  story.resolve("D1", "I1", "2024-05-30");
  recorded("2024-06-03T00:00:00Z");
  story.invoice("I1", 1000, "2024-05-01");
  recorded("2024-06-04T00:00:00Z");
  story.dispute("D1", "I1", "2024-05-20");
  EXPECT_EQ(waiting("2024-05-31"), 0);
  EXPECT_EQ(waiting("2024-06-01"), 1);
  EXPECT_EQ(waiting("2024-06-02"), 2);
  EXPECT_EQ(waiting("2024-06-03"), 1);
  EXPECT_EQ(waiting("2024-06-04"), 0);
}

// --- ages and buckets -------------------------------------------------------------------------

TEST(Ageing, EdgesOfBuckets) {
  Story story;
  const char* const due[] = {"2024-06-30", "2024-06-29", "2024-05-31", "2024-05-30", "2024-03-02", "2024-03-01"};
  int amount = 1;
  for (int i = 0; i < 6; ++i, amount *= 10) {  // Ages 0, 1, 30, 31, 120, 121.
    story.invoice("I" + std::to_string(i), amount, "2024-01-01", ",\"due_date\":\"" + std::string(due[i]) + "\"",
                  "JPY");
  }
  EXPECT_EQ(story.ageing("2024-06-30", "not_due buckets"), "1 110,1000,0,10000,100000");
  EXPECT_EQ(story.ageing("2024-06-30", "not_due buckets", "aged_on=2024-06-29&buckets=30"), "11 1100,110000");
  EXPECT_EQ(story.ageing("2024-06-30", "not_due buckets", "aged_on=2030-01-01&buckets=1"), "0 0,111111");
  EXPECT_EQ(story.ageing("2024-06-30", "not_due buckets", "buckets=1,2,120"), "1 10,0,11100,100000");
}

TEST(Ageing, BasisIssueDateCountsFromTheIssueDate) {
  Story story;
  story.invoice("I", 100, "2024-06-01", ",\"due_date\":\"2024-12-31\"");
  EXPECT_EQ(story.ageing("2024-06-01", "not_due buckets", "basis=issue_date&buckets=30"), "1.00 0.00,0.00");
  EXPECT_EQ(story.ageing("2024-06-02", "not_due buckets", "basis=issue_date&buckets=30"), "0.00 1.00,0.00");
  EXPECT_EQ(story.ageing("2024-07-02", "not_due buckets", "basis=issue_date&buckets=30"), "0.00 0.00,1.00");
  EXPECT_EQ(story.ageing("2024-07-02", "not_due buckets", "buckets=30"), "1.00 0.00,0.00");
  EXPECT_EQ(story.ageing("2024-06-30", "not_due", "basis=issue_date&aged_on=2024-05-01"), "1.00");
}

TEST(Ageing, BucketsThatDoNotRiseAreRefused) {
  Story story;
  for (const char* buckets : {"30,30", "60,30", "0", "-1", "1.5", "x", "30,", "1000000"}) {
    const auto refused = story.book.get("v1/receivables/ageing", {{"buckets", buckets}});
    EXPECT_EQ(refused.status, 400) << buckets;
    EXPECT_NE(refused.body.find("buckets"), std::string::npos);
  }
}

TEST(Ageing, ADueDateBeforeTheIssueDateIsOverdueAtOnce) {
  Story story;
  story.invoice("I", 100, "2024-06-01", ",\"due_date\":\"2024-05-31\"");
  EXPECT_EQ(story.ageing("2024-05-31", "gross_open"), "");
  EXPECT_EQ(story.ageing("2024-06-01", "not_due buckets", "buckets=30"), "0.00 1.00,0.00");
}

TEST(Ageing, TermsOfTheFileOnTheIssueDateMakeTheDueDate) {
  Story story;
  story.profile("2024-05-01T23:00:00Z", R"("payment_terms_days":30)");
  story.profile("2024-05-03", R"("payment_terms_days":0)");
  story.profile("2024-05-05", R"("name":"n")");
  for (const char* day : {"2024-04-30", "2024-05-01", "2024-05-02", "2024-05-03", "2024-05-05"}) {
    story.invoice(day, 1, day);
  }
  EXPECT_EQ(story.items("2024-12-31", "document_id due_date"),
            "2024-04-30 2024-04-30; 2024-05-03 2024-05-03; 2024-05-05 2024-05-05; 2024-05-01 2024-05-31; "
            "2024-05-02 2024-06-01");
}

TEST(Ageing, ABackDatedFileMovesDueDatesOfInvoicesThatStand) {
  Story story;
  story.profile("2024-05-01", R"("payment_terms_days":30)");
  story.invoice("I", 100, "2024-05-20");
  story.invoice("J", 100, "2024-05-09");
  story.invoice("K", 100, "2024-05-20", R"(,"due_date":"2024-06-19")");
  EXPECT_EQ(story.items("2024-12-31", "document_id due_date"), "J 2024-06-08; I 2024-06-19; K 2024-06-19");
  story.profile("2024-05-10", R"("payment_terms_days":60)");
  EXPECT_EQ(story.items("2024-12-31", "document_id due_date"), "J 2024-06-08; K 2024-06-19; I 2024-07-19");
  EXPECT_EQ(story.ageing("2024-07-01", "not_due buckets", "buckets=20"), "1.00 1.00,1.00");
}

TEST(Ageing, DueDateChangesAreCountedFromTheDatesAsIssued) {
  Story story;
  story.invoice("I", 300, "2024-05-01",
                R"(,"instalments":[{"due_date":"2024-06-30","amount_minor":100},)"
                R"({"due_date":"2024-05-31","amount_minor":200}])");
  story.put("invoice_due_date_changed", "2024-05-10", R"("invoice_id":"I","due_date":"2024-07-10")");
  story.put("invoice_due_date_changed", "2024-05-09", R"("invoice_id":"I","due_date":"2024-08-30")");
  EXPECT_EQ(story.items("2024-05-08", "instalment due_date"), "2 2024-05-31; 1 2024-06-30");
  EXPECT_EQ(story.items("2024-05-09", "instalment due_date"), "2 2024-07-31; 1 2024-08-30");
  EXPECT_EQ(story.items("2024-05-10", "instalment due_date"), "2 2024-06-10; 1 2024-07-10");
}

TEST(Ageing, InstalmentsAreSettledByDueDateThenPlaceInTheList) {
  Story story;
  story.invoice("I", 600, "2024-05-01",
                R"(,"instalments":[{"due_date":"2024-07-01","amount_minor":100},)"
                R"({"due_date":"2024-06-01","amount_minor":200},{"due_date":"2024-06-01","amount_minor":300}])");
  story.pay("P", 250, "2024-05-02", {{"I", "250"}});
  EXPECT_EQ(story.items("2024-12-31", "instalment amount open"), "3 3.00 2.50; 1 1.00 1.00");
  EXPECT_EQ(story.ageing("2024-06-15", "not_due buckets items", "buckets=30"), "1.00 2.50,0.00 2");
}

TEST(Ageing, MoneyBeforeTheInvoiceIsUnappliedUntilIssue) {
  Story story;
  story.invoice("I", 600, "2024-05-10");
  story.pay("P", 600, "2024-05-05", {{"I", "600"}});
  EXPECT_EQ(story.ageing("2024-05-04", "gross_open"), "");
  EXPECT_EQ(story.ageing("2024-05-05", "gross_open unapplied_cash balance"), "0.00 6.00 -6.00");
  EXPECT_EQ(story.ageing("2024-05-10", "gross_open"), "");
}

TEST(Ageing, ExponentsZeroAndThree) {
  Story story;
  story.invoice("J", 1234, "2024-05-01", "", "JPY");
  story.invoice("K", 1234, "2024-05-01", "", "KWD");
  story.pay("P", 5, "2024-05-01", {}, "KWD");
  EXPECT_EQ(story.ageing("2024-05-01", "currency gross_open unapplied_cash proof.difference"),
            "JPY 1234 0 0; KWD 1.234 0.005 0.000");
  EXPECT_EQ(story.ageing("2024-05-01", "group balance", "group_by=currency"), "JPY 1234; KWD 1.229");
  EXPECT_EQ(story.ageing("2024-05-01", "balance", "currency=JPY"), "1234");
}

TEST(Ageing, ParentIsOneStepByTheFileInForce) {
  Story story;
  for (const auto& [id, parent] : std::vector<std::pair<std::string, std::string>>{{"A", "B"}, {"B", "T"}, {"D", ""}}) {
    story.account = id;
    if (!parent.empty()) story.profile("2024-05-02", "\"parent_customer_id\":\"" + parent + "\"");
    story.invoice("I", 100, "2024-05-01");
  }
  EXPECT_EQ(story.ageing("2024-05-01", "group balance", "group_by=parent_customer"), "A 1.00; B 1.00; D 1.00");
  EXPECT_EQ(story.ageing("2024-05-02", "group balance", "group_by=parent_customer"), "B 1.00; D 1.00; T 1.00");
  EXPECT_EQ(story.ageing("2024-05-01", "group", "group_by=parent_customer&attributes=as_now"), "B; D; T");
}

TEST(Ageing, AsOfKeepsWhatWasThen) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.pay("P", 300, "2024-05-05", {{"I", "300"}});
  story.credit("N", 200, "2024-05-07", "I");
  story.write_off("W", "I", 500, "2024-05-09");
  story.recover("R", "W", "I", 100, "2024-05-11");
  std::string balances;
  for (const char* day : {"2024-05-01", "2024-05-04", "2024-05-05", "2024-05-07", "2024-05-09", "2024-05-11"}) {
    balances += story.ageing(day, "gross_open") + " ";
  }
  EXPECT_EQ(balances, "10.00 10.00 7.00 5.00  1.00 ");
}

TEST(Ageing, OneAccountIsOneWorld) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.account = "D";
  story.invoice("I", 2000, "2024-05-01");
  story.pay("P", 1000, "2024-05-05", {{"I", "1000"}});
  EXPECT_EQ(story.items("2024-12-31", "customer_id open"), "C 10.00; D 10.00");
  EXPECT_EQ(story.book.get("v1/invoices/I").status, 409);
  EXPECT_EQ(story.page("v1/invoices/I", "2024-12-31", "gross", "customer_id=D"), "20.00");
  EXPECT_EQ(story.book.get("v1/invoices/X").status, 404);
}

// --- applications -----------------------------------------------------------------------------

TEST(Applications, AVoidUnappliesWhatWasApplied) {
  Story story;
  story.invoice("I", 600, "2024-05-01");
  story.pay("P", 600, "2024-05-05", {{"I", "600"}});
  story.void_invoice("I", "2024-05-20");
  EXPECT_EQ(story.ageing("2024-05-19", "balance"), "");
  EXPECT_EQ(story.ageing("2024-05-20", "gross_open unapplied_cash balance"), "0.00 6.00 -6.00");
}

TEST(Applications, AVoidBeforeTheIssueDateCountsFromTheIssueDate) {
  Story story;
  story.invoice("I", 600, "2024-05-10");
  story.void_invoice("I", "2024-05-01");
  EXPECT_EQ(story.ageing("2024-05-09", "balance"), "");
  EXPECT_EQ(story.ageing("2024-05-10", "balance"), "");
  EXPECT_EQ(story.page("v1/invoices/I", "2024-05-10", "open void_date"), "0.00 2024-05-10");
}

TEST(Applications, ReversalEndsThePaymentAndItsAllocations) {
  Story story;
  story.invoice("I", 600, "2024-05-01");
  story.pay("P", 700, "2024-05-05", {{"I", "600"}});
  story.reverse("P", "2024-05-10");
  EXPECT_EQ(story.ageing("2024-05-09", "gross_open unapplied_cash"), "0.00 1.00");
  EXPECT_EQ(story.ageing("2024-05-10", "gross_open unapplied_cash"), "6.00 0.00");
  EXPECT_EQ(story.anomalies("2024-05-10"), "");
}

TEST(Applications, AReversedPaymentThatWasRefundedStaysBelowZero) {
  Story story;
  story.invoice("I", 600, "2024-05-01");
  story.pay("P", 700, "2024-05-05", {{"I", "600"}});
  story.refund("F", 40, "2024-05-06", R"(,"payment_id":"P")");
  story.reverse("P", "2024-05-01", "2024-05-10");  // Not before its value date.
  EXPECT_EQ(story.ageing("2024-05-04", "gross_open unapplied_cash"), "6.00 0.00");
  EXPECT_EQ(story.ageing("2024-05-05", "gross_open unapplied_cash"), "6.00 0.00");
  EXPECT_EQ(story.ageing("2024-05-06", "gross_open unapplied_cash"), "6.00 -0.40");
  EXPECT_EQ(story.anomalies("2024-05-05"), "");
  EXPECT_EQ(story.anomalies("2024-05-06"), "refund_exceeds_unapplied P");
}

TEST(Applications, UnallocatedMoneyIsUsedAgainFromThatDay) {
  Story story;
  story.invoice("I", 600, "2024-05-01");
  story.invoice("J", 600, "2024-05-01");
  story.pay("P", 600, "2024-05-05", {{"I", "600"}});
  story.unallocate("P", "P", "2024-05-10");
  story.allocate("A", "P", "2024-05-09", {{"J", "600"}});  // Still applied to I: does not fit.
  story.allocate("B", "P", "2024-05-10", {{"J", "600"}});
  EXPECT_EQ(story.anomalies("2024-12-31"), "allocation_exceeds_payment A");
  EXPECT_EQ(story.items("2024-05-09", "document_id"), "J");
  EXPECT_EQ(story.items("2024-05-10", "document_id"), "I");
  EXPECT_EQ(story.table("v1/payments/P", "2024-05-10", "allocations", "allocation_id state"),
            "P ended; A rejected; B in_effect");
}

TEST(Applications, UnallocatedBeforeItTookEffectNeverWas) {
  Story story;
  story.invoice("I", 600, "2024-05-20");
  story.invoice("J", 600, "2024-05-01");
  story.pay("P", 600, "2024-05-05", {{"I", "600"}});
  story.unallocate("P", "P", "2024-05-10");
  story.allocate("A", "P", "2024-05-25", {{"J", "600"}});
  EXPECT_EQ(story.anomalies("2024-12-31"), "");
  EXPECT_EQ(story.items("2024-12-31", "document_id"), "I");
}

TEST(Applications, ItemsAreTestedOneByOneInOrderOfEffect) {
  Story story;
  for (const char* id : {"I", "J", "K", "L"}) story.invoice(id, 1000, "2024-05-01");
  story.pay("P", 500, "2024-05-05");
  story.allocate("A2", "P", "2024-05-07", {{"I", "100"}, {"J", "450"}, {"K", "100"}});
  story.allocate("A1", "P", "2024-05-06", {{"L", "300"}});
  EXPECT_EQ(story.items("2024-12-31", "document_id open"), "I 9.00; J 10.00; K 9.00; L 7.00");
  EXPECT_EQ(story.anomalies("2024-05-06"), "");
  EXPECT_EQ(story.anomalies("2024-05-07"), "allocation_exceeds_payment A2");
}

TEST(Applications, RefundsStandInTheSequence) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.pay("P", 500, "2024-05-05");
  story.allocate("A", "P", "2024-05-07", {{"I", "500"}});
  EXPECT_EQ(story.items("2024-12-31", "open"), "5.00");
  story.refund("F", 1, "2024-05-06", R"(,"payment_id":"P")");
  EXPECT_EQ(story.anomalies("2024-12-31"), "allocation_exceeds_payment A");
  story.refund("G", 500, "2024-05-09", R"(,"payment_id":"P")");
  EXPECT_EQ(story.anomalies("2024-05-08"), "allocation_exceeds_payment A");
  EXPECT_EQ(story.anomalies("2024-05-09"), "allocation_exceeds_payment A; refund_exceeds_unapplied P");
  EXPECT_EQ(story.ageing("2024-05-09", "gross_open unapplied_cash"), "10.00 -0.01");
}

TEST(Applications, ACreditNotesOwnItemGoesFirst) {
  Story story;
  story.invoice("I", 1000, "2024-05-05");
  story.invoice("J", 1000, "2024-05-05");
  story.credit("N", 300, "2024-05-01", "I");
  story.allocate("A", "N", "2024-05-05", {{"J", "1"}}, "credit_note_id");
  EXPECT_EQ(story.ageing("2024-05-01", "open_credits"), "3.00");
  EXPECT_EQ(story.anomalies("2024-12-31"), "allocation_exceeds_payment A");
  EXPECT_EQ(story.items("2024-12-31", "document_id open"), "I 7.00; J 10.00");
}

TEST(Applications, AnOpenCreditIsAppliedLaterAndTakenBack) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.credit("N", 300, "2024-05-02");
  story.allocate("A", "N", "2024-05-03", {{"I", "300"}}, "credit_note_id");
  story.unallocate("A", "N", "2024-05-05", "credit_note_id");
  story.refund("F", 100, "2024-05-06", R"(,"credit_note_id":"N")");
  EXPECT_EQ(story.ageing("2024-05-02", "gross_open open_credits balance"), "10.00 3.00 7.00");
  EXPECT_EQ(story.ageing("2024-05-03", "gross_open open_credits balance"), "7.00 0.00 7.00");
  EXPECT_EQ(story.ageing("2024-05-05", "gross_open open_credits balance"), "10.00 3.00 7.00");
  EXPECT_EQ(story.ageing("2024-05-06", "gross_open open_credits balance"), "10.00 2.00 8.00");
}

TEST(Applications, OverAppliedIsASurplusAmongOpenCredits) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.pay("P", 1200, "2024-05-05", {{"I", "700"}, {"I", "500"}});
  EXPECT_EQ(story.items("2024-12-31", "kind document_id open amount over_applied"), "SURPLUS I -2.00 -2.00 true");
  EXPECT_EQ(story.ageing("2024-12-31", "gross_open open_credits balance items"), "0.00 2.00 -2.00 1");
  EXPECT_EQ(story.anomalies("2024-05-04"), "");
  EXPECT_EQ(story.anomalies("2024-05-05"), "over_applied I");
}

TEST(Applications, AWriteOffOfAVoidedInvoiceStaysUntilRecovered) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.write_off("W", "I", 400, "2024-05-02");
  story.void_invoice("I", "2024-05-03");
  story.recover("R", "W", "I", 400, "2024-05-04");
  EXPECT_EQ(story.items("2024-05-02", "kind open"), "INVOICE 6.00");
  EXPECT_EQ(story.items("2024-05-03", "kind open"), "SURPLUS -4.00");
  EXPECT_EQ(story.items("2024-05-04", "kind open"), "");
}

TEST(Applications, ARecoveryOfMoreThanIsLeftCountsNowhere) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.write_off("W", "I", 400, "2024-05-02");
  story.recover("R1", "W", "I", 300, "2024-05-06");
  story.recover("R2", "W", "I", 200, "2024-05-05");
  story.recover("R3", "W", "I", 200, "2024-05-07");
  // R2 counts, R1 does not fit, R3 does.
  EXPECT_EQ(story.anomalies("2024-05-05"), "");
  EXPECT_EQ(story.anomalies("2024-05-06"), "recovery_exceeds_write_off R1");
  EXPECT_EQ(story.ageing("2024-05-06", "balance"), "8.00");
  EXPECT_EQ(story.ageing("2024-05-07", "balance"), "10.00");
}

TEST(Applications, ARecoveryBeforeItsWriteOffCountsFromTheWriteOff) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.recover("R", "W", "I", 100, "2024-05-02");
  EXPECT_EQ(story.anomalies("2024-05-02"), "unknown_write_off W");
  story.write_off("W", "I", 400, "2024-05-04");
  EXPECT_EQ(story.ageing("2024-05-03", "balance"), "10.00");
  EXPECT_EQ(story.ageing("2024-05-04", "balance"), "7.00");
  EXPECT_EQ(story.anomalies("2024-12-31"), "");
}

TEST(Applications, OtherCurrenciesTakeNoPart) {
  Story story;
  story.invoice("I", 1000, "2024-05-01");
  story.pay("P", 500, "2024-05-05", {{"I", "500"}}, "EUR");
  story.refund("F", 70, "2024-05-06", R"(,"payment_id":"P")");
  EXPECT_EQ(story.anomalies("2024-12-31"), "currency_mismatch F; currency_mismatch P; refund_exceeds_unapplied P");
  EXPECT_EQ(story.ageing("2024-12-31", "currency gross_open unapplied_cash"), "CNY 10.00 -0.70; EUR 0.00 5.00");
  EXPECT_EQ(story.items("2024-12-31", "kind open", "currency=CNY"), "INVOICE 10.00; REFUND 0.70");
}

TEST(Applications, RefundsOfNothingInParticularLowerUnappliedCashAsAWhole) {
  Story story;
  story.pay("P", 500, "2024-05-05");
  story.refund("F1", 400, "2024-05-06");
  story.refund("F2", 200, "2024-05-07");
  EXPECT_EQ(story.anomalies("2024-05-06"), "");
  EXPECT_EQ(story.anomalies("2024-05-07"), "refund_exceeds_unapplied F1; refund_exceeds_unapplied F2");
  EXPECT_EQ(story.ageing("2024-05-07", "unapplied_cash balance"), "-1.00 1.00");
  story.pay("Q", 100, "2024-05-08");
  EXPECT_EQ(story.anomalies("2024-05-08"), "");
}

TEST(Applications, ARefundOfAnUnknownPaymentStandsBelowZeroUntilItArrives) {
  Story story;
  story.refund("F", 100, "2024-05-06", R"(,"payment_id":"later")");
  EXPECT_EQ(story.anomalies("2024-05-06"), "refund_exceeds_unapplied later; unknown_payment later");
  EXPECT_EQ(story.ageing("2024-05-06", "unapplied_cash"), "-1.00");
  story.pay("later", 300, "2024-05-01");
  EXPECT_EQ(story.anomalies("2024-05-06"), "");
  EXPECT_EQ(story.page("v1/payments/later", "2024-05-06", "amount refunded unapplied"), "3.00 1.00 2.00");
}

// --- disputes ---------------------------------------------------------------------------------

TEST(Disputes, ADisputeOfAllFollowsWhatIsOpen) {
  Story story;
  story.invoice("I", 600, "2024-05-01");
  story.dispute("1", "I", "2024-05-05");
  EXPECT_EQ(story.ageing("2024-05-04", "disputed"), "0.00");
  EXPECT_EQ(story.ageing("2024-05-05", "disputed gross_open_undisputed"), "6.00 0.00");
  story.dispute("2", "I", "2024-05-05", 10);
  story.pay("P", 150, "2024-05-06", {{"I", "150"}});
  EXPECT_EQ(story.ageing("2024-05-06", "disputed gross_open_undisputed"), "4.50 0.00");
}

TEST(Disputes, SeveralAddUpAndLieOverOpenInstalmentsByDueDate) {
  Story story;
  story.invoice("I", 600, "2024-05-01",
                R"(,"instalments":[{"due_date":"2024-07-01","amount_minor":100},)"
                R"({"due_date":"2024-06-01","amount_minor":200},{"due_date":"2024-06-15","amount_minor":300}])");
  story.pay("P", 150, "2024-05-02", {{"I", "150"}});
  story.dispute("1", "I", "2024-05-05", 60);
  story.dispute("2", "I", "2024-05-05", 100);
  story.resolve("1", "I", "2024-05-20");
  EXPECT_EQ(story.items("2024-05-19", "instalment disputed"), "2 0.50; 3 1.10; 1 0.00");
  EXPECT_EQ(story.ageing("2024-05-20", "disputed gross_open_undisputed"), "1.00 3.50");
}

TEST(Disputes, AResolutionWaitsForItsDispute) {
  Story story;
  story.invoice("I", 600, "2024-05-01");
  story.resolve("1", "I", "2024-05-10");
  EXPECT_EQ(story.anomalies("2024-05-10"), "unknown_dispute 1");
  story.dispute("1", "I", "2024-05-05");
  EXPECT_EQ(story.anomalies("2024-05-10"), "");
  EXPECT_EQ(story.ageing("2024-05-09", "disputed"), "6.00");
  EXPECT_EQ(story.ageing("2024-05-10", "disputed"), "0.00");
}

// --- groups -----------------------------------------------------------------------------------

TEST(Groups, ApplicationsMoveBetweenRegionsAndBack) {
  Story story;
  story.profile("2024-01-01", R"("region":"EU/DE","sales_rep":"r")");
  story.invoice("I", 1000, "2024-05-01", R"(,"region":"CN/South/Hunan")");
  story.pay("P", 1500, "2024-05-05", {{"I", "1000"}});
  story.unallocate("P", "P", "2024-05-10");
  const auto rows = [&](const char* day, const std::string& more = "") {
    return story.ageing(day, "group balance proof.ledger_balance", "group_by=region" + more);
  };
  EXPECT_EQ(rows("2024-05-04"), "CN/South/Hunan 10.00 10.00");
  EXPECT_EQ(rows("2024-05-05"), "EU/DE -5.00 -5.00");
  EXPECT_EQ(rows("2024-05-10"), "CN/South/Hunan 10.00 10.00; EU/DE -15.00 -15.00");
  EXPECT_EQ(rows("2024-05-10", "&level=1"), "CN 10.00 10.00; EU -15.00 -15.00");
  EXPECT_EQ(rows("2024-05-10", "&level=2"), "CN/South 10.00 10.00; EU/DE -15.00 -15.00");
}

TEST(Groups, ARegionFilterTakesTheSubtreeAndNoNamesake) {
  Story story;
  story.invoice("I1", 100, "2024-05-01", R"(,"region":"CN/South/Hunan")");
  story.invoice("I2", 200, "2024-05-01", R"(,"region":"CN/Southeast")");
  story.invoice("I3", 400, "2024-05-01");
  const auto balance = [&](const std::string& region) {
    return story.ageing("2024-05-01", "balance", "group_by=none&region=" + region);
  };
  EXPECT_EQ(balance("CN"), "3.00");
  EXPECT_EQ(balance("CN/South"), "1.00");
  EXPECT_EQ(balance("CN/So"), "");
  EXPECT_EQ(balance("unassigned"), "4.00");
  EXPECT_EQ(story.ageing("2024-05-01", "group balance", "group_by=none"), "\"\" 7.00");
}

TEST(Groups, AttributesComeFromTheInvoiceItsOrdersThenTheFile) {
  Story story;
  story.profile("2024-05-01", R"("region":"F1","sales_rep":"f1")");
  story.profile("2024-05-05", R"("region":"F2")");
  story.order("O1", "2024-05-01", {{"1", "10", 1000}}, R"(,"sales_rep":"o1")");
  story.order("O2", "2024-05-01", {{"1", "10", 1000}}, R"(,"region":"O2","sales_rep":"o2")");
  story.invoice("I", 1, "2024-05-02", R"(,"order_ids":["O0","O1","O2"])");
  story.invoice("J", 1, "2024-05-02", R"(,"order_ids":["O1"])");
  story.invoice("K", 1, "2024-05-06");
  story.invoice("L", 1, "2024-05-02", R"(,"order_ids":["O2"],"region":"own")");
  story.invoice("M", 1, "2024-04-30");
  EXPECT_EQ(story.items("2024-12-31", "document_id region sales_rep"), "M - -; I O2 o1; J F1 o1; L own o2; K F2 -");
  EXPECT_EQ(story.items("2024-12-31", "document_id region", "attributes=as_now"), "M F2; I O2; J F2; L own; K F2");
  EXPECT_EQ(story.ageing("2024-12-31", "group", "group_by=region"), "F1; F2; O2; own; unassigned");
}

TEST(Groups, AnOrderThatArrivesLateGivesItsAttributes) {
  Story story;
  story.profile("2024-05-01", R"("region":"F")");
  story.invoice("I", 100, "2024-05-02", R"(,"order_ids":["O"])");
  story.pay("P", 100, "2024-05-03", {{"I", "40"}});
  EXPECT_EQ(story.ageing("2024-05-03", "group balance", "group_by=region"), "F 0.00");
  story.order("O", "2024-06-01", {{"1", "1", 100}}, R"(,"region":"X")");
  EXPECT_EQ(story.ageing("2024-05-03", "group balance", "group_by=region"), "F -0.60; X 0.60");
}

TEST(Groups, ACreditNoteStandsUnderItsInvoice) {
  Story story;
  story.invoice("I", 100, "2024-05-01", R"(,"region":"X")");
  story.credit("N", 300, "2024-05-02", "I");
  EXPECT_EQ(story.ageing("2024-05-02", "group gross_open open_credits balance", "group_by=region"),
            "X 0.00 2.00 -2.00");
}

TEST(Groups, SalesRepFiltersAndGroups) {
  Story story;
  story.invoice("I", 100, "2024-05-01", R"(,"sales_rep":"r1")");
  story.invoice("J", 200, "2024-05-01", R"(,"sales_rep":"r2")");
  story.invoice("K", 400, "2024-05-01");
  EXPECT_EQ(story.ageing("2024-05-01", "group balance", "group_by=sales_rep"), "r1 1.00; r2 2.00; unassigned 4.00");
  EXPECT_EQ(story.ageing("2024-05-01", "balance", "sales_rep=r2"), "2.00");
  EXPECT_EQ(story.items("2024-05-01", "document_id", "sales_rep=unassigned"), "K");
}

TEST(Items, ABucketLeadsToItsInstalments) {
  Story story;
  story.invoice("I", 100, "2024-05-01", R"(,"due_date":"2024-05-31")");
  story.invoice("J", 100, "2024-05-01", R"(,"due_date":"2024-05-30")");
  story.pay("P", 5, "2024-05-01");
  const auto items = [&](const std::string& bucket) {
    return story.items("2024-06-30", "document_id days_overdue", "bucket=" + bucket);
  };
  EXPECT_EQ(items("1-30"), "I 30");
  EXPECT_EQ(items("31-60"), "J 31");
  EXPECT_EQ(items("not_due"), "");
  EXPECT_EQ(story.items("2024-06-30", "kind due_date instalment open"),
            "PAYMENT - - -0.05; INVOICE 2024-05-30 1 1.00; INVOICE 2024-05-31 1 1.00");
}

TEST(Items, PagesFollowEachOtherWithoutGapOrRepeat) {
  Story story;
  for (int i = 10; i < 35; ++i) story.invoice("I" + std::to_string(i), i, "2024-05-01");
  const std::string all = story.items("2024-05-01", "document_id");
  std::string joined;
  std::string token;
  do {
    const auto answer =
        story.book.json("v1/receivables/items",
                        Story::parameters("2024-05-01", "page_size=7" + (token.empty() ? "" : "&page_token=" + token)));
    joined += (joined.empty() ? "" : "; ") + Story::lines_of(answer.at("items"), "document_id");
    const auto& next = answer.at("next_page_token");
    token = next.is_null() ? "" : text(next);
  } while (!token.empty());
  EXPECT_EQ(joined, all);
}

}  // namespace
}  // namespace daybook::test
