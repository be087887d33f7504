#include "kernels/random_seed.h"

#include <bit>
#include <memory>
#include <utility>

#include "runtime/op/call.h"
#include "runtime/tensor/context.h"

namespace keen::random {

OpSeeds get_seed(std::optional<std::int64_t> op_seed) {
  RandomState& state = current_random_state();
  op::Tracer* tracer = Context::current().tracer();
  if (tracer == nullptr) {
    return state.get_seed(op_seed);
  }
  return combine_seeds(state.seed(), op_seed, [tracer] { return tracer->next_op_seed(); });
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
