// The project's few macros that are not tied to one concept.
#pragma once

#ifdef __CUDACC__
#define KEEN_HOST_DEVICE __host__ __device__
#else
#define KEEN_HOST_DEVICE
#endif

#define KEEN_NOINLINE [[gnu::noinline]]
