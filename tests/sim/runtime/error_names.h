#pragma once

namespace keen::sim {

struct ErrorName {
  int code;
  const char* name;
  const char* text;
};

// For a code that is none: "unrecognized error code".
const ErrorName& error_name(int code);

}  // namespace keen::sim
