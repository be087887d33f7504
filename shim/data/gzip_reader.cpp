#include "shim/data/gzip_reader.h"

#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/shape.h"
#include "runtime/base/text.h"

namespace keen::data {
namespace {

constexpr std::size_t kChunkBytes = 1 << 16;
// Deflate's best case: 258 bytes in two bits.
constexpr std::int64_t kMaxRatio = 1032;
// zlib: the largest window, and the gzip header is expected.
constexpr int kGzipWindowBits = 15 + 16;

[[noreturn]] void throw_system_error(const char* what, const std::string& path, int error) {
  const std::string message = text("GzipReader: cannot ", what, " '", path, "': ", strerror(error));
  if (error == ENOENT || error == ENOTDIR) throw NotFoundError(message);
  if (error == EACCES || error == EPERM) throw PermissionDeniedError(message);
  throw UnavailableError(message);
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

struct GzipReader::State {
  explicit State(const std::string& file_path)
      : path(file_path), chunk(kChunkBytes), file(std::fopen(file_path.c_str(), "rb")) {
    if (file == nullptr) throw_system_error("open", path, errno);
    struct stat status {};
    if (fstat(fileno(file.get()), &status) != 0) throw_system_error("read", path, errno);
    if (S_ISREG(status.st_mode)) file_bytes = status.st_size;
    if (inflateInit2(&stream, kGzipWindowBits) != Z_OK) {
      throw ResourceExhaustedError(text("GzipReader: no memory to decompress '", path, "'"));
    }
  }
  ~State() { inflateEnd(&stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Makes stream.avail_in positive; false at the end of the file.
  bool refill() {
    if (stream.avail_in > 0) return true;
    const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file.get());
    if (got == 0 && std::ferror(file.get()) != 0) throw_system_error("read", path, errno);
    stream.next_in = chunk.data();
    stream.avail_in = static_cast<uInt>(got);
    return got > 0;
  }

  std::string path;
  std::vector<std::uint8_t> chunk;
  std::unique_ptr<std::FILE, CloseFile> file;
  std::int64_t file_bytes = -1;  // unknown for what is no regular file
  z_stream stream{};
  bool between_members = false;  // a whole member has been read, nothing of the next yet
};

GzipReader::GzipReader(const std::string& path) : state_(std::make_unique<State>(path)) {}
GzipReader::~GzipReader() = default;

std::int64_t GzipReader::size_bound() const {
  const std::int64_t bound = checked_multiply(state_->file_bytes, kMaxRatio);
  return bound < 0 ? std::numeric_limits<std::int64_t>::max() : bound;
}

std::size_t GzipReader::read(std::uint8_t* out, std::size_t size) {
  State& state = *state_;
  std::size_t done = 0;
  while (done < size) {
    if (!state.refill()) {
      if (state.between_members) return done;
      throw DataLossError(text("GzipReader: '", state.path, "' is truncated"));
    }
    if (state.between_members) inflateReset(&state.stream);
    state.between_members = false;
    const auto room = static_cast<uInt>(std::min<std::size_t>(size - done, 1U << 30));
    state.stream.next_out = out + done;
    state.stream.avail_out = room;
    const int status = inflate(&state.stream, Z_NO_FLUSH);
    done += room - state.stream.avail_out;
    state.between_members = status == Z_STREAM_END;
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      const char* reason = state.stream.msg != nullptr ? state.stream.msg : zError(status);
      throw DataLossError(text("GzipReader: '", state.path, "' is not intact gzip data: ", reason));
    }
  }
  return done;
}

}  // namespace keen::data
