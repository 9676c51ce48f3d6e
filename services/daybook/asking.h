// What commands that ask views have in common, whether an instance answers or a data folder.
#pragma once

#include <functional>
#include <string>

#include "app/settings.h"
#include "base/date.h"
#include "base/result.h"
#include "http/client.h"
#include "offline.h"
#include "query/description.h"
#include "query/router.h"

namespace daybook::cli {

// Today of a data folder: as the settings have it, else the clock's. Both must outlive it.
query::Today today_of(const app::Settings& settings, const OfflineModel& model);
// Today as an instance has it.
Result<Day> today_at(const std::string& url);

// A date's parameter may be a period, of which `from` means the first day and all others the last, or one by its place
// behind today.
Result<void> settle_dates(query::ParameterMap& parameters, const query::Description& report,
                          const std::function<Result<Day>()>& today);

// Whether an instance may have answered so, asked for `format`.
bool is_ours(const http::Response& answer, const std::string& format);

}  // namespace daybook::cli
