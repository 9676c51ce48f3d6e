// Pages for a browser.
#pragma once

#include <string>

#include "http/message.h"

namespace daybook::http {

// A page that runs nothing and loads nothing, and tells browsers so: what customers are called cannot make it do
// more. Its styles stand in it.
Response page(std::string html);

}  // namespace daybook::http
