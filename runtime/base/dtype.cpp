#include "runtime/base/dtype.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen {
namespace {

constexpr int kCount = static_cast<int>(DType::kString) + 1;
constexpr const char* kNames[kCount] = {"invalid",  "float32", "float64", "float16",
                                        "bfloat16", "int8",    "int16",   "int32",
                                        "int64",    "uint8",   "bool",    "string"};
constexpr const char* kKernelNames[kCount] = {"invalid",  "float", "double", "half",
                                              "bfloat16", "int8",  "int16",  "int32",
                                              "int64",    "uint8", "bool",   "string"};

}  // namespace

const char* name_of(DType dtype) noexcept { return kNames[static_cast<int>(dtype)]; }

const char* kernel_name_of(DType dtype) noexcept { return kKernelNames[static_cast<int>(dtype)]; }

DType dtype_from_name(const std::string& name) {
  for (int i = 1; i < kCount; ++i) {
    if (name == kNames[i] || name == kKernelNames[i]) return static_cast<DType>(i);
  }
  throw ValueError(text("Cannot convert ", name, " to a dtype"));
}

void append_text(std::string& out, DType dtype) { out.append(name_of(dtype)); }

}  // namespace keen
