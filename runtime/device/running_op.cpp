#include "runtime/device/running_op.h"

#include "runtime/base/text.h"

namespace keen::device {

std::string describe_running_op() {
  const RunningOp* op = running_op();
  if (op == nullptr) return "";
  std::string out = text(op->name, " (");
  if (op->describe != nullptr) op->describe(out, op->call);
  out += text(") on ", op->device);
  return out;
}

}  // namespace keen::device
