#include "http/problem.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace daybook::http {

Response problem(int status, std::string_view title, std::string_view detail) {
  boost::json::object body;
  body["type"] = "about:blank";
  body["title"] = boost::json::string_view(title.data(), title.size());
  body["status"] = status;
  body["detail"] = boost::json::string_view(detail.data(), detail.size());
  return {status, std::string(kProblemType), boost::json::serialize(body), {}};
}

}  // namespace daybook::http
