// Reductions in every dtype beside the CPU: rows, columns and axes in between; sizes that are whole
// vectors and such that are not; one launch and two; indices of 32 and of 64 bits.
#include "kernels/reduce.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/l2_loss.h"
#include "kernels/mean_grad.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "tests/gpu/beside_cpu.h"

namespace keen::test {
namespace {

using Reduce = Tensor (*)(const Tensor&, const ReduceArgs&);

struct Row {
  const char* name;
  Reduce reduce;
  int period;  // of the numbers
};

const std::vector<Row>& rows() {
  static const std::vector<Row> list = {{"sum", reduce_sum, 5},
                                        {"mean", reduce_mean, 5},
                                        {"max", reduce_max, 97},
                                        {"min", reduce_min, 97},
                                        {"prod", reduce_prod, 3}};
  return list;
}

std::vector<DType> types_in(DTypeSet set) {
  std::vector<DType> types;
  for (int type = 1; type < static_cast<int>(DType::kString); ++type) {
    if (contains(set, static_cast<DType>(type))) types.push_back(static_cast<DType>(type));
  }
  return types;
}

struct Work {
  Shape shape;
  std::vector<Ints> axes;
  int launches;
};

std::vector<Work> works() {
  const std::vector<Ints> each = {{0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 2}, Ints()};
  return {{Shape({5}), {{0}}, 1},
          {Shape({3, 40, 8}), each, 1},
          {Shape({9, 10, 3}), each, 1},
          {Shape({2, 300, 1}), each, 1},
          {Shape({4, 5, 3, 7, 2}), {{1, 3}, {0, 2, 4}}, 1},
          {Shape({2, 0, 3}), {{1}, {0}}, -1},
          {Shape({140007}), {{0}}, 2},
          {Shape({2, 80000}), {{1}, {0, 1}}, 2},
          {Shape({40000, 8}), {{0}}, 2},
          {Shape({40000, 3}), {{0}}, 2},
          {Shape({2, 20000, 4}), {{1}, {0, 1}}, 2}};
}

// Large arrays in these alone: what tells types apart shows in small ones. bfloat16 has kernels of
// its own for two launches, as every 16-bit type that accumulates in float32.
constexpr DTypeSet kOneOfEachSize = set_of(DType::kFloat32) | set_of(DType::kFloat16) |
                                    set_of(DType::kBool) | set_of(DType::kInt8) |
                                    set_of(DType::kInt64);

DTypeSet types_of(const Work& large) {
  return large.shape.rank() == 1 ? kOneOfEachSize | set_of(DType::kBFloat16) : kOneOfEachSize;
}

void compare_all(const std::vector<Row>& list, DTypeSet types) {
  for (const DType dtype : types_in(types)) {
    for (const Row& row : list) {
      for (const Work& work : works()) {
        if (work.launches == 2 && !contains(types_of(work), dtype)) continue;
        const Tensor x = small_numbers(work.shape, dtype, row.period);
        // Columns of small elements take fewer threads.
        const int launches = work.launches == 2 && size_of(dtype) < 4 ? -1 : work.launches;
        for (const Ints& axes : work.axes) {
          expect_as_cpu(
              text(row.name, " of ", x.spec(), " over ", axes),
              [&](const std::vector<Tensor>& in) {
                return std::vector<Tensor>{row.reduce(in[0], {.axis = axes})};
              },
              {x}, is_floating(dtype) ? kContraction : kExact, launches);
        }
      }
    }
  }
}

TEST(gpu_reduce, numbers_as_the_cpu) { compare_all(rows(), detail::Numbers::kSet); }

TEST(gpu_reduce, bools_as_the_cpu) {
  compare_all({{"all", reduce_all, 5}, {"any", reduce_any, 5}}, set_of(DType::kBool));
}

TEST(gpu_reduce, counts_in_64_bits) {
  const WideIndices wide;
  compare_all({{"sum", reduce_sum, 5}}, set_of(DType::kFloat32) | set_of(DType::kInt8));
}

TEST(gpu_reduce, l2_losses_as_the_cpu) {
  for (const DType dtype : types_in(detail::Floats::kSet)) {
    for (const Shape& shape :
         {Shape({7}), Shape({33, 10}), Shape({3, 3, 3, 64}), Shape({150001})}) {
      const Tensor x = small_numbers(shape, dtype, 3);
      expect_as_cpu(
          text("l2_loss of ", x.spec()),
          [](const std::vector<Tensor>& in) { return std::vector<Tensor>{nn::l2_loss(in[0])}; },
          {x}, kContraction, shape.num_elements() < 100000 ? 1 : 2);
    }
  }
}

TEST(gpu_reduce, gradients_of_means_and_losses_are_the_cpus) {
  for (const DType dtype : types_in(detail::Floats::kSet)) {
    for (const Shape& shape : {Shape({7}), Shape({3, 5, 8})}) {
      const Tensor x = small_numbers(shape, dtype, 3);
      expect_bits_of_cpu(text("of l2_loss of ", x.spec()),
                         [](const std::vector<Tensor>& in) {
                           return std::vector<Tensor>{op::execute(op::kL2LossGrad, {in[0], in[1]},
                                                                  op::L2LossArgs{.weight = 0.3})};
                         },
                         {x, scalar_like(1.7, dtype)});
      Shape kept = shape;
      kept.set_dim(0, 1);
      expect_bits_of_cpu(text("of the mean of ", x.spec()),
                         [&](const std::vector<Tensor>& in) {
                           const op::MeanGradArgs args{.shape = shape, .divisor = 3};
                           return std::vector<Tensor>{op::execute(op::kMeanGrad, {in[0]}, args),
                                                      op::execute(op::kMeanGrad, {in[1]}, args)};
                         },
                         {small_numbers(kept, dtype), scalar_like(1.7, dtype)});
    }
  }
}

}  // namespace
}  // namespace keen::test
