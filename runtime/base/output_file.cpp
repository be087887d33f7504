#include "runtime/base/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen {
namespace {

[[noreturn]] void throw_write_error(const std::string& path, int error) {
  const std::string message = text("write_file: cannot write '", path, "': ", strerror(error));
  if (error == ENOENT || error == ENOTDIR) throw NotFoundError(message);
  if (error == EACCES || error == EPERM || error == EROFS) throw PermissionDeniedError(message);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) throw ResourceExhaustedError(message);
  throw UnavailableError(message);
}

// The permissions of a new file; mkstemp's are its owner's alone.
mode_t new_file_mode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

// Where contents go: with links resolved, and which way.
struct Target {
  explicit Target(const std::string& given) : path(given) {
    std::error_code error;
    const std::string resolved = std::filesystem::weakly_canonical(given, error).string();
    if (!error && !resolved.empty()) path = resolved;
    struct stat status {};
    const bool exists = stat(path.c_str(), &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) throw_write_error(path, EISDIR);
    direct = exists && !S_ISREG(status.st_mode);
    mode = exists ? status.st_mode & 0777 : new_file_mode();
  }

  std::string path;
  bool direct = false;
  mode_t mode = 0;
};

// An open file that is closed, and removed if it is temporary, unless keep() says that all is well.
class OpenFile {
 public:
  explicit OpenFile(const Target& target) : target_(target) {
    if (target.direct) {
      fd_ = open(target.path.c_str(), O_WRONLY | O_CLOEXEC);
    } else {
      temporary_ = target.path + ".XXXXXX";
      fd_ = mkostemp(temporary_.data(), O_CLOEXEC);
    }
    if (fd_ < 0) throw_write_error(target.path, errno);
  }
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
    if (!temporary_.empty()) unlink(temporary_.c_str());
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  void write(std::string_view contents) {
    while (!contents.empty()) {
      const ssize_t written = ::write(fd_, contents.data(), contents.size());
      if (written < 0 && errno != EINTR) throw_write_error(target_.path, errno);
      if (written > 0) contents.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void keep() {
    const bool on_disk = target_.direct || (fchmod(fd_, target_.mode) == 0 && fsync(fd_) == 0);
    if (!on_disk || close(std::exchange(fd_, -1)) != 0) throw_write_error(target_.path, errno);
    if (target_.direct) return;
    if (std::rename(temporary_.c_str(), target_.path.c_str()) != 0) {
      throw_write_error(target_.path, errno);
    }
    temporary_.clear();
  }

 private:
  const Target& target_;
  std::string temporary_;
  int fd_ = -1;
};

}  // namespace

void check_writable(const std::string& path) {
  const Target target(path);
  const std::filesystem::path file = std::filesystem::absolute(target.path);
  const std::filesystem::path place = target.direct ? file : file.parent_path();
  if (access(place.c_str(), W_OK) != 0) throw_write_error(target.path, errno);
}

void write_file(const std::string& path, std::string_view contents) {
  const Target target(path);
  OpenFile file(target);
  file.write(contents);
  file.keep();
}

}  // namespace keen
