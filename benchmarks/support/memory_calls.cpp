#include "benchmarks/support/memory_calls.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <stdexcept>
#include <string>

// A seccomp filter turns each of the calls into SIGSYS; the handler counts it and makes it after
// all, by the one system call instruction that the filter lets through: this one.
asm(R"(
  .text
  .type keen_bench_memory_call, @function
keen_bench_memory_call:
  mov %rdi, %rax
  mov %rsi, %rdi
  mov %rdx, %rsi
  mov %rcx, %rdx
  mov %r8, %r10
  mov %r9, %r8
  mov 8(%rsp), %r9
  syscall
  .globl keen_bench_memory_call_end
keen_bench_memory_call_end:
  ret
  .size keen_bench_memory_call, . - keen_bench_memory_call
)");

extern "C" {
std::int64_t keen_bench_memory_call(std::int64_t number, std::int64_t a, std::int64_t b,
                                    std::int64_t c, std::int64_t d, std::int64_t e, std::int64_t f);
extern const char keen_bench_memory_call_end[];
}

namespace keen::bench {
namespace {

std::atomic<std::int64_t> count{0};

void on_memory_call(int /*signal*/, siginfo_t* /*info*/, void* context) {
  count.fetch_add(1, std::memory_order_relaxed);
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  registers[REG_RAX] = keen_bench_memory_call(
      registers[REG_RAX], registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
      registers[REG_R10], registers[REG_R8], registers[REG_R9]);
}

// Jumps of such a program say how many instructions to skip: if true, if false.
constexpr sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
constexpr sock_filter if_equal(std::uint32_t value, std::uint8_t skip, std::uint8_t skip_else) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skip, skip_else);
}
constexpr sock_filter give(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

}  // namespace

void start_counting_memory_calls() {
  struct sigaction action {};
  action.sa_sigaction = on_memory_call;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSYS, &action, nullptr);

  const auto allowed = reinterpret_cast<std::uintptr_t>(keen_bench_memory_call_end);
  constexpr std::size_t kAddress = offsetof(seccomp_data, instruction_pointer);
  std::array<sock_filter, 14> program{load(offsetof(seccomp_data, arch)),
                                      if_equal(AUDIT_ARCH_X86_64, 0, 11),
                                      load(offsetof(seccomp_data, nr)),
                                      if_equal(__NR_mmap, 4, 0),
                                      if_equal(__NR_munmap, 3, 0),
                                      if_equal(__NR_mremap, 2, 0),
                                      if_equal(__NR_madvise, 1, 0),
                                      if_equal(__NR_brk, 0, 5),
                                      load(kAddress),
                                      if_equal(static_cast<std::uint32_t>(allowed), 0, 2),
                                      load(kAddress + 4),
                                      if_equal(static_cast<std::uint32_t>(allowed >> 32), 1, 0),
                                      give(SECCOMP_RET_TRAP),
                                      give(SECCOMP_RET_ALLOW)};
  const sock_fprog filter{program.size(), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0) {
    throw std::runtime_error("start_counting_memory_calls: no seccomp filter, errno " +
                             std::to_string(errno));
  }
}

std::int64_t memory_calls() { return count.load(std::memory_order_relaxed); }

}  // namespace keen::bench
