// Files for tests of readers: folders that go away, gzip and IDX data of every kind of damage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace keen::test {

// A new folder, removed with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // The path of `name` within it.
  [[nodiscard]] std::string operator/(std::string_view name) const;

 private:
  std::string path_;
};

void write_bytes(const std::string& path, std::string_view bytes);
// The file's contents; empty if there is none.
[[nodiscard]] std::string read_bytes(const std::string& path);
// One gzip member.
[[nodiscard]] std::string gzip(std::string_view bytes);
// An IDX file of unsigned bytes: header for `dims`, then `values`, whether they fit or not.
[[nodiscard]] std::string idx_bytes(const std::vector<std::uint32_t>& dims,
                                    std::string_view values);

// Writes a data set in the form of Fashion-MNIST's four files: images of three kinds that are easy
// to tell apart (brighter on the left, on the right, or all over), with labels 0 to 2, and noise.
void write_image_set(const std::string& folder, int train_count, int test_count);

}  // namespace keen::test
