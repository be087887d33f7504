#include "kernels/random_shuffle.h"

#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "kernels/detail/gather.h"
#include "kernels/random_seed.h"
#include "runtime/op/execute.h"
#include "runtime/op/op.h"
#include "runtime/tensor/philox.h"

namespace keen {
namespace op {
namespace {

using random::PhiloxState;

void infer(InferContext& context) { context.set_output(0, context.input(0)); }

// Row i of the result is row order[i] of the input: swaps i with a later one, front to back, by one
// word each.
std::vector<std::int64_t> shuffled_order(const PhiloxState& start, std::int64_t rows) {
  const auto count = static_cast<std::size_t>(rows);
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::vector<std::uint32_t> words((count + 3) / 4 * 4);
  random::philox_words(start, static_cast<std::int64_t>(words.size() / 4), words.data());
  for (std::size_t i = 0; i + 1 < count; ++i) {
    std::swap(order[i], order[i + words[i] % (count - i)]);
  }
  return order;
}

// The next order of the input's rows; empty where there is nothing to shuffle, and the output
// shares the input's elements.
std::vector<std::int64_t> next_order(KernelContext& context) {
  const Shape& shape = context.shape(0);
  const std::int64_t rows = shape.rank() == 0 ? 1 : shape.dim(0);
  if (rows <= 1 || shape.num_elements() <= 1) {
    context.share_output(0, context.input(0));
    return {};
  }
  // One word for each swap is set aside, unlike in other random ops.
  const auto blocks = static_cast<std::uint64_t>((rows - 1 + 3) / 4);
  return shuffled_order(
      random::reserve(context.op_name(), context.attrs<random::RandomOpArgs>(), blocks), rows);
}

void shuffle_cpu(KernelContext& context) {
  const std::vector<std::int64_t> order = next_order(context);
  if (order.empty()) return;
  const auto rows = static_cast<std::int64_t>(order.size());
  const std::int64_t row_elements = context.shape(0).num_elements() / rows;
  if (context.dtype(0) == DType::kString) {
    const std::string* from = context.in<std::string>(0);
    std::string* to = context.out<std::string>(0);
    for (const std::int64_t row : order) {
      to = std::copy_n(from + row * row_elements, row_elements, to);
    }
    return;
  }
  const std::size_t bytes = static_cast<std::size_t>(row_elements) * size_of(context.dtype(0));
  const char* from = context.in<char>(0);
  char* to = context.out<char>(0);
  for (const std::int64_t row : order) {
    std::memcpy(to, from + static_cast<std::size_t>(row) * bytes, bytes);
    to += bytes;
  }
}

// Each swap builds on those before it, so the host finds the order; it needs no element for that.
[[maybe_unused]] void shuffle_gpu(KernelContext& context) {
  const std::vector<std::int64_t> order = next_order(context);
  if (order.empty()) return;
  const auto rows = static_cast<std::int64_t>(order.size());
  const std::size_t bytes = order.size() * sizeof(std::int64_t);
  const RefPtr<Buffer> places = context.scratch(bytes);
  context.device_context().copy(places->data(), order.data(), cpu(), bytes);
  const std::size_t element = size_of(context.dtype(0));
  detail::gather_rows(
      context.device(),
      {.limit = rows,
       .count = rows,
       .row_bytes = context.shape(0).num_elements() / rows * static_cast<std::int64_t>(element),
       .element_bytes = element,
       .index_type = DType::kInt64},
      context.in<void>(0), places->data(), context.out<void>(0));
}

}  // namespace

constinit const Op kRandomShuffle{.name = "RandomShuffle",
                                  .inputs = {{"value"}},
                                  .dtypes = kAllTypes,
                                  .gpu_dtypes = kFixedSizeTypes,
                                  .effect = Effect::kRandom,
                                  .infer = infer,
                                  .gradient = not_differentiable,
                                  .cpu = shuffle_cpu,
                                  .gpu = KEEN_GPU_KERNEL(shuffle_gpu)};
KEEN_OP(kRandomShuffle);

}  // namespace op

Tensor random::shuffle(const Tensor& value, const ShuffleArgs& args) {
  return op::execute(op::kRandomShuffle, {value}, next_op_args(value.dtype(), args.seed));
}

}  // namespace keen
