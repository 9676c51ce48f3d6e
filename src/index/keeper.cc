#include "index/keeper.h"

#include "base/priority.h"

namespace daybook::index {
namespace {

constexpr std::chrono::milliseconds kLookEvery{20};
// Merging may be late; what is answered meanwhile reads a longer tail.
constexpr int kGivesWay = 5;

}  // namespace

Keeper::Keeper(std::function<std::vector<std::shared_ptr<ShardIndex>>()> indexes, std::function<bool()> may_build,
               std::function<void()> forget)
    : indexes_(std::move(indexes)),
      may_build_(std::move(may_build)),
      forget_(std::move(forget)),
      thread_([this] { work(); }) {}

Keeper::~Keeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void Keeper::tidy() {
  forget_();
  for (const auto& index : indexes_()) {
    if (stopping_) return;
    if (index->wants_merge()) index->merge();
    if (index->wants_save()) index->save();
  }
}

void Keeper::work() {
  give_way(kGivesWay);
  while (!stopping_) {
    for (const auto& index : indexes_()) {
      if (stopping_) return;
      // A store that cannot be read is tried again; the index tells of it.
      if (index->wants_build() && may_build_()) static_cast<void>(index->build(stopping_));
      tidy();
    }
    std::unique_lock lock(mutex_);
    stop_.wait_for(lock, kLookEvery, [&] { return stopping_.load(); });
  }
}

}  // namespace daybook::index
