#pragma once
#include <vector>

namespace keen::sim {

// A matrix in panels of 16 rows, the last one filled up with zeros, so that the inner loop of the
// product has a constant length and the compiler turns it into vector instructions.
template <class T>
class Panels {
 public:
  static constexpr long kRows = 16;

  Panels(long rows, long columns)
      : count_((rows + kRows - 1) / kRows),
        columns_(columns),
        values_(static_cast<std::size_t>(count_ * columns * kRows)) {}

  long count() const { return count_; }
  long columns() const { return columns_; }
  T& at(long row, long column) { return line(row / kRows, column)[row % kRows]; }
  T* line(long panel, long column) { return values_.data() + (panel * columns_ + column) * kRows; }
  const T* line(long panel, long column) const {
    return values_.data() + (panel * columns_ + column) * kRows;
  }

 private:
  long count_;
  long columns_;
  std::vector<T> values_;
};

// c += a b over the columns [first, last) of a; b is column-major with a.columns() rows. Every sum
// goes upwards, so that the result depends on the operands alone.
template <class T>
void multiply(const Panels<T>& a, const std::vector<T>& b, long first, long last, Panels<T>* c) {
  constexpr long kRows = Panels<T>::kRows;
  for (long panel = 0; panel < c->count(); ++panel) {
    for (long j = 0; j < c->columns(); ++j) {
      T* out = c->line(panel, j);
      T sum[kRows];
      for (long r = 0; r < kRows; ++r) sum[r] = out[r];
      for (long p = first; p < last; ++p) {
        const T* line = a.line(panel, p);
        const T factor = b[static_cast<std::size_t>(j * a.columns() + p)];
        for (long r = 0; r < kRows; ++r) sum[r] += line[r] * factor;
      }
      for (long r = 0; r < kRows; ++r) out[r] = sum[r];
    }
  }
}

}  // namespace keen::sim
