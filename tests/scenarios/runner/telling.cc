#include "scenarios/runner/telling.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <stdexcept>

namespace daybook::test {
namespace {

// What may follow a keyword.
enum class Kind {
  kText,
  kNumber,
  kAmount,       // 400.00
  kTexts,        // O1 O2
  kDue,          // A date, or dates and amounts: 2024-05-31 400.00 2024-06-30 600.00
  kAllocations,  // I1 400.00 I2 100.00
  kOrderLine,    // L1 10 1000.00: line, quantity, net
  kLine,         // L1 4: line, quantity
};
struct Keyword {
  const char* word;
  const char* field;
  Kind kind;
};
struct Verb {
  const char* word;
  const char* payload;
  const char* fields;  // Of the words behind the verb.
  const char* date;    // The payload's business date, or "".
  std::vector<Keyword> keywords;
};

const std::vector<Keyword> kInvoice = {{"due", "due_date", Kind::kDue},       {"tax", "tax_minor", Kind::kAmount},
                                       {"region", "region", Kind::kText},     {"rep", "sales_rep", Kind::kText},
                                       {"orders", "order_ids", Kind::kTexts}, {"kind", "kind", Kind::kText}};
const Keyword kOfPayment = {"of", "payment_id", Kind::kText};
const Keyword kOfCredit = {"of_credit", "credit_note_id", Kind::kText};
const Keyword kOfInvoice = {"of", "invoice_id", Kind::kText};
const Keyword kOfOrder = {"of", "order_id", Kind::kText};
const Keyword kTo = {"to", "allocations", Kind::kAllocations};
const Keyword kWanted = {"wanted", "requested_date", Kind::kText};
const Keyword kPromised = {"promised", "promised_date", Kind::kText};

const std::vector<Verb> kVerbs = {
    {"invoice", "invoice_issued", "invoice_id currency net_minor", "issue_date", kInvoice},
    {"delivered", "invoice_delivered", "invoice_id", "", {}},
    {"due_date", "invoice_due_date_changed", "invoice_id due_date", "", {}},
    {"void", "invoice_voided", "invoice_id", "date", {}},
    {"credit_note",
     "credit_note_issued",
     "credit_note_id currency net_minor",
     "issue_date",
     {{"for", "invoice_id", Kind::kText}, {"tax", "tax_minor", Kind::kAmount}}},
    {"dispute",
     "invoice_disputed",
     "dispute_id",
     "",
     {kOfInvoice, {"amount", "amount_minor", Kind::kAmount}, {"reason", "reason_code", Kind::kText}}},
    {"resolve", "dispute_resolved", "dispute_id outcome", "", {kOfInvoice}},
    {"write_off",
     "invoice_written_off",
     "write_off_id amount_minor",
     "date",
     {kOfInvoice, {"kind", "kind", Kind::kText}}},
    {"recovery",
     "write_off_recovered",
     "recovery_id amount_minor",
     "date",
     {{"of", "write_off_id", Kind::kText}, {"on", "invoice_id", Kind::kText}}},
    {"payment", "payment_received", "payment_id currency amount_minor", "value_date", {kTo}},
    {"allocation", "payment_allocated", "allocation_id", "date", {kOfPayment, kOfCredit, kTo}},
    {"unallocation", "payment_unallocated", "allocation_id", "date", {kOfPayment, kOfCredit}},
    {"bounce", "payment_reversed", "payment_id", "date", {}},
    {"refund", "refund_paid", "refund_id currency amount_minor", "value_date", {kOfPayment, kOfCredit}},
    {"promise",
     "promise_made",
     "promise_id currency amount_minor promised_date",
     "",
     {{"for", "invoice_ids", Kind::kTexts}}},
    {"withdraw", "promise_withdrawn", "promise_id", "", {}},
    {"file",
     "customer_profile_set",
     "",
     "",
     {{"region", "region", Kind::kText},
      {"rep", "sales_rep", Kind::kText},
      {"grade", "grade", Kind::kText},
      {"parent", "parent_customer_id", Kind::kText},
      {"terms", "payment_terms_days", Kind::kNumber},
      {"credit_in", "credit_currency", Kind::kText},
      {"limit", "credit_limit_minor", Kind::kAmount}}},
    {"rate", "exchange_rate_published", "currency base_currency rate", "date", {}},
    {"target", "sales_target_set", "region period measure currency amount_minor", "", {}},
    {"rep_target", "sales_target_set", "sales_rep period measure currency amount_minor", "", {}},
    {"order",
     "order_placed",
     "order_id currency",
     "",
     {{"line", "lines", Kind::kOrderLine},
      {"region", "region", Kind::kText},
      {"rep", "sales_rep", Kind::kText},
      {"kind", "kind", Kind::kText},
      {"channel", "channel", Kind::kText},
      kWanted}},
    {"change", "order_changed", "order_id", "", {{"line", "lines", Kind::kOrderLine}, kWanted}},
    {"confirm", "order_confirmed", "order_id", "", {kPromised}},
    {"delay", "order_delayed", "order_id stage reason_code", "", {kPromised}},
    {"ready", "order_ready", "order_id", "", {}},
    {"cancel", "order_cancelled", "order_id", "", {{"lines", "line_ids", Kind::kTexts}}},
    {"dispatch",
     "shipment_dispatched",
     "shipment_id",
     "",
     {kOfOrder, {"line", "lines", Kind::kLine}, {"from", "warehouse", Kind::kText}}},
    {"proof", "shipment_delivered", "shipment_id", "", {kOfOrder}},
    {"return",
     "shipment_returned",
     "return_id",
     "",
     {kOfOrder, {"line", "lines", Kind::kLine}, {"shipment", "shipment_id", Kind::kText}}},
};

// Of every event.
const std::vector<Keyword> kEverywhere = {
    {"dated", "", Kind::kText}, {"as", "", Kind::kText}, {"topic", "", Kind::kText}, {"key", "", Kind::kText}};

std::string in_quotes(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

// Amounts are written with all decimals of their currency.
std::string minor(std::string amount) {
  std::erase(amount, '.');
  return in_quotes(amount);
}

using Words = std::vector<std::string>;

std::string value_of(Kind kind, const Words& words) {
  std::string list;
  const auto add = [&](const std::string& item) { list += (list.empty() ? "" : ",") + item; };
  const auto groups_of = [&](std::size_t size) {
    if (words.size() % size != 0) throw std::runtime_error(fmt::format("'{}' lacks a word", fmt::join(words, " ")));
    return words.size();
  };
  switch (kind) {
    case Kind::kText: return in_quotes(words.at(0));
    case Kind::kNumber: return words.at(0);
    case Kind::kAmount: return minor(words.at(0));
    case Kind::kTexts:
      for (const std::string& word : words) add(in_quotes(word));
      break;
    case Kind::kDue:
      for (std::size_t i = 0; i < groups_of(2); i += 2) {
        add(fmt::format(R"({{"due_date":"{}","amount_minor":{}}})", words[i], minor(words[i + 1])));
      }
      break;
    case Kind::kAllocations:
      for (std::size_t i = 0; i < groups_of(2); i += 2) {
        add(fmt::format(R"({{"invoice_id":"{}","amount_minor":{}}})", words[i], minor(words[i + 1])));
      }
      break;
    case Kind::kOrderLine:
      for (std::size_t i = 0; i < groups_of(3); i += 3) {
        add(fmt::format(R"({{"line_id":"{}","sku":"{}","quantity":"{}","net_minor":{}}})", words[i], words[i],
                        words[i + 1], minor(words[i + 2])));
      }
      break;
    case Kind::kLine:
      for (std::size_t i = 0; i < groups_of(2); i += 2) {
        add(fmt::format(R"({{"line_id":"{}","quantity":"{}"}})", words[i], words[i + 1]));
      }
      break;
  }
  return "[" + list + "]";
}

const Keyword* find_keyword(const std::vector<Keyword>& among, const std::string& word) {
  const auto at = std::ranges::find(among, word, &Keyword::word);
  return at == among.end() ? nullptr : &*at;
}

log::Topic topic_named(const std::string& family) {
  for (const log::Topic topic : log::kEventTopics) {
    if (log::topic_family(topic) == family) return topic;
  }
  throw std::runtime_error("there is no topic " + family);
}

}  // namespace

Told Teller::tell(const Step& step) {
  const Words& words = step.words;
  if (words.size() < 3) throw std::runtime_error("an event has a date and a verb");
  const auto verb = std::ranges::find(kVerbs, words[2], &Verb::word);
  const Verb plain = {words[2].c_str(), words[2].c_str(), "", "", {}};
  const Verb& as_told = verb == kVerbs.end() ? plain : *verb;
  const Words fields = words_of(as_told.fields);
  if (words.size() < 3 + fields.size()) {
    throw std::runtime_error(fmt::format("{} needs {}", as_told.word, as_told.fields));
  }
  Told told;
  told.days.push_back(words[1].substr(0, 10));
  std::string members;
  const auto add = [&](const std::string& field, const std::string& value) {
    members += (members.empty() ? "" : ",") + in_quotes(field) + ":" + value;
  };
  for (std::size_t i = 0; i < fields.size(); ++i) {
    add(fields[i], fields[i].ends_with("_minor") ? minor(words[3 + i]) : in_quotes(words[3 + i]));
  }
  std::map<std::string, std::string> special;
  for (std::size_t i = 3 + fields.size(); i < words.size();) {
    const Keyword* general = find_keyword(kEverywhere, words[i]);
    const Keyword* keyword = general != nullptr ? general : find_keyword(as_told.keywords, words[i]);
    if (keyword == nullptr) throw std::runtime_error(fmt::format("{} knows no '{}'", as_told.word, words[i]));
    Words values;
    for (++i; i < words.size() && find_keyword(kEverywhere, words[i]) == nullptr &&
              find_keyword(as_told.keywords, words[i]) == nullptr;
         ++i) {
      values.push_back(words[i]);
    }
    if (values.empty()) throw std::runtime_error(fmt::format("nothing follows '{}'", keyword->word));
    if (general != nullptr) {
      special[keyword->word] = values[0];
    } else if (keyword->kind == Kind::kDue) {
      for (std::size_t at = 0; at < values.size(); at += 2) told.days.push_back(values[at]);
      add(values.size() == 1 ? "due_date" : "instalments",
          value_of(values.size() == 1 ? Kind::kText : Kind::kDue, values));
    } else {
      add(keyword->field, value_of(keyword->kind, values));
    }
  }
  if (special.contains("topic")) told.topic = topic_named(special["topic"]);
  if (special.contains("key")) told.key = special["key"];
  if (*as_told.date != '\0') {
    const std::string day = special.contains("dated") ? special["dated"] : told.days.front();
    told.days.push_back(day);
    add(as_told.date, in_quotes(day));
  }
  const std::string more = step.json.empty() ? "" : step.json.substr(1, step.json.rfind('}') - 1);
  if (!more.empty()) members += (members.empty() ? "" : ",") + more;
  const bool is_target = words[2] == "target" || words[2] == "rep_target";
  const std::string customer = words[2] == "rate" ? "fx:" + words[3] : is_target ? "target:" + words[3] : customer_;
  std::string event_id = words[2] + ":" + (fields.empty() ? customer : words[3]);
  if (special.contains("as")) {
    event_id = special["as"];
  } else if (const int count = ++told_[customer + event_id]; count > 1) {
    event_id += fmt::format("#{}", count);
  }
  told.json =
      fmt::format(R"({{"event_id":"{}","customer_id":"{}","source":"test","occurred_at":"{}","{}":{{{}}}}})", event_id,
                  customer, words[1].size() == 10 ? words[1] + "T12:00:00Z" : words[1], as_told.payload, members);
  return told;
}

}  // namespace daybook::test
