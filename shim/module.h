// Modules: objects that own variables and other modules (tf.Module).
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen {

namespace compat::v1 {
class VariableStore;
}  // namespace compat::v1

class Module;

// A module that another one owns too: what track() gives back. Copies are the same module. Calls
// are passed on to it.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(std::shared_ptr<T> module) : module_(std::move(module)) {}

  [[nodiscard]] T* get() const { return module_.get(); }
  T* operator->() const { return module_.get(); }
  T& operator*() const { return *module_; }
  operator T&() const { return *module_; }  // NOLINT
  explicit operator bool() const { return module_ != nullptr; }
  [[nodiscard]] const std::shared_ptr<T>& shared() const { return module_; }

  // A layer's call; named arguments may be given in braces.
  template <class U = T>
  auto operator()(const typename U::Tensor& inputs, const typename U::CallArgs& args = {}) const {
    return static_cast<U&>(*module_)(inputs, args);
  }
  template <class... Arguments>
  decltype(auto) operator()(Arguments&&... arguments) const {
    return (*module_)(std::forward<Arguments>(arguments)...);
  }

 private:
  std::shared_ptr<T> module_;
};

namespace detail {

// Variables in order, each once.
class VariableList {
 public:
  void add(const Variable& variable);
  [[nodiscard]] std::vector<Variable> take() { return std::move(list_); }

 private:
  std::vector<Variable> list_;
  std::unordered_set<std::uint64_t> seen_;  // once the list is long
};

enum class Which : std::uint8_t { kAll, kTrainable, kNonTrainable };

}  // namespace detail

// Owns variables and modules by name. Never copied; movable until it is tracked by another module
// or built (RuntimeError then), so that `track("conv", Conv2D(…))` compiles.
class Module {
 public:
  using Tensor = ::keen::Tensor;
  template <class T>
  using Ref = ::keen::Ref<T>;

  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  Module& operator=(Module&&) = delete;
  virtual ~Module();

  // All variables of the module and of those that it tracks, each once. A plain module lists its
  // own by name and then those of its modules by name, as tf.Module; a layer as Keras does.
  [[nodiscard]] std::vector<Variable> variables() const { return collected(detail::Which::kAll); }
  [[nodiscard]] std::vector<Variable> trainable_variables() const {
    return collected(detail::Which::kTrainable);
  }
  [[nodiscard]] std::vector<Variable> non_trainable_variables() const {
    return collected(detail::Which::kNonTrainable);
  }

  struct Child {
    std::string name;
    std::shared_ptr<Module> module;
  };
  struct OwnVariable {
    std::string name;
    Variable variable;
  };
  // What was tracked, in order.
  [[nodiscard]] const std::vector<Child>& children() const { return children_; }
  [[nodiscard]] const std::vector<OwnVariable>& own_variables() const { return own_variables_; }

  // The store of the methods that track TF1-style variables, null before the first such call. It
  // is a child of the module, named "_tf1_style_var_store" as in TensorFlow.
  [[nodiscard]] compat::v1::VariableStore* v1_store() const { return v1_store_; }
  // The same, made if there is none.
  [[nodiscard]] compat::v1::VariableStore& get_or_create_v1_store();

 protected:
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): throws for a module in use
  Module(Module&& other);

  // Makes `module` a child under that name, which checkpoints use. ValueError for a name in use.
  template <std::derived_from<Module> T>
  Ref<T> track(const std::string& name, T module) {
    return track(name, Ref<T>(std::make_shared<T>(std::move(module))));
  }
  // Shares a module that another one tracks.
  template <std::derived_from<Module> T>
  Ref<T> track(const std::string& name, Ref<T> module) {
    adopt(name, module.shared());
    return module;
  }
  Variable track(std::string name, Variable variable);

  // Appends what variables() and its sisters list.
  virtual void collect(detail::Which which, detail::VariableList& out) const;
  // collect() of another module, for overriders.
  static void collect_from(const Module& module, detail::Which which, detail::VariableList& out) {
    module.collect(which, out);
  }
  // From now on the module can't be moved.
  void fix_in_place() { fixed_ = true; }

 private:
  void adopt(std::string name, std::shared_ptr<Module> module);
  void check_name(const std::string& name) const;
  [[nodiscard]] std::vector<Variable> collected(detail::Which which) const;

  std::vector<Child> children_;
  std::vector<OwnVariable> own_variables_;
  compat::v1::VariableStore* v1_store_ = nullptr;
  bool fixed_ = false;
};

}  // namespace keen
