// Expected texts are those of TensorFlow 2.15 with NumPy 1.26.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "runtime/tensor/constant.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen::test {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr DType bfloat = DType::kBFloat16;

// 0, 1, … n-1
Tensor count(int n, DType dtype, const Shape& shape) {
  std::vector<float> floats;
  std::vector<std::int32_t> integers;
  for (int i = 0; i < n; ++i) {
    floats.push_back(static_cast<float>(i));
    integers.push_back(i);
  }
  return dtype == float32 ? constant(floats, shape) : constant(integers, shape);
}

Tensor sevenths(int n) {
  std::vector<float> values;
  for (int i = 0; i < n; ++i) values.push_back(static_cast<float>(i) / 7.0F);
  return constant(values);
}

using Texts = std::vector<std::pair<std::string, std::string>>;

void expect_equal(const Texts& texts) {
  for (const auto& [got, want] : texts) EXPECT_EQ(got, want);
}

TEST(print, tensors_as_tensorflow_prints_them) {
  expect_equal({
      {constant({1.0, 2.5, 3e-5}, {.dtype = bfloat}).to_string(),
       "tf.Tensor([1 2.5 3.00407e-05], shape=(3,), dtype=bfloat16)"},
      {constant(1.5, {.dtype = bfloat}).to_string(), "tf.Tensor(1.5, shape=(), dtype=bfloat16)"},
      {constant({1.0, 2.5, 3e-5}, {.dtype = float16}).to_string(),
       "tf.Tensor([1.0e+00 2.5e+00 3.0e-05], shape=(3,), dtype=float16)"},
      {constant({0.1, 1e5, kNan}, {.dtype = bfloat}).to_string(),
       "tf.Tensor([0.100098 99840 nan], shape=(3,), dtype=bfloat16)"},
      {constant({{0.1, 1e10}}, {.dtype = bfloat}).to_string(),
       "tf.Tensor([[0.100098 9.99922e+09]], shape=(1, 2), dtype=bfloat16)"},
      {constant(1e16).to_string(), "tf.Tensor(1e+16, shape=(), dtype=float32)"},
      {constant(123456789.0).to_string(), "tf.Tensor(123456790.0, shape=(), dtype=float32)"},
      {constant(1e-5).to_string(), "tf.Tensor(1e-05, shape=(), dtype=float32)"},
      {constant(0.0001).to_string(), "tf.Tensor(1e-04, shape=(), dtype=float32)"},
      {constant({0.0001}).to_string(), "tf.Tensor([1.e-04], shape=(1,), dtype=float32)"},
      {constant(1.5e20).to_string(), "tf.Tensor(1.5e+20, shape=(), dtype=float32)"},
      {constant(kNan).to_string(), "tf.Tensor(nan, shape=(), dtype=float32)"},
      {constant(-kInf).to_string(), "tf.Tensor(-inf, shape=(), dtype=float32)"},
      {constant(65504.0, {.dtype = float16}).to_string(),
       "tf.Tensor(65500.0, shape=(), dtype=float16)"},
      {constant(-0.0).to_string(), "tf.Tensor(-0.0, shape=(), dtype=float32)"},
      {constant("he'llo\n\xff").to_string(),
       R"(tf.Tensor(b"he'llo\n\xff", shape=(), dtype=string))"},
      {constant(std::vector<std::string>{"a", "bcd"}).to_string(),
       "tf.Tensor([b'a' b'bcd'], shape=(2,), dtype=string)"},
      {constant(std::vector<std::string>{"a", "b\"'"}, Shape({2, 1})).to_string(),
       R"(tf.Tensor(
[[b'a']
 [b'b"\'']], shape=(2, 1), dtype=string))"},
      {constant(true).to_string(), "tf.Tensor(True, shape=(), dtype=bool)"},
      {constant({true, false}).to_string(), "tf.Tensor([ True False], shape=(2,), dtype=bool)"},
      {constant({true}).to_string(), "tf.Tensor([ True], shape=(1,), dtype=bool)"},
      {count(0, float32, {0, 3}).to_string(), "tf.Tensor([], shape=(0, 3), dtype=float32)"},
      {constant(5).to_string(), "tf.Tensor(5, shape=(), dtype=int32)"},
      {constant({1, -20, 300}).to_string(), "tf.Tensor([  1 -20 300], shape=(3,), dtype=int32)"},
      {constant(3, {.dtype = uint8}).to_string(), "tf.Tensor(3, shape=(), dtype=uint8)"},
      {count(24, int32, {2, 3, 4}).to_string(),
       R"(tf.Tensor(
[[[ 0  1  2  3]
  [ 4  5  6  7]
  [ 8  9 10 11]]

 [[12 13 14 15]
  [16 17 18 19]
  [20 21 22 23]]], shape=(2, 3, 4), dtype=int32))"},
      {count(1001, int32, {1001}).to_string(),
       "tf.Tensor([   0    1    2 ...  998  999 1000], shape=(1001,), dtype=int32)"},
      {count(1200, float32, {30, 40}).to_string(),
       R"(tf.Tensor(
[[0.000e+00 1.000e+00 2.000e+00 ... 3.700e+01 3.800e+01 3.900e+01]
 [4.000e+01 4.100e+01 4.200e+01 ... 7.700e+01 7.800e+01 7.900e+01]
 [8.000e+01 8.100e+01 8.200e+01 ... 1.170e+02 1.180e+02 1.190e+02]
 ...
 [1.080e+03 1.081e+03 1.082e+03 ... 1.117e+03 1.118e+03 1.119e+03]
 [1.120e+03 1.121e+03 1.122e+03 ... 1.157e+03 1.158e+03 1.159e+03]
 [1.160e+03 1.161e+03 1.162e+03 ... 1.197e+03 1.198e+03 1.199e+03]], shape=(30, 40), dtype=float32))"},
      {count(60, float32, {60}).to_string(),
       R"(tf.Tensor(
[ 0.  1.  2.  3.  4.  5.  6.  7.  8.  9. 10. 11. 12. 13. 14. 15. 16. 17.
 18. 19. 20. 21. 22. 23. 24. 25. 26. 27. 28. 29. 30. 31. 32. 33. 34. 35.
 36. 37. 38. 39. 40. 41. 42. 43. 44. 45. 46. 47. 48. 49. 50. 51. 52. 53.
 54. 55. 56. 57. 58. 59.], shape=(60,), dtype=float32))"},
      {constant({-0.0, 0.16666667, 0.33333334, 0.5, 0.6666667, 0.8333334, 1.0}).to_string(),
       R"(tf.Tensor(
[-0.          0.16666667  0.33333334  0.5         0.6666667   0.8333334
  1.        ], shape=(7,), dtype=float32))"},
      {constant({1e-5, 1.0}).to_string(), "tf.Tensor([1.e-05 1.e+00], shape=(2,), dtype=float32)"},
      {constant({1.0, 1000.5}).to_string(),
       "tf.Tensor([1.0000e+00 1.0005e+03], shape=(2,), dtype=float32)"},
      {constant({kNan, 1.0, -kInf}).to_string(),
       "tf.Tensor([ nan   1. -inf], shape=(3,), dtype=float32)"},
      {constant({1e10, kInf}).to_string(), "tf.Tensor([1.e+10    inf], shape=(2,), dtype=float32)"},
      {constant({kNan, kInf}).to_string(), "tf.Tensor([nan inf], shape=(2,), dtype=float32)"},
      {constant({1 / 3.0, 2 / 3.0}, {.dtype = float64}).to_string(),
       "tf.Tensor([0.33333333 0.66666667], shape=(2,), dtype=float64)"},
      {constant({1e-10, 123456.789}, {.dtype = float64}).to_string(),
       "tf.Tensor([1.00000000e-10 1.23456789e+05], shape=(2,), dtype=float64)"},
      {constant({1e300, 1e-300}, {.dtype = float64}).to_string(),
       "tf.Tensor([1.e+300 1.e-300], shape=(2,), dtype=float64)"},
      {constant({1e-45, 1.0}).to_string(), "tf.Tensor([1.e-45 1.e+00], shape=(2,), dtype=float32)"},
      {constant(1e-45).to_string(), "tf.Tensor(1e-45, shape=(), dtype=float32)"},
  });
}

