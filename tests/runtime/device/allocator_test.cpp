#include "runtime/device/cpu/allocator.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "runtime/base/error.h"

namespace keen::device::cpu {
namespace {

// Allocators are never destroyed; each test takes a slot of its own.
Allocator& new_allocator(Allocator::Mode mode = Allocator::Mode::kCaching) {
  static auto& made = *new std::vector<Allocator*>;
  made.push_back(new Allocator(20 + static_cast<int>(made.size()), mode));
  return *made.back();
}

TEST(Allocator, ClassesHoldEverySmallSize) {
  for (std::size_t bytes = 0; bytes <= Allocator::kSmallLimit; ++bytes) {
    const int size_class = Allocator::class_of(bytes);
    ASSERT_LT(size_class, Allocator::kClasses);
    ASSERT_GE(Allocator::class_bytes(size_class), bytes);
    if (size_class > 0) {
      ASSERT_LT(Allocator::class_bytes(size_class - 1), bytes);
    }
  }
}

TEST(Allocator, AlignsAndReuses) {
  Allocator& allocator = new_allocator();
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{40000},
                                  std::size_t{5} << 20, std::size_t{40} << 20}) {
    void* block = allocator.allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0U);
    std::memset(block, 1, bytes);
    allocator.deallocate(block, bytes);
    EXPECT_EQ(allocator.allocate(bytes), block) << "the block just freed comes back";
    allocator.deallocate(block, bytes);
  }
}

TEST(Allocator, CountsWhatIsInUse) {
  Allocator& allocator = new_allocator();
  void* small = allocator.allocate(100);
  void* large = allocator.allocate(1 << 20);
  MemoryStats stats = allocator.stats();
  EXPECT_EQ(stats.bytes_in_use, 128 + (1 << 20));
  EXPECT_EQ(stats.allocations, 2);
  EXPECT_GE(stats.peak_bytes_in_use, stats.bytes_in_use);
  allocator.deallocate(small, 100);
  allocator.deallocate(large, 1 << 20);
  stats = allocator.stats();
  EXPECT_EQ(stats.bytes_in_use, 0);
  EXPECT_GT(stats.bytes_cached, 1 << 20);
  EXPECT_GE(stats.peak_bytes_in_use, 1 << 20);
  allocator.reset_peak();
  EXPECT_EQ(allocator.stats().peak_bytes_in_use, 0);
}

TEST(Allocator, MergesWhatIsFreed) {
  Allocator& allocator = new_allocator();
  constexpr std::size_t kPiece = 1 << 20;
  std::vector<void*> pieces;
  for (int i = 0; i < 16; ++i) pieces.push_back(allocator.allocate(kPiece));
  const std::int64_t reserved = allocator.stats().bytes_cached + allocator.stats().bytes_in_use;
  for (const int i : {1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14}) {
    allocator.deallocate(pieces[static_cast<std::size_t>(i)], kPiece);
  }
  void* whole = allocator.allocate(16 * kPiece);
  EXPECT_EQ(allocator.stats().bytes_cached + allocator.stats().bytes_in_use, reserved)
      << "sixteen neighbours make room for one block of their size";
  allocator.deallocate(whole, 16 * kPiece);
  allocator.trim();
  EXPECT_EQ(allocator.stats().bytes_cached, 0);
}

TEST(Allocator, NamesTheStatisticsWhenMemoryEnds) {
  Allocator& allocator = new_allocator();
  try {
    static_cast<void>(allocator.allocate(std::size_t{1} << 50));
    FAIL() << "a petabyte was handed out";
  } catch (const ResourceExhaustedError& error) {
    EXPECT_NE(std::string(error.what()).find("1125899906842624 bytes (0 in use"), std::string::npos)
        << error.what();
  }
}

// Blocks made on one thread and freed on another, while threads come and go, keep their contents
// and the count.
void churn(Allocator& allocator, unsigned seed) {
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  struct Block {
    unsigned char* data;
    std::size_t bytes;
    unsigned char mark;
  };
  std::vector<Block> left(64);
  const auto work = [&](unsigned thread_seed) {
    std::mt19937 random(thread_seed);
    for (Block& block : left) {
      for (int i = 0; i < 50; ++i) {
        if (block.data != nullptr) {
          for (const std::size_t at : {std::size_t{0}, block.bytes - 1}) {
            if (block.data[at] != block.mark) ADD_FAILURE() << "contents changed";
          }
          allocator.deallocate(block.data, block.bytes);
        }
        const std::size_t limit = random() % 8 == 0 ? 300000 : 2000;
        block.bytes = 1 + random() % limit;
        block.mark = static_cast<unsigned char>(random());
        block.data = static_cast<unsigned char*>(allocator.allocate(block.bytes));
        std::memset(block.data, block.mark, block.bytes);
      }
    }
  };
  for (unsigned i = 0; i < 8; ++i) std::thread(work, seed + i).join();
  for (const Block& block : left) allocator.deallocate(block.data, block.bytes);
  EXPECT_EQ(allocator.stats().bytes_in_use, 0);
  EXPECT_EQ(allocator.stats().allocations, 8 * 64 * 50);
}

TEST(Allocator, SurvivesThreads) { churn(new_allocator(), 20261123); }

TEST(Allocator, DirectModeGivesEachBlockItsOwnMemory) {
  churn(new_allocator(Allocator::Mode::kDirect), 7);
}

TEST(Allocator, SeveralThreadsAtOnce) {
  Allocator& allocator = new_allocator();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&allocator, i] {
      std::mt19937 random(static_cast<unsigned>(i));
      std::vector<std::pair<void*, std::size_t>> blocks;
      for (int step = 0; step < 5000; ++step) {
        const std::size_t bytes = random() % 70000;
        blocks.emplace_back(allocator.allocate(bytes), bytes);
        if (blocks.size() > 20) {
          std::swap(blocks[random() % blocks.size()], blocks.back());
          allocator.deallocate(blocks.back().first, blocks.back().second);
          blocks.pop_back();
        }
      }
      for (const auto& [block, bytes] : blocks) allocator.deallocate(block, bytes);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allocator.stats().bytes_in_use, 0);
  EXPECT_EQ(allocator.stats().allocations, 20000);
}

}  // namespace
}  // namespace keen::device::cpu
