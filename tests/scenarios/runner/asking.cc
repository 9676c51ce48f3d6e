#include "scenarios/runner/asking.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "support/cells.h"

namespace daybook::test {
namespace {

struct View {
  const char* word;
  const char* path;
  bool has_id;
  const char* list;  // That rows are taken from; "answer": the whole answer is the one row.
};
constexpr View kViews[] = {
    {"ageing", "v1/receivables/ageing", false, "rows"},
    {"ageing_trend", "v1/receivables/ageing/trend", false, "rows"},
    {"items", "v1/receivables/items", false, "items"},
    {"entries", "v1/receivables/entries", false, "entries"},
    {"bridge", "v1/receivables/bridge", false, "rows"},
    {"restatement", "v1/receivables/restatement", false, "rows"},
    {"ratios", "v1/receivables/ratios", false, "rows"},
    {"worklist", "v1/receivables/worklist", false, "rows"},
    {"dunning", "v1/receivables/dunning", false, "rows"},
    {"reconciliation", "v1/receivables/reconciliation", false, "lines"},
    {"order_cycle", "v1/order-cycle", false, "rows"},
    {"on_time", "v1/order-cycle/on-time", false, "rows"},
    {"open", "v1/order-cycle/open", false, "orders"},
    {"factors", "v1/order-cycle/factors", false, "rows"},
    {"cycle_orders", "v1/order-cycle/orders", false, "orders"},
    {"sales", "v1/sales", false, "rows"},
    {"postings", "v1/sales/postings", false, "postings"},
    {"customers", "v1/customers", false, "customers"},
    {"anomalies", "v1/anomalies", false, "anomalies"},
    {"parked", "v1/parked", false, "parked"},
    {"customer", "v1/customers/{}", true, "answer"},
    {"statement", "v1/customers/{}/statement", true, "currencies"},
    {"invoice", "v1/invoices/{}", true, "answer"},
    {"payment", "v1/payments/{}", true, "answer"},
    {"order", "v1/orders/{}", true, "answer"},
    {"credit_note", "v1/credit-notes/{}", true, "answer"},
    {"invoices", "v1/invoices", false, "invoices"},
    {"payments", "v1/payments", false, "payments"},
    {"credit_notes", "v1/credit-notes", false, "credit_notes"},
    {"orders", "v1/orders", false, "orders"},
    {"shipments", "v1/shipments", false, "shipments"},
    {"search", "v1/search", false, "results"},
    {"shipment", "v1/shipments/{}", true, "answer"},
};

struct Question {
  const View* view = nullptr;
  std::string path;
  std::string list;
  query::ParameterMap parameters;
};

Question read(const Step& step, const std::string& next) {
  Question question;
  const auto& words = step.words;
  const auto view = std::ranges::find(kViews, words.at(1), [](const View& known) { return std::string(known.word); });
  if (view == std::end(kViews)) throw std::runtime_error("there is no view " + words.at(1));
  question.view = view;
  question.list = view->list;
  question.path = view->path;
  std::size_t at = 2;
  if (view->has_id) question.path = fmt::format(fmt::runtime(view->path), words.at(at++));
  for (; at < words.size(); ++at) {
    const std::string& word = words[at];
    const std::size_t equals = word.find('=');
    if (word.starts_with('!')) break;
    if (equals == std::string::npos) {
      question.list = word;
    } else {
      const std::string value = word.substr(equals + 1);
      question.parameters.emplace(word.substr(0, equals), value == "next" ? next : value);
    }
  }
  return question;
}

// The elements of a list; lists in lists ("currencies.entries") one after the other.
void collect(const boost::json::value& at, const std::string& list, std::vector<const boost::json::value*>& rows) {
  if (const auto* array = at.if_array()) {
    for (const auto& element : *array) collect(element, list, rows);
    return;
  }
  if (list.empty()) {
    rows.push_back(&at);
    return;
  }
  const std::size_t point = list.find('.');
  collect(at.at(list.substr(0, point)), point == std::string::npos ? "" : list.substr(point + 1), rows);
}

std::string cell(const boost::json::value& answer, const boost::json::value& row, const std::string& column) {
  // A bucket is named by its label.
  if (const auto* labels = answer.as_object().if_contains("buckets")) {
    const auto& names = labels->as_array();
    const auto at = std::ranges::find(names, boost::json::value(column));
    if (at != names.end()) return shown(row.at("buckets").at(static_cast<std::size_t>(at - names.begin())));
  }
  return cell_of(row, column);
}

std::string table(const boost::json::value& answer, const std::string& list, const std::vector<std::string>& columns) {
  std::vector<const boost::json::value*> rows;
  collect(answer, list == "answer" ? "" : list, rows);
  std::string text;
  for (const boost::json::value* row : rows) {
    std::string line;
    for (const std::string& column : columns) line += (line.empty() ? "" : " ") + cell(answer, *row, column);
    text += line + "\n";
  }
  return text;
}

std::string refusal(const query::Rendered& rendered) {
  std::string text = fmt::format("!{}", rendered.status);
  const auto problem = boost::json::parse(rendered.body);
  if (const auto* violations = problem.as_object().if_contains("violations")) {
    for (const auto& violation : violations->as_array()) text += " " + cell_of(violation, "field");
  }
  return text + "\n";
}

// Lines end with CRLF, as RFC 4180 has them.
std::string lines_of(const std::string& csv) {
  std::string lines;
  for (std::size_t at = 0; at < csv.size();) {
    const std::size_t end = csv.find("\r\n", at);
    if (end == std::string::npos) return lines + csv.substr(at) + " (without CRLF)\n";
    lines += csv.substr(at, end - at) + "\n";
    at = end + 2;
  }
  return lines;
}

}  // namespace

std::string Asker::ask(const Step& step) {
  Question question = read(step, next_);
  next_.clear();
  std::string text;
  while (true) {
    const query::Rendered rendered = std::string(question.view->word) == "reconciliation"
                                         ? book_.reconcile(question.parameters, step.body)
                                         : book_.get(question.path, question.parameters);
    if (rendered.status != 200) return refusal(rendered);
    if (!rendered.content_type.starts_with("application/json")) return lines_of(rendered.body);
    if (step.columns.empty()) return "is answered\n";
    const auto answer = boost::json::parse(rendered.body);
    text += table(answer, question.list, step.columns);
    const auto* token = answer.as_object().if_contains("next_page_token");
    if (token == nullptr || token->is_null()) return text.empty() ? "nothing\n" : text;
    if (next_.empty()) next_ = token->as_string();
    question.parameters.erase("page_token");
    question.parameters.emplace("page_token", token->as_string());
    text += "--\n";
  }
}

std::string Asker::faults_of_proof(const std::string& from, const std::string& day, const std::string& attributes) {
  std::string faults;
  for (const char* by : {"none", "currency", "customer", "parent_customer", "region", "sales_rep"}) {
    const auto check = [&](const char* view, query::ParameterMap parameters) {
      parameters.emplace("group_by", by);
      parameters.emplace("attributes", attributes);
      parameters.emplace("page_size", "1000");
      const auto answer = book_.json(std::string("v1/receivables/") + view, parameters);
      for (const char* list : {"rows", "totals"}) {
        for (const auto& row : answer.at(list).as_array()) {
          const std::string difference = cell_of(row, "proof.difference");
          if (difference.find_first_not_of("0.") == std::string::npos) continue;
          faults += fmt::format("{} of {} by {}: {}\n", view, day, by, boost::json::serialize(row));
        }
      }
    };
    check("ageing", {{"as_of", day}});
    check("bridge", {{"from", from}, {"to", day}});
  }
  for (const char* by : {"none", "region", "sku", "customer,channel"}) {
    const auto answer = book_.json(
        "v1/sales", {{"from", from}, {"to", day}, {"as_of", day}, {"group_by", by}, {"attributes", attributes}});
    for (const auto& row : answer.at("proof").as_array()) {
      for (const auto& [measure, difference] : row.at("difference").as_object()) {
        const std::string text = boost::json::serialize(difference);
        if (text.find_first_not_of("\"0.") == std::string::npos) continue;
        faults += fmt::format("sales of {} by {}: {}\n", day, by, boost::json::serialize(row));
      }
    }
  }
  return faults;
}

}  // namespace daybook::test
