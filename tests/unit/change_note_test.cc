// What commits may have changed: which reports depend on what, what is named, and how notes are merged.
#include "query/change_note.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <set>

#include "domain/event_types.h"
#include "query/catalog.h"

namespace daybook::query {
namespace {

using domain::Family;
using domain::News;

std::set<std::string> changed(News news) {
  const auto names = changed_reports(news);
  return {names.begin(), names.end()};
}
std::set<std::string> all_reports() {
  std::set<std::string> names;
  for (const Report* report : reports()) names.insert(report->description().name);
  return names;
}

TEST(ChangeNote, EveryReportOfTheCatalogueDependsOnSomethingAndNoOtherDoes) {
  std::set<std::string> named;
  for (const auto& [report, on] : report_dependences()) {
    EXPECT_TRUE(named.emplace(report).second) << report << " is there twice";
    EXPECT_TRUE(on.meets(News::any_fact() | News::kParked)) << report;
  }
  EXPECT_EQ(named, all_reports());
}

TEST(ChangeNote, EveryTypeOfEventChangesThePageOfItsRecordAndAnomalies) {
  for (std::size_t type = 0; type < domain::kPayloadCount; ++type) {
    SCOPED_TRACE(domain::payload_name(type));
    const auto names = changed(News::accepted(type));
    EXPECT_TRUE(names.contains("event"));
    EXPECT_TRUE(names.contains("anomalies"));
    EXPECT_GT(names.size(), 3U) << "it is some report's";
  }
}

TEST(ChangeNote, ReportsAreThoseThatTheEventMattersTo) {
  const struct {
    News news;
    std::vector<const char*> with;
    std::vector<const char*> without;
  } cases[] = {
      {News::of<domain::InvoiceIssued>(),
       {"ageing", "items", "invoice", "order", "sales", "customer", "search"},
       {"shipment"}},
      {News::of<domain::OrderConfirmed>(),
       {"order", "order-cycle", "on-time", "sales", "shipment"},
       {"ageing", "invoice", "worklist"}},
      {News::of<domain::OrderPlaced>(), {"order", "ageing", "invoice"}, {}},
      {News::of<domain::PromiseMade>(), {"worklist", "customer"}, {"ageing", "payment", "sales"}},
      {News::of<domain::InvoiceDelivered>(), {"invoice", "anomalies"}, {"ageing", "order"}},
      {News::of<domain::ExchangeRatePublished>(), {"ageing", "customers", "sales"}, {"order-cycle", "invoice"}},
      {News::of<domain::SalesTargetSet>(), {"sales"}, {"customers", "ageing", "search"}},
  };
  for (const auto& [news, with, without] : cases) {
    const auto names = changed(news);
    for (const char* name : with) EXPECT_TRUE(names.contains(name)) << name;
    for (const char* name : without) EXPECT_FALSE(names.contains(name)) << name;
  }
  EXPECT_TRUE(changed(News::of<domain::CustomerProfileSet>()).contains("order-cycle"))
      << "names and regions are everywhere";
}

TEST(ChangeNote, WhatIsNoFactChangesNoFigure) {
  EXPECT_EQ(changed(News::kDuplicate), (std::set<std::string>{"event"}));
  EXPECT_EQ(changed(News::kConflict), (std::set<std::string>{"anomalies", "event"}));
  EXPECT_EQ(changed(News::kParked), (std::set<std::string>{"anomalies", "event", "parked"}));
  EXPECT_EQ(changed(News::kNewAccount), (std::set<std::string>{"reconciliation", "statement"}))
      << "beside what its event changes";
  EXPECT_EQ(changed({}), std::set<std::string>());
}

TEST(ChangeNote, FamiliesAreAllThatTheirTopicsHold) {
  News all;
  for (const Family family :
       {Family::kOrders, Family::kShipments, Family::kInvoices, Family::kPayments, Family::kReference}) {
    EXPECT_FALSE(all.meets(News::of(family)));
    all |= News::of(family);
  }
  EXPECT_EQ(all, News::any_fact());
  EXPECT_EQ(News::from_bits(~std::uint64_t{0}),
            News::any_fact() | News::kNewAccount | News::kDuplicate | News::kConflict | News::kParked);
  EXPECT_EQ(News::from_bits((all | News::kParked).bits()), all | News::kParked);
}

TEST(ChangeNote, CustomersAreNamedUpToTwentyAndManyBeyond) {
  ChangedCustomers customers;
  for (int i = 0; i < 3; ++i) {
    for (const char* name : {"C2", "C1", "C3"}) customers.add(name);
  }
  EXPECT_EQ(customers.names(), (std::vector<std::string>{"C1", "C2", "C3"}));
  for (std::size_t i = 3; i < ChangedCustomers::kNamedMax; ++i) customers.add("D" + std::to_string(i));
  EXPECT_FALSE(customers.is_any());
  customers.add("C1");
  EXPECT_FALSE(customers.is_any()) << "named already";
  customers.add("E");
  EXPECT_TRUE(customers.is_any());
  EXPECT_TRUE(customers.names().empty());
  customers.add("F");
  EXPECT_TRUE(customers.names().empty());
}

ChangeNote note(std::int64_t invoices, News news, std::initializer_list<const char*> customers) {
  ChangeNote note;
  note.partition = 3;
  note.next_offsets[static_cast<std::size_t>(log::Topic::kInvoices)] = invoices;
  note.newest_recorded_ms = invoices * 1000;
  note.news = news;
  for (const char* name : customers) note.customers.add(name);
  return note;
}

TEST(ChangeNote, MergedNotesSayWhatEachSaidAsOfTheLast) {
  ChangeNote merged = note(4, News::of<domain::InvoiceIssued>(), {"C1"});
  merged.add(note(6, News::of<domain::OrderReady>(), {"C1", "C0"}));
  EXPECT_EQ(merged, note(6, News::of<domain::InvoiceIssued>() | News::of<domain::OrderReady>(), {"C0", "C1"}));
  EXPECT_TRUE(merged.is_ahead_of(note(5, {}, {}).next_offsets));
  EXPECT_FALSE(merged.is_ahead_of(merged.next_offsets));
  ChangeNote any = note(7, {}, {});
  any.customers.add_any();
  merged.add(any);
  EXPECT_TRUE(merged.customers.is_any());
}

TEST(ChangeNote, IsWrittenAsTheInterfaceHasIt) {
  const ChangeNote one = note(2, News::kParked, {"a\"b", "C1"});
  const auto json = boost::json::parse(one.to_json("t.", AccessScope::everything())).as_object();
  EXPECT_EQ(boost::json::value(json), boost::json::parse(R"({"partition": 3, "positions": [
      {"topic": "t.daybook.invoices.v1", "partition": 3, "next_offset": 2},
      {"topic": "t.daybook.orders.v1", "partition": 3, "next_offset": 0},
      {"topic": "t.daybook.payments.v1", "partition": 3, "next_offset": 0},
      {"topic": "t.daybook.reference.v1", "partition": 3, "next_offset": 0},
      {"topic": "t.daybook.shipments.v1", "partition": 3, "next_offset": 0}],
      "newest_recorded_at": "1970-01-01T00:00:02.000Z", "reports": ["anomalies", "event", "parked"],
      "customers": ["C1", "a\"b"]})"));
  ChangeNote any = one;
  any.customers.add_any();
  EXPECT_EQ(boost::json::parse(any.to_json("", AccessScope::everything())).at("customers"), "many");
  ChangeNote nothing;
  EXPECT_TRUE(boost::json::parse(nothing.to_json("", AccessScope::everything())).at("newest_recorded_at").is_null());
}

TEST(ChangeNote, WhoSeesLessThanEverythingIsNamedNoCustomer) {
  const std::string json = note(2, News::any_fact(), {"C1"}).to_json("", AccessScope::of({"EU"}, {}));
  EXPECT_EQ(boost::json::parse(json).at("customers"), "many");
}

}  // namespace
}  // namespace daybook::query
