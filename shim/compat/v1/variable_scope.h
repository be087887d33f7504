// Variable scopes: names and defaults of the variables that get_variable gives
// (tf.compat.v1.variable_scope).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/dtype.h"
#include "runtime/base/ref_counted.h"
#include "shim/compat/v1/initializers.h"
#include "shim/keras/regularizers.h"
#include "shim/name_scope.h"
#include "shim/none.h"

namespace keen::detail {
struct ScopeNode;
}  // namespace keen::detail

namespace keen::compat::v1 {

using Regularizer = keen::keras::regularizers::Regularizer;

namespace detail {
struct ScopeData;
class ScopeState;
}  // namespace detail

// Whether get_variable finds (true), makes (false) or does what is needed (AUTO_REUSE).
class Reuse {
 public:
  constexpr Reuse() = default;
  template <std::same_as<bool> B>
  constexpr Reuse(B reuse) : mode_(reuse ? Mode::kTrue : Mode::kFalse) {}  // NOLINT
  constexpr Reuse(NoneType) {}                                             // NOLINT
  [[nodiscard]] static constexpr Reuse automatic() {
    Reuse reuse;
    reuse.mode_ = Mode::kAuto;
    return reuse;
  }
  // True for both true and AUTO_REUSE, as in Python.
  [[nodiscard]] constexpr explicit operator bool() const { return mode_ != Mode::kFalse; }
  friend constexpr bool operator==(const Reuse&, const Reuse&) = default;

 private:
  enum class Mode : std::uint8_t { kFalse, kTrue, kAuto };
  Mode mode_ = Mode::kFalse;
};
inline constexpr Reuse AUTO_REUSE = Reuse::automatic();  // NOLINT: TensorFlow's name

// A scope with its defaults. Copies are the same scope. It outlives the block that opened it and
// can be entered again from anywhere.
class VariableScope {
 public:
  explicit VariableScope(RefPtr<detail::ScopeData> data);
  VariableScope(const VariableScope& other);
  VariableScope& operator=(const VariableScope& other);
  ~VariableScope();

  // "a/b", empty for the root.
  [[nodiscard]] const std::string& name() const;
  // "a/b/": the name scope that was opened along with the scope.
  [[nodiscard]] const std::string& original_name_scope() const;
  // For NameScope; null at the root.
  [[nodiscard]] const std::shared_ptr<const std::string>& shared_original_name_scope() const;
  [[nodiscard]] Reuse reuse() const;
  [[nodiscard]] DType dtype() const;
  [[nodiscard]] const Initializer& initializer() const;
  [[nodiscard]] const Regularizer& regularizer() const;

  // These act on the scope itself, also while it is open.
  void reuse_variables() const;
  void set_initializer(const Initializer& initializer) const;
  void set_regularizer(const Regularizer& regularizer) const;
  void set_dtype(DType dtype) const;

 private:
  friend class VariableScopeGuard;

  RefPtr<detail::ScopeData> data_;
};

// A scope's name, relative to the current scope; a scope, wherever it is; or None, for a default
// name.
class NameOrScope {
 public:
  NameOrScope(const char* name) : name_(name), kind_(Kind::kName) {}                // NOLINT
  NameOrScope(const std::string& name) : name_(name), kind_(Kind::kName) {}         // NOLINT
  NameOrScope(std::string_view name) : name_(name), kind_(Kind::kName) {}           // NOLINT
  NameOrScope(const VariableScope& scope) : scope_(&scope), kind_(Kind::kScope) {}  // NOLINT
  NameOrScope(NoneType) {}                                                          // NOLINT

  [[nodiscard]] bool is_name() const { return kind_ == Kind::kName; }
  [[nodiscard]] bool is_none() const { return kind_ == Kind::kNone; }
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] const VariableScope& scope() const { return *scope_; }

 private:
  enum class Kind : std::uint8_t { kNone, kName, kScope };
  std::string_view name_;
  const VariableScope* scope_ = nullptr;
  Kind kind_ = Kind::kNone;
};

struct VariableScopeArgs {
  // Made unique within the current scope and used where there is no name.
  std::optional<std::string_view> default_name = std::nullopt;
  // Defaults of the variables in the scope; inherited where not given.
  Initializer initializer = None;
  Regularizer regularizer = None;
  // Inherited too. Eager scopes always are AUTO_REUSE.
  Reuse reuse = None;
  OrNone<DType> dtype = None;
  // False: the current name scope stays.
  bool auxiliary_name_scope = true;
};

// An open scope: it is left when the guard's block ends.
class [[nodiscard]] VariableScopeGuard {
 public:
  VariableScopeGuard(const NameOrScope& name_or_scope, const VariableScopeArgs& args);
  // For layers: enters their scope again, under the name scope of now. In eager execution it is the
  // scope itself, not a copy.
  VariableScopeGuard(const VariableScope& scope, Reuse reuse);
  VariableScopeGuard(const VariableScopeGuard&) = delete;
  VariableScopeGuard& operator=(const VariableScopeGuard&) = delete;
  ~VariableScopeGuard();

  [[nodiscard]] VariableScope scope() const;

 private:
  void enter_name(std::string_view name, const VariableScopeArgs& args);
  void enter_default(const VariableScopeArgs& args);
  void enter_again(const VariableScope& scope, const VariableScopeArgs& args);
  // Makes the scope the current one until its block ends, when what was opened below is taken back.
  void open_again(RefPtr<detail::ScopeData> data);
  void open(keen::detail::ScopeNode& node, std::shared_ptr<const std::string> original_name_scope,
            const VariableScopeArgs& args);
  // Fills in what a scope takes from another one where it is not given.
  static void inherit(detail::ScopeData& data, const detail::ScopeData& from,
                      const VariableScopeArgs& args);

  detail::ScopeState& state_;
  std::optional<NameScope> name_scope_;
  detail::ScopeData* data_ = nullptr;  // the open scope, which the state owns
  RefPtr<detail::ScopeData> saved_;
  std::optional<std::size_t> changes_;  // of a scope entered again: they are taken back
};

// `with tf.variable_scope(name_or_scope) as scope:`. TypeError where there is neither a name nor a
// default name; ValueError for `reuse` with a default name.
[[nodiscard]] inline VariableScopeGuard variable_scope(const NameOrScope& name_or_scope,
                                                       const VariableScopeArgs& args = {}) {
  return {name_or_scope, args};
}
[[nodiscard]] inline VariableScopeGuard variable_scope(NoneType none, std::string_view default_name,
                                                       VariableScopeArgs args = {}) {
  args.default_name = default_name;
  return {none, args};
}

// A handle to the current scope.
[[nodiscard]] VariableScope get_variable_scope();

}  // namespace keen::compat::v1
