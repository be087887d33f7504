#include "kernels/detail/onednn_matmul.h"

#include <dnnl.hpp>
#include <string>

#include "kernels/detail/onednn.h"
#include "kernels/detail/scratch.h"
#include "runtime/base/error.h"

namespace keen::detail {
namespace {

using dnnl::memory;

struct Matmul {
  dnnl::matmul primitive;
  memory::desc a, b, c;
  std::size_t scratch_bytes = 0;
};

// A matrix of rows x columns as it is stored, or its transpose.
memory::desc matrix(std::int64_t rows, std::int64_t columns, bool transposed, std::int64_t stride) {
  const auto strides = transposed ? memory::dims{1, stride} : memory::dims{stride, 1};
  return {{rows, columns}, memory::data_type::f32, strides};
}

Matmul make(const GemmShape& s) {
  Matmul made;
  made.a = matrix(s.m, s.k, s.transpose_a, s.lda);
  made.b = matrix(s.k, s.n, s.transpose_b, s.ldb);
  made.c = matrix(s.m, s.n, false, s.ldc);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (s.accumulate) {
    dnnl::post_ops sum;
    sum.append_sum(1.0F);
    attributes.set_post_ops(sum);
  }
  const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(made.a, made.b, made.c),
                                                 attributes, onednn_engine());
  made.primitive = dnnl::matmul(description);
  made.scratch_bytes = description.scratchpad_desc().get_size();
  return made;
}

PrimitiveKey key_of(int threads, const GemmShape& s) {
  return {{threads, s.transpose_a ? 1 : 0, s.transpose_b ? 1 : 0, s.accumulate ? 1 : 0, s.m, s.n,
           s.k, s.lda, s.ldb, s.ldc}};
}

}  // namespace

void onednn_gemm(device::DeviceContext& device, const GemmShape& shape, const float* a,
                 const float* b, float* c) {
  static auto* cache = new PrimitiveCache<Matmul>(1024);
  const int threads = device.threads();
  const OneDnnThreads scope(threads);
  try {
    const Matmul& matmul = cache->get(key_of(threads, shape), [&] { return make(shape); });
    const auto& engine = onednn_engine();
    const Scratch scratch(device, matmul.scratch_bytes);
    dnnl::memory::desc pad({static_cast<std::int64_t>(matmul.scratch_bytes)}, memory::data_type::u8,
                           memory::format_tag::a);
    matmul.primitive.execute(onednn_stream(),
                             {{DNNL_ARG_SRC, memory(matmul.a, engine, const_cast<float*>(a))},
                              {DNNL_ARG_WEIGHTS, memory(matmul.b, engine, const_cast<float*>(b))},
                              {DNNL_ARG_DST, memory(matmul.c, engine, c)},
                              {DNNL_ARG_SCRATCHPAD, memory(pad, engine, scratch.data())}});
  } catch (const dnnl::error& error) {
    throw InternalError(std::string("MatMul: oneDNN: ") + error.what());
  }
}

}  // namespace keen::detail
