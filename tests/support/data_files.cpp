#include "tests/support/data_files.h"

#include <zlib.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

namespace keen::test {
namespace {

constexpr int kSide = 28;

// Deflate's largest window, in a gzip frame.
constexpr int kGzipWindowBits = 15 + 16;

void write_images(const std::string& folder, const std::string& prefix, int count, unsigned seed) {
  std::mt19937 random(seed);
  std::string images;
  std::string labels;
  for (int i = 0; i < count; ++i) {
    const int kind = i % 3;
    labels += static_cast<char>(kind);
    for (int pixel = 0; pixel < kSide * kSide; ++pixel) {
      const bool left = pixel % kSide < kSide / 2;
      const bool bright = kind == 2 || left == (kind == 0);
      images += static_cast<char>((bright ? 160 : 20) + static_cast<int>(random() % 64));
    }
  }
  const auto n = static_cast<std::uint32_t>(count);
  write_bytes(folder + "/" + prefix + "-images-idx3-ubyte.gz",
              gzip(idx_bytes({n, kSide, kSide}, images)));
  write_bytes(folder + "/" + prefix + "-labels-idx1-ubyte.gz", gzip(idx_bytes({n}, labels)));
}

}  // namespace

TemporaryFolder::TemporaryFolder()
    : path_((std::filesystem::temp_directory_path() / "keen_test_XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder: " + path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::operator/(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

void write_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}

std::string read_bytes(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2 failed");
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  std::string in(bytes);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("deflate failed");
  return out;
}

std::string idx_bytes(const std::vector<std::uint32_t>& dims, std::string_view values) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(dims.size())};
  for (const std::uint32_t dim : dims) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(dim >> shift & 0xFF);
  }
  return bytes.append(values);
}

void write_image_set(const std::string& folder, int train_count, int test_count) {
  write_images(folder, "train", train_count, 1);
  write_images(folder, "t10k", test_count, 2);
}

}  // namespace keen::test
