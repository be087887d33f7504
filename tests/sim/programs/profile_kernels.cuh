// Kernels out of textbooks, whose profile can be worked out by hand.
#pragma once

namespace keen::sim::test {

template <class T>
__global__ void copy(const T* x, T* y) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = x[i];
}
__global__ void copy_strided(const float* x, float* y, int stride) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = x[i * stride];
}
__global__ void axpy(float a, const float* x, float* y) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = a * x[i] + y[i];
}
__global__ void add_up(const float* x, float* sum) { atomicAdd(sum, x[threadIdx.x]); }

// ---- Transposes of a square of 32 x 32 tiles, a thread for each element -------------------------

__global__ void transpose_naive(const float* x, float* y, int size) {
  const int column = blockIdx.x * 32 + threadIdx.x, row = blockIdx.y * 32 + threadIdx.y;
  y[column * size + row] = x[row * size + column];
}
template <int kPitch>
__global__ void transpose_tiled(const float* x, float* y, int size) {
  __shared__ float tile[32][kPitch];
  const int column = blockIdx.x * 32, row = blockIdx.y * 32;
  tile[threadIdx.y][threadIdx.x] = x[(row + threadIdx.y) * size + column + threadIdx.x];
  __syncthreads();
  y[(column + threadIdx.y) * size + row + threadIdx.x] = tile[threadIdx.x][threadIdx.y];
}

// ---- Shared memory: a store and a load of the same pattern by one warp --------------------------

template <class T>
__global__ void through_shared(const T* x, T* y, int stride, int lanes) {
  extern __shared__ char memory[];
  T* s = reinterpret_cast<T*>(memory);
  const int lane = threadIdx.x;
  if (lane < lanes) s[lane * stride] = x[lane];
  __syncwarp();
  if (lane < lanes) y[lane] = s[(lanes - 1 - lane) * stride];
}
__global__ void one_word_for_all(const float* x, float* y) {
  __shared__ float s[32];
  s[threadIdx.x] = x[threadIdx.x];
  __syncwarp();
  y[threadIdx.x] = s[7];
}

// ---- Sums of 256 numbers by one block -----------------------------------------------------------

// Neighbours first, by consecutive threads: their words lie 2 * s apart.
__global__ void sum_strided(const float* x, float* sum) {
  __shared__ float s[256];
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
#pragma unroll 1
  for (int step = 1; step < 256; step *= 2) {
    const int i = 2 * step * threadIdx.x;
    if (i < 256) s[i] += s[i + step];
    __syncthreads();
  }
  if (threadIdx.x == 0) *sum = s[0];
}
// Halves first: consecutive words.
__global__ void sum_halves(const float* x, float* sum) {
  __shared__ float s[256];
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
#pragma unroll 1
  for (int step = 128; step > 0; step /= 2) {
    if (threadIdx.x < step) s[threadIdx.x] += s[threadIdx.x + step];
    __syncthreads();
  }
  if (threadIdx.x == 0) *sum = s[0];
}

// ---- Branches -----------------------------------------------------------------------------------

__device__ inline unsigned turn(unsigned value, unsigned factor, int times) {
#pragma unroll 1
  for (int k = 0; k < times; ++k) value = value * factor + 12345;
  return value;
}
// Groups of `width` threads take the one branch and the other by turns.
__global__ void branch(unsigned* y, int width, int times) {
  if (threadIdx.x / width % 2 == 0) {
    y[threadIdx.x] = turn(threadIdx.x, 1664525, times);
  } else {
    y[threadIdx.x] = turn(threadIdx.x, 22695477, times);
  }
}
__global__ void as_often_as_its_number(unsigned* y, int times) {
  y[threadIdx.x] = turn(threadIdx.x, 1664525, (threadIdx.x + 1) * times);
}

constexpr int kRareLine = __LINE__ + 3;
__global__ void seldom(unsigned* y, unsigned rare) {
  if (threadIdx.x < rare) {
    y[threadIdx.x] = turn(threadIdx.x, 1664525, 10);
  }
  y[threadIdx.x] += 1;
}

}  // namespace keen::sim::test
