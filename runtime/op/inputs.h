// Lists of tensors as ops take and give them.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "runtime/tensor/tensor.h"

namespace keen::op {

// A reference to a tensor, one pointer wide, so that `{x, w}` costs no reference counts.
class TensorRef {
 public:
  TensorRef(const Tensor& tensor) : tensor_(&tensor) {}  // NOLINT
  [[nodiscard]] const Tensor& get() const { return *tensor_; }

 private:
  const Tensor* tensor_;
};

// The inputs of a call, borrowed for its duration. An undefined tensor stands for an optional input
// that is absent.
class Inputs {
 public:
  // The list lives as long as the full expression of the call, which is all that is asked.
  Inputs(std::initializer_list<TensorRef> list) : size_(static_cast<int>(list.size())) {  // NOLINT
    data_ = list.begin();
  }
  Inputs(const TensorRef* data, int size) : data_(data), size_(size) {}

  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] const Tensor& operator[](int i) const { return data_[i].get(); }

 private:
  const TensorRef* data_;
  int size_;
};

// References to the tensors of a vector, for variadic ops: execute(kConcat, refs(values), …).
class InputList {
 public:
  explicit InputList(std::span<const Tensor> tensors) : refs_(tensors.begin(), tensors.end()) {}
  void push_back(const Tensor& tensor) { refs_.emplace_back(tensor); }
  operator Inputs() const { return {refs_.data(), static_cast<int>(refs_.size())}; }  // NOLINT

 private:
  std::vector<TensorRef> refs_;
};

// What a call gives back: up to four tensors inline.
class Outputs {
 public:
  static constexpr int kInline = 4;

  explicit Outputs(int size) : size_(size) {
    if (size > kInline) more_ = std::make_unique<Tensor[]>(static_cast<std::size_t>(size));
  }
  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] Tensor& operator[](int i) { return begin()[i]; }
  [[nodiscard]] const Tensor& operator[](int i) const { return begin()[i]; }
  [[nodiscard]] Tensor* begin() { return more_ ? more_.get() : inline_; }
  [[nodiscard]] const Tensor* begin() const { return more_ ? more_.get() : inline_; }
  [[nodiscard]] Tensor* end() { return begin() + size_; }
  [[nodiscard]] const Tensor* end() const { return begin() + size_; }
  // The result of an op with one: `return execute(kAdd, {x, y});`
  operator Tensor() && { return std::move(begin()[0]); }  // NOLINT

 private:
  int size_;
  Tensor inline_[kInline];
  std::unique_ptr<Tensor[]> more_;
};

}  // namespace keen::op
