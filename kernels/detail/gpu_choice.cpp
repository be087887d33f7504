#include "kernels/detail/gpu_choice.h"

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen::detail {
namespace {

GpuChoice from_environment() {
  const char* value = std::getenv("KEEN_CONV");
  if (value == nullptr || std::string_view(value) == "auto") return GpuChoice::kAuto;
  if (std::string_view(value) == "library") return GpuChoice::kLibrary;
  if (std::string_view(value) == "own") return GpuChoice::kOwn;
  throw InvalidArgumentError(text("KEEN_CONV must be auto, library or own, got ", value));
}

std::atomic<GpuChoice>& choice() {
  static std::atomic<GpuChoice> the_choice{from_environment()};
  return the_choice;
}

}  // namespace

GpuChoice gpu_choice() { return choice().load(std::memory_order_relaxed); }

void set_gpu_choice(GpuChoice to) { choice().store(to, std::memory_order_relaxed); }

}  // namespace keen::detail
