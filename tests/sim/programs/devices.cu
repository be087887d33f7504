// Work on as many devices as there are: memory and kernels of each, copies and peers around a ring,
// a sum of all. usage: sim_devices COUNT
#include <nccl.h>

#include <cstdlib>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/fault_kernels.cuh"
#include "tests/sim/sim_control.h"

namespace {

using namespace keen::sim::test;

struct Device {
  cudaStream_t stream = new_stream();
  float *own = zeros(), *other = zeros();
};

std::vector<Device> all_devices(int count) {
  std::vector<Device> made;
  for (int d = 0; d < count; ++d) {
    KEEN_CUDA_CHECK(cudaSetDevice(d));
    made.emplace_back();
    for (int k = 0; k <= d; ++k) {  // d + 1 everywhere
      increment<<<4, 128, 0, made[d].stream>>>(made[d].own, made[d].own, kSize);
    }
  }
  return made;
}

void wait_for_all(const std::vector<Device>& devices) {
  for (const Device& device : devices) KEEN_CUDA_CHECK(cudaStreamSynchronize(device.stream));
}

bool are_all(const float* values, float wanted) {
  return host_copy(values, kSize) == std::vector<float>(kSize, wanted);
}

void check_ring(std::vector<Device>& devices, Checks& checks) {
  const int count = static_cast<int>(devices.size());
  wait_for_all(devices);
  for (int d = 0; d < count; ++d) {
    const int next = (d + 1) % count;
    KEEN_CUDA_CHECK(cudaSetDevice(d));
    KEEN_CUDA_CHECK(cudaMemcpyPeerAsync(devices[d].other, d, devices[next].own, next,
                                        kSize * sizeof(float), devices[d].stream));
  }
  wait_for_all(devices);
  for (int d = 0; d < count; ++d) {
    checks.expect(are_all(devices[d].other, static_cast<float>((d + 1) % count + 1)),
                  "a copy of the next device's memory");
  }
  if (count == 1) return;
  for (int d = 0; d < count; ++d) {
    const int next = (d + 1) % count;
    KEEN_CUDA_CHECK(cudaSetDevice(d));
    if (cudaDeviceEnablePeerAccess(next, 0) != cudaSuccess) cudaGetLastError();  // from before
    increment<<<4, 128, 0, devices[d].stream>>>(devices[next].own, devices[d].other, kSize);
  }
  wait_for_all(devices);
  for (int d = 0; d < count; ++d) {
    checks.expect(are_all(devices[d].other, static_cast<float>((d + 1) % count + 2)),
                  "a kernel that reads the next device's memory");
  }
}

void check_sum(std::vector<Device>& devices, Checks& checks) {
  const int count = static_cast<int>(devices.size());
  std::vector<ncclComm_t> comms(count);
  KEEN_STATUS_CHECK(ncclCommInitAll(comms.data(), count, nullptr));
  KEEN_STATUS_CHECK(ncclGroupStart());
  for (int d = 0; d < count; ++d) {
    KEEN_STATUS_CHECK(ncclAllReduce(devices[d].own, devices[d].other, kSize, ncclFloat, ncclSum,
                                    comms[d], devices[d].stream));
  }
  KEEN_STATUS_CHECK(ncclGroupEnd());
  wait_for_all(devices);
  for (int d = 0; d < count; ++d) {
    checks.expect(are_all(devices[d].other, static_cast<float>(count * (count + 1)) / 2),
                  "the sum of all devices");
    KEEN_STATUS_CHECK(ncclCommDestroy(comms[d]));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int wanted = argc > 1 ? std::atoi(argv[1]) : 0;
  int count = 0;
  KEEN_CUDA_CHECK(cudaGetDeviceCount(&count));
  Checks checks;
  checks.expect(count == wanted, "as many devices as asked for");
  checks.expect(cudaSetDevice(count) == cudaErrorInvalidDevice, "one behind the last");
  cudaGetLastError();
  for (unsigned seed = 1; seed <= 20; ++seed) {
    if (keen::sim::simulated()) KEEN_SIM(cudasim_seed)(seed);
    std::vector<Device> devices = all_devices(count);
    check_ring(devices, checks);
    check_sum(devices, checks);
    for (const Device& device : devices) {
      KEEN_CUDA_CHECK(cudaFree(device.own));
      KEEN_CUDA_CHECK(cudaFree(device.other));
    }
  }
  return checks.status();
}
