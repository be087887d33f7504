#include "tests/support/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace keen::test {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    read_end = ends[0];
    write_end = ends[1];
  }
  int read_end;
  int write_end;
};

}  // namespace

Program::Program(const std::string& name, const std::vector<std::string>& args) {
  const std::string path =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
  std::vector<char*> argv{const_cast<char*>(path.c_str())};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const Pipe out;
  const Pipe err;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write_end, STDERR_FILENO);
  const int status = posix_spawn(&pid_, path.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(out.write_end);
  close(err.write_end);
  out_ = out.read_end;
  err_ = err.read_end;
  if (status != 0) {
    pid_ = -1;
    throw std::runtime_error("cannot start " + path);
  }
}

Program::~Program() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(out_);
  close(err_);
}

bool Program::read_some() {
  pollfd waiting[] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  if (poll(waiting, 2, -1) < 0) return true;  // a signal came first
  bool open = false;
  for (const pollfd& one : waiting) {
    if (one.revents == 0) continue;
    char buffer[4096];
    const ssize_t got = read(one.fd, buffer, sizeof buffer);
    if (got <= 0) continue;
    (one.fd == out_ ? result_.out : result_.err).append(buffer, static_cast<std::size_t>(got));
    open = true;
  }
  return open;
}

void Program::wait_for_output(const std::string& text) {
  while (result_.out.find(text) == std::string::npos && read_some()) {
  }
}

void Program::send_signal(int signal) const { kill(pid_, signal); }

ProgramResult Program::wait() {
  while (read_some()) {
  }
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result_;
}

ProgramResult run_program(const std::string& name, const std::vector<std::string>& args) {
  return Program(name, args).wait();
}

}  // namespace keen::test
