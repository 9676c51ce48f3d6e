#include "http/problem.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace daybook::http {

Response problem(int status, std::string_view title, std::string_view detail,
                 std::span<const Fault> violations) {
  boost::json::object body;
  body["type"] = "about:blank";
  body["title"] = title;
  body["status"] = status;
  body["detail"] = detail;
  if (!violations.empty()) {
    boost::json::array list;
    for (const Fault& fault : violations) {
      list.push_back(boost::json::object{
          {"index", fault.index}, {"field", fault.field}, {"message", fault.message}});
    }
    body["violations"] = std::move(list);
  }
  return {status, std::string(kProblemType), boost::json::serialize(body), {}};
}

}  // namespace daybook::http
