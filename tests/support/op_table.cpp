#include "tests/support/op_table.h"

#include <algorithm>
#include <stdexcept>

#include "kernels/conv2d.h"
#include "kernels/elementwise.h"
#include "kernels/gather.h"
#include "kernels/matmul.h"
#include "kernels/reshape.h"
#include "kernels/softmax_cross_entropy.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"

namespace keen::test {

const Tensor& OpArguments::input(const std::string& name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) throw std::runtime_error("the entry has no input '" + name + "'");
  used_.insert(name);
  return inputs_[static_cast<std::size_t>(found - names_.begin())];
}

const nlohmann::json& OpArguments::attr(const std::string& name) const {
  static const nlohmann::json absent;
  if (!attrs_.contains(name)) return absent;
  used_.insert(name);
  return attrs_.at(name);
}

void OpArguments::check_all_used() const {
  for (const std::string& name : names_) {
    if (!used_.contains(name)) throw std::runtime_error("nothing reads the input '" + name + "'");
  }
  for (const auto& [name, value] : attrs_.items()) {
    if (!used_.contains(name)) throw std::runtime_error("nothing reads the attr '" + name + "'");
  }
}

const OpEntry* find_op(const std::string& name) {
  for (const OpTable* part : {&elementwise_ops(), &reductions_and_shapes(), &network_ops()}) {
    if (const auto found = part->find(name); found != part->end()) return &found->second;
  }
  return nullptr;
}

FailingCall find_failing_call(const std::string& op, const std::string& note) {
  using List = std::vector<Tensor>;
  static const std::map<std::pair<std::string, std::string>, FailingCall> calls{
      {{"add", "incompatible shapes"},
       [] {
         return List{add(fill({2, 3}, 1), fill({2, 4}, 1))};
       }},
      {{"add", "int32 with float32"}, [] { return List{add(constant({1}), constant({1.0}))}; }},
      {{"conv2d", "channel mismatch"},
       [] {
         return List{nn::conv2d(fill({1, 4, 4, 3}, 1), fill({3, 3, 2, 4}, 1))};
       }},
      {{"gather", "index out of range on the CPU"},
       [] { return List{gather(fill({3}, 1), constant({5}))}; }},
      {{"matmul", "inner mismatch"},
       [] {
         return List{matmul(fill({2, 3}, 1), fill({4, 5}, 1))};
       }},
      {{"reshape", "size does not divide"},
       [] {
         return List{reshape(fill({6}, 1), {4, -1})};
       }},
      {{"sparse_softmax_cross_entropy_with_logits", "label out of range on the CPU"},
       [] {
         return List{nn::sparse_softmax_cross_entropy_with_logits(constant({7}), fill({1, 2}, 1))};
       }},
  };
  const auto found = calls.find({op, note});
  return found == calls.end() ? nullptr : found->second;
}

}  // namespace keen::test