TEST(print, variables_as_tensorflow_prints_them) {
  expect_equal({
      {Variable(constant({1.0, 2.0}), {.name = "w"}).to_string(),
       "<tf.Variable 'w:0' shape=(2,) dtype=float32, numpy=array([1., 2.], dtype=float32)>"},
      {Variable(constant(1.5), {.name = "s"}).to_string(),
       "<tf.Variable 's:0' shape=() dtype=float32, numpy=1.5>"},
      {Variable(constant({1, 2})).to_string(),
       "<tf.Variable 'Variable:0' shape=(2,) dtype=int32, numpy=array([1, 2], dtype=int32)>"},
      {Variable(constant({1.0, 2.0}, {.dtype = float64})).to_string(),
       "<tf.Variable 'Variable:0' shape=(2,) dtype=float64, numpy=array([1., 2.])>"},
      {Variable(count(12, float32, {3, 4})).to_string(),
       R"(<tf.Variable 'Variable:0' shape=(3, 4) dtype=float32, numpy=
array([[ 0.,  1.,  2.,  3.],
       [ 4.,  5.,  6.,  7.],
       [ 8.,  9., 10., 11.]], dtype=float32)>)"},
      {Variable(count(0, float32, {0, 3})).to_string(),
       "<tf.Variable 'Variable:0' shape=(0, 3) dtype=float32, numpy=array([], shape=(0, 3), "
       "dtype=float32)>"},
      {Variable(sevenths(14)).to_string(),
       R"(<tf.Variable 'Variable:0' shape=(14,) dtype=float32, numpy=
array([0.        , 0.14285715, 0.2857143 , 0.42857143, 0.5714286 ,
       0.71428573, 0.85714287, 1.        , 1.1428572 , 1.2857143 ,
       1.4285715 , 1.5714285 , 1.7142857 , 1.8571428 ], dtype=float32)>)"},
      {Variable(constant({true})).to_string(),
       "<tf.Variable 'Variable:0' shape=(1,) dtype=bool, numpy=array([ True])>"},
      {Variable(constant(std::vector<float>(2000))).to_string(),
       "<tf.Variable 'Variable:0' shape=(2000,) dtype=float32, numpy=array([0., 0., 0., ..., 0., "
       "0., 0.], dtype=float32)>"},
      {Variable(constant(3, {.dtype = int64})).to_string(),
       "<tf.Variable 'Variable:0' shape=() dtype=int64, numpy=3>"},
      {Variable(sevenths(20)).to_string(),
       R"(<tf.Variable 'Variable:0' shape=(20,) dtype=float32, numpy=
array([0.        , 0.14285715, 0.2857143 , 0.42857143, 0.5714286 ,
       0.71428573, 0.85714287, 1.        , 1.1428572 , 1.2857143 ,
       1.4285715 , 1.5714285 , 1.7142857 , 1.8571428 , 2.        ,
       2.142857  , 2.2857144 , 2.4285715 , 2.5714285 , 2.7142856 ],
      dtype=float32)>)"},
      {Variable(constant({1.5, 2.0}, {.dtype = float16})).to_string(),
       "<tf.Variable 'Variable:0' shape=(2,) dtype=float16, numpy=array([1.5, 2. ], "
       "dtype=float16)>"},
      {Variable(constant({1.5, 2.0}, {.dtype = bfloat})).to_string(),
       "<tf.Variable 'Variable:0' shape=(2,) dtype=bfloat16, numpy=array([1.5, 2], "
       "dtype=bfloat16)>"},
      {Variable(constant("abc")).to_string(),
       "<tf.Variable 'Variable:0' shape=() dtype=string, numpy=b'abc'>"},
      {Variable(constant(std::vector<std::string>{"abc", "d"})).to_string(),
       "<tf.Variable 'Variable:0' shape=(2,) dtype=string, numpy=array([b'abc', b'd'], "
       "dtype=object)>"},
  });
}

TEST(print, tensors_without_a_value) {
  EXPECT_EQ(Tensor().to_string(), "tf.Tensor(<undefined>)");
  EXPECT_EQ(Variable().to_string(), "<tf.Variable (undefined)>");
}

}  // namespace
}  // namespace keen::test
