// Writes the file of weights and inputs which the benchmarks of Keen and the programs of its peers
// load.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/support/inputs_file.h"

namespace {

using keen::bench::Array;
using Shape = std::vector<std::int64_t>;

// Values from the bits of std::mt19937, whose sequence the standard fixes (unlike that of its
// distributions).
class Arrays {
 public:
  void uniform(const std::string& name, const Shape& shape, float low, float high) {
    fill(name, shape, [&] { return low + (high - low) * unit(); });
  }
  void labels(const std::string& name, std::int64_t count) {
    fill(name, {count}, [&] { return static_cast<float>(bits_() % 10); });
  }
  void dense(const std::string& name, std::int64_t inputs, std::int64_t outputs) {
    kernel(name, {inputs, outputs}, inputs, outputs);
  }
  void conv(const std::string& name, std::int64_t inputs, std::int64_t outputs) {
    kernel(name, {3, 3, inputs, outputs}, 9 * inputs, 9 * outputs);
  }
  // Off their usual 1 and 0, so that a gradient which forgets them shows; below 1, so that five
  // steps do not amplify the rounding of the first.
  void batch_norm(const std::string& name, std::int64_t channels) {
    uniform(name + "/gamma", {channels}, 0.25F, 0.75F);
    uniform(name + "/beta", {channels}, -0.1F, 0.1F);
  }
  const std::vector<Array>& all() const { return arrays_; }

 private:
  float unit() { return static_cast<float>(bits_() >> 8) * 0x1p-24F; }

  // Glorot's limit for the kernel; the biases small but not zero.
  void kernel(const std::string& name, const Shape& shape, std::int64_t fan_in,
              std::int64_t fan_out) {
    const float limit = std::sqrt(6.0F / static_cast<float>(fan_in + fan_out));
    uniform(name + "/kernel", shape, -limit, limit);
    uniform(name + "/bias", {shape.back()}, -0.05F, 0.05F);
  }
  template <typename Next>
  void fill(const std::string& name, const Shape& shape, Next next) {
    std::int64_t count = 1;
    for (std::int64_t dim : shape) count *= dim;
    Array array{name, shape, std::vector<float>(static_cast<std::size_t>(count))};
    for (float& value : array.values) value = next();
    arrays_.push_back(std::move(array));
  }

  std::mt19937 bits_{1};
  std::vector<Array> arrays_;
};

Arrays make_arrays() {
  Arrays arrays;
  arrays.uniform("add/a", {10}, -1, 1);
  arrays.uniform("add/b", {10}, -1, 1);
  arrays.uniform("mlp/images", {8, 32}, 0, 1);
  arrays.labels("mlp/labels", 8);
  arrays.dense("mlp/dense", 32, 64);
  arrays.dense("mlp/dense_1", 64, 64);
  arrays.dense("mlp/dense_2", 64, 10);
  arrays.uniform("network/images", {256, 28, 28, 1}, 0, 1);
  arrays.labels("network/labels", 256);
  arrays.conv("network/conv2d", 1, 32);
  arrays.batch_norm("network/batch_normalization", 32);
  arrays.conv("network/conv2d_1", 32, 64);
  arrays.batch_norm("network/batch_normalization_1", 64);
  arrays.dense("network/dense", 14 * 14 * 64, 128);
  arrays.dense("network/dense_1", 128, 10);
  return arrays;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_inputs FILE\n");
    return 2;
  }
  try {
    keen::bench::write_inputs_file(argv[1], make_arrays().all());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
