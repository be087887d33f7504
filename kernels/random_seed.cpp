#include "kernels/random_seed.h"

#include <bit>
#include <memory>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/device/config.h"
#include "runtime/op/call.h"
#include "runtime/tensor/context.h"

namespace keen::random {

OpSeeds get_seed(std::optional<std::int64_t> op_seed) {
  RandomState& state = current_random_state();
  op::Tracer* tracer = Context::current().tracer();
  const OpSeeds seeds =
      tracer == nullptr
          ? state.get_seed(op_seed)
          : combine_seeds(state.seed(), op_seed, [tracer] { return tracer->next_op_seed(); });
  if (seeds == OpSeeds{} && config::experimental::is_op_determinism_enabled()) {
    throw RuntimeError(
        "Random ops require a seed to be set when determinism is enabled. Please set a seed before "
        "running the op, e.g. by calling tf.random.set_seed(1).");
  }
  return seeds;
}

RandomOpArgs next_op_args(DType dtype, std::optional<std::int64_t> op_seed) {
  const OpSeeds seeds = get_seed(op_seed);
  RandomOpArgs args{.seed = seeds.seed, .seed2 = seeds.seed2, .dtype = dtype};
  if (op::Tracer* tracer = Context::current().tracer(); tracer != nullptr) {
    auto stream = std::make_shared<NodeStream>(seeds);
    args.stream = std::bit_cast<std::uintptr_t>(stream.get());
    tracer->keep(std::move(stream));
  }
  return args;
}

PhiloxState reserve(const char* op_name, const RandomOpArgs& args, std::uint64_t blocks) {
  if (args.stream != 0) {
    return std::bit_cast<NodeStream*>(args.stream)->reserve(blocks);
  }
  return current_random_state().reserve(op_name, args.dtype, {args.seed, args.seed2}, blocks);
}

}  // namespace keen::random
