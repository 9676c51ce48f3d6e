// What programs say: results on stdout, words for people on stderr, and how they end.
#pragma once

#include <fmt/format.h>

#include <string>

#include "base/result.h"

namespace daybook::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

// Prints "daybook: …" on stderr; gives kFailed, or kUsage for an invalid argument.
int fail(const Error& error);
int fail(const std::string& message);
// A word for people, on stderr. Nothing depends on whether it can be written.
void say(const std::string& message);
// The same as it is: faults with a place of their own, progress.
void tell_text(const std::string& text);
template <typename... Args>
void tell(fmt::format_string<Args...> format, Args&&... args) {
  tell_text(fmt::format(format, std::forward<Args>(args)...));
}

// Results, on stdout. False once something could not be written.
bool out_text(const std::string& text);
template <typename... Args>
bool out(fmt::format_string<Args...> format, Args&&... args) {
  return out_text(fmt::format(format, std::forward<Args>(args)...));
}
// Writes what waits to be written; says so and gives false when it, or something before, could not be.
bool finish_output();

}  // namespace daybook::cli
