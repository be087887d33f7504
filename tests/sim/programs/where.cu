// Linked to NVIDIA's runtime: starts on it and on the stand-in, and tells which it is.
// usage: sim_where real|simulated
#include <cstring>

#include "tests/sim/programs/check.h"
#include "tests/sim/sim_control.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  keen::sim::test::Checks checks;
  std::printf("GPU: %s\n", keen::sim::where());
  checks.expect(std::strcmp(keen::sim::where(), argv[1]) == 0, "where it runs");
  bool refused = false;
  try {
    const auto calls = keen::sim::counts();
    int version = 0;
    KEEN_CUDA_CHECK(cudaRuntimeGetVersion(&version));
    checks.expect((keen::sim::counts() - calls).called("cudaRuntimeGetVersion") == 1, "its calls");
  } catch (const std::runtime_error&) {
    refused = true;
  }
  checks.expect(refused != keen::sim::simulated(), "nothing is counted on NVIDIA's libraries");
  return checks.status();
}
