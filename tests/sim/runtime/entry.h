#pragma once
#include <driver_types.h>

#include <string>

namespace keen::sim {

// What every entry of the runtime begins with: enter(), its error recorded.
cudaError_t begin(const char* api);

// A finding that names what the stand-in does not model, and cudaErrorNotSupported: nothing is
// ignored in silence.
cudaError_t unsupported(const char* api, const std::string& what);

// The device's primary context exists from now on; that of the current device, if `api` is a
// function that needs one.
void make_context(int device);
void make_context_for(const char* api);

// For tests: injects a failure, and forgets all of them.
void inject_failure(const std::string& api, int k, int code);
void clear_failures();

}  // namespace keen::sim
