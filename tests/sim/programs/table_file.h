// The library support table as it is written: lines of JSON, each in the file before the next call
// that could end the process.
#pragma once
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace keen::sim::test {

// One object of JSON, in the order of the calls.
class TableLine {
 public:
  explicit TableLine(const char* kind) { add("kind", kind); }
  TableLine() = default;

  TableLine& raw(const char* key, const std::string& value) {
    text_ += text_.empty() ? "\"" : ", \"";
    text_ += key;
    text_ += "\": ";
    text_ += value;
    return *this;
  }
  TableLine& null(const char* key) { return raw(key, "null"); }
  TableLine& add(const char* key, long value) { return raw(key, std::to_string(value)); }
  TableLine& add(const char* key, int value) { return add(key, static_cast<long>(value)); }
  TableLine& add(const char* key, std::size_t value) { return raw(key, std::to_string(value)); }
  TableLine& add(const char* key, bool value) { return raw(key, value ? "true" : "false"); }
  // A name: without quotes and the like.
  TableLine& add(const char* key, const char* name) {
    return raw(key, "\"" + std::string(name) + "\"");
  }
  template <class List>
  TableLine& add_list(const char* key, const List& list) {
    std::string value;
    for (const auto& each : list) value += (value.empty() ? "" : ", ") + std::to_string(each);
    return raw(key, "[" + value + "]");
  }
  TableLine& add(const char* key, const TableLine& object) { return raw(key, object.text()); }

  std::string text() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

// The file, behind what it holds already.
class TableFile {
 public:
  explicit TableFile(const char* path) : path_(path), file_(std::fopen(path, "a")) {
    if (file_ == nullptr) fail("cannot be opened");
  }
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;
  ~TableFile() { std::fclose(file_); }

  void write(const TableLine& line) {
    if (std::fputs((line.text() + "\n").c_str(), file_) < 0 || std::fflush(file_) != 0) {
      fail("cannot be written");
    }
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    std::fprintf(stderr, "library_table: %s %s\n", path_, what);
    std::exit(1);
  }

  const char* path_;
  std::FILE* file_;
};

// Numbers the questions, and says which are asked.
class Progress {
 public:
  // Nothing before number `first`, and nothing more after so many seconds.
  Progress(long first, long seconds)
      : first_(first), end_(std::chrono::steady_clock::now() + std::chrono::seconds(seconds)) {}

  // Whether any of the next `count` is asked.
  bool wants_any(long count) const { return number_ + count > first_ && !is_over(); }
  // Goes on to the next; whether it is asked.
  bool next() {
    ++number_;
    const bool wanted = number_ >= first_ && !is_over();
    if (wanted) ++asked_;
    return wanted;
  }
  void pass(long count) { number_ += count; }

  long number() const { return number_; }
  long asked() const { return asked_; }
  bool is_over() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  long first_, number_ = 0, asked_ = 0;
  std::chrono::steady_clock::time_point end_;
};

}  // namespace keen::sim::test
