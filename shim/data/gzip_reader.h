// Reads a gzip-compressed file as a stream of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace keen::data {

// Errors name `path`: NotFoundError, PermissionDeniedError or UnavailableError where the file can't
// be opened or read, DataLossError where it is not gzip data, is damaged, or ends early.
class GzipReader {
 public:
  explicit GzipReader(const std::string& path);
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // Writes up to `size` decompressed bytes to `out` and answers how many; fewer only at the end of
  // the data, whose checksum has then been compared. What follows the end of a gzip member must be
  // another member: trailing bytes are a DataLossError, not ignored as by gunzip.
  std::size_t read(std::uint8_t* out, std::size_t size);

  // The most bytes that the file could decompress to.
  [[nodiscard]] std::int64_t size_bound() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace keen::data
