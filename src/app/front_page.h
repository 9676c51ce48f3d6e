// The page that a browser gets at `/` where no dashboard was built in: links to what can be asked.
#pragma once

#include "base/date.h"
#include "http/message.h"

namespace daybook::app {

// Links to the views with parameters that fit `today`, to the description of the interface and to the
// status. It loads nothing and runs nothing, and tells browsers so. `recorded_as_told`: says that the
// log is one for demonstration.
http::Response front_page(Day today, bool recorded_as_told);

}  // namespace daybook::app
