#include "runtime/base/shape.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen {
namespace {

constexpr std::int64_t kBig = std::numeric_limits<std::int64_t>::max();

TEST(Shape, CountsElements) {
  EXPECT_EQ(Shape().num_elements(), 1);
  EXPECT_EQ(Shape({2, 3, 4}).num_elements(), 24);
  EXPECT_EQ(Shape({2, 0, 4}).num_elements(), 0);
  EXPECT_EQ(Shape({2, -1}).num_elements(), -1);
  EXPECT_EQ(Shape::unknown().num_elements(), -1);
}

TEST(Shape, IndexesLikePython) {
  const Shape shape({2, 3, 4});
  EXPECT_EQ(shape[0], 2);
  EXPECT_EQ(shape[-1], 4);
  EXPECT_EQ(shape[-3], 2);
  EXPECT_THROW(static_cast<void>(shape[3]), IndexError);
  EXPECT_THROW(static_cast<void>(shape[-4]), IndexError);
  EXPECT_THROW(static_cast<void>(Shape()[0]), IndexError);
}

TEST(Shape, RefusesWhatCannotBeCounted) {
  // The last is the shape that made a reader of model files allocate four elements.
  const std::vector<std::vector<std::int64_t>> bad = {
      {kBig, 2},
      {std::int64_t{1} << 32, std::int64_t{1} << 32},
      {kBig},
      {-2},
      {3, -7},
      {1, 1, 1, 1, 1, 1, 1, 1, 1},
      {4194305, 4194305, 211106198978564}};
  for (const auto& dims : bad) EXPECT_THROW(Shape{std::span(dims)}, InvalidArgumentError);
}

TEST(Shape, ChecksEachChange) {
  Shape shape({2, 3});
  shape.push_back(4);
  EXPECT_EQ(shape, Shape({2, 3, 4}));
  shape.set_dim(-1, 5);
  EXPECT_EQ(shape.num_elements(), 30);
  EXPECT_THROW(shape.set_dim(0, kBig), InvalidArgumentError);
  EXPECT_THROW(shape.set_dim(3, 1), IndexError);
}

TEST(Shape, PrintsAsPythonAndAsKernels) {
  EXPECT_EQ(text(Shape()), "()");
  EXPECT_EQ(text(Shape({4})), "(4,)");
  EXPECT_EQ(text(Shape({2, -1})), "(2, None)");
  EXPECT_EQ(text(Shape::unknown()), "<unknown>");
  EXPECT_EQ(brackets(Shape({2, 3})), "[2,3]");
  EXPECT_EQ(brackets(Shape({-1, 3})), "[?,3]");
}

TEST(Shape, IsCompatibleWhereUnknown) {
  EXPECT_TRUE(Shape({2, -1}).is_compatible_with(Shape({2, 3})));
  EXPECT_TRUE(Shape::unknown().is_compatible_with(Shape({2, 3})));
  EXPECT_FALSE(Shape({2, -1}).is_compatible_with(Shape({3, 3})));
  EXPECT_FALSE(Shape({2}).is_compatible_with(Shape({2, 1})));
}

struct Broadcast {
  Shape a, b;
  bool fits;
  Shape result;
};

TEST(Shape, Broadcasts) {
  const std::vector<Broadcast> cases = {
      {{2, 3}, {3}, true, {2, 3}}, {{2, 1}, {1, 3}, true, {2, 3}}, {{}, {4}, true, {4}},
      {{0}, {1}, true, {0}},       {{2, -1}, {1}, true, {2, -1}},  {{-1}, {3}, true, {3}},
      {{2}, {3}, false, {}},       {{0}, {2}, false, {}}};
  for (const Broadcast& each : cases) {
    Shape result;
    ASSERT_EQ(broadcast_shapes(each.a, each.b, &result), each.fits) << text(each.a, " ", each.b);
    if (each.fits) {
      EXPECT_EQ(result, each.result) << text(each.a, " ", each.b);
    }
  }
}

}  // namespace
}  // namespace keen
