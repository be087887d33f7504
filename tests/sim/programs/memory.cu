// Correct programs in which blocks are announced: allocators as they are written for CUDA.
// usage: sim_memory CASE
#include "tests/sim/programs/announce.h"
#include "tests/sim/programs/check.h"
#include "tests/sim/programs/correct_case.h"
#include "tests/sim/programs/fault_kernels.cuh"

namespace {

using namespace keen::sim::test;

constexpr int kBlock = 128;  // floats

bool all_are(const float* device, int count, float value) {
  return host_copy(device, count) == std::vector<float>(count, value);
}

// Nothing waits for the work that uses a block before the block goes to the next one on the same
// stream.
KEEN_CORRECT(recycled_while_work_is_pending) {
  auto* base = device_array<float>(kSize);
  float* out = zeros();
  cudaStream_t stream = new_stream();
  const auto heap = announce_heap(base, kSize * sizeof(float), "cache");
  for (int round = 0; round < 8; ++round) {
    const int count = kBlock - round;
    float* block = announce_block(heap, base, count);
    KEEN_CUDA_CHECK(cudaMemsetAsync(block, 0, count * sizeof(float), stream));
    increment<<<1, 64, 0, stream>>>(block, block, count);
    increment<<<1, 64, 0, stream>>>(block, out + round * kBlock, count);
    take_back(block);
  }
  KEEN_CUDA_CHECK(cudaStreamSynchronize(stream));
  bool good = true;
  for (int round = 0; round < 8; ++round) good &= all_are(out + round * kBlock, kBlock - round, 2);
  nvtxMemHeapUnregister(nullptr, heap);
  KEEN_CUDA_CHECK(cudaFree(base));
  return good;
}

// Temporaries of a captured step come from the arena that the graph owns, and are taken back during
// the capture; each replay uses them again.
KEEN_CORRECT(arena_of_a_graph) {
  auto* base = device_array<float>(kSize);
  float* out = zeros();
  cudaStream_t stream = new_stream();
  const auto heap = announce_heap(base, kSize * sizeof(float), "arena");
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  for (int part = 0; part < 2; ++part) {
    float* temporary = announce_block(heap, base + part * 64, kBlock);
    increment<<<1, kBlock, 0, stream>>>(out, temporary, kBlock);
    increment<<<1, kBlock, 0, stream>>>(temporary, out, kBlock);
    take_back(temporary);
  }
  KEEN_CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  KEEN_CUDA_CHECK(cudaGraphInstantiate(&exec, graph, 0));
  for (int replay = 0; replay < 3; ++replay) KEEN_CUDA_CHECK(cudaGraphLaunch(exec, stream));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(stream));
  return all_are(out, kBlock, 12);
}

// One kernel works on two blocks that lie side by side.
KEEN_CORRECT(neighbours_in_one_kernel) {
  auto* base = device_array<float>(kSize);
  const auto heap = announce_heap(base, kSize * sizeof(float), "segment");
  float* x = announce_block(heap, base + kBlock, kBlock);
  float* y = announce_block(heap, base + 2 * kBlock, kBlock);
  KEEN_CUDA_CHECK(cudaMemset(x, 0, kBlock * sizeof(float)));
  increment<<<2, 64>>>(x, y, kBlock);
  increment<<<2, 64>>>(y, x, kBlock);
  return all_are(x, kBlock, 2);
}

__global__ void increment_all(float* const* blocks) { blocks[blockIdx.x][threadIdx.x] += 1; }

// Addresses that a kernel reads from memory are as good as its arguments.
KEEN_CORRECT(table_of_addresses) {
  auto* base = device_array<float>(kSize);
  const auto heap = announce_heap(base, kSize * sizeof(float), "segment");
  std::vector<float*> blocks;
  for (int k = 0; k < 3; ++k) {
    blocks.push_back(announce_block(heap, base + k * kBlock, kBlock));
    KEEN_CUDA_CHECK(cudaMemset(blocks.back(), 0, kBlock * sizeof(float)));
  }
  increment_all<<<3, kBlock>>>(device_copy(blocks));
  bool good = true;
  for (const float* block : blocks) good &= all_are(block, kBlock, 1);
  return good;
}

