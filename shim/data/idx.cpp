#include "shim/data/idx.h"

#include <cstddef>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "shim/data/gzip_reader.h"

namespace keen::data {
namespace {

constexpr std::uint8_t kUnsignedByte = 0x08;

bool read_exactly(GzipReader& reader, std::uint8_t* out, std::size_t size) {
  return reader.read(out, size) == size;
}

Shape read_shape(GzipReader& reader, const std::string& path) {
  std::uint8_t magic[4];
  if (!read_exactly(reader, magic, sizeof magic)) {
    throw DataLossError(text("read_idx: '", path, "' ends within the magic number"));
  }
  if (magic[0] != 0 || magic[1] != 0) {
    throw DataLossError(text("read_idx: '", path, "' does not start with the magic number of IDX"));
  }
  if (magic[2] != kUnsignedByte) {
    throw UnimplementedError(text("read_idx: '", path, "' has elements of type ", int{magic[2]},
                                  "; only unsigned bytes (type 8) are read"));
  }
  const int rank = magic[3];
  if (rank < 1 || rank > Shape::kMaxRank) {
    throw DataLossError(
        text("read_idx: '", path, "' has ", rank, " dimensions; 1 to 8 are possible"));
  }
  Shape shape;
  std::int64_t elements = 1;
  for (int i = 0; i < rank; ++i) {
    std::uint8_t size[4];
    if (!read_exactly(reader, size, sizeof size)) {
      throw DataLossError(text("read_idx: '", path, "' ends within its header"));
    }
    const std::int64_t dim = std::int64_t{size[0]} << 24 | std::int64_t{size[1]} << 16 |
                             std::int64_t{size[2]} << 8 | std::int64_t{size[3]};
    elements = checked_multiply(elements, dim);
    // Before memory is asked for: a damaged header must not cost gigabytes.
    if (elements < 0 || elements > reader.size_bound()) {
      throw DataLossError(
          text("read_idx: '", path, "' is too short for the sizes that its header gives"));
    }
    shape.push_back(dim);
  }
  return shape;
}

}  // namespace

IdxArray read_idx(const std::string& path) {
  GzipReader reader(path);
  IdxArray array{.shape = read_shape(reader, path), .values = {}};
  array.values.resize(static_cast<std::size_t>(array.shape.num_elements()));
  const std::size_t got = reader.read(array.values.data(), array.values.size());
  if (got != array.values.size()) {
    throw DataLossError(text("read_idx: '", path, "' is truncated: the header gives ", array.shape,
                             ", ", array.values.size(), " bytes, but only ", got, " follow"));
  }
  std::uint8_t extra = 0;
  if (reader.read(&extra, 1) != 0) {
    throw DataLossError(text("read_idx: '", path, "' has bytes after the ", array.values.size(),
                             " that its header gives"));
  }
  return array;
}

}  // namespace keen::data
