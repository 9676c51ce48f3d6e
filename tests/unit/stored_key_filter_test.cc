// The filter of stored keys: it never forgets one, and seldom takes another for one.
#include "engine/stored_key_filter.h"

#include <gtest/gtest.h>

#include <string>

#include "base/hash.h"

namespace daybook::engine {
namespace {

std::uint64_t key(int i) { return hash64("key" + std::to_string(i)); }

TEST(SightingsTest, WithoutKeysItHoldsNone) {
  StoredKeyFilter sightings;
  EXPECT_FALSE(sightings.may_hold(key(1)));
  EXPECT_EQ(sightings.bytes(), 0U);
}

TEST(SightingsTest, NoKeyIsForgottenAndFewOthersAreTakenForOne) {
  constexpr int kKeys = 300'000;
  StoredKeyFilter sightings;
  for (int i = 0; i < kKeys; ++i) sightings.add(key(i));
  for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(sightings.may_hold(key(i)));
  int mistaken = 0;
  for (int i = kKeys; i < 2 * kKeys; ++i) mistaken += sightings.may_hold(key(i));
  EXPECT_LT(mistaken, kKeys / 100);
  EXPECT_LE(sightings.bytes(), kKeys * 2 * 2);  // 16 bits a key; the last layer may be half empty.
}

}  // namespace
}  // namespace daybook::engine