// A layout names the parts of what is there already, and the whole stays usable.
KEEN_CORRECT(layout_of_written_memory) {
  float* x = zeros();
  const auto heap =
      announce_heap(x, kSize * sizeof(float), "weights", NVTX_MEM_HEAP_USAGE_TYPE_LAYOUT);
  announce_block(heap, x, kBlock);
  increment<<<1, kBlock>>>(x, x, kBlock);
  take_back(x);
  nvtxMemHeapUnregister(nullptr, heap);
  increment<<<4, 128>>>(x, x, kSize);
  return all_are(x, kBlock, 2) && all_are(x + kBlock, kSize - kBlock, 1);
}

KEEN_CORRECT(block_keeps_what_it_had_when_resized) {
  auto* base = device_array<float>(kSize);
  const auto heap = announce_heap(base, kSize * sizeof(float), "segment");
  announce_block(heap, base, kBlock);
  KEEN_CUDA_CHECK(cudaMemsetAsync(base, 0, kBlock * sizeof(float)));
  resize_block(base, 2 * kBlock);
  KEEN_CUDA_CHECK(cudaMemsetAsync(base + kBlock, 0, kBlock * sizeof(float)));
  increment<<<4, 64>>>(base, base, 2 * kBlock);
  resize_block(base, kBlock);
  return all_are(base, kBlock, 1);
}

// Marks, and ranges of no domain, do nothing, and say so as without a tool.
KEEN_CORRECT(ranges_and_marks) {
  nvtxDomainHandle_t domain = nvtxDomainCreateA("keen");
  nvtxMarkA("mark");
  const bool untracked = nvtxRangePushA("range") == NVTX_NO_PUSH_POP_TRACKING;
  float* x = zeros();
  increment<<<4, 128>>>(x, x, kSize);
  nvtxRangePop();
  nvtxRangeEnd(nvtxRangeStartA("other"));
  nvtxDomainDestroy(domain);
  return untracked && all_are(x, kSize, 1);
}

nvtxEventAttributes_t event_named(const char* name) {
  nvtxEventAttributes_t event = {};
  event.version = NVTX_VERSION;
  event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  event.messageType = NVTX_MESSAGE_TYPE_ASCII;
  event.message.ascii = name;
  return event;
}

// What is launched within a range of a domain counts for it, whenever the device runs it.
KEEN_CORRECT(ranges_of_a_domain) {
  nvtxDomainHandle_t domain = nvtxDomainCreateA("domain");
  nvtxDomainHandle_t other = nvtxDomainCreateA("other");
  const auto outer = event_named("outer");
  auto inner = event_named("inner");
  inner.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
  inner.message.registered = nvtxDomainRegisterStringA(domain, "inner");
  float* x = zeros();
  const keen::sim::Counts before = keen::sim::counts();
  const auto add = [x] { increment<<<4, 128>>>(x, x, kSize); };
  bool right = nvtxDomainRangePushEx(domain, &outer) == 0;
  add();
  right = nvtxDomainRangePushEx(domain, &inner) == 1 && right;
  right = nvtxDomainRangePushEx(other, &outer) == 0 && right;
  add();
  right = nvtxDomainRangePop(other) == 0 && right;
  add();
  right = nvtxDomainRangePop(domain) == 1 && right;
  add();
  right = nvtxDomainRangePop(domain) == 0 && right;
  add();
  const keen::sim::Counts::Rows want = {
      {"domain/outer", 2}, {"domain/inner", 1}, {"other/outer", 1}};
  return right && (keen::sim::counts() - before).ranges == want && all_are(x, kSize, 5);
}

}  // namespace

int main(int argc, char** argv) { return run_correct(argc, argv); }
