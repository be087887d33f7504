#include "tests/sim/ptx/fatbin.h"

#include <elf.h>
#include <zstd.h>

#include <cstdint>
#include <cstring>

#include "tests/sim/ptx/module.h"

namespace keen::sim::ptx {
namespace {

template <class T>
T read(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The layout is not documented; these places were read off what nvcc 13.0 writes.
constexpr std::uint32_t kMagic = 0xba55ed50;
constexpr std::uint16_t kKindPtx = 1, kKindElf = 2;
constexpr std::uint64_t kFlagLz4 = 0x2000, kFlagZstd = 0x8000;

std::string decompressed(const char* bytes, std::size_t packed, std::size_t unpacked) {
  std::string made(unpacked, '\0');
  const std::size_t got = ZSTD_decompress(made.data(), made.size(), bytes, packed);
  if (ZSTD_isError(got) != 0 || got != unpacked) {
    throw Unsupported(std::string("PTX in the program cannot be decompressed: ") +
                      ZSTD_getErrorName(got));
  }
  return made;
}

Image read_image(const char* entry) {
  Image image;
  const auto kind = read<std::uint16_t>(entry);
  const auto header = read<std::uint32_t>(entry + 4);
  const auto size = read<std::uint64_t>(entry + 8);
  const auto packed = read<std::uint32_t>(entry + 16);
  const auto flags = read<std::uint64_t>(entry + 40);
  image.ptx = kind == kKindPtx;
  image.architecture = read<std::int32_t>(entry + 28);
  if ((flags & kFlagLz4) != 0) throw Unsupported("code in the program is compressed by LZ4");
  if ((flags & kFlagZstd) != 0) {
    image.bytes = decompressed(entry + header, packed, read<std::uint64_t>(entry + 56));
  } else {
    image.bytes.assign(entry + header, size);
  }
  return image;
}

// ---- ELF ----------------------------------------------------------------------------------------
// An entry of .nv.info: a format, an attribute, and 16 bits or (format kSized) that many bytes.
constexpr std::uint8_t kSized = 4, kAttributeRegisters = 0x2f, kAttributeFrame = 0x11;

std::string symbol_name(const std::string& elf, const Elf64_Shdr& symbols,
                        const Elf64_Shdr& strings, std::uint32_t index) {
  const auto symbol = read<Elf64_Sym>(elf.data() + symbols.sh_offset + index * sizeof(Elf64_Sym));
  return elf.data() + strings.sh_offset + symbol.st_name;
}

}  // namespace

std::vector<Image> read_fat_binary(const void* data) {
  const auto* bytes = static_cast<const char*>(data);
  if (read<std::uint32_t>(bytes) != kMagic)
    throw Unsupported("the program's GPU code has an unknown container");
  std::vector<Image> images;
  const char* entry = bytes + read<std::uint16_t>(bytes + 6);
  const char* end = entry + read<std::uint64_t>(bytes + 8);
  while (entry < end) {
    const auto kind = read<std::uint16_t>(entry);
    if (kind == kKindPtx || kind == kKindElf) images.push_back(read_image(entry));
    entry += read<std::uint32_t>(entry + 4) + read<std::uint64_t>(entry + 8);
  }
  return images;
}

std::map<std::string, Resources> read_resources(const std::string& cubin) {
  std::map<std::string, Resources> found;
  if (cubin.size() < sizeof(Elf64_Ehdr) || std::memcmp(cubin.data(), ELFMAG, SELFMAG) != 0)
    return found;
  const auto header = read<Elf64_Ehdr>(cubin.data());
  std::vector<Elf64_Shdr> sections;
  for (int i = 0; i < header.e_shnum; ++i) {
    sections.push_back(read<Elf64_Shdr>(cubin.data() + header.e_shoff + i * sizeof(Elf64_Shdr)));
  }
  const Elf64_Shdr& names = sections.at(header.e_shstrndx);
  for (const auto& section : sections) {
    if (std::strcmp(cubin.data() + names.sh_offset + section.sh_name, ".nv.info") != 0) continue;
    const Elf64_Shdr& symbols = sections.at(section.sh_link);
    const Elf64_Shdr& strings = sections.at(symbols.sh_link);
    const char* at = cubin.data() + section.sh_offset;
    const char* end = at + section.sh_size;
    while (at + 4 <= end) {
      const auto format = read<std::uint8_t>(at), attribute = read<std::uint8_t>(at + 1);
      const auto value = read<std::uint16_t>(at + 2);
      at += 4;
      if (format != kSized) continue;
      if (value >= 8 && (attribute == kAttributeRegisters || attribute == kAttributeFrame)) {
        Resources& of = found[symbol_name(cubin, symbols, strings, read<std::uint32_t>(at))];
        (attribute == kAttributeRegisters ? of.registers : of.stack_bytes) =
            read<std::int32_t>(at + 4);
      }
      at += value;
    }
  }
  return found;
}

}  // namespace keen::sim::ptx
