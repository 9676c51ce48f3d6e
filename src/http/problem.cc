#include "http/problem.h"

namespace daybook::http {

Response to_response(const Problem& problem) {
  return {problem.status, std::string(kProblemType), problem.to_json(), {}};
}

Response problem(int status, std::string_view title, std::string_view detail, const Faults& faults) {
  return to_response({status, std::string(title), std::string(detail), faults, {}});
}

}  // namespace daybook::http
