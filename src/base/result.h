// How operating failures travel: a value or an Error, with the member names of std::expected.
//
// Surprises in the data (an unknown invoice, a conflicting repeat) are data, not errors; our own
// mistakes stop the process through ENSURE (ensure.h).
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace daybook {

enum class ErrorCode {
  kInvalidArgument,  // The caller asked for something that cannot be; asking again will not help.
  kNotFound,         // The thing named is not there.
  kAlreadyExists,    // The thing to be made is there already.
  kUnavailable,      // Broker, disk or peer is away for now; try again.
  kOutOfRange,       // A log position outside the log. Somebody must look; never skip.
  kCorrupt,          // Stored bytes are not what was written.
  kMismatch,         // A store, topic or setting does not fit the others; says what to do.
  kBusy,             // Somebody else holds it.
  kFatal,            // The object is of no use any more; make a new one.
  kInternal,         // A library said something we do not expect.
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  // For people: what was wrong, where, and what to do.
  std::string message;
};

// A failure on its way into a Result: `return unexpected(ErrorCode::kBusy, "…")`.
struct Unexpected {
  Error error;
};
inline Unexpected unexpected(ErrorCode code, std::string message) {
  return Unexpected{Error{code, std::move(message)}};
}
inline Unexpected unexpected(Error error) { return Unexpected{std::move(error)}; }

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: like std::expected
  Result(Unexpected failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Unexpected failure) : error_(std::move(failure.error)), failed_(true) {}  // NOLINT

  bool has_value() const { return !failed_; }
  explicit operator bool() const { return !failed_; }
  const Error& error() const { return error_; }

 private:
  Error error_;
  bool failed_ = false;
};

}  // namespace daybook

#define DAYBOOK_CONCAT_INNER(a, b) a##b
#define DAYBOOK_CONCAT(a, b) DAYBOOK_CONCAT_INNER(a, b)
// Returns the failure of `expression` to the caller.
#define RETURN_IF_ERROR(expression)                                                           \
  do {                                                                                        \
    if (auto result_ = (expression); !result_) return ::daybook::unexpected(result_.error()); \
  } while (false)
// Declares `target` with the value of `expression`, or returns its failure to the caller.
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_INNER(DAYBOOK_CONCAT(result_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_INNER(result, target, expression)   \
  auto result = (expression);                                \
  if (!result) return ::daybook::unexpected(result.error()); \
  target = std::move(result).value()
