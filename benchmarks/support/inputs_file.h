#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace keen::bench {

// A dense row-major float32 array. Labels are whole numbers stored as float32.
struct Array {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

// A file of named arrays which a benchmark of Keen and the program of a peer both read, so that
// both start from the same weights and inputs. It depends on nothing but the standard library. The
// format:
//
//     keen-inputs 1
//     mlp/dense/kernel 32 64          one line per array: its name, then its dimensions
//     mlp/dense/bias 64
//     end
//     raw little-endian float32 values, array after array in the order of the lines
//
// Layouts are TensorFlow's: images NHWC, convolution kernels HWIO, dense kernels [inputs,
// outputs].
class InputsFile {
 public:
  // Reads the head alone; throws std::runtime_error, naming the file, if it is missing, malformed
  // or truncated.
  explicit InputsFile(std::string path);

  // Reads one array from the file; throws std::runtime_error if there is none of that name.
  Array read(const std::string& name) const;

  // As read, but the first `rows` of its first dimension alone.
  Array read_rows(const std::string& name, std::int64_t rows) const;

 private:
  struct Entry {
    std::string name;
    std::vector<std::int64_t> shape;
    std::int64_t offset;  // bytes from the begin of the file
    std::int64_t count;   // elements
  };
  const Entry& entry(const std::string& name) const;
  void read_head(std::istream& file);

  std::string path_;
  std::vector<Entry> entries_;
};

// Writes `arrays` to `path`; throws std::runtime_error if that fails.
void write_inputs_file(const std::string& path, const std::vector<Array>& arrays);

}  // namespace keen::bench
