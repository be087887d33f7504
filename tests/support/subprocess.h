// Runs the programs that the build has put beside the tests.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace keen::test {

struct ProgramResult {
  int exit_code = -1;  // 128 + the signal that ended it
  std::string out;
  std::string err;
};

// A started program, killed if nobody has waited for it.
class Program {
 public:
  // `name` as in the folder of the running test, with its arguments.
  Program(const std::string& name, const std::vector<std::string>& args);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Returns once the program has printed `text` to standard output, or ended.
  void wait_for_output(const std::string& text);
  void send_signal(int signal) const;
  // Waits for its end.
  ProgramResult wait();

 private:
  bool read_some();  // waits for output; false once there can be no more

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  ProgramResult result_;
};

[[nodiscard]] ProgramResult run_program(const std::string& name,
                                        const std::vector<std::string>& args);

}  // namespace keen::test
