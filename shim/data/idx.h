// Gzip-compressed IDX files, the format of MNIST and its successors: two zero bytes, the element
// type, the rank, one big-endian 32-bit size per dimension, then the elements row by row.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/shape.h"

namespace keen::data {

struct IdxArray {
  Shape shape;                       // of one to eight dimensions
  std::vector<std::uint8_t> values;  // row-major
};

// Reads the file whole. Errors name it: those of GzipReader; DataLossError where the magic number
// is wrong, or where the data is shorter or longer than the header says; UnimplementedError for
// another element type than unsigned bytes.
[[nodiscard]] IdxArray read_idx(const std::string& path);

}  // namespace keen::data
