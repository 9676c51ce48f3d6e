#include "app/front_page.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "http/page.h"

namespace daybook::app {
namespace {

struct Link {
  std::string target;
  std::string words;
};

// All that stands in a page is made here: only `&` needs care.
std::string escaped(std::string_view target) {
  std::string text;
  for (const char c : target) text += c == '&' ? "&amp;" : std::string(1, c);
  return text;
}

std::string list_of(std::string_view heading, const std::vector<Link>& links) {
  std::string html = fmt::format("<h2>{}</h2>\n<ul>\n", heading);
  for (const Link& link : links) {
    html += fmt::format("<li><a href=\"{}\">{}</a></li>\n", escaped(link.target), link.words);
  }
  return html + "</ul>\n";
}

}  // namespace

http::Response front_page(Day today, bool recorded_as_told) {
  const CivilDate date = civil_from_day(today);
  const Day year_ago = day_from_civil({date.year - 1, date.month, 1});
  const std::string span = fmt::format("from={}&to={}", format_date(year_ago), format_date(today));
  const std::string month = fmt::format("from={}&to={}", format_date(today - date.day + 1), format_date(today));
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Daybook</title>\n</head>\n"
      "<body>\n<h1>Daybook</h1>\n<p>Who owes what and since when, how long orders take, what each "
      "region sells. Today is " +
      format_date(today) + ".</p>\n";
  if (recorded_as_told) {
    html +=
        "<p>A log for demonstration: its events were recorded as a story tells them, not when they "
        "were published.</p>\n";
  }
  html += list_of("Receivables", {{"/v1/receivables/ageing?group_by=region&level=1", "by age and region"},
                                  {"/v1/receivables/ageing?group_by=customer&page_size=20", "by age and customer"},
                                  {"/v1/receivables/items?page_size=20", "open items"},
                                  {"/v1/receivables/bridge?" + month, "what moved this month"},
                                  {"/v1/receivables/entries?page_size=20&" + month, "this month's entries"},
                                  {"/v1/receivables/ratios?" + span, "days sales outstanding and other ratios"},
                                  {"/v1/receivables/worklist?page_size=20", "whom to call first"},
                                  {"/v1/receivables/dunning?page_size=20", "dunning proposals"},
                                  {"/v1/customers?page_size=20", "customers"}});
  html += list_of("Orders and sales",
                  {{"/v1/order-cycle?grain=month&cycle=placed..delivered&" + span, "days from order to delivery"},
                   {"/v1/order-cycle?grain=quarter&cycle=placed..paid&" + span, "days from order to cash"},
                   {"/v1/sales?group_by=region&grain=quarter&" + span, "sales by region"}});
  html += list_of("What needs a look", {{"/v1/anomalies?page_size=20", "anomalies"},
                                        {"/v1/parked", "parked records"},
                                        {"/v1/status", "status: how far the log is read"},
                                        {"/metrics", "metrics for Prometheus"}});
  html += list_of("How to ask", {{"/openapi.json", "every path, parameter and field (OpenAPI 3.1)"}});
  html +=
      "<p>Rows also come as CSV: add <code>format=csv</code>. The same in a terminal: "
      "<code>daybook query ageing --group-by region --url</code> and this address. What the figures "
      "mean is in <code>docs/figures.md</code>, how events are published in "
      "<code>docs/publishing.md</code>.</p>\n</body>\n</html>\n";
  return http::page(std::move(html));
}

}  // namespace daybook::app
