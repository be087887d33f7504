#include "runtime/base/output_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "runtime/base/error.h"
#include "tests/support/data_files.h"

namespace keen::test {
namespace {

namespace fs = std::filesystem;

std::ptrdiff_t files_in(const TemporaryFolder& folder) {
  return std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
}

TEST(output_file, replaces_what_was_there_and_leaves_nothing_else) {
  const TemporaryFolder folder;
  const std::string path = folder / "out.csv";
  write_file(path, "first, and longer");
  EXPECT_EQ(read_bytes(path), "first, and longer");
  write_file(path, "second");
  EXPECT_EQ(read_bytes(path), "second");
  EXPECT_EQ(files_in(folder), 1);
}

TEST(output_file, keeps_permissions) {
  const TemporaryFolder folder;
  const std::string path = folder / "out.csv";
  write_bytes(path, "");
  fs::permissions(path, fs::perms{0640});
  write_file(path, "text");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms{0640});
}

TEST(output_file, new_file_has_the_usual_permissions) {
  const TemporaryFolder folder;
  const std::string path = folder / "out.csv";
  const mode_t before = umask(022);
  write_file(path, "text");
  umask(before);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms{0644});
}

TEST(output_file, follows_links) {
  const TemporaryFolder folder;
  write_bytes(folder / "target", "old");
  fs::create_symlink("target", folder / "link");
  write_file(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_bytes(folder / "target"), "new");
}

// /dev/full is a disk without room; it must not be replaced by a file either.
TEST(output_file, full_disk_is_an_error) {
  check_writable("/dev/full");
  EXPECT_THROW(write_file("/dev/full", "text"), ResourceExhaustedError);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(output_file, wrong_path_is_found_before) {
  const TemporaryFolder folder;
  EXPECT_THROW(check_writable(folder / "none/out.csv"), NotFoundError);
  EXPECT_THROW(check_writable(folder.path()), UnavailableError);
  EXPECT_THROW(write_file(folder / "none/out.csv", "text"), NotFoundError);
  check_writable(folder / "out.csv");
  EXPECT_EQ(files_in(folder), 0);
}

}  // namespace
}  // namespace keen::test
