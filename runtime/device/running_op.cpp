#include "runtime/device/running_op.h"

#include "runtime/base/text.h"

namespace keen::device {

std::string describe_running_op() {
  const RunningOp* op = running_op();
  if (op == nullptr) return "";
  std::string out = text(op->name, " (");
  if (op->describe != nullptr) op->describe(out, op->call);
  out += text(") on ", op->device);
  if (op->scope != nullptr && !op->scope->empty()) out += text(" in scope '", *op->scope, "'");
  return out;
}

}  // namespace keen::device
