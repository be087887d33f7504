// What a tape has heard: calls in order, and a number for each tensor that gradients flow through.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/base/attrs.h"
#include "runtime/op/call.h"
#include "runtime/op/gradient.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen::autodiff {

// Numbers of the tensors on a tape, by identity: open addressing over a power of two.
class ValueTable {
 public:
  // The tensor's number, -1 if it has none.
  [[nodiscard]] std::int32_t find(std::uint64_t id) const {
    if (used_ == 0) return -1;
    for (std::size_t at = slot_of(id);; at = (at + 1) & mask_) {
      if (slots_[at].round != round_) return -1;
      if (slots_[at].id == id) return slots_[at].value;
    }
  }
  void insert(std::uint64_t id, std::int32_t value);
  // Starts a new round, in which all slots are free: the cost doesn't depend on the table's size.
  void clear();

 private:
  struct Slot {
    std::uint64_t id = 0;
    std::int32_t value = -1;
    std::uint32_t round = 0;  // the slot is free unless this is the current round
  };
  [[nodiscard]] std::size_t slot_of(std::uint64_t id) const {
    return static_cast<std::size_t>(id * 0x9E3779B97F4A7C15ULL >> 20) & mask_;
  }
  void grow();

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::size_t used_ = 0;
  std::uint32_t round_ = 1;
};

// A remembered call. Its tensors and numbers lie in arrays of the log, one call after the other.
struct LoggedCall {
  const op::Op* op;
  const AttrsType* attrs_type;
  std::uint32_t attrs_at;   // into the log's bytes
  std::uint32_t values_at;  // inputs' numbers (-1: not followed), then the outputs'
  std::uint32_t saved_at;
  std::uint32_t inputs;
  std::uint32_t outputs;
  std::int32_t variable;  // of a read: index into the log's variables; else -1
  std::int32_t backward;  // index of the call's own gradient; else -1
};

class CallLog {
 public:
  // The number of the tensor on this tape, -1 if gradients don't flow through it.
  [[nodiscard]] std::int32_t find(const Tensor& tensor) const {
    const TensorImpl* impl = tensor.impl_or_null();
    return impl == nullptr ? -1 : values_.find(impl->id);
  }
  std::int32_t watch(const Tensor& tensor);
  // Appends the call if one of its inputs is followed.
  void add(const op::Call& call);
  // Appends a read of a variable, whose value is followed from now on.
  void add_read(const op::Call& call);
  void clear();

  [[nodiscard]] std::span<const LoggedCall> calls() const { return calls_; }
  [[nodiscard]] std::int32_t value_count() const { return next_value_; }
  [[nodiscard]] std::span<const std::int32_t> inputs_of(const LoggedCall& call) const {
    return {numbers_.data() + call.values_at, call.inputs};
  }
  [[nodiscard]] std::span<const std::int32_t> outputs_of(const LoggedCall& call) const {
    return {numbers_.data() + call.values_at + call.inputs, call.outputs};
  }
  [[nodiscard]] std::span<const op::Saved> saved_inputs(const LoggedCall& call) const {
    return {saved_.data() + call.saved_at, call.inputs};
  }
  [[nodiscard]] std::span<const op::Saved> saved_outputs(const LoggedCall& call) const {
    return {saved_.data() + call.saved_at + call.inputs, call.outputs};
  }
  [[nodiscard]] AttrsView attrs_of(const LoggedCall& call) const {
    // An empty struct has no bytes, but a view never points nowhere.
    const bool empty = call.attrs_type->size == 0;
    return {empty ? static_cast<const void*>(this) : bytes_.data() + call.attrs_at,
            call.attrs_type};
  }
  [[nodiscard]] const op::Backward& backward_of(const LoggedCall& call) const {
    return *backwards_[static_cast<std::size_t>(call.backward)];
  }
  // Lets go of the tensors of a call that will not be asked again.
  void release(const LoggedCall& call);

  // The variable's index among those read or watched, -1 if it is not among them.
  [[nodiscard]] std::int32_t variable_index(const Variable& variable) const;
  std::int32_t add_variable(const Variable& variable);
  [[nodiscard]] const std::vector<Variable>& variables() const { return variables_; }

 private:
  std::int32_t new_value(const Tensor& tensor);
  void append(const op::Call& call, std::int32_t variable);

  ValueTable values_;
  std::int32_t next_value_ = 0;
  std::vector<LoggedCall> calls_;
  std::vector<std::int32_t> numbers_;
  std::vector<op::Saved> saved_;
  std::vector<unsigned char> bytes_;
  std::vector<std::shared_ptr<const op::Backward>> backwards_;
  std::vector<Variable> variables_;
};

}  // namespace keen::autodiff
