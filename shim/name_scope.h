// Name scopes: what names of variables and graph ops begin with (tf.name_scope).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "shim/none.h"

namespace keen {

// `with tf.name_scope(name):` for the block that the object lives in. A name that ends in a slash
// is taken as it is; "" and None lead back to the root. In a function being traced the name is made
// unique; ValueError there for characters that op names can't have.
class [[nodiscard]] NameScope {
 public:
  explicit NameScope(std::string_view name);
  explicit NameScope(NoneType) : NameScope(std::string_view()) {}
  // A scope that was opened before, exactly.
  explicit NameScope(std::shared_ptr<const std::string> scope);
  NameScope(const NameScope&) = delete;
  NameScope& operator=(const NameScope&) = delete;
  ~NameScope();

  // "a/b/", empty at the root.
  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] const std::shared_ptr<const std::string>& shared_name() const { return name_; }
  operator const std::string&() const { return name(); }  // NOLINT

 private:
  std::shared_ptr<const std::string> name_;
  std::shared_ptr<const std::string> saved_;
};

[[nodiscard]] inline NameScope name_scope(std::string_view name) { return NameScope(name); }
[[nodiscard]] inline NameScope name_scope(NoneType none) { return NameScope(none); }

namespace compat::v1 {
using keen::name_scope;
}  // namespace compat::v1

}  // namespace keen
