#include "http/page.h"

#include <utility>

namespace daybook::http {

Response page(std::string html) {
  return {200,
          "text/html; charset=utf-8",
          std::move(html),
          {{"Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"},
           {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace daybook::http
