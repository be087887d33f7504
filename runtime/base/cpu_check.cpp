// Compiled for plain x86-64: the one file that may run before we know what the processor can do.
#include <cstdio>
#include <cstdlib>

namespace {

bool has_baseline() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
         __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0;
}

// Priority 101 is the first that a program may ask for: before any other initialiser of the library
// could meet an instruction that the processor lacks.
__attribute__((constructor(101))) void check_processor() {
  if (has_baseline()) return;
  std::fputs("keen: this processor lacks AVX2, FMA or BMI2; Keen needs x86-64-v3 or later\n",
             stderr);
  std::_Exit(1);
}

}  // namespace
