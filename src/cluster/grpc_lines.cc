#include "cluster/grpc_lines.h"

#include <grpc/support/log.h>

namespace daybook::cluster {
namespace {

std::function<void(const std::string&)>& taker() {
  // Threads of gRPC may speak until the process ends.
  static auto* const taker = new std::function<void(const std::string&)>;
  return *taker;
}

}  // namespace

void take_grpc_lines(std::function<void(const std::string&)> line) {
  taker() = std::move(line);
  ::gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  ::gpr_set_log_function([](gpr_log_func_args* said) { taker()(std::string("gRPC: ") + said->message); });
}

}  // namespace daybook::cluster
