#pragma once
#include <string>

namespace keen::sim {

// The ranges of NVTX that the calling thread has open; those of each domain are nested.

// The level of the new one, from 0.
int push_range(const void* domain, std::string name);
// The level of the one that ends; -1: none of the domain is open.
int pop_range(const void* domain);
// The name of the one that was opened last; null: none is open.
const std::string* innermost_range();

}  // namespace keen::sim
