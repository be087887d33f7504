// Programs that start programs, themselves among them, and look at how these end.
#pragma once
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace keen::sim::test {

struct Result {
  int status;  // -1: it did not end by itself
  std::string text;
  bool has(const std::string& part) const { return text.find(part) != std::string::npos; }
};

// Runs a command of the shell; the text is all that it prints.
inline Result run_command(const std::string& command) {
  Result result{-1, ""};
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::array<char, 256> line{};
  while (fgets(line.data(), line.size(), pipe) != nullptr) result.text += line.data();
  const int status = pclose(pipe);
  if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
  return result;
}

}  // namespace keen::sim::test
