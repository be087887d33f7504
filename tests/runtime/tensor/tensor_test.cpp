#include "runtime/tensor/tensor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/tensors.h"

namespace keen {
namespace {

TEST(Constant, TakesPythonsTypes) {
  EXPECT_EQ(constant(1.5).dtype(), float32);
  EXPECT_EQ(constant(1).dtype(), int32);
  EXPECT_EQ(constant(std::int64_t{1}).dtype(), int64);
  EXPECT_EQ(constant(true).dtype(), DType::kBool);
  EXPECT_EQ(constant(1.5, {.dtype = float64}).item<double>(), 1.5);
  EXPECT_EQ(constant(3, {.dtype = float16}).item<half>(), half(3.0F));
  EXPECT_EQ(constant("text").item<std::string>(), "text");
  EXPECT_EQ(constant(std::vector<double>{1, 2}).dtype(), float64);
}

TEST(Constant, NestsLists) {
  EXPECT_EQ(constant({1, 2, 3}).shape(), Shape({3}));
  EXPECT_EQ(constant({{1, 2}, {3, 4}, {5, 6}}).shape(), Shape({3, 2}));
  EXPECT_EQ(constant({{{1.0F}}, {{2.0F}}}).shape(), Shape({2, 1, 1}));
  EXPECT_EQ(constant({{{{1}, {2}}}}).shape(), Shape({1, 1, 2, 1}));
  EXPECT_EQ(constant({{1, 2}, {3, 4}}).to_vector<int>(), (std::vector<int>{1, 2, 3, 4}));
}

TEST(Constant, RefusesWhatIsNoTensor) {
  EXPECT_THROW(static_cast<void>(constant({{1, 2}, {3}})), ValueError);
  EXPECT_THROW(static_cast<void>(constant(300, {.dtype = int8})), InvalidArgumentError);
  EXPECT_THROW(static_cast<void>(constant(-1, {.dtype = uint8})), InvalidArgumentError);
  EXPECT_THROW(static_cast<void>(constant(1.5, {.dtype = int32})), TypeError);
  EXPECT_THROW(static_cast<void>(constant(1e30, {.dtype = int64})), InvalidArgumentError);
  EXPECT_THROW(static_cast<void>(constant(1, {.dtype = DType::kString})), TypeError);
  EXPECT_THROW(static_cast<void>(Tensor::from_vector<float>({1, 2, 3}, Shape({2, 2}))),
               InvalidArgumentError);
  EXPECT_THROW(static_cast<void>(Tensor::from_bytes("", 0, TensorSpec())), InvalidArgumentError);
}

TEST(Tensor, GivesItsElements) {
  const Tensor tensor = Tensor::from_vector<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(tensor.to_vector<float>(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(tensor.data<float>()[5], 6.0F);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data<float>().data()) % 64, 0U);
  EXPECT_EQ(constant({true, false}).to_vector<bool>(), (std::vector<bool>{true, false}));
  EXPECT_EQ(Tensor::from_vector<std::string>({"a", "b"}).to_vector<std::string>()[1], "b");
  EXPECT_TRUE(Tensor::from_vector<float>({}, {0, 3}).to_vector<float>().empty());
}

TEST(Tensor, RefusesTheWrongQuestions) {
  const Tensor pair = constant({1.0F, 2.0F});
  EXPECT_THROW(static_cast<void>(pair.item<float>()), InvalidArgumentError);
  EXPECT_THROW(static_cast<void>(Tensor::from_vector<float>({}).item<float>()),
               InvalidArgumentError);
  EXPECT_THROW(static_cast<void>(pair.to_vector<double>()), TypeError);
  EXPECT_THROW(static_cast<void>(pair.data<int>()), TypeError);
  EXPECT_THROW(static_cast<void>(Tensor().shape()), ValueError);
  EXPECT_FALSE(Tensor().defined());
}

TEST(Tensor, SharesElementsWhenReshaped) {
  const Tensor flat = constant({1, 2, 3, 4});
  const Tensor square = detail::share_buffer(flat, {2, 2});
  EXPECT_EQ(square.data<int>().data(), flat.data<int>().data());
  EXPECT_NE(square.id(), flat.id());
}

TEST(Tensors, FlattenAndPack) {
  const Tensor a = constant(1);
  const Tensor b = constant(2);
  const Tensor c = constant(3);
  const Tensors nested{Tensors(c), Tensors(Tensors::Map{{"y", b}, {"x", a}})};
  EXPECT_EQ(nested.structure(), "[*, {x: *, y: *}]");
  const std::vector<Tensor> flat = nested.flatten();
  ASSERT_EQ(flat.size(), 3U);
  EXPECT_TRUE(flat[0].is(c) && flat[1].is(a) && flat[2].is(b));
  const Tensors again = nested.pack(flat);
  EXPECT_TRUE(again[1]["y"].tensor().is(b));
  EXPECT_THROW(static_cast<void>(nested.pack(std::vector<Tensor>(2))), ValueError);
  EXPECT_THROW(static_cast<void>(nested.pack(std::vector<Tensor>(4))), ValueError);
  EXPECT_THROW(static_cast<void>(nested.tensor()), TypeError);
  EXPECT_THROW(static_cast<void>(nested[2]), IndexError);
  EXPECT_THROW(static_cast<void>(nested[1]["z"]), KeyError);
}

}  // namespace
}  // namespace keen
