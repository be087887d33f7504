// Products of matrices by cuBLASLt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "runtime/base/dtype.h"
#include "runtime/device/device.h"

namespace keen::device::cuda {

// What is done along the way with a vector of n elements: `kBias` adds it to each row of the
// result, `kBiasRelu` takes what is above zero of that, `kColumnSums` writes the sums of op(b)'s
// columns to it.
enum class Epilogue : std::uint8_t { kNone, kBias, kBiasRelu, kColumnSums };

// op(a) [m, k] times op(b) [k, n], row-major and dense, a batch of them at fixed distances in
// elements. A distance of 0 gives every product the same matrix. float32, float64, float16 and
// bfloat16; the sums of 16-bit types are in float32.
struct Product {
  DType dtype = DType::kFloat32;
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;              // adds to out
  Epilogue epilogue = Epilogue::kNone;  // for a batch of one
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  std::int64_t batch = 1;
  std::int64_t a_stride = 0;
  std::int64_t b_stride = 0;
  std::int64_t out_stride = 0;

  friend auto operator<=>(const Product&, const Product&) = default;  // NOLINT
};

// Enqueues the product. False: the library does not do it. No size is 0. `vector` is the
// epilogue's.
[[nodiscard]] bool multiply(Device device, const Product& product, const void* a, const void* b,
                            void* out, const void* vector = nullptr);

// What a thread has asked the library for, kept with its handle.
class ProductPlans {
 public:
  ProductPlans();
  ProductPlans(const ProductPlans&) = delete;
  ProductPlans& operator=(const ProductPlans&) = delete;
  ~ProductPlans();

  // What a plan depends on.
  struct Key {
    Product product;
    bool tensor_float_32 = false;
    std::uint32_t a_alignment = 0;
    std::uint32_t b_alignment = 0;
    std::uint32_t out_alignment = 0;

    friend auto operator<=>(const Key&, const Key&) = default;  // NOLINT
  };
  struct Plan;

 private:
  friend bool multiply(Device, const Product&, const void*, const void*, void*, const void*);
  std::map<Key, std::unique_ptr<Plan>> plans_;
};

}  // namespace keen::device::cuda
