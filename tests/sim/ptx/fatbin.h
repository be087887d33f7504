// What nvcc embeds in a program: PTX and machine code by architecture, often compressed.
#pragma once
#include <map>
#include <string>
#include <vector>

namespace keen::sim::ptx {

// What ptxas found out about a kernel.
struct Resources {
  int registers = 0;
  int stack_bytes = 0;
};

struct Image {
  bool ptx = false;
  int architecture = 0;
  std::string bytes;
};

// Throws Unsupported where the container or its compression is not known.
std::vector<Image> read_fat_binary(const void* data);

// Registers and stack of the kernels in a cubin (its .nv.info section).
std::map<std::string, Resources> read_resources(const std::string& cubin);

}  // namespace keen::sim::ptx
