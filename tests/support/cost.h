// What reading an input costs as it grows.
#pragma once

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <cstddef>
#include <string>

namespace daybook::test {

// Seconds that this thread's processor works on `work`, the best of three.
template <typename Work>
double processor_seconds(const Work& work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const double begin = now();
    work();
    best = std::min(best, now() - begin);
  }
  return best;
}

// `read(input(n))` must cost what grows with n, not with its square: ten times as much of an input takes about
// ten times as long, where the square would take a hundred.
template <typename Input, typename Read>
void expect_linear(const std::string& what, std::size_t n, const Input& input, const Read& read) {
  const auto seconds = [&](std::size_t size) {
    const auto given = input(size);
    return processor_seconds([&] { read(given); });
  };
  const double one = seconds(n);
  const double ten = seconds(10 * n);
  EXPECT_LT(ten, 35 * one + 0.005) << what << ": " << one << " s, ten times as much " << ten << " s";
}

}  // namespace daybook::test
