#include "http/problem.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace daybook::http {

Response problem(int status, std::string_view title, std::string_view detail, const Faults& faults) {
  boost::json::object body;
  body["type"] = "about:blank";
  body["title"] = title;
  body["status"] = status;
  body["detail"] = detail;
  if (!faults.empty()) {
    boost::json::array list;
    for (const Fault& fault : faults.kept) {
      list.push_back(boost::json::object{
          {"index", fault.index}, {"field", fault.field}, {"message", fault.message}});
    }
    body["violations"] = std::move(list);
    body["violation_count"] = faults.count;
  }
  return {status, std::string(kProblemType), boost::json::serialize(body), {}};
}

}  // namespace daybook::http
