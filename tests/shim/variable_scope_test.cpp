// Variable scopes, stores and get_variable, beyond what the golden scenarios hold.
#include "shim/compat/v1/variable_scope.h"

#include <gtest/gtest.h>

#include <thread>

#include "runtime/base/error.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"
#include "runtime/trace/function.h"
#include "shim/compat/v1/get_variable.h"
#include "shim/compat/v1/keras/utils/track_tf1_style_variables.h"
#include "shim/compat/v1/variable_store.h"
#include "shim/keras/backend.h"
#include "shim/module.h"

namespace keen {
namespace {

namespace v1 = compat::v1;

class ShimScope : public testing::Test {
 protected:
  ShimScope() { keras::backend::clear_session(); }
};

// A module whose method does what the test says.
class Tracked final : public Module {
 public:
  template <class F>
  auto operator()(const F& body) {
    auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
    return body();
  }
};

v1::VariableLike scalar(std::string_view name) { return v1::get_variable(name, {.shape = {}}); }

TEST_F(ShimScope, outlives_its_block_and_is_entered_again) {
  std::optional<v1::VariableScope> kept;
  {
    auto outer = v1::variable_scope("a");
    auto inner = v1::variable_scope("b");
    kept = inner.scope();
  }
  EXPECT_EQ(v1::get_variable_scope().name(), "");
  auto other = v1::variable_scope("other");
  auto again = v1::variable_scope(*kept);
  EXPECT_EQ(v1::get_variable_scope().name(), "a/b");
  EXPECT_EQ(v1::get_variable_scope().original_name_scope(), "a/b/");
  EXPECT_EQ(again.scope().name(), "a/b");
  EXPECT_EQ(other.scope().name(), "other");
}

TEST_F(ShimScope, is_left_by_an_exception) {
  EXPECT_THROW(
      {
        auto outer = v1::variable_scope("a");
        throw ValueError("as a layer's body may");
      },
      ValueError);
  EXPECT_EQ(v1::get_variable_scope().name(), "");
  EXPECT_EQ(Context::current().name_scope(), "");
}

TEST_F(ShimScope, default_names_count_what_was_opened_since_the_scope_around_was_left) {
  for (int call = 0; call < 2; ++call) {
    auto outer = v1::variable_scope("a");
    for (const char* expected : {"a/d", "a/d_1", "a/d_2"}) {
      auto scope = v1::variable_scope(None, "d");
      EXPECT_EQ(scope.scope().name(), expected);
    }
  }
  EXPECT_EQ(v1::variable_scope(None, "d").scope().name(), "d");
  EXPECT_EQ(v1::variable_scope(None, "d").scope().name(), "d_1");
  keras::backend::clear_session();
  EXPECT_EQ(v1::variable_scope(None, "d").scope().name(), "d");
}

TEST_F(ShimScope, entering_a_scope_again_takes_back_what_was_opened_below) {
  std::optional<v1::VariableScope> kept;
  { kept = v1::variable_scope("a").scope(); }
  for (int call = 0; call < 2; ++call) {
    auto again = v1::variable_scope(*kept);
    EXPECT_EQ(v1::variable_scope(None, "d").scope().name(), "a/d");
  }
}

TEST_F(ShimScope, a_thread_starts_with_the_scope_it_was_given_and_counts_for_itself) {
  auto outer = v1::variable_scope("a", {.initializer = "ones"});
  EXPECT_EQ(v1::variable_scope(None, "d").scope().name(), "a/d");
  const Context& mine = Context::current();
  std::string name;
  std::string unique;
  std::thread thread([&] {
    Context::current() = mine;
    name = v1::get_variable_scope().name();
    unique = v1::variable_scope(None, "d").scope().name();
    auto deeper = v1::variable_scope("only_there");
  });
  thread.join();
  EXPECT_EQ(name, "a");
  EXPECT_EQ(unique, "a/d");
  EXPECT_EQ(v1::variable_scope(None, "d").scope().name(), "a/d_1");
  EXPECT_EQ(v1::get_variable_scope().name(), "a");
}

TEST_F(ShimScope, a_module_owns_the_variables_of_its_methods) {
  Tracked one;
  Tracked two;
  const Variable first = one([] { return scalar("v").variable(); });
  EXPECT_TRUE(one([] { return scalar("v").variable(); }).is(first));
  EXPECT_FALSE(two([] { return scalar("v").variable(); }).is(first));
  ASSERT_EQ(one.variables().size(), 1u);
  EXPECT_TRUE(one.variables()[0].is(first));
  EXPECT_EQ(one.children().at(0).name, "_tf1_style_var_store");
}

TEST_F(ShimScope, a_method_within_a_method_of_another_module_has_its_own_store) {
  Tracked outer;
  Tracked inner;
  outer([&] {
    auto scope = v1::variable_scope("s");
    static_cast<void>(scalar("before"));
    inner([] { static_cast<void>(scalar("within")); });
    static_cast<void>(scalar("after"));
  });
  EXPECT_EQ(outer.v1_store()->keys(), (std::vector<std::string>{"s/before", "s/after"}));
  EXPECT_EQ(inner.v1_store()->keys(), (std::vector<std::string>{"s/within"}));
}

TEST_F(ShimScope, without_a_store_every_call_makes_a_variable) {
  EXPECT_FALSE(scalar("v").variable().is(scalar("v").variable()));
}

TEST_F(ShimScope, a_function_keeps_the_scope_and_the_store_around_it) {
  Tracked module;
  const auto twice = function([](const Tensor& x) -> Tensor {
    static_cast<void>(x);
    return v1::get_variable("w", {.shape = {2}, .initializer = "ones"}).value();
  });
  for (const char* scope_name : {"m", "n"}) {
    const Tensor result = module([&] {
      auto scope = v1::variable_scope(scope_name);
      return twice(constant(1.0));
    });
    EXPECT_EQ(result.to_vector<float>(), (std::vector<float>{1, 1}));
  }
  // Fixed by the first trace.
  EXPECT_EQ(module.v1_store()->keys(), (std::vector<std::string>{"m/w"}));
}

TEST_F(ShimScope, stores_do_not_mix_up_equal_names) {
  // The nodes of names remember entries of the store that was asked last.
  Tracked one;
  Tracked two;
  for (int round = 0; round < 3; ++round) {
    const Variable a = one([] { return scalar("v").variable(); });
    const Variable b = two([] { return scalar("v").variable(); });
    EXPECT_FALSE(a.is(b));
    EXPECT_TRUE(one.variables()[0].is(a));
    EXPECT_TRUE(two.variables()[0].is(b));
  }
}

TEST_F(ShimScope, what_stands_for_a_variable_is_read_as_a_tensor) {
  const v1::VariableLike variable = v1::get_variable("v", {.shape = {2}, .initializer = "ones"});
  EXPECT_TRUE(variable.is_variable());
  EXPECT_EQ(Tensor(variable).to_vector<float>(), (std::vector<float>{1, 1}));
  const v1::VariableLike tensor = constant({3.0});
  EXPECT_FALSE(tensor.is_variable());
  EXPECT_THROW(static_cast<void>(tensor.variable()), TypeError);
  EXPECT_EQ(tensor.shape(), Shape({1}));
}

TEST_F(ShimScope, names_and_defaults_of_the_right_type) {
  EXPECT_THROW(static_cast<void>(v1::variable_scope(None)), TypeError);
  EXPECT_THROW(static_cast<void>(v1::variable_scope(None, "d", {.reuse = true})), ValueError);
  EXPECT_THROW(static_cast<void>(v1::get_variable("v")), TypeError);
  EXPECT_THROW(static_cast<void>(v1::get_variable("v", {.shape = {2}, .initializer = "one"})),
               ValueError);
  EXPECT_THROW(
      static_cast<void>(v1::get_variable("v", {.shape = {2}, .initializer = constant({1.0, 2.0})})),
      ValueError);
  EXPECT_THROW(static_cast<void>(v1::get_variable(
                   "v", {.dtype = DType::kInt32, .initializer = constant({1.0, 2.0})})),
               ValueError);
}

}  // namespace
}  // namespace keen
