#include "runtime/device/block_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace keen::device {
namespace {

constexpr std::size_t kSegment = std::size_t{2} << 20;

char* segment_at(std::uintptr_t address) { return reinterpret_cast<char*>(address); }

TEST(block_cache, has_nothing_at_first) {
  BlockCache cache;
  EXPECT_EQ(cache.allocate(512), nullptr);
  EXPECT_EQ(cache.reserved(), 0U);
  EXPECT_EQ(cache.largest_free(), 0U);
  EXPECT_TRUE(cache.take_free_segments().empty());
}

TEST(block_cache, splits_and_merges) {
  BlockCache cache;
  cache.add_segment(segment_at(0x1000000), kSegment);
  void* a = cache.allocate(512);
  void* b = cache.allocate(1024);
  void* c = cache.allocate(kSegment - 1536);
  EXPECT_EQ(cache.allocate(512), nullptr);
  EXPECT_EQ(cache.in_use(), kSegment);
  EXPECT_EQ(cache.deallocate(a), 512U);
  EXPECT_EQ(cache.deallocate(c), kSegment - 1536);
  EXPECT_EQ(cache.largest_free(), kSegment - 1536);
  EXPECT_TRUE(cache.take_free_segments().empty());
  EXPECT_EQ(cache.deallocate(b), 1024U);
  EXPECT_EQ(cache.largest_free(), kSegment);
  EXPECT_EQ(cache.take_free_segments().size(), 1U);
  EXPECT_EQ(cache.reserved(), 0U);
}

TEST(block_cache, takes_the_block_that_fits_best) {
  BlockCache cache;
  cache.add_segment(segment_at(0x1000000), 8 * kSizeGranule);
  cache.add_segment(segment_at(0x2000000), 4 * kSizeGranule);
  EXPECT_EQ(cache.allocate(4 * kSizeGranule), segment_at(0x2000000));
  EXPECT_EQ(cache.allocate(8 * kSizeGranule), segment_at(0x1000000));
}

// Blocks never overlap, and all comes back.
TEST(block_cache, keeps_blocks_apart) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  BlockCache cache;
  std::size_t reserved = 0;
  std::map<char*, std::size_t> held;
  for (int step = 0; step < 20000; ++step) {
    if (held.empty() || random() % 3 != 0) {
      const std::size_t bytes = rounded_to_granules(1 + random() % 100000);
      void* block = cache.allocate(bytes);
      if (block == nullptr) {
        if (reserved > 20 * kSegment) continue;
        cache.add_segment(segment_at(0x10000000 + 2 * reserved), kSegment);
        reserved += kSegment;
        continue;
      }
      auto* at = static_cast<char*>(block);
      const auto above = held.lower_bound(at);
      ASSERT_TRUE(above == held.end() || at + bytes <= above->first);
      if (above != held.begin()) {
        const auto below = std::prev(above);
        ASSERT_LE(below->first + below->second, at);
      }
      held[at] = bytes;
    } else {
      auto it = held.begin();
      std::advance(it, random() % held.size());
      EXPECT_EQ(cache.deallocate(it->first), it->second);
      held.erase(it);
    }
  }
  for (const auto& [at, bytes] : held) cache.deallocate(at);
  EXPECT_EQ(cache.in_use(), 0U);
  EXPECT_EQ(cache.take_free_segments().size(), reserved / kSegment);
}

}  // namespace
}  // namespace keen::device
