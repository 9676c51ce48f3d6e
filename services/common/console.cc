#include "common/console.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace daybook::cli {
namespace {

// Of the first write to stdout that failed.
int output_error = 0;
bool output_error_said = false;

}  // namespace

int fail(const std::string& message) {
  say(message);
  return kFailed;
}

int fail(const Error& error) {
  say(error.message);
  return error.code == ErrorCode::kInvalidArgument ? kUsage : kFailed;
}

void say(const std::string& message) { tell("daybook: {}\n", message); }

void tell_text(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

bool out_text(const std::string& text) {
  if (output_error == 0 && std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) output_error = errno;
  return output_error == 0;
}

bool finish_output() {
  if (output_error == 0 && std::fflush(stdout) != 0) output_error = errno;
  if (output_error == 0) return true;
  if (!std::exchange(output_error_said, true)) {
    say(fmt::format("cannot write to standard output: {}", std::strerror(output_error)));
  }
  return false;
}

}  // namespace daybook::cli
