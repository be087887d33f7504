// Names of C++ as the source has them.
#pragma once

#include <string>

namespace keen {

// "keen::Model" of "N4keen5ModelE"; what is no mangled name stays as it is.
[[nodiscard]] std::string demangled(const char* symbol);

}  // namespace keen
