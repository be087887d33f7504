// CUB's and Thrust's algorithms, run from their PTX, beside the host's.
#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sort.h>

#include <algorithm>
#include <cmath>
#include <cub/cub.cuh>
#include <numeric>

#include "tests/sim/programs/check.h"
#include "tests/sim/sim_control.h"

using namespace keen::sim::test;

struct Positive {
  __host__ __device__ bool operator()(float value) const { return value > 0; }
};

// Calls a CUB algorithm as it wants to be called: once for the size, once to run.
template <class Run>
void with_storage(Run run) {
  std::size_t bytes = 0;
  KEEN_CUDA_CHECK(run(nullptr, bytes));
  auto* storage = device_array<char>(bytes);
  KEEN_CUDA_CHECK(run(storage, bytes));
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  KEEN_CUDA_CHECK(cudaFree(storage));
}

void check_thrust(const std::vector<int>& host, Checks& checks) {
  thrust::device_vector<int> x(host.begin(), host.end());
  checks.expect(thrust::reduce(x.begin(), x.end()) == std::reduce(host.begin(), host.end()),
                "thrust::reduce");
  thrust::inclusive_scan(x.begin(), x.end(), x.begin());
  std::vector<int> wanted(host.size()), got(host.size());
  std::inclusive_scan(host.begin(), host.end(), wanted.begin());
  thrust::copy(x.begin(), x.end(), got.begin());
  checks.expect(got == wanted, "thrust::inclusive_scan");
}

void check_cub(int n, Checks& checks) {
  std::vector<float> values(n);
  std::vector<int> keys(n);
  for (int i = 0; i < n; ++i) values[i] = (i * 37 % 101) * 0.25F - 5;
  for (int i = 0; i < n; ++i) keys[i] = i / 50;
  const float* x = device_copy(values);
  const int* k = device_copy(keys);
  auto* y = device_array<float>(n);
  auto* out_keys = device_array<int>(n);
  auto* count = device_array<int>(1);

  with_storage([&](void* s, std::size_t& b) { return cub::DeviceReduce::Sum(s, b, x, y, n); });
  // Quarters: exact in float, in whatever order they are added.
  checks.expect(host_copy(y, 1)[0] == std::reduce(values.begin(), values.end()),
                "cub::DeviceReduce::Sum");

  with_storage(
      [&](void* s, std::size_t& b) { return cub::DeviceScan::InclusiveSum(s, b, x, y, n); });
  std::vector<float> sums(n);
  std::inclusive_scan(values.begin(), values.end(), sums.begin());
  checks.expect(host_copy(y, n) == sums, "cub::DeviceScan::InclusiveSum");

  with_storage([&](void* s, std::size_t& b) {
    return cub::DeviceReduce::ReduceByKey(s, b, k, out_keys, x, y, count, cuda::std::plus<>{}, n);
  });
  const int groups = host_copy(count, 1)[0];
  checks.expect(groups == (n + 49) / 50, "cub::DeviceReduce::ReduceByKey: groups");
  checks.expect(host_copy(y, 3)[2] == std::reduce(values.begin() + 100, values.begin() + 150),
                "cub::DeviceReduce::ReduceByKey: sums");

  with_storage([&](void* s, std::size_t& b) {
    return cub::DeviceSelect::If(s, b, x, y, count, n, Positive{});
  });
  std::vector<float> positive;
  std::copy_if(values.begin(), values.end(), std::back_inserter(positive), Positive{});
  checks.expect(host_copy(count, 1)[0] == static_cast<int>(positive.size()),
                "cub::DeviceSelect::If: count");
  checks.expect(host_copy(y, positive.size()) == positive, "cub::DeviceSelect::If");

  with_storage([&](void* s, std::size_t& b) {
    return cub::DeviceRadixSort::SortPairs(s, b, x, y, k, out_keys, n);
  });
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return values[a] < values[b]; });
  std::vector<int> wanted(n);
  std::transform(order.begin(), order.end(), wanted.begin(), [&](int i) { return keys[i]; });
  checks.expect(host_copy(out_keys, n) == wanted, "cub::DeviceRadixSort::SortPairs");
}

int main() {
  Checks checks;
  std::vector<int> host(5000);
  for (int i = 0; i < 5000; ++i) host[i] = i * 7919 % 1013 - 500;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    if (keen::sim::simulated()) KEEN_SIM(cudasim_seed)(seed);
    check_cub(200, checks);
    if (seed > 3) continue;  // these take long
    check_thrust(host, checks);
    check_cub(20000, checks);
  }
  return checks.status();
}
