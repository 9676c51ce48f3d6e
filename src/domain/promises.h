// Promises to pay, judged by the cash that came (docs/figures.md, "Collections").
#pragma once

#include "domain/account_state.h"

namespace daybook::domain {

enum class PromiseState : std::uint8_t { kOpen, kKept, kPartlyKept, kBroken, kWithdrawn };
// "open", "kept", "partly_kept", "broken", "withdrawn".
std::string_view promise_state_name(PromiseState state);

struct Promise {
  const PromiseMade* made = nullptr;
  Int128 fulfilled = 0;  // Cash so far.
  PromiseState state = PromiseState::kOpen;
};

// How a promise stands on a date; nothing before its business date, or where it was never made. `grace_days`:
// for so long after the promised date cash still counts. `payments`: all of the account, which a promise that
// names no invoices asks for.
std::optional<Promise> promise_on(AccountState& account, const Document& document,
                                  std::span<const DocumentRef> payments, Day grace_days, Day as_of);

}  // namespace daybook::domain
