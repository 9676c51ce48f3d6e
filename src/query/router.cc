#include "query/router.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "query/views.h"

namespace daybook::query {
namespace {

// The one answer that there is as a page to print.
bool is_statement(const std::vector<std::string>& segments) {
  return segments.size() == 4 && segments[1] == "customers" && segments[3] == "statement";
}

Format format_of(const std::vector<std::string>& segments, const ParameterMap& parameters, std::string_view accept) {
  const auto given = parameters.find("format");
  if (given != parameters.end()) {
    if (given->second == "html" && !is_statement(segments)) {
      refuse_parameter("format", "html is for statements; this answer is json or csv");
    }
    return given->second == "csv" ? Format::kCsv : given->second == "html" ? Format::kHtml : Format::kJson;
  }
  if (accept.starts_with("text/csv")) return Format::kCsv;
  return accept.starts_with("text/html") && is_statement(segments) ? Format::kHtml : Format::kJson;
}

const char* content_type(Format format) {
  switch (format) {
    case Format::kJson: return "application/json";
    case Format::kCsv: return "text/csv; charset=utf-8";
    case Format::kHtml: return "text/html; charset=utf-8";
  }
  return "";
}

// Finds the view of a path; nothing when there is none.
std::optional<std::function<Answer(Question&)>> find_view(const std::vector<std::string>& segments) {
  if (segments.size() < 2 || segments[0] != "v1") return std::nullopt;
  const std::string& first = segments[1];
  if (segments.size() == 2) {
    if (first == "order-cycle") return order_cycle;
    if (first == "sales") return sales;
    if (first == "customers") return customers;
    if (first == "anomalies") return anomalies;
    if (first == "parked") return parked_records;
    return std::nullopt;
  }
  if (segments.size() < 3 || segments[2].empty()) return std::nullopt;
  const std::string& second = segments[2];
  const auto page = [&](Answer (*view)(Question&, std::string_view)) {
    return [view, id = second](Question& question) { return view(question, id); };
  };
  if (is_statement(segments)) return page(customer_statement);
  if (segments.size() != 3) return std::nullopt;
  if (first == "receivables") {
    if (second == "ageing") return ageing;
    if (second == "items") return receivable_items;
    if (second == "entries") return receivable_entries;
    if (second == "bridge") return receivable_bridge;
    if (second == "restatement") return receivable_restatement;
    if (second == "ratios") return receivable_ratios;
    if (second == "worklist") return worklist;
    if (second == "dunning") return dunning;
    return std::nullopt;
  }
  if (first == "customers") return page(customer_page);
  if (first == "invoices") return page(invoice_page);
  if (first == "payments") return page(payment_page);
  if (first == "orders") return page(order_page);
  return std::nullopt;
}

}  // namespace

bool is_view(const std::vector<std::string>& segments) { return find_view(segments).has_value(); }

Rendered render(const Problem& problem) {
  return {problem.status, "application/problem+json", problem.to_json()};
}

namespace {

Rendered answer(const ReadModel& model, const Today& today, const std::vector<std::string>& segments,
                const ParameterMap& parameters, std::string_view accept,
                const std::function<Answer(Question&)>& view) {
  std::string path;
  for (const std::string& segment : segments) path += "/" + segment;
  try {
    const Format format = format_of(segments, parameters, accept);
    Question question(model, today, path, parameters, format);
    return {200, content_type(format), question.render(view(question))};
  } catch (const Refusal& refusal) {
    return render(refusal.problem);
  }
}

}  // namespace

Rendered answer_reconciliation(const ReadModel& model, const Today& today, const ParameterMap& parameters,
                               std::string_view accept, std::string_view body, const std::stop_token& stop,
                               const LedgerMemory& memory) {
  return answer(model, today, {"v1", "receivables", "reconciliation"}, parameters, accept,
                [&](Question& question) { return reconciliation(question, body, stop, memory); });
}

Rendered answer(const ReadModel& model, const Today& today, const std::vector<std::string>& segments,
                const ParameterMap& parameters, std::string_view accept) {
  if (const auto view = find_view(segments)) return answer(model, today, segments, parameters, accept, *view);
  std::string path;
  for (const std::string& segment : segments) path += "/" + segment;
  return render({404, "Not found", "there is nothing at " + path});
}

}  // namespace daybook::query
