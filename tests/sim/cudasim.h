// Control of the simulated CUDA libraries, for tests. A program finds these functions at run time
// (dlsym), so that the same binary runs on NVIDIA's libraries too: see sim_control.h.
#pragma once
#ifdef __cplusplus
extern "C" {
#endif

// Sums since the start or the last cudasim_reset_counters().
typedef struct {  // NOLINT(modernize-use-using): read by C as well
  long api_calls, kernel_launches, library_calls, collectives, graph_launches, graph_nodes;
  long mallocs, frees, async_mallocs, async_frees, host_mallocs, memcpys, memsets;
  long stream_syncs, device_syncs, event_syncs, hidden_syncs, event_records, event_waits;
  long long bytes_h2d, bytes_d2h, bytes_d2d, bytes_peer, bytes_read, bytes_written;
  long long flops, live_bytes, peak_bytes, ptx_instructions;
  long findings;
} cudasim_counters;

void cudasim_get_counters(cudasim_counters* counters);
void cudasim_reset_counters(void);

// Order of runnable streams, graph nodes and threads from now on.
void cudasim_seed(unsigned seed);

// The k-th call (from 1) of the named API function from now on fails with `code`; for the
// libraries, code is one of their own statuses.
void cudasim_fail(const char* api, int k, int code);

// Forgets findings, injected failures and, unlike hardware, the error that poisons the process.
void cudasim_clear(void);

// What was found wrong, "kind: who, what, where". A program that ends with findings that it has
// not cleared ends with status 66.
int cudasim_finding_count(void);
const char* cudasim_finding(int index);

// What one host thread says here, another knows after cudasim_host_acquire of the same address: a
// mutex that is released and acquired, a thread that ends and is joined.
void cudasim_host_release(const void* object);
void cudasim_host_acquire(const void* object);

#ifdef __cplusplus
}
#endif
