// A PTX module as it is executed: kernels as flat code (calls are inlined), registers as indices.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/sim/core/settings.h"

namespace keen::sim::ptx {

using Word = std::uint64_t;  // one register of one lane, whatever its type; unused bits are zero
using Mask = std::uint32_t;  // lanes of a warp
constexpr int kLanes = 32;
constexpr Mask kAllLanes = ~Mask{0};

// What the interpreter does not know. The text names it, its line and its function.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Type : std::uint8_t {
  kPred,
  kB8,
  kB16,
  kB32,
  kB64,
  kU8,
  kU16,
  kU32,
  kU64,
  kS8,
  kS16,
  kS32,
  kS64,
  kF16,
  kF16x2,
  kBf16,
  kBf16x2,
  kF32,
  kF64,
  kNone
};
int bytes_of(Type type);
bool is_signed(Type type);
bool is_float(Type type);

enum class Space : std::uint8_t { kGeneric, kGlobal, kShared, kLocal, kParam, kConst };

// Generic addresses of shared and local memory and of parameters lie in windows of their own.
constexpr Word kSharedWindow = 0x3000'0000'0000;
constexpr Word kLocalWindow = 0x3100'0000'0000;
constexpr Word kParameterWindow = 0x3200'0000'0000;
constexpr Word kWindowsEnd = 0x3300'0000'0000;

struct Warp;
struct Instruction;
using Handler = void (*)(Warp& warp, const Instruction& instruction, Mask lanes);

enum class Flow : std::uint8_t { kNext, kBranch, kExit, kCollective, kBarrier };

constexpr int kNoRegister = -1;

// Of an access, by PTX ISA 9.0, 8.3: weak, or strong with a scope of the block or more.
enum class Strength : std::uint8_t { kWeak, kBlock, kDevice };

struct Instruction {
  Handler handler = nullptr;
  Flow flow = Flow::kNext;
  bool negated = false;  // of the predicate
  Space space = Space::kGeneric;
  std::uint8_t width = 4;  // bytes per element of a memory access
  std::uint8_t elements = 1;
  std::uint8_t mode = 0;  // what the handler makes of it
  bool flag = false;      // the same; of ld: .nc
  Strength strength = Strength::kWeak;
  bool releases = false;                 // .release, .acq_rel
  bool loads = false, compares = false;  // ld, atom.cas
  int predicate = kNoRegister;
  int target = 0;                  // of a branch
  int text = 0;                    // index into Function::texts
  std::array<int, 9> r{};          // registers: destinations first; kNoRegister where there is none
  std::int64_t offset = 0;         // of an address
  std::int64_t source_offset = 0;  // of the second one, where there are two
};

struct Constant {
  int reg;
  Word value;
  int variable;  // index into Module::variables: value is added to its address; -1: none
};

struct SpecialUse {
  int reg;
  int special;  // index into kSpecialNames
};

struct Text {
  std::string code;
  int ptx_line = 0;
  std::string file;  // of the .cu, where the binary was built with -lineinfo
  int line = 0;
};

struct Function {
  std::string name;
  std::vector<std::size_t> parameter_offsets, parameter_sizes;
  std::size_t parameter_bytes = 0;
  std::vector<Instruction> code;
  std::vector<Text> texts;
  std::vector<Constant> constants;
  std::vector<SpecialUse> specials;
  int registers = 0;
  std::size_t shared_bytes = 0;  // static
  std::size_t local_bytes = 0;
  int max_threads = 0;  // .maxntid, 0: not given
  // Dynamic shared memory begins behind the static arrays, aligned.
  std::size_t dynamic_shared_offset() const { return (shared_bytes + 15) / 16 * 16; }
  std::size_t shared_bytes_with(std::size_t dynamic) const {
    return dynamic == 0 ? shared_bytes : dynamic_shared_offset() + dynamic;
  }
  std::string error;  // not empty: it holds something unsupported, and cannot be launched
};

struct Variable {
  std::string name;
  std::size_t bytes = 0;
  std::vector<char> initial;
  struct Reference {
    std::size_t offset;
    std::string name;
  };
  std::vector<Reference> references;  // addresses of other variables in the initial value
  std::array<Word, kMaxDevices> address{};
};

struct Module {
  std::map<std::string, Function> functions;
  std::vector<Variable> variables;
  int architecture = 0;  // of the PTX that was taken, for example 90
};

// Reads PTX text. Throws Unsupported for what concerns the whole module; what concerns one kernel
// is in Function::error.
std::unique_ptr<Module> parse_module(const std::string& text);

}  // namespace keen::sim::ptx
