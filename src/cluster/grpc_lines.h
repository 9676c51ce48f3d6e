// What gRPC itself has to say.
#pragma once

#include <functional>
#include <string>

namespace daybook::cluster {

// Takes its errors from now on, each a line, in place of stderr. For the whole process, and for good.
void take_grpc_lines(std::function<void(const std::string&)> line);

}  // namespace daybook::cluster
