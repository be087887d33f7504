#include "kernels/detail/onednn.h"

#include <omp.h>

#include <dnnl.hpp>

namespace keen::detail {

const dnnl::engine& onednn_engine() {
  // Never destroyed: threads may still hold primitives when the process ends.
  static const auto* engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

const dnnl::stream& onednn_stream() {
  static thread_local const dnnl::stream stream(onednn_engine());
  return stream;
}

OneDnnThreads::OneDnnThreads(int threads) : before_(omp_get_max_threads()) {
  if (threads != before_) omp_set_num_threads(threads);
}

OneDnnThreads::~OneDnnThreads() {
  if (omp_get_max_threads() != before_) omp_set_num_threads(before_);
}

std::size_t PrimitiveKey::hash() const {
  std::uint64_t hash = 0x9E3779B97F4A7C15ULL;
  for (const std::int64_t field : fields) {
    hash = (hash ^ static_cast<std::uint64_t>(field)) * 0xFF51AFD7ED558CCDULL;
    hash ^= hash >> 32;
  }
  return static_cast<std::size_t>(hash);
}

}  // namespace keen::detail
