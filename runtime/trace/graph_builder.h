// Makes a Graph of the calls that a function makes while it runs on symbolic tensors.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/base/spec.h"
#include "runtime/op/call.h"
#include "runtime/tensor/context.h"
#include "runtime/trace/graph.h"

namespace keen::trace {

class GraphBuilder final : public op::Tracer {
 public:
  // `may_create_variables` false: a variable made during the trace is TensorFlow's ValueError.
  explicit GraphBuilder(bool may_create_variables);

  // Runs `body` on symbolic tensors of those specs, with this builder as the thread's tracer and
  // without any tape, and gives the finished graph. Used once.
  [[nodiscard]] std::shared_ptr<const Graph> build(
      std::span<const TensorSpec> specs, std::span<const Device> devices,
      const std::function<std::vector<Tensor>(std::span<const Tensor>)>& body);

  void add(const op::Call& call) override;
  [[nodiscard]] std::int64_t position() const override {
    return static_cast<std::int64_t>(graph_->nodes_.size());
  }
  void add_custom(const op::Call& call, std::int64_t since) override;
  [[nodiscard]] std::string unique_name(const std::string& name) override;
  [[nodiscard]] std::int64_t next_op_seed() override { return op_seeds_++; }
  void keep(std::shared_ptr<void> state) override { graph_->kept_.push_back(std::move(state)); }
  void variable_created(const std::string& name) override;
  [[nodiscard]] std::uint64_t id() const override { return id_; }
  [[nodiscard]] const op::Tracer* outer() const override { return outer_; }

  [[nodiscard]] int variables_created() const { return variables_created_; }

 private:
  [[nodiscard]] Tensor new_input(const TensorSpec& spec, Device device);
  // Makes a symbolic tensor the trace's next value.
  void number(TensorImpl& impl);
  [[nodiscard]] ValueRef ref_of(const Tensor& tensor);
  [[nodiscard]] ValueRef capture(const Tensor& tensor);
  [[nodiscard]] std::vector<ValueRef> refs_of(std::span<const Tensor> tensors);

  const std::uint64_t id_;
  const bool may_create_variables_;
  const op::Tracer* outer_;
  std::shared_ptr<Graph> graph_;
  // By the tensor's identity.
  std::unordered_map<std::uint64_t, std::int32_t> constant_of_;
  std::unordered_map<std::uint64_t, std::int32_t> captured_as_;
  std::unordered_map<std::string, int> names_;  // lower case
  std::int64_t op_seeds_ = 0;
  int variables_created_ = 0;
};

}  // namespace keen::trace
