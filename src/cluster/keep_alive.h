// How soon a peer that is gone without a word is noticed: alike on both sides, as a server shuts out who asks oftener
// than it allows.
#pragma once

namespace daybook::cluster {

inline constexpr int kKeepAliveMs = 2'000;

}  // namespace daybook::cluster
