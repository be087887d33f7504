// What the kernels share around oneDNN: the cache of primitives, and calls from several threads.
#include "kernels/detail/onednn.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <string>
#include <thread>
#include <vector>

#include "kernels/conv2d.h"
#include "kernels/matmul.h"
#include "tests/support/compare.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

using Cache = detail::PrimitiveCache<std::string>;

detail::PrimitiveKey key(std::int64_t number) { return {{number}}; }

TEST(primitive_cache, makes_each_primitive_once) {
  Cache cache(8);
  int made = 0;
  const auto get = [&](std::int64_t number) {
    return cache.get(key(number), [&] {
      ++made;
      return std::to_string(number);
    });
  };
  for (int round = 0; round < 3; ++round) {
    for (std::int64_t i = 0; i < 5; ++i) EXPECT_EQ(get(i), std::to_string(i));
  }
  EXPECT_EQ(made, 5);
  EXPECT_EQ(cache.size(), 5u);
}

TEST(primitive_cache, forgets_the_least_recently_used) {
  Cache cache(100);
  int made = 0;
  const auto get = [&](std::int64_t number) {
    return cache.get(key(number), [&] {
      ++made;
      return std::to_string(number);
    });
  };
  for (std::int64_t i = 0; i < 1000; ++i) EXPECT_EQ(get(i), std::to_string(i));
  EXPECT_EQ(cache.size(), 100u);
  made = 0;
  EXPECT_EQ(get(950), "950");
  EXPECT_EQ(made, 0);
  EXPECT_EQ(get(0), "0");
  EXPECT_EQ(made, 1);
  EXPECT_EQ(cache.size(), 100u);
}

TEST(primitive_cache, caches_of_one_type_are_apart) {
  Cache first(4);
  Cache second(4);
  EXPECT_EQ(first.get(key(1), [] { return "first"; }), "first");
  EXPECT_EQ(second.get(key(1), [] { return "second"; }), "second");
  EXPECT_EQ(first.get(key(1), [] { return "again"; }), "first");
}

TEST(onednn, thread_count_is_put_back) {
  const int before = omp_get_max_threads();
  {
    const detail::OneDnnThreads outer(before + 1);
    EXPECT_EQ(omp_get_max_threads(), before + 1);
    {
      const detail::OneDnnThreads inner(1);
      EXPECT_EQ(omp_get_max_threads(), 1);
    }
    EXPECT_EQ(omp_get_max_threads(), before + 1);
  }
  EXPECT_EQ(omp_get_max_threads(), before);
}

// Convolutions and products of several sizes at once give what they give alone.
TEST(onednn, several_threads_at_once) {
  struct Work {
    Tensor x, w, a, b;
    std::vector<Tensor> results;
    [[nodiscard]] std::vector<Tensor> run() const {
      const Conv2DArgs args{.padding = Padding::kSame};
      const Tensor y = nn::conv2d(x, w, args);
      return {y, nn::conv2d_backprop_input(x.shape(), w, y, args),
              nn::conv2d_backprop_filter(x, w.shape(), y, args), matmul(a, b)};
    }
  };
  std::vector<Work> all;
  for (std::uint64_t i = 0; i < 4; ++i) {
    const auto n = static_cast<std::int64_t>(i);
    Work work{arbitrary({float32, Shape({2, 12 + n, 12, 8})}, i),
              arbitrary({float32, Shape({3, 3, 8, 16})}, i + 10),
              arbitrary({float32, Shape({120 + n, 80})}, i),
              arbitrary({float32, Shape({80, 90})}, i),
              {}};
    work.results = work.run();
    all.push_back(work);
  }
  std::vector<std::string> problems(all.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < all.size(); ++i) {
    threads.emplace_back([&all, &problems, i] {
      for (std::size_t round = 0; round < 8; ++round) {
        const Work& work = all[(i + round) % all.size()];
        const auto results = work.run();
        for (std::size_t j = 0; j < results.size(); ++j) {
          problems[i] += exact_difference("result", results[j], work.results[j]);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& problem : problems) EXPECT_EQ(problem, "");
}

}  // namespace
}  // namespace keen::test
