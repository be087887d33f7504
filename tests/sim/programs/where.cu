// Linked to NVIDIA's runtime: starts on it and on the stand-in, and tells which it is, and that
// where it is the stand-in none of NVIDIA's libraries is mapped. usage: sim_where real|simulated
#include <dlfcn.h>
#include <link.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/sim/programs/check.h"
#include "tests/sim/sim_control.h"

namespace {

// Links resolved: the stand-in goes by the names of what it takes the place of.
std::vector<std::string> mapped_files() {
  std::vector<std::string> files;
  const auto add = [](dl_phdr_info* info, std::size_t, void* data) {
    std::error_code error;
    const auto path = std::filesystem::canonical(info->dlpi_name, error);
    if (!error) static_cast<std::vector<std::string>*>(data)->push_back(path.filename().string());
    return 0;
  };
  dl_iterate_phdr(add, &files);
  return files;
}

int count_mapped(const std::vector<const char*>& beginnings) {
  int count = 0;
  for (const std::string& file : mapped_files()) {
    for (const char* beginning : beginnings) count += file.rfind(beginning, 0) == 0 ? 1 : 0;
  }
  return count;
}

void expect_mapped(keen::sim::test::Checks& checks) {
  const bool simulated = keen::sim::simulated();
  if (simulated) {
    for (const char* name :
         {"libcublas.so.13", "libcublasLt.so.13", "libcudnn.so.9", "libnccl.so.2"}) {
      checks.expect(dlopen(name, RTLD_NOW) != nullptr, name);
    }
  }
  const int real = count_mapped({"libcudart", "libcublas", "libcudnn", "libnccl", "libcuda.so"});
  checks.expect(simulated == (real == 0), "which of NVIDIA's libraries are mapped");
  checks.expect(count_mapped({"libcudasim"}) == (simulated ? 1 : 0), "the stand-in is one library");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  keen::sim::test::Checks checks;
  std::printf("GPU: %s\n", keen::sim::where());
  checks.expect(std::strcmp(keen::sim::where(), argv[1]) == 0, "where it runs");
  expect_mapped(checks);
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
