// The OpenAPI 3.1 description of everything that an instance answers.
#pragma once

#include <string>

namespace daybook::app {

// Made once; JSON.
const std::string& openapi();

}  // namespace daybook::app
