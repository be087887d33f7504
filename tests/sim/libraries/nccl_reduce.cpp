#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "tests/sim/core/memory.h"
#include "tests/sim/libraries/nccl_world.h"

namespace keen::sim {
namespace {

using Calls = std::vector<std::optional<CollectiveCall>>;

// The 16-bit types are added up as floats.
template <class T>
T widen(T value) {
  return value;
}
float widen(__half value) { return __half2float(value); }
float widen(__nv_bfloat16 value) { return __bfloat162float(value); }

template <class T, class Sum>
T narrow(Sum value) {
  if constexpr (std::is_same_v<T, __half>) {
    return __float2half(value);
  } else if constexpr (std::is_same_v<T, __nv_bfloat16>) {
    return __float2bfloat16(value);
  } else {
    return static_cast<T>(value);
  }
}

// Signed integers wrap around.
template <class Sum>
Sum combine(Sum a, Sum b, ncclRedOp_t op) {
  if (op == ncclMax) return a < b ? b : a;
  if (op == ncclMin) return b < a ? b : a;
  if constexpr (std::is_integral_v<Sum>) {
    const std::uint64_t left = static_cast<std::make_unsigned_t<Sum>>(a);
    const std::uint64_t right = static_cast<std::make_unsigned_t<Sum>>(b);
    return static_cast<Sum>(op == ncclProd ? left * right : left + right);
  } else {
    return op == ncclProd ? a * b : a + b;
  }
}

// The ranks' inputs, combined upwards from rank 0.
template <class T>
std::vector<T> reduced(const Calls& calls, std::size_t count) {
  const ncclRedOp_t op = calls[0]->op;
  std::vector<T> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto input = [&](const auto& call) {
      return widen(backing(static_cast<const T*>(call->send))[i]);
    };
    auto sum = input(calls[0]);
    for (std::size_t rank = 1; rank < calls.size(); ++rank) {
      sum = combine(sum, input(calls[rank]), op);
    }
    if (op == ncclAvg)
      sum = static_cast<decltype(sum)>(sum / static_cast<decltype(sum)>(calls.size()));
    result[i] = narrow<T>(sum);
  }
  return result;
}

template <class T>
void reduce(const Calls& calls) {
  const CollectiveCall& first = *calls[0];
  const bool scatters = first.kind == CollectiveKind::kReduceScatter;
  const std::vector<T> result = reduced<T>(calls, first.count * (scatters ? calls.size() : 1));
  for (std::size_t rank = 0; rank < calls.size(); ++rank) {
    if (first.kind == CollectiveKind::kReduce && static_cast<int>(rank) != first.root) continue;
    const T* part = result.data() + (scatters ? rank * first.count : 0);
    std::memcpy(backing(calls[rank]->recv), part, first.count * sizeof(T));
  }
}

// Broadcast and all-gather: what some ranks send goes to all.
void copy(const Calls& calls) {
  const CollectiveCall& first = *calls[0];
  const std::size_t bytes = first.count * element_bytes(first.type);
  std::vector<char> data;
  for (std::size_t rank = 0; rank < calls.size(); ++rank) {
    if (first.kind == CollectiveKind::kBroadcast && static_cast<int>(rank) != first.root) continue;
    const char* sent = backing(static_cast<const char*>(calls[rank]->send));
    data.insert(data.end(), sent, sent + bytes);
  }
  for (const auto& call : calls) std::memcpy(backing(call->recv), data.data(), data.size());
}

}  // namespace

std::size_t element_bytes(ncclDataType_t type) {
  switch (type) {
    case ncclInt8:
    case ncclUint8:
      return 1;
    case ncclFloat16:
    case ncclBfloat16:
      return 2;
    case ncclInt32:
    case ncclUint32:
    case ncclFloat32:
      return 4;
    case ncclInt64:
    case ncclUint64:
    case ncclFloat64:
      return 8;
    default:
      return 0;
  }
}

void run_collective(const std::vector<std::optional<CollectiveCall>>& calls) {
  const CollectiveCall& first = *calls[0];
  if (first.count == 0) return;
  if (first.is_transfer()) {
    std::memmove(backing(calls[1]->recv), backing(first.send),
                 first.count * element_bytes(first.type));
    return;
  }
  if (first.kind == CollectiveKind::kBroadcast || first.kind == CollectiveKind::kAllGather) {
    copy(calls);
    return;
  }
  switch (first.type) {
    case ncclInt8:
      return reduce<std::int8_t>(calls);
    case ncclUint8:
      return reduce<std::uint8_t>(calls);
    case ncclInt32:
      return reduce<std::int32_t>(calls);
    case ncclUint32:
      return reduce<std::uint32_t>(calls);
    case ncclInt64:
      return reduce<std::int64_t>(calls);
    case ncclUint64:
      return reduce<std::uint64_t>(calls);
    case ncclFloat16:
      return reduce<__half>(calls);
    case ncclBfloat16:
      return reduce<__nv_bfloat16>(calls);
    case ncclFloat64:
      return reduce<double>(calls);
    default:
      return reduce<float>(calls);
  }
}

}  // namespace keen::sim
