// ENSURE(condition, "why it must hold"): our own invariants. A broken one ends the process, which
// starts again from its stored positions. It never judges input.
#pragma once

namespace daybook {
[[noreturn]] void ensure_failed(const char* condition, const char* why, const char* file, int line);
}

#define ENSURE(condition, why) ((condition) ? (void)0 : ::daybook::ensure_failed(#condition, why, __FILE__, __LINE__))
