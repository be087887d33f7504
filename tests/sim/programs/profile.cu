// What is counted, on cases whose figures are worked out by hand. usage: sim_profile CASE
#include <algorithm>
#include <map>
#include <string>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/fault_kernels.cuh"
#include "tests/sim/programs/profile_kernels.cuh"
#include "tests/sim/sim_control.h"

namespace {

using namespace keen::sim::test;
using keen::sim::active_lanes;
using keen::sim::allocations;
using keen::sim::bytes_per_element;
using keen::sim::coalescing;
using keen::sim::Counts;
using keen::sim::counts;
using keen::sim::synchronisations;

Checks checks;

std::map<std::string, void (*)()>& cases() {
  static std::map<std::string, void (*)()> all;
  return all;
}

#define KEEN_PROFILE(name)                                       \
  void name();                                                   \
  const bool name##_added = cases().emplace(#name, name).second; \
  void name()

void equal(const char* what, double got, double wanted) {
  checks.expect(got == wanted, what);
  if (got != wanted) std::printf("  %s: %.17g, not %.17g\n", what, got, wanted);
}

void within(const char* what, double got, double low, double high) {
  checks.expect(got >= low && got <= high, what);
  if (!(got >= low && got <= high)) {
    std::printf("  %s: %.17g, not %.17g to %.17g\n", what, got, low, high);
  }
}

void equal(const char* what, const cudasim_access& got, const cudasim_access& wanted) {
  const std::string name(what);
  equal((name + ", requests").c_str(), got.requests, wanted.requests);
  equal((name + ", sectors").c_str(), got.sectors, wanted.sectors);
  equal((name + ", bytes").c_str(), got.bytes, wanted.bytes);
  equal((name + ", used").c_str(), got.used, wanted.used);
}

void equal_shared(const cudasim_kernel& got, long long requests, long long passes,
                  long long conflicts) {
  equal("shared requests", got.shared_requests, requests);
  equal("shared passes", got.shared_passes, passes);
  equal("bank conflicts", got.shared_conflicts, conflicts);
}

// What the launch adds to the profile of the only kernel that it runs.
template <class F>
cudasim_kernel profile(F launch) {
  const Counts before = counts();
  launch();
  KEEN_CUDA_CHECK(cudaGetLastError());
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  return (counts() - before).kernel("");
}

// ---- Global memory ------------------------------------------------------------------------------

constexpr int kCount = 1024;

// 32 warps; 128 bytes of a warp are 4 sectors.
KEEN_PROFILE(copy_of_float) {
  const float* x = zeros();
  float* y = zeros();
  const auto k = profile([&] { copy<float><<<4, 256>>>(x, y); });
  equal("loads", k.loads, {32, 128, 4096, 4096});
  equal("stores", k.stores, {32, 128, 4096, 4096});
  equal("coalescing", coalescing(k), 100);
  equal("bytes per element", bytes_per_element(k, kCount), 8);
  equal("active lanes", active_lanes(k), 32);
  equal("blocks", k.blocks, 4);
  equal("threads", k.threads, 1024);
  equal("launches", k.launches, 1);
  equal_shared(k, 0, 0, 0);
}

// The same bytes by 8 warps; 512 bytes of a warp are one request of 16 sectors.
KEEN_PROFILE(copy_of_float4) {
  const float* x = zeros();
  float* y = zeros();
  const auto k = profile([&] {
    copy<float4><<<1, 256>>>(reinterpret_cast<const float4*>(x), reinterpret_cast<float4*>(y));
  });
  equal("loads", k.loads, {8, 128, 4096, 4096});
  equal("stores", k.stores, {8, 128, 4096, 4096});
  equal("coalescing", coalescing(k), 100);
  equal("bytes per element", bytes_per_element(k, kCount), 8);
}

// 4 bytes past a sector: 128 bytes touch a fifth.
KEEN_PROFILE(copy_at_an_offset) {
  const float* x = zeros();
  float* y = zeros();
  const auto k = profile([&] { copy<float><<<4, 256>>>(x + 1, y); });
  equal("loads", k.loads, {32, 160, 4096, 4096});
  equal("coalescing of loads", coalescing(k.loads), 80);
  equal("coalescing of stores", coalescing(k.stores), 100);
  equal("bytes per element", bytes_per_element(k, kCount), 9);
}

KEEN_PROFILE(copy_of_strides) {
  const float* x = zeros(1 << 16);
  float* y = zeros();
  struct {
    int stride;
    long long sectors;  // of a warp: its 32 floats lie over 128 * stride bytes
    double percent;
  } rows[] = {{2, 8, 50}, {4, 16, 25}, {8, 32, 12.5}, {32, 32, 12.5}};
  for (const auto& row : rows) {
    const auto k = profile([&] { copy_strided<<<4, 256>>>(x, y, row.stride); });
    equal("loads", k.loads, {32, 32 * row.sectors, 4096, 4096});
    equal("coalescing of loads", coalescing(k.loads), row.percent);
    equal("coalescing of stores", coalescing(k.stores), 100);
  }
  // All lanes at one float: asked for 32 times, moved as one sector.
  const auto k = profile([&] { copy_strided<<<4, 256>>>(x, y, 0); });
  equal("loads", k.loads, {32, 32, 4096, 128});
  equal("coalescing of loads", coalescing(k.loads), 12.5);
}

KEEN_PROFILE(axpy_moves_12_bytes) {
  const float* x = zeros();
  float* y = zeros();
  const auto k = profile([&] { axpy<<<4, 256>>>(2, x, y); });
  equal("load requests", k.loads.requests, 64);
  equal("bytes per element", bytes_per_element(k, kCount), 12);
}

KEEN_PROFILE(atomics_count_apart) {
  const float* x = zeros();
  float* y = zeros();
  const auto k = profile([&] { add_up<<<1, 64>>>(x, y); });
  equal("loads", k.loads, {2, 8, 256, 256});
  equal("stores", k.stores, {0, 0, 0, 0});
  equal("atomics", k.atomic_requests, 2);
}

// ---- Transposes of 64 x 64: 4 blocks of 32 warps ------------------------------------------------

constexpr int kSide = 64;

// A warp writes 32 floats in 32 rows: a sector each.
KEEN_PROFILE(naive_transpose) {
  const float* x = zeros();
  float* y = zeros();
  const auto k = profile([&] { transpose_naive<<<dim3(2, 2), dim3(32, 32)>>>(x, y, kSide); });
  equal("loads", k.loads, {128, 512, 16384, 16384});
  equal("stores", k.stores, {128, 4096, 16384, 16384});
  equal("coalescing of loads", coalescing(k.loads), 100);
  equal("coalescing of stores", coalescing(k.stores), 12.5);
}

// Rows go in without a conflict; a column lies in one bank, which serves 32 words in turn.
KEEN_PROFILE(tiled_transpose) {
  const float* x = zeros();
  float* y = zeros();
  const auto k = profile([&] { transpose_tiled<32><<<dim3(2, 2), dim3(32, 32)>>>(x, y, kSide); });
  equal("coalescing", coalescing(k), 100);
  equal_shared(k, 256, 128 + 128 * 32, 128 * 31);
}

// Rows of 33 words: a column lies in 32 banks.
KEEN_PROFILE(padded_transpose) {
  const float* x = zeros();
  float* y = zeros();
  const auto k = profile([&] { transpose_tiled<33><<<dim3(2, 2), dim3(32, 32)>>>(x, y, kSide); });
  equal("coalescing", coalescing(k), 100);
  equal_shared(k, 256, 256, 0);
}

// ---- Shared memory ------------------------------------------------------------------------------

// One warp stores and loads with a pattern: passes and conflicts of each.
template <class T>
void pattern(int stride, int lanes, long long passes, long long conflicts) {
  const auto* x = reinterpret_cast<const T*>(zeros());
  auto* y = reinterpret_cast<T*>(zeros());
  const auto k =
      profile([&] { through_shared<T><<<1, 32, 32 * stride * sizeof(T)>>>(x, y, stride, lanes); });
  equal_shared(k, 2, 2 * passes, 2 * conflicts);
}

KEEN_PROFILE(words_in_banks) {
  pattern<float>(1, 32, 1, 0);
  pattern<float>(2, 32, 2, 1);  // lane l and l + 16 share a bank
  pattern<float>(3, 32, 1, 0);  // odd strides reach all banks
  pattern<float>(16, 32, 16, 15);
  pattern<float>(32, 32, 32, 31);
  pattern<float>(32, 5, 5, 4);          // only lanes that take part conflict
  pattern<unsigned char>(1, 32, 1, 0);  // four lanes at one word
  pattern<unsigned short>(2, 32, 1, 0);
  pattern<unsigned short>(64, 32, 32, 31);
}

// Half a warp at a time: 16 lanes of two words.
KEEN_PROFILE(float2_by_half_warps) {
  pattern<float2>(1, 32, 2, 0);
  pattern<float2>(1, 16, 1, 0);  // the other half has nothing to do
  pattern<float2>(2, 32, 4, 2);  // lane l and l + 8 share two banks
  pattern<float2>(3, 32, 2, 0);
}

// A quarter at a time: 8 lanes of four words.
KEEN_PROFILE(float4_by_quarter_warps) {
  pattern<float4>(1, 32, 4, 0);
  pattern<float4>(1, 8, 1, 0);
  pattern<float4>(2, 32, 8, 4);  // lane l and l + 4 share four banks
  pattern<float4>(3, 32, 4, 0);
}

KEEN_PROFILE(one_word_is_broadcast) {
  const float* x = zeros();
  float* y = zeros();
  equal_shared(profile([&] { one_word_for_all<<<1, 32>>>(x, y); }), 2, 2, 0);
}

// ---- Reductions of 256 numbers ------------------------------------------------------------------

// 8 warps store, 1 loads at the end: 9 requests. Steps of 128, 64, 32 and five more numbers keep
// 4, 2, 1 and five times 1 warps busy: 12, each with two loads and a store: 36 requests.
// Words 2, 4, ... apart: 2-way in 4 warps, 4-way in 2, 8-way in 1; then 16, 8, 4, 2, 1 lanes in two
// banks, one, one, one, one: 8, 8, 4, 2, 1. Together 8 + 8 + 8 + 8 + 8 + 4 + 2 + 1 = 47 passes.
KEEN_PROFILE(strided_reduction) {
  const float* x = zeros();
  float* y = zeros();
  const auto k = profile([&] { sum_strided<<<1, 256>>>(x, y); });
  equal_shared(k, 9 + 36, 9 + 3 * 47, 3 * (47 - 12));
  equal("loads", k.loads, {8, 32, 1024, 1024});
  equal("stores", k.stores, {1, 1, 4, 4});
}

KEEN_PROFILE(reduction_by_halves) {
  const float* x = zeros();
  float* y = zeros();
  equal_shared(profile([&] { sum_halves<<<1, 256>>>(x, y); }), 9 + 36, 9 + 36, 0);
}

// ---- Branches -----------------------------------------------------------------------------------

// Two warps. Taken by whole warps or lane by lane, the branches make the same instructions of
// threads, but in the second case each warp runs both, with 16 lanes; what is outside of them are a
// few of 2 * 3000 and more instructions.
KEEN_PROFILE(divergent_branch) {
  auto* y = reinterpret_cast<unsigned*>(zeros());
  const auto whole = profile([&] { branch<<<1, 64>>>(y, 32, 1000); });
  const auto lanes = profile([&] { branch<<<1, 64>>>(y, 1, 1000); });
  equal("instructions", lanes.instructions, whole.instructions);
  equal("active lanes of whole warps", active_lanes(whole), 32);
  within("active lanes lane by lane", active_lanes(lanes), 16, 16.2);
  within("instructions of a warp", static_cast<double>(lanes.warp_instructions), 2 * 6000,
         2 * 9000);
}

// 32 lanes in the first turn, one less in each after it: 16.5 on average.
KEEN_PROFILE(lanes_that_leave_a_loop) {
  auto* y = reinterpret_cast<unsigned*>(zeros());
  const auto k = profile([&] { as_often_as_its_number<<<1, 32>>>(y, 100); });
  within("active lanes", active_lanes(k), 16.5, 16.7);
}

// ---- Coverage -----------------------------------------------------------------------------------

KEEN_PROFILE(blocks_that_never_ran) {
  auto* y = reinterpret_cast<unsigned*>(zeros());
  const auto missed = [] {
    const auto all = keen::sim::blocks("keen::sim::test::seldom");
    return std::ranges::count(all, 0, &cudasim_block::runs);
  };
  const bool first = keen::sim::blocks("keen::sim::test::seldom").empty();
  if (first) {
    seldom<<<1, 32>>>(y, 0);
    KEEN_CUDA_CHECK(cudaDeviceSynchronize());
    within("blocks that never ran", missed(), 1, 5);
    bool named = false;
    for (const auto& block : keen::sim::blocks("keen::sim::test::seldom")) {
      named |= block.runs == 0 && block.line <= kRareLine && kRareLine <= block.last &&
               std::string(block.file).ends_with("profile_kernels.cuh");
    }
    checks.expect(named, "the line of a block that never ran");
  }
  seldom<<<1, 32>>>(y, 5);
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  equal("blocks that never ran", missed(), 0);
  const auto all = keen::sim::blocks("keen::sim::test::seldom");
  checks.expect(!all.empty() && all.front().runs == all.back().runs, "one warp: first and last");
}

// ---- Steps --------------------------------------------------------------------------------------

KEEN_PROFILE(a_step_of_known_cost) {
  const std::vector<float> host(kCount, 1);
  const Counts before = counts();
  float* x = device_array<float>(kCount);
  cudaStream_t stream = new_stream();
  cudaEvent_t event = new_event();
  KEEN_CUDA_CHECK(
      cudaMemcpyAsync(x, host.data(), kCount * sizeof(float), cudaMemcpyHostToDevice, stream));
  for (int k = 0; k < 3; ++k) increment<<<4, 256, 0, stream>>>(x, x, kCount);
  KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, stream));
  KEEN_CUDA_CHECK(cudaEventRecord(event, stream));
  KEEN_CUDA_CHECK(cudaEventSynchronize(event));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(stream));
  const Counts step = counts() - before;
  equal("launches", step.sums.kernel_launches, 3);
  equal("calls of cudaMalloc", step.called("cudaMalloc"), 1);
  equal("allocations", allocations(step.sums), 3);
  equal("streams", step.sums.streams_made, 1);
  equal("events", step.sums.events_made, 1);
  equal("copies to device", step.sums.copies_h2d, 1);
  equal("bytes to device", step.sums.bytes_h2d, 4096);
  equal("fills", step.sums.memsets, 1);
  equal("bytes kept", step.sums.live_bytes, 4096);
  // Two that were asked for, and one that copying pageable memory hides.
  equal("hidden waits", step.sums.hidden_syncs, 1);
  equal("waits", synchronisations(step.sums), 3);
  equal("kernel launches", step.kernel("increment").launches, 3);
  equal("PTX instructions", step.sums.ptx_instructions, step.kernel("").instructions);
  equal("operations of the kernel", step.operations.at("keen::sim::test::increment"), 3);
  equal("library calls", step.sums.library_calls, 0);
  KEEN_CUDA_CHECK(cudaFree(x));
  equal("what cudaFree waits for", (counts() - before).sums.hidden_syncs, 2);
}

