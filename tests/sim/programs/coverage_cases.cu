// Kernels that several processes of one program launch, and the tool that puts together what they
// have left. usage: sim_coverage_cases TOOL, or with "launch" and names: launches these kernels.
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/process.h"

namespace {

using namespace keen::sim::test;
namespace fs = std::filesystem;

__global__ void first(int* x, int n) {
  if (threadIdx.x < n) x[threadIdx.x] = 1;
}
__global__ void second(int* x) { x[threadIdx.x] = 2; }
__global__ void forgotten(int* x) { x[threadIdx.x] = 3; }

int launch(int count, char** names) {
  int* x = device_array<int>(32);
  for (int i = 0; i < count; ++i) {
    if (std::strcmp(names[i], "first") == 0) first<<<1, 32>>>(x, 0);
    if (std::strcmp(names[i], "all_of_first") == 0) first<<<1, 32>>>(x, 32);
    if (std::strcmp(names[i], "second") == 0) second<<<1, 32>>>(x);
    if (std::strcmp(names[i], "forgotten") == 0) forgotten<<<1, 32>>>(x);
  }
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  return 0;
}

class Folder {
 public:
  Folder(std::string program, std::string tool) : program_(program), tool_(tool) {
    std::string name = fs::temp_directory_path() / "cudasim_coverage_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::exit(1);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }

  // A process that launches kernels; its status.
  int process(const std::string& names, const std::string& settings = "CUDASIM_MODEL=h200") {
    return run_command("CUDASIM_COVERAGE='" + path_ + "' " + settings + " '" + program_ +
                       "' launch " + names)
        .status;
  }
  Result tool(const std::string& option = "") {
    return run_command("'" + tool_ + "' " + option + " '" + path_ + "'");
  }

 private:
  std::string program_, tool_, path_;
};

void check(const char* program, const char* tool, Checks& checks) {
  Folder folder(program, tool);
  const Result nobody = folder.tool();
  checks.expect(nobody.status == 2 && nobody.has("no process"), "a folder without records");

  checks.expect(folder.process("first") == 0, "the first process");
  checks.expect(folder.process("second", "CUDASIM_MODEL=t4") == 0, "one on another model");
  const Result missing = folder.tool();
  checks.expect(missing.status == 1, "a kernel that none has launched is a failure");
  checks.expect(missing.has("never launched: (anonymous namespace)::forgotten\n"), "its name");
  checks.expect(missing.has("1 of 3 kernels never launched"), "and that of no other");

  checks.expect(folder.process("forgotten first") == 0, "a third process");
  const Result all = folder.tool();
  checks.expect(all.status == 0 && all.has("0 of 3 kernels"), "together they launch all");

  const Result blocks = folder.tool("--blocks");
  checks.expect(blocks.has("first, PTX for 90: 2 launches") && blocks.has("  never: PTX line") &&
                    blocks.has("coverage_cases.cu:"),
                "a block that never ran, and its line");
  checks.expect(folder.process("all_of_first") == 0, "a fourth process");
  checks.expect(!folder.tool("--blocks").has("never:"), "all blocks have run");

  // Within one process.
  checks.expect(folder.process("first second", "CUDASIM_ALL_KERNELS=1") == 66,
                "a process that must launch all, and does not");
  checks.expect(folder.process("first second forgotten", "CUDASIM_ALL_KERNELS=1") == 0,
                "and one that does");
  checks.expect(
      run_command(std::string("CUDASIM_COVERAGE=/dev/null/no '") + program + "' launch").status ==
          66,
      "a folder that cannot be");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 2 && std::strcmp(argv[1], "launch") == 0) return launch(argc - 2, argv + 2);
  if (argc != 2) return 2;
  Checks checks;
  check(argv[0], argv[1], checks);
  return checks.status();
}
