#include "shim/data/idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "runtime/base/error.h"
#include "tests/support/data_files.h"

namespace keen::test {
namespace {

using ::testing::HasSubstr;

class IdxReader : public ::testing::Test {
 protected:
  data::IdxArray read(const std::string& bytes) {
    write_bytes(path_, bytes);
    return data::read_idx(path_);
  }
  // Reading `bytes` fails with an `Error` that names the file and says `reason`.
  template <class Error>
  void expect_error(const std::string& bytes, const std::string& reason) {
    write_bytes(path_, bytes);
    expect_error_at<Error>(path_, reason);
  }
  template <class Error>
  static void expect_error_at(const std::string& path, const std::string& reason) {
    try {
      const data::IdxArray array = data::read_idx(path);
      ADD_FAILURE() << "read " << array.values.size() << " bytes; expected: " << reason;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("'" + path + "'"));
      EXPECT_THAT(error.what(), HasSubstr(reason));
    }
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "images.gz";
};

TEST_F(IdxReader, gives_shape_and_values) {
  const data::IdxArray array = read(gzip(idx_bytes({2, 3}, "abcdef")));
  EXPECT_EQ(array.shape, Shape({2, 3}));
  EXPECT_EQ(std::string(array.values.begin(), array.values.end()), "abcdef");
}

TEST_F(IdxReader, takes_up_to_eight_dimensions) {
  EXPECT_EQ(read(gzip(idx_bytes({1, 1, 1, 1, 1, 1, 1, 2}, "ab"))).shape,
            Shape({1, 1, 1, 1, 1, 1, 1, 2}));
  expect_error<DataLossError>(gzip(idx_bytes({1, 1, 1, 1, 1, 1, 1, 1, 2}, "ab")), "9 dimensions");
}

TEST_F(IdxReader, takes_no_elements) {
  EXPECT_TRUE(read(gzip(idx_bytes({0, 3}, ""))).values.empty());
}

TEST_F(IdxReader, takes_several_gzip_members) {
  EXPECT_EQ(read(gzip(idx_bytes({4}, "ab")) + gzip("cd")).values.size(), 4U);
}

TEST_F(IdxReader, reads_more_than_one_chunk) {
  std::string values;
  for (std::int64_t i = 0; i < 300'000; ++i) values += static_cast<char>(i * i % 251);
  const data::IdxArray array = read(gzip(idx_bytes({300'000}, values)));
  EXPECT_EQ(std::string(array.values.begin(), array.values.end()), values);
}

TEST_F(IdxReader, missing_file) {
  expect_error_at<NotFoundError>(folder_ / "none.gz", "No such file");
  write_bytes(path_, "");
  expect_error_at<NotFoundError>(path_ + "/below", "Not a directory");
}

TEST_F(IdxReader, folder) { expect_error_at<UnavailableError>(folder_.path(), "Is a directory"); }

TEST_F(IdxReader, empty_file) { expect_error<DataLossError>("", "truncated"); }

TEST_F(IdxReader, not_compressed) {
  expect_error<DataLossError>(idx_bytes({2}, "ab"), "not intact gzip data: incorrect header check");
}

TEST_F(IdxReader, wrong_magic) {
  expect_error<DataLossError>(gzip("PNG and more"), "magic number");
  expect_error<DataLossError>(gzip("\0"), "ends within the magic number");
}

TEST_F(IdxReader, other_element_type) {
  std::string bytes = idx_bytes({1}, "abcd");
  bytes[2] = 0x0D;
  expect_error<UnimplementedError>(gzip(bytes), "type 13");
}

TEST_F(IdxReader, no_dimensions) {
  expect_error<DataLossError>(gzip(idx_bytes({}, "")), "0 dimensions");
}

TEST_F(IdxReader, truncated_header) {
  expect_error<DataLossError>(gzip(idx_bytes({2, 2}, "").substr(0, 9)), "ends within its header");
}

TEST_F(IdxReader, fewer_values_than_the_header_gives) {
  expect_error<DataLossError>(gzip(idx_bytes({2, 3}, "abcde")), "(2, 3), 6 bytes, but only 5");
}

TEST_F(IdxReader, more_values_than_the_header_gives) {
  expect_error<DataLossError>(gzip(idx_bytes({2, 3}, "abcdefg")), "bytes after the 6");
}

TEST_F(IdxReader, sizes_that_the_file_cannot_hold) {
  expect_error<DataLossError>(gzip(idx_bytes({0x7FFFFFFF, 1000}, "ab")), "too short for the sizes");
  // A product of 2^64, which is 0 in 64 bits.
  expect_error<DataLossError>(gzip(idx_bytes({0x80000000, 0x80000000, 4}, "ab")), "too short");
}

// Every shorter form of the file is an error, wherever it is cut.
TEST_F(IdxReader, truncated_anywhere) {
  const std::string whole = gzip(idx_bytes({5, 4}, "abcdefghijklmnopqrst"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    expect_error<DataLossError>(whole.substr(0, size), "truncated");
  }
}

// gzip's checksum finds any changed byte of the data.
TEST_F(IdxReader, damaged_anywhere) {
  const std::string whole = gzip(idx_bytes({5, 4}, "abcdefghijklmnopqrst"));
  const std::size_t header = 10;
  for (std::size_t at = header; at < whole.size(); ++at) {
    SCOPED_TRACE(at);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write_bytes(path_, damaged);
    EXPECT_THROW((void)data::read_idx(path_), OpError);
  }
}

TEST_F(IdxReader, bytes_after_the_gzip_data) {
  expect_error<DataLossError>(gzip(idx_bytes({2}, "ab")) + "junk", "not intact gzip data");
  expect_error<DataLossError>(gzip(idx_bytes({2}, "ab")) + '\0', "truncated");
}

}  // namespace
}  // namespace keen::test
