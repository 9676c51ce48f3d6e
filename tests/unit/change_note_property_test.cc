// What must hold for every history: an answer that differs between two commits was announced, by its report and, where it
// is of one customer, by that customer.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "live/note_of.h"
#include "query/catalog.h"
#include "support/asking.h"
#include "support/folding.h"
#include "support/paths.h"

namespace daybook::test {
namespace {

struct Watched {
  std::string report;
  std::optional<std::string> customer;
  Asked asked;
  std::optional<std::string> body = {};
};

// Every report with what it requires: of everybody, of each customer, in groups, in another currency; every document that
// a history may have, with and without its customer.
std::vector<Watched> all_questions() {
  std::vector<Watched> all;
  const std::vector<std::string> customers = {"C0", "C1", "C2", "C3"};
  for (const query::Report* report : query::reports()) {
    const query::Description& of = report->description();
    Watched plain{of.name, {}, {{}, {{"as_of", "2024-04-05"}}}};
    for (const query::Parameter& parameter : of.parameters) {
      if (!parameter.required) continue;
      // All is recorded in November 2023.
      plain.asked.parameters.emplace(parameter.name, parameter.name == "from"         ? "2024-03-01"
                                                     : parameter.name == "known_from" ? "2023-01-01"
                                                     : parameter.name == "period"     ? "2024-Q1"
                                                     : parameter.name == "baseline"   ? "2024"
                                                     : parameter.name == "q"          ? "C"
                                                                                      : "2024-04-05");
    }
    if (of.has_body) plain.body = "customer_id,currency,amount\nC0,CNY,1.00\nC1,CNY,2.00\n";
    const bool has_customer = of.parameter("customer_id") != nullptr;
    const auto add = [&](Watched one, const std::string& path) {
      one.asked.path = segments_of(path.substr(1));
      all.push_back(one);
      if (!has_customer) return;
      for (const std::string& customer : customers) {
        Watched of_one = one;
        of_one.customer = customer;
        of_one.asked.parameters.emplace("customer_id", customer);
        all.push_back(std::move(of_one));
      }
    };
    const auto add_ids = [&](const std::string& prefix) {
      for (int i = 0; i < 3; ++i) add(plain, "/" + filled_path(of.path.substr(1), prefix + std::to_string(i)));
    };
    if (query::placeholders(of.path).empty()) {
      add(plain, of.path);
      for (const auto& [name, value] : {std::pair("group_by", "region"), {"base_currency", "JPY"}, {"state", "open"}}) {
        if (of.parameter(name) == nullptr) continue;
        Watched other = plain;
        other.asked.parameters.emplace(name, value);
        add(other, of.path);
      }
    } else if (of.name == "customer" || of.name == "statement") {
      for (const std::string& customer : customers) {
        Watched page = plain;
        page.customer = customer;
        add(page, "/" + filled_path(of.path.substr(1), customer));
      }
    } else if (of.name == "event") {
      for (int i = 0; i < 8; ++i) add(plain, "/v1/events/daybook.orders.v1/0/" + std::to_string(5 * i));
    } else {
      add_ids(of.name == "invoice"    ? "I"
              : of.name == "payment"  ? "P"
              : of.name == "order"    ? "O"
              : of.name == "shipment" ? "D"
                                      : "N");
    }
  }
  return all;
}

// Its status, and what it says beside how far its shard is.
std::string answered(const query::ReadModel& model, const Watched& watched) {
  query::Request request{.segments = watched.asked.path, .parameters = watched.asked.parameters};
  if (watched.body) request.body = *watched.body;
  const auto rendered = query::answer(query::LocalShards(model), [] { return Day{19'830}; }, request);
  boost::json::value value = boost::json::parse(rendered.body);
  auto& members = value.get_object();
  for (const char* name : {"positions", "newest_recorded_at", "waiting", "next_page_token"}) members.erase(name);
  if (watched.report != "parked") members.erase("parked");
  return std::to_string(rendered.status) + " " + boost::json::serialize(value);
}

RC_GTEST_PROP(ChangeNoteProperty, AnAnswerThatChangedWasAnnounced, ()) {
  static const std::vector<Watched> questions = all_questions();
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  const auto events = static_cast<std::size_t>(*rc::gen::inRange(1, 200));
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const domain::Rules rules = utc_rules();
  const History history(Hostile(seed).records(events), 0, 1);
  Folding folding(rules);
  const OneShard model(folding, nullptr);
  std::vector<const Watched*> watched;
  for (int i = 0; i < 40; ++i) watched.push_back(&questions[random() % questions.size()]);
  std::vector<std::string> before;
  for (const Watched* one : watched) before.push_back(answered(model, *one));
  const auto commit = [&] {
    if (!folding.shard().has_pending()) return;
    folding.commit();
    const query::ChangeNote note = live::note_of(folding.shard());
    const auto reports = query::changed_reports(note.news);
    for (std::size_t i = 0; i < watched.size(); ++i) {
      const Watched& one = *watched[i];
      std::string now = answered(model, one);
      if (now == before[i]) continue;
      const bool names_report = std::ranges::find(reports, one.report) != reports.end();
      const auto& customers = note.customers;
      const bool names_customer = !one.customer || customers.is_any() ||
                                  std::ranges::find(customers.names(), *one.customer) != customers.names().end();
      if (!names_report || !names_customer) {
        RC_FAIL(one.asked.text() + "\nwas: " + before[i] + "\nis:  " + now +
                "\nannounced: " + note.to_json("", query::AccessScope::everything()));
      }
      before[i] = std::move(now);
    }
  };
  feed(folding, history, random, commit, [] {});
}

}  // namespace
}  // namespace daybook::test
