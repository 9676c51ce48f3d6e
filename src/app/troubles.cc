#include "app/troubles.h"

#include <fmt/format.h>

#include <string_view>

namespace daybook::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLookOutEvery{100};
// Folding finds a log that is back within this, and its words are not told for that.
constexpr milliseconds kFoldPatience{3'000};

bool tells_itself(std::string_view kind) { return kind == "store"; }

}  // namespace

std::string words_of(const Troubles& troubles) {
  std::string all;
  for (const auto& [kind, words] : troubles) all += (all.empty() ? "" : "; ") + words;
  return all;
}

Lookout::Lookout(std::function<Troubles()> look, LogLine line) : look_(std::move(look)), line_(std::move(line)) {
  thread_ = std::thread([this] {
    while (!stopping_) {
      tell(look_());
      std::this_thread::sleep_for(kLookOutEvery);
    }
  });
}

Lookout::~Lookout() { stop(); }

void Lookout::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Lookout::tell(const Troubles& now) {
  for (const auto& [kind, words] : now) {
    if (tells_itself(kind)) continue;
    Known& known = known_.try_emplace(kind, steady_clock::now()).first->second;
    const auto patience = kind == "fold" ? kFoldPatience : milliseconds(0);
    if (known.told || steady_clock::now() - known.since < patience) continue;
    line_(Severity::kError, fmt::format("trouble ({}): {}", kind, words));
    known.told = true;
  }
  std::erase_if(known_, [&](const auto& each) {
    const auto& [kind, known] = each;
    if (now.contains(kind)) return false;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - known.since);
    if (known.told) line_(Severity::kInfo, fmt::format("trouble is over ({}), after {} s", kind, seconds.count()));
    return true;
  });
}

}  // namespace daybook::app
