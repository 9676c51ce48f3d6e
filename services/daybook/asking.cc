#include "asking.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <chrono>

#include "base/period_label.h"
#include "relative_period.h"

namespace daybook::cli {

namespace json = boost::json;

query::Today today_of(const app::Settings& settings, const OfflineModel& model) {
  return [&] {
    if (settings.today) return *settings.today;
    return model.rules().zone.day_of(
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  };
}

Result<void> settle_dates(query::ParameterMap& parameters, const query::Description& report,
                          const std::function<Result<Day>()>& today) {
  for (auto& [name, value] : parameters) {
    const query::Parameter* of = report.parameter(name);
    const auto& common = query::parameters::common();
    if (of == nullptr) {
      const auto at = std::ranges::find(common, name, &query::Parameter::name);
      of = at == common.end() ? nullptr : &*at;
    }
    if (of == nullptr) continue;
    const bool is_label = of->name == "period" || of->name == "baseline";
    if (of->type != query::Parameter::Type::kDate && of->type != query::Parameter::Type::kInstant && !is_label)
      continue;
    if (is_relative_period(value)) {
      ASSIGN_OR_RETURN(const Day day, today());
      value = relative_period(value, day);
    }
    const auto period = parse_period_label(value);
    // What is none is for the view to say.
    if (!period || period->grain == Grain::kDay || is_label) continue;
    value = format_date(
        std::clamp(name == "from" || name == "known_from" ? period->from : period->to, kFirstDate, kLastDate));
  }
  return {};
}

bool is_ours(const http::Response& answer, const std::string& format) {
  if (answer.status != 200) return http::problem_detail(answer.body).has_value();
  if (format == "csv") return answer.content_type.starts_with("text/csv");
  if (format == "xlsx") return answer.content_type.ends_with("spreadsheetml.sheet");
  if (format == "html") return answer.body.find("<meta name=generator content=Daybook>") != std::string::npos;
  boost::system::error_code error;
  const json::value value = json::parse(answer.body, error);
  return !error && value.is_object() && value.get_object().contains("positions");
}

Result<Day> today_at(const std::string& url) {
  ASSIGN_OR_RETURN(const http::Response answer, http::ask(url, {"v1", "status"}, {}, {}));
  boost::system::error_code error;
  const json::value status = json::parse(answer.body, error);
  const auto* given = error || !status.is_object() ? nullptr : status.get_object().if_contains("today");
  const std::string text = given == nullptr || !given->is_string() ? "" : std::string(given->get_string());
  const auto today = parse_date(text);
  if (answer.status != 200 || !today) return unexpected(http::not_ours(url, answer));
  return *today;
}

}  // namespace daybook::cli
