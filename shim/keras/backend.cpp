#include "shim/keras/backend.h"

#include <cctype>
#include <map>
#include <mutex>

#include "runtime/op/call.h"
#include "runtime/tensor/context.h"
#include "shim/compat/v1/scope_state.h"

namespace keen::keras::backend {
namespace {

// Numbers given so far: those of eager execution, and those of the trace asked about last.
struct Counts {
  std::mutex mutex;
  std::map<std::string, int, std::less<>> eager;
  std::map<std::string, int, std::less<>> traced;
  std::uint64_t trace = 0;
};
Counts& counts() {
  static Counts instance;
  return instance;
}

bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool is_lower_or_digit(char c) {
  return std::islower(static_cast<unsigned char>(c)) != 0 ||
         std::isdigit(static_cast<unsigned char>(c)) != 0;
}

}  // namespace

void clear_session() {
  Counts& all = counts();
  {
    const std::lock_guard lock(all.mutex);
    all.eager.clear();
    all.traced.clear();
  }
  compat::v1::detail::ScopeState::current().clear();
}

int next_object_number(std::string_view base_name) {
  const op::Tracer* tracer = Context::current().tracer();
  Counts& all = counts();
  const std::lock_guard lock(all.mutex);
  if (tracer != nullptr && tracer->id() != all.trace) {
    all.traced.clear();
    all.trace = tracer->id();
  }
  auto& names = tracer == nullptr ? all.eager : all.traced;
  auto found = names.find(base_name);
  if (found == names.end()) found = names.emplace(base_name, 0).first;
  return ++found->second;
}

std::string unique_object_name(std::string_view base_name) {
  const int number = next_object_number(base_name);
  std::string name(base_name);
  return number == 1 ? name : name + '_' + std::to_string(number - 1);
}

std::string to_snake_case(std::string_view class_name) {
  std::string result;
  for (std::size_t i = 0; i < class_name.size(); ++i) {
    const char c = class_name[i];
    const bool after_small = i > 0 && is_lower_or_digit(class_name[i - 1]);
    const bool before_small = i > 0 && i + 1 < class_name.size() &&
                              std::islower(static_cast<unsigned char>(class_name[i + 1])) != 0;
    if (is_upper(c) && (after_small || before_small)) result += '_';
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  // Keras: a name that begins with an underscore is not one for a scope.
  return !result.empty() && result.front() == '_' ? "private" + result : result;
}

}  // namespace keen::keras::backend
