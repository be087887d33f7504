#pragma once
#include <cublasLt.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace keen::sim {

// What the opaque descriptors of <cublasLt.h> hold. The header lets a caller keep one in memory of
// his own (cublasLtMatmulDescInit and its like), so the state lies within the descriptor, behind a
// mark that says that it was initialised.

struct MatmulDescriptor {
  static constexpr std::uint64_t kMark = 0x6b65656e'6c740001;
  std::uint64_t mark = kMark;
  std::int32_t compute = 0;
  std::int32_t scale = 0;
  std::int32_t pointer_mode = CUBLASLT_POINTER_MODE_HOST;
  std::int32_t operation_a = CUBLAS_OP_N;
  std::int32_t operation_b = CUBLAS_OP_N;
  std::int32_t operation_c = CUBLAS_OP_N;
  std::int32_t fill = CUBLAS_FILL_MODE_FULL;
  std::uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  void* bias = nullptr;
  std::int64_t bias_batch_stride = 0;
  std::int32_t bias_type = -1;
  void* auxiliary = nullptr;
  std::int64_t auxiliary_leading = 0;
  std::int64_t auxiliary_batch_stride = 0;
  std::int32_t auxiliary_type = -1;
};

struct LayoutDescriptor {
  static constexpr std::uint64_t kMark = 0x6b65656e'6c740002;
  std::uint64_t mark = kMark;
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  std::int64_t leading = 0;
  std::int64_t batch_stride = 0;
  std::uint32_t type = 0;
  std::int32_t order = CUBLASLT_ORDER_COL;
  std::int32_t batch = 1;
};

struct PreferenceDescriptor {
  static constexpr std::uint64_t kMark = 0x6b65656e'6c740003;
  std::uint64_t mark = kMark;
  std::uint64_t workspace_bytes = 0;
  std::uint32_t search_mode = CUBLASLT_SEARCH_BEST_FIT;
  std::uint32_t reductions = CUBLASLT_REDUCTION_SCHEME_MASK;
  std::uint32_t alignment_a = 256;
  std::uint32_t alignment_b = 256;
  std::uint32_t alignment_c = 256;
  std::uint32_t alignment_d = 256;
};

// An algorithm remembers what the heuristic was told, so that a call that breaks it is refused.
struct Algorithm {
  static constexpr std::uint64_t kMark = 0x6b65656e'6c740004;
  std::uint64_t mark = kMark;
  std::uint64_t workspace_bytes = 0;
  std::uint64_t problem = 0;  // a hash of what it was found for
  std::uint16_t alignment_a = 256;
  std::uint16_t alignment_b = 256;
  std::uint16_t alignment_c = 256;
  std::uint16_t alignment_d = 256;
  bool short_partial_sums = true;
  // Of the library support table: then what it says of a run is the answer.
  bool from_table = false;
  std::int16_t run_status = 0;
};

template <class State, class Opaque>
void write_state(Opaque* opaque, const State& state) {
  static_assert(sizeof(State) <= sizeof(Opaque) && std::is_trivially_copyable_v<State>);
  std::memcpy(opaque, &state, sizeof state);
}

// False: not an initialised descriptor of that kind.
template <class State, class Opaque>
bool read_state(const Opaque* opaque, State* state) {
  static_assert(sizeof(State) <= sizeof(Opaque) && std::is_trivially_copyable_v<State>);
  if (opaque == nullptr) return false;
  std::memcpy(static_cast<void*>(state), opaque, sizeof *state);
  return state->mark == State::kMark;
}

// One attribute as the header stores it.
struct AttributeField {
  void* place = nullptr;  // nullptr: the stand-in does not have it
  std::size_t bytes = 0;
};

}  // namespace keen::sim
