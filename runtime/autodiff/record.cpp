#include "runtime/autodiff/record.h"

#include <algorithm>
#include <cstring>

namespace keen::autodiff {
namespace {

constexpr std::size_t kFirstSlots = 256;

bool keeps(std::uint32_t mask, std::size_t i) {
  return i < 32 ? ((mask >> i) & 1U) != 0 : mask == op::kReadsAll;
}

}  // namespace

void ValueTable::insert(std::uint64_t id, std::int32_t value) {
  if (2 * (used_ + 1) > slots_.size()) grow();
  std::size_t at = slot_of(id);
  while (slots_[at].round == round_ && slots_[at].id != id) at = (at + 1) & mask_;
  if (slots_[at].round != round_) ++used_;
  slots_[at] = {id, value, round_};
}

void ValueTable::grow() {
  std::vector<Slot> old(slots_.empty() ? kFirstSlots : 2 * slots_.size());
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  used_ = 0;
  for (const Slot& slot : old) {
    if (slot.round == round_) insert(slot.id, slot.value);
  }
}

void ValueTable::clear() {
  used_ = 0;
  if (++round_ == 0) {  // after 2^32 rounds old stamps would come back to life
    std::fill(slots_.begin(), slots_.end(), Slot());
    round_ = 1;
  }
}

std::int32_t CallLog::new_value(const Tensor& tensor) {
  values_.insert(tensor.id(), next_value_);
  return next_value_++;
}

std::int32_t CallLog::watch(const Tensor& tensor) {
  const std::int32_t known = find(tensor);
  return known >= 0 ? known : new_value(tensor);
}

void CallLog::append(const op::Call& call, std::int32_t variable) {
  LoggedCall logged;
  logged.op = &call.op;
  logged.attrs_type = call.attrs.type();
  logged.attrs_at = static_cast<std::uint32_t>(bytes_.size());
  logged.values_at = static_cast<std::uint32_t>(numbers_.size());
  logged.saved_at = static_cast<std::uint32_t>(saved_.size());
  logged.inputs = static_cast<std::uint32_t>(call.inputs.size());
  logged.outputs = static_cast<std::uint32_t>(call.outputs.size());
  logged.variable = variable;
  logged.backward = -1;
  const std::size_t size = call.attrs.type()->size;
  if (size != 0) {
    bytes_.resize(bytes_.size() + (size + 7) / 8 * 8);
    std::memcpy(bytes_.data() + logged.attrs_at, call.attrs.data(), size);
  }
  if (call.backward != nullptr) {
    logged.backward = static_cast<std::int32_t>(backwards_.size());
    backwards_.push_back(call.backward);
  }
  const op::GradientReads& reads = call.op.gradient_reads;
  for (int i = 0; i < call.inputs.size(); ++i) {
    const Tensor& input = call.inputs[i];
    numbers_.push_back(find(input));
    op::Saved& saved = saved_.emplace_back();
    if (!input.defined()) continue;
    saved.spec = input.spec();
    if (keeps(reads.inputs, static_cast<std::size_t>(i))) saved.value = input;
  }
  for (int i = 0; i < call.outputs.size(); ++i) {
    const Tensor& output = call.outputs[i];
    numbers_.push_back(is_floating(output.dtype()) ? new_value(output) : -1);
    op::Saved& saved = saved_.emplace_back();
    saved.spec = output.spec();
    if (keeps(reads.outputs, static_cast<std::size_t>(i))) saved.value = output;
  }
  calls_.push_back(logged);
}

void CallLog::add(const op::Call& call) {
  for (int i = 0; i < call.inputs.size(); ++i) {
    if (find(call.inputs[i]) >= 0) {
      append(call, -1);
      return;
    }
  }
}

void CallLog::add_read(const op::Call& call) { append(call, add_variable(call.variables[0])); }

void CallLog::release(const LoggedCall& call) {
  for (std::uint32_t i = 0; i < call.inputs + call.outputs; ++i) {
    saved_[call.saved_at + i].value = Tensor();
  }
}

void CallLog::clear() {
  values_.clear();
  next_value_ = 0;
  calls_.clear();
  numbers_.clear();
  saved_.clear();
  bytes_.clear();
  backwards_.clear();
  variables_.clear();
}

std::int32_t CallLog::variable_index(const Variable& variable) const {
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    if (variables_[i].is(variable)) return static_cast<std::int32_t>(i);
  }
  return -1;
}

std::int32_t CallLog::add_variable(const Variable& variable) {
  const std::int32_t known = variable_index(variable);
  if (known >= 0) return known;
  variables_.push_back(variable);
  return static_cast<std::int32_t>(variables_.size()) - 1;
}

}  // namespace keen::autodiff
