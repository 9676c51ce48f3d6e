#include "views/router.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "views/views.h"

namespace daybook::views {
namespace {

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
  if (segments.size() != 3 || segments[2].empty()) return std::nullopt;
  const std::string& second = segments[2];
  if (first == "receivables") {
    if (second == "ageing") return ageing;
    if (second == "items") return receivable_items;
    if (second == "worklist") return worklist;
    if (second == "dunning") return dunning;
    return std::nullopt;
  }
  const auto page = [&](Answer (*view)(Question&, std::string_view)) {
    return [view, id = second](Question& question) { return view(question, id); };
  };
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

Rendered answer(const ReadModel& model, const Today& today, const std::vector<std::string>& segments,
                const ParameterMap& parameters, std::string_view accept) {
  const auto view = find_view(segments);
  std::string path;
  for (const std::string& segment : segments) path += "/" + segment;
  if (!view) return render({404, "Not found", "there is nothing at " + path, {}, {}});
  try {
    const auto format = parameters.find("format");
    const bool csv = format != parameters.end() ? format->second == "csv"
                                                : accept.starts_with("text/csv");
    Question question(model, today, path, parameters, csv ? Format::kCsv : Format::kJson);
    return {200, csv ? "text/csv; charset=utf-8" : "application/json", question.render((*view)(question))};
  } catch (const Refusal& refusal) {
    return render(refusal.problem);
  }
}

}  // namespace daybook::views
