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

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_lower_or_digit(char c) { return is_lower(c) || (c >= '0' && c <= '9'); }

// Keras' first rule: an underscore before each capital that small letters or digits follow, unless
// it stands right behind such a word or at the beginning.
std::string divide_words(std::string_view name) {
  std::string result;
  std::size_t i = 0;
  while (i < name.size()) {
    result += name[i++];
    if (i + 1 >= name.size() || !is_upper(name[i]) || !is_lower_or_digit(name[i + 1])) continue;
    result += '_';
    result += name[i++];
    while (i < name.size() && is_lower_or_digit(name[i])) result += name[i++];
  }
  return result;
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
  const std::string parts = divide_words(class_name);
  std::string result;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const char c = parts[i];
    if (i > 0 && is_lower(parts[i - 1]) && is_upper(c)) result += '_';
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  // A name that begins with an underscore is not one for a scope.
  return !result.empty() && result.front() == '_' ? "private" + result : result;
}

}  // namespace keen::keras::backend