KEEN_PROFILE(graphs_count_by_launch) {
  float* x = zeros();
  cudaStream_t stream = new_stream();
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  const Counts start = counts();
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  for (int k = 0; k < 2; ++k) increment<<<4, 256, 0, stream>>>(x, x, kCount);
  KEEN_CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  KEEN_CUDA_CHECK(cudaGraphInstantiate(&exec, graph, 0));
  const Counts captured = counts();
  checks.expect((captured - start).kernels.empty(), "nothing runs in a capture");
  equal("executable graphs", (captured - start).sums.graphs_made, 1);
  for (int k = 0; k < 3; ++k) KEEN_CUDA_CHECK(cudaGraphLaunch(exec, stream));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(stream));
  const Counts replay = counts() - captured;
  equal("graph launches", replay.sums.graph_launches, 3);
  equal("nodes", replay.sums.graph_nodes, 6);
  equal("launches", replay.sums.kernel_launches, 0);
  equal("allocations", allocations(replay.sums), 0);
  equal("kernel launches", replay.kernel("increment").launches, 6);
  equal("operations of the kernel", replay.operations.at("keen::sim::test::increment"), 6);
}

}  // namespace

int main(int argc, char** argv) {
  const auto found = cases().find(argc == 2 ? argv[1] : "");
  if (found == cases().end() || !keen::sim::simulated()) {
    std::fprintf(stderr, "usage: %s CASE, on the simulated CUDA; cases:\n", argv[0]);
    for (const auto& [name, run] : cases()) std::fprintf(stderr, "  %s\n", name.c_str());
    return 2;
  }
  KEEN_SIM(cudasim_profile)(1);
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const int before = checks.failed();
    KEEN_SIM(cudasim_seed)(seed);
    found->second();
    if (checks.failed() > before) std::printf("%s, seed %u\n", argv[1], seed);
  }
  return checks.status();
}
