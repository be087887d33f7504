// What a kernel says: printf (CUDA C++ Programming Guide, "Formatted Output"), assertions, traps.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "tests/sim/ptx/access.h"
#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

// The bytes behind a generic address of a lane, and how many there are; null: none.
const char* peek(const Warp& warp, int lane, Word address, std::size_t* bytes) {
  const Block& block = *warp.block;
  *bytes = 0;
  if (is_device_address(address)) {
    const Reach reach = Memory::get().reach(address, block.grid->execution->view);
    if (reach.wrong != nullptr) return nullptr;
    *bytes = reach.high - address;
    return backing(reinterpret_cast<const char*>(address));
  }
  const std::size_t size = block.grid->function->local_bytes;
  if (address < kLocalWindow || address - kLocalWindow >= size) return nullptr;
  const std::size_t offset = address - kLocalWindow;
  *bytes = size - offset;
  const std::size_t thread = static_cast<std::size_t>(warp.index) * kLanes + lane;
  return block.local.data() + size * thread + offset;
}

template <class T>
T value_at(const Warp& warp, int lane, Word address) {
  std::size_t bytes = 0;
  T value{};
  const char* begin = peek(warp, lane, address, &bytes);
  if (begin != nullptr && bytes >= sizeof value) std::memcpy(&value, begin, sizeof value);
  return value;
}

std::string text_at(const Warp& warp, int lane, Word address) {
  std::size_t bytes = 0;
  const char* begin = peek(warp, lane, address, &bytes);
  return begin == nullptr ? "(null)" : std::string(begin, strnlen(begin, bytes));
}

// The arguments of one call: each lies at a multiple of its size.
class Arguments {
 public:
  Arguments(const Warp& warp, int lane, Word address) : warp_(warp), lane_(lane), at_(address) {}
  template <class T>
  T next() {
    at_ = (at_ + sizeof(T) - 1) / sizeof(T) * sizeof(T);
    const T value = value_at<T>(warp_, lane_, at_);
    at_ += sizeof(T);
    ++count_;
    return value;
  }
  int count() const { return count_; }

 private:
  const Warp& warp_;
  int lane_;
  Word at_;
  int count_ = 0;
};

template <class... Values>
std::string formatted(const std::string& format, Values... values) {
  const int size = std::snprintf(nullptr, 0, format.c_str(), values...);
  std::string made(static_cast<std::size_t>(std::max(size, 0)) + 1, '\0');
  std::snprintf(made.data(), made.size(), format.c_str(), values...);
  made.pop_back();
  return made;
}

// One conversion: "%", flags, width and precision, then length and letter.
std::string convert(const std::string& format, std::size_t* at, const Warp& warp, int lane,
                    Arguments& arguments) {
  std::string begin = "%";
  while (*at < format.size() && std::strchr("-+ #0123456789.*", format[*at]) != nullptr) {
    if (format[*at] == '*') {
      begin += std::to_string(arguments.next<int>());
    } else {
      begin += format[*at];
    }
    ++*at;
  }
  bool wide = false;
  while (*at < format.size() && std::strchr("hlLjzt", format[*at]) != nullptr)
    wide |= format[(*at)++] != 'h';
  const char letter = *at < format.size() ? format[(*at)++] : '\0';
  switch (letter) {
    case '%':
      return "%";
    case 'd':
    case 'i':
    case 'o':
    case 'u':
    case 'x':
    case 'X':
      return wide ? formatted(begin + "ll" + letter, arguments.next<long long>())
                  : formatted(begin + letter, arguments.next<int>());
    case 'c':
      return formatted(begin + letter, arguments.next<int>());
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
      return formatted(begin + letter, arguments.next<double>());
    case 's':
      return formatted(begin + letter, text_at(warp, lane, arguments.next<Word>()).c_str());
    case 'p':
      return formatted(begin + letter, arguments.next<void*>());
    default:
      return begin + letter;
  }
}

// r[0] where the number of arguments goes, or none; r[1] the place of the format's address, r[2]
// that of the arguments' address. What hardware keeps until the next synchronisation comes at once.
void print(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const auto word = [&](int r) {
      return value_at<Word>(warp, l, kLocalWindow + warp.reg(i.r[r])[l]);
    };
    const std::string format = text_at(warp, l, word(1));
    Arguments arguments(warp, l, word(2));
    std::string text;
    for (std::size_t at = 0; at < format.size();) {
      const char letter = format[at++];
      if (letter == '%') {
        text += convert(format, &at, warp, l, arguments);
      } else {
        text += letter;
      }
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (i.r[0] == kNoRegister) return;
    Block& block = *warp.block;
    const std::size_t thread = static_cast<std::size_t>(warp.index) * kLanes + l;
    const std::size_t at = block.grid->function->local_bytes * thread + warp.reg(i.r[0])[l];
    const std::int32_t count = arguments.count();
    std::memcpy(block.local.data() + at, &count, sizeof count);
    std::memset(block.local_states.data() + at, kWritten, sizeof count);
  });
}

// r[1] to r[5]: the places of message, file, line, function and size of a character (assert.h of
// the toolkit: "thread: [...] Assertion `...` failed.").
void assertion(Warp& warp, const Instruction& i, Mask lanes) {
  const int l = std::countr_zero(lanes);
  const auto place = [&](int r) { return kLocalWindow + warp.reg(i.r[r])[l]; };
  const auto text = [&](int r) { return text_at(warp, l, value_at<Word>(warp, l, place(r))); };
  warp.block->grid->fault(warp, i, l, "assert",
                          text(2) + ":" +
                              std::to_string(value_at<std::uint32_t>(warp, l, place(3))) + ": " +
                              text(4) + ": assertion `" + text(1) + "` failed",
                          cudaErrorAssert);
}

void trap(Warp& warp, const Instruction& i, Mask lanes) {
  warp.block->grid->fault(warp, i, std::countr_zero(lanes), "trap", "the kernel trapped",
                          cudaErrorLaunchFailure);
}

}  // namespace

bool decode_print(Form& form, Instruction& made) {
  const bool prints = form.opcode == "vprintf";
  if (form.opcode == "trap") {
    form.finish(0);
    made.handler = trap;
  } else if (prints || form.opcode == "assertfail") {
    form.finish(prints ? 3 : 6);
    for (std::size_t k = 0; k < form.operands.size(); ++k) made.r[k] = form.operands[k].reg;
    made.handler = prints ? print : assertion;
  } else {
    return false;
  }
  return true;
}

}  // namespace keen::sim::ptx
