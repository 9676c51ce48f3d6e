// What each program takes of the settings, and needs of them.
#pragma once

#include <string>
#include <vector>

#include "app/logging.h"
#include "app/settings.h"
#include "base/result.h"

namespace daybook::app {

enum class Program { kUp, kGateway, kProjector, kQuery };

// The keys that it takes: of the file and the environment it lets others be.
const std::vector<std::string>& keys_of(Program program);
// What holds where nothing is said: each listens at ports of its own, so that all run on one machine.
Settings defaults_of(Program program);
// Whether it can start with these. kInvalidArgument names the key, its value and what is allowed.
Result<void> check(Program program, const Settings& settings);

// Whether other machines can reach what it listens at, and nothing keeps them out.
bool is_unprotected(Program program, const Settings& settings);
// Says so where it is, at a start.
void tell_unprotected(Program program, const Settings& settings, const LogLine& line);

}  // namespace daybook::app
