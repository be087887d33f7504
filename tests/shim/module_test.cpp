#include "shim/module.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/op/core_ops.h"
#include "shim/keras/layers/layer.h"

namespace keen {
namespace {

std::vector<std::string> names(const std::vector<Variable>& variables) {
  std::vector<std::string> result;
  for (const Variable& variable : variables) result.push_back(variable.name());
  return result;
}

Variable variable(const std::string& name, bool trainable = true) {
  return Variable(fill({1}, 1.0), {.trainable = trainable, .name = name});
}

class Leaf final : public Module {
 public:
  explicit Leaf(const std::string& prefix) {
    track("z", variable(prefix + "z"));
    track("a", variable(prefix + "a", false));
  }
};

class Tree final : public Module {
 public:
  Tree() { track("own", variable("own")); }
  Ref<Leaf> second = track("second", Leaf("s_"));
  Ref<Leaf> first = track("first", Leaf("f_"));
  Ref<Leaf> again = track("again", first);
};

TEST(shim_module, lists_its_variables_and_then_those_of_its_modules_by_name) {
  const Tree tree;
  EXPECT_EQ(names(tree.variables()),
            (std::vector<std::string>{"own:0", "f_a:0", "f_z:0", "s_a:0", "s_z:0"}));
  EXPECT_EQ(names(tree.trainable_variables()),
            (std::vector<std::string>{"own:0", "f_z:0", "s_z:0"}));
  EXPECT_EQ(names(tree.non_trainable_variables()), (std::vector<std::string>{"f_a:0", "s_a:0"}));
}

TEST(shim_module, moves_until_it_is_tracked) {
  Leaf leaf("");
  Leaf moved(std::move(leaf));
  EXPECT_EQ(moved.variables().size(), 2u);
  Tree tree;
  EXPECT_THROW(Leaf(std::move(*tree.first)), RuntimeError);
}

class Holder final : public Module {
 public:
  using Module::track;
};

TEST(shim_module, names_are_given_once) {
  Holder holder;
  static_cast<void>(holder.track("leaf", Leaf("")));
  EXPECT_THROW(static_cast<void>(holder.track("leaf", Leaf(""))), ValueError);
  EXPECT_THROW(static_cast<void>(holder.track("leaf", variable("v"))), ValueError);
  EXPECT_THROW(static_cast<void>(holder.track("none", Variable())), ValueError);
  EXPECT_THROW(static_cast<void>(holder.track("null", Ref<Leaf>())), ValueError);
}

}  // namespace
}  // namespace keen
