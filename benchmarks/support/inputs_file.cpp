#include "benchmarks/support/inputs_file.h"

#include <algorithm>
#include <bit>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace keen::bench {
namespace {

static_assert(std::endian::native == std::endian::little, "the values are stored little-endian");

constexpr char kFirstLine[] = "keen-inputs 1";
constexpr char kLastLine[] = "end";

std::int64_t product(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (std::int64_t dim : shape) count *= dim;
  return count;
}

}  // namespace

InputsFile::InputsFile(std::string path) : path_(std::move(path)) {
  std::ifstream file(path_, std::ios::binary);
  if (!file) throw std::runtime_error("inputs file " + path_ + ": cannot be opened");
  read_head(file);
  std::int64_t end = file.tellg();
  for (Entry& entry : entries_) {
    entry.offset = end;
    end += entry.count * static_cast<std::int64_t>(sizeof(float));
  }
  file.seekg(0, std::ios::end);
  if (file.tellg() != end) {
    throw std::runtime_error("inputs file " + path_ + ": " + std::to_string(file.tellg()) +
                             " bytes, its head says " + std::to_string(end));
  }
}

void InputsFile::read_head(std::istream& file) {
  std::string line;
  if (!std::getline(file, line) || line != kFirstLine) {
    throw std::runtime_error("inputs file " + path_ + ": does not begin with '" + kFirstLine + "'");
  }
  while (std::getline(file, line) && line != kLastLine) {
    std::istringstream words(line);
    Entry entry{};
    words >> entry.name;
    for (std::int64_t dim = 0; words >> dim;) entry.shape.push_back(dim);
    entry.count = product(entry.shape);
    if (entry.name.empty() || !words.eof() || entry.count < 0) {
      throw std::runtime_error("inputs file " + path_ + ": malformed line '" + line + "'");
    }
    entries_.push_back(std::move(entry));
  }
  if (line != kLastLine) throw std::runtime_error("inputs file " + path_ + ": its head has no end");
}

const InputsFile::Entry& InputsFile::entry(const std::string& name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  if (found == entries_.end())
    throw std::runtime_error("inputs file " + path_ + ": has no array '" + name + "'");
  return *found;
}

Array InputsFile::read(const std::string& name) const {
  const Entry& found = entry(name);
  Array array{name, found.shape, std::vector<float>(static_cast<std::size_t>(found.count))};
  std::ifstream file(path_, std::ios::binary);
  file.seekg(found.offset);
  file.read(reinterpret_cast<char*>(array.values.data()),
            found.count * static_cast<std::int64_t>(sizeof(float)));
  if (!file)
    throw std::runtime_error("inputs file " + path_ + ": '" + name + "' could not be read");
  return array;
}

Array InputsFile::read_rows(const std::string& name, std::int64_t rows) const {
  Array array = read(name);
  if (array.shape.empty() || rows > array.shape[0]) {
    throw std::runtime_error("inputs file " + path_ + ": '" + name + "' has fewer than " +
                             std::to_string(rows) + " rows");
  }
  array.shape[0] = rows;
  array.values.resize(static_cast<std::size_t>(product(array.shape)));
  return array;
}

void write_inputs_file(const std::string& path, const std::vector<Array>& arrays) {
  std::ofstream file(path, std::ios::binary);
  file << kFirstLine << '\n';
  for (const Array& array : arrays) {
    file << array.name;
    for (std::int64_t dim : array.shape) file << ' ' << dim;
    file << '\n';
  }
  file << kLastLine << '\n';
  for (const Array& array : arrays) {
    file.write(reinterpret_cast<const char*>(array.values.data()),
               static_cast<std::streamsize>(array.values.size() * sizeof(float)));
  }
  file.close();
  if (!file) throw std::runtime_error("inputs file " + path + ": could not be written");
}

}  // namespace keen::bench
