#include "runtime/base/demangle.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace keen {

std::string demangled(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> plain(
      abi::__cxa_demangle(symbol, nullptr, nullptr, &status), &std::free);
  return status == 0 ? plain.get() : symbol;
}

}  // namespace keen
