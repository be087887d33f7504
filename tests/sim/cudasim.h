// Control of the simulated CUDA libraries, for tests. A program finds these functions at run time
// (dlsym), so that the same binary runs on NVIDIA's libraries too: see sim_control.h.
#pragma once
#ifdef __cplusplus
extern "C" {
#endif
// Read by C as well, and named as C does.
// NOLINTBEGIN(modernize-use-using,readability-identifier-naming)

// ---- Counters -----------------------------------------------------------------------------------

// Sums since the start or the last cudasim_reset_counters(). Every field of this and of the other
// structs of counts is a long long, so that differences are taken field by field.
typedef struct cudasim_counters {
  // Issued outside of graphs; nodes count with each launch of their graph. Collectives count in
  // both ways.
  long long api_calls, kernel_launches, library_calls, collectives, graph_launches, graph_nodes;
  long long mallocs, frees, async_mallocs, async_frees, host_mallocs;
  // Calls that make a stream, an event, a handle of a library or a communicator, a memory pool, an
  // executable graph.
  long long streams_made, events_made, handles_made, pools_made, graphs_made;
  long long memcpys, memsets;
  // Copies by direction, and their bytes; "peer" is between devices.
  long long copies_h2d, copies_d2h, copies_d2d, copies_peer;
  long long bytes_h2d, bytes_d2h, bytes_d2d, bytes_peer;
  // Waits of the host: those asked for, and those that other calls imply.
  long long stream_syncs, device_syncs, event_syncs, hidden_syncs;
  long long lazy_loads;  // launches that had to load their kernel
  long long event_records, event_waits;
  long long bytes_read, bytes_written;  // of device memory, by all work, each byte once
  long long flops;                      // of the libraries
  long long live_bytes, peak_bytes;     // of device memory
  long long ptx_instructions;           // of all lanes
  long long findings;
} cudasim_counters;

void cudasim_get_counters(cudasim_counters* counters);
void cudasim_reset_counters(void);

// What is counted by name: calls of API functions, made by the host; and operations that devices
// were given, those of graphs with each launch: kernels by their names in the source, library calls
// by those of their functions, copies, fills; and how many operations came from the host thread
// within a range of NVTX, by the innermost one, "domain/message". Reset with the counters.
enum { cudasim_calls = 0, cudasim_operations = 1, cudasim_ranges = 2 };
// One row, in the order of names; 0: there are no more.
int cudasim_count_at(int what, int index, const char** name, long long* count);

// ---- Kernels ------------------------------------------------------------------------------------

// Requests of warps to global memory: a load or store is one, also of a vector. A sector is an
// aligned 32 bytes, `bytes` what the lanes asked for, `used` the distinct bytes among these.
typedef struct cudasim_access {
  long long requests, sectors, bytes, used;
} cudasim_access;

// Sums over the launches of one kernel that have run, since the start.
typedef struct cudasim_kernel {
  long long launches, blocks, threads;
  long long warp_instructions, instructions;  // PTX; by warps, and by lanes that took part
  // The rest only of launches that ran while the profile was on.
  long long profiled_launches;
  cudasim_access loads, stores;
  // Atomics, and loads and stores that other threads may watch (volatile, relaxed, acquire,
  // release), of any memory. They are in none of the other sums.
  long long atomic_requests;
  // A request to shared memory takes a pass, those of 8 or 16 bytes one per half or quarter of the
  // warp, and one more for each conflict: see ptx/profile.h.
  long long shared_requests, shared_passes, shared_conflicts;
} cudasim_kernel;

// On or off from now on; from CUDASIM_PROFILE at first.
void cudasim_profile(int on);
// One kernel, in the order of names; 0: there are no more. The name is that in the source, without
// parameters; kernels of one name are one row.
int cudasim_kernel_at(int index, const char** name, cudasim_kernel* kernel);

// A straight piece of a kernel's PTX with functions inlined: entered at its first instruction only.
// What no path leads to is left out.
typedef struct cudasim_block {
  long long runs;  // by warps
  long long ptx_line, ptx_last;
  long long line, last;  // of `file`; 0: built without -lineinfo
  const char* file;
} cudasim_block;

// One block of a kernel that has run, in the order of the code; 0: there are no more.
int cudasim_block_at(const char* kernel, int index, cudasim_block* block);

// ---- Faults -------------------------------------------------------------------------------------

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

// Whether the device's primary context has been made: by cudaSetDevice, or by a call that needs it.
int cudasim_has_context(int device);

// What one host thread says here, another knows after cudasim_host_acquire of the same address: a
// mutex that is released and acquired, a thread that ends and is joined.
void cudasim_host_release(const void* object);
void cudasim_host_acquire(const void* object);

// NOLINTEND(modernize-use-using,readability-identifier-naming)
#ifdef __cplusplus
}
#endif
