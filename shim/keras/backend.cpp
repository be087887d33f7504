#include "shim/keras/backend.h"

#include <cctype>
#include <map>
#include <mutex>

#include "runtime/op/call.h"
#include "runtime/tensor/context.h"
#include "shim/compat/v1/scope_state.h"

namespace keen::keras::backend {
namespace {

struct Counters {
  std::mutex mutex;
  std::map<std::string, ObjectCounter, std::less<>> by_name;
};
Counters& counters() {
  static Counters instance;
  return instance;
}

bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool is_lower_or_digit(char c) {
  return std::islower(static_cast<unsigned char>(c)) != 0 ||
         std::isdigit(static_cast<unsigned char>(c)) != 0;
}

}  // namespace

void clear_session() {
  {
    Counters& all = counters();
    const std::lock_guard lock(all.mutex);
    for (auto& [name, counter] : all.by_name) counter.reset();
  }
  compat::v1::detail::ScopeState::current().clear();
}

int ObjectCounter::next() {
  const op::Tracer* tracer = Context::current().tracer();
  if (tracer == nullptr) return eager_.fetch_add(1, std::memory_order_relaxed) + 1;
  const std::lock_guard lock(mutex_);
  if (tracer->id() != trace_) {
    traced_ = 0;
    trace_ = tracer->id();
  }
  return ++traced_;
}

ObjectCounter& object_counter(std::string_view base_name) {
  Counters& all = counters();
  const std::lock_guard lock(all.mutex);
  const auto found = all.by_name.find(base_name);
  return found != all.by_name.end() ? found->second : all.by_name[std::string(base_name)];
}

std::string unique_object_name(std::string_view base_name) {
  const int number = object_counter(base_name).next();
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
