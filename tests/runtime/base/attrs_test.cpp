#include "runtime/base/attrs.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace keen {
namespace {

enum class Padding { kValid, kSame };

struct ConvLikeArgs {
  std::array<int, 2> strides{1, 1};
  Padding padding = Padding::kValid;
  float alpha = 0.5F;
  bool flag = false;
  Ints axes = {};
};
struct EmptyArgs {};
struct ShapeArgs {
  Shape shape;
};
struct TwelveArgs {
  int a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0, k = 0, l = 0;
};

static_assert(AttrsStruct<ConvLikeArgs> && AttrsStruct<ShapeArgs> && AttrsStruct<NoAttrs>);
static_assert(detail::field_count<ConvLikeArgs>() == 5);
static_assert(detail::field_count<TwelveArgs>() == 12);
static_assert(detail::field_count<EmptyArgs>() == 0);

TEST(Attrs, CompareFieldByField) {
  const ConvLikeArgs args{.strides = {2, 2}, .axes = {1, 2}};
  ConvLikeArgs other = args;
  EXPECT_TRUE(AttrsView(args) == AttrsView(other));
  EXPECT_EQ(AttrsView(args).hash(), AttrsView(other).hash());
  other.axes = {1, 3};
  EXPECT_FALSE(AttrsView(args) == AttrsView(other));
  other = args;
  other.strides[1] = 3;
  EXPECT_FALSE(AttrsView(args) == AttrsView(other));
}

TEST(Attrs, TellNanAndZerosApartByTheirBits) {
  const ConvLikeArgs nan{.alpha = std::nanf("")};
  EXPECT_TRUE(AttrsView(nan) == AttrsView(nan));
  const ConvLikeArgs plus{.alpha = 0.0F};
  const ConvLikeArgs minus{.alpha = -0.0F};
  EXPECT_FALSE(AttrsView(plus) == AttrsView(minus));
}

TEST(Attrs, DifferBetweenTypes) {
  const EmptyArgs empty;
  EXPECT_FALSE(AttrsView(empty) == AttrsView());
  EXPECT_TRUE(AttrsView() == AttrsView());
}

TEST(Attrs, CopyTheStruct) {
  Attrs owned;
  {
    const ShapeArgs args{.shape = {3, 4}};
    owned = Attrs(args);
  }
  EXPECT_EQ(owned.view().as<ShapeArgs>().shape, Shape({3, 4}));
}

TEST(Attrs, Print) {
  EXPECT_EQ(text(AttrsView(ConvLikeArgs{.padding = Padding::kSame, .axes = {0}})),
            "{[1, 1], 1, 0.5, false, [0]}");
  EXPECT_EQ(text(AttrsView()), "{}");
}

}  // namespace
}  // namespace keen
