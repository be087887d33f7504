#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "runtime/tensor/philox.h"

namespace keen::random {
namespace {

using Words = std::array<std::uint32_t, 4>;

constexpr std::uint64_t kOnes = std::numeric_limits<std::uint64_t>::max();

Words words_of(const PhiloxState& state) { return std::to_array(philox_block(state).words); }

// The known answers that come with the paper's reference implementation.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(words_of({0, 0, 0}), (Words{0x6627E8D5U, 0xE169C58DU, 0xBC57AC4CU, 0x9B00DBD8U}));
  EXPECT_EQ(words_of({kOnes, kOnes, kOnes}),
            (Words{0x408F276DU, 0x41C83B0EU, 0xA20BC7C6U, 0x6D5451FDU}));
  EXPECT_EQ(words_of({0x299F31D0A4093822U, 0x85A308D3243F6A88U, 0x0370734413198A2EU}),
            (Words{0xD16CFE09U, 0x94FDCCEBU, 0x5001E420U, 0x24126EA1U}));
}

TEST(Philox, SkippingCarriesIntoTheHighHalfAndWraps) {
  const PhiloxState state{7, kOnes - 1, 5};
  EXPECT_EQ(state.skipped(1), (PhiloxState{7, kOnes, 5}));
  EXPECT_EQ(state.skipped(2), (PhiloxState{7, 0, 6}));
  EXPECT_EQ(state.skipped(kOnes), (PhiloxState{7, kOnes - 2, 6}));
  EXPECT_EQ((PhiloxState{7, kOnes, kOnes}.skipped(1)), (PhiloxState{7, 0, 0}));
}

TEST(Philox, WordsAreTheBlocksInOrder) {
  const std::array<PhiloxState, 4> starts{PhiloxState{1, 0, 0}, PhiloxState{kOnes, 3, kOnes},
                                          PhiloxState{9, kOnes - 20, 4},
                                          PhiloxState{9, 0xFFFFFFF0U, kOnes}};
  for (const PhiloxState& start : starts) {
    for (const std::int64_t blocks : {0, 1, 7, 8, 9, 16, 61}) {
      constexpr std::uint32_t kUntouched = 0xDEADBEEFU;
      std::vector<std::uint32_t> words(static_cast<std::size_t>(4 * blocks) + 1, kUntouched);
      philox_words(start, blocks, words.data());
      EXPECT_EQ(words.back(), kUntouched);
      for (std::size_t i = 0; i < static_cast<std::size_t>(blocks); ++i) {
        const Words block{words[4 * i], words[4 * i + 1], words[4 * i + 2], words[4 * i + 3]};
        ASSERT_EQ(block, words_of(start.skipped(i))) << "block " << i << " of " << blocks;
      }
    }
  }
}

TEST(Philox, StartsOfOps) {
  EXPECT_EQ(stateful_start(-7, 3), (PhiloxState{kOnes - 6, 0, 3}));
  EXPECT_EQ(stateful_start(3, -1), (PhiloxState{3, 0, kOnes}));
  EXPECT_EQ(stateless_start(0, 0), (PhiloxState{16103252647613272195U, 0, 18388005586443337812U}));
}

}  // namespace
}  // namespace keen::random
