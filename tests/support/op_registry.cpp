// Makes gtest's tests of op cases.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "runtime/base/text.h"
#include "runtime/device/config.h"
#include "runtime/tensor/context.h"
#include "tests/support/op_case.h"

namespace keen::test {
namespace {

using Body = std::function<std::vector<std::string>()>;

class CaseTest final : public testing::Test {
 public:
  explicit CaseTest(Body body) : body_(std::move(body)) {}
  void TestBody() override {
    for (const std::string& problem : body_()) ADD_FAILURE() << problem;
  }

 private:
  Body body_;
};

void add_test(const std::string& suite, const std::string& name, const Body& body) {
  testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [body]() -> testing::Test* { return new CaseTest(body); });
}

// On a second GPU from a thread that has never used one: what a kernel forgets to say of its device
// is found.
std::vector<std::string> play_there(const OpCase& op_case, Device device, BitDigest* bits) {
  if (device != gpu(1)) return play(op_case, device, bits);
  std::vector<std::string> problems;
  std::thread([&] { problems = play(op_case, device, bits); }).join();
  return problems;
}

std::vector<std::string> play_and_record(const OpCase& op_case, Device device,
                                         const std::string& name) {
  const char* file = std::getenv("KEEN_OP_BITS");
  if (file == nullptr) return play_there(op_case, device, nullptr);
  BitDigest bits;
  auto problems = play_there(op_case, device, &bits);
  // At once, for the process may not live long.
  std::ofstream out(file, std::ios::app);
  out << name << ' ' << std::hex << bits.value() << std::endl;
  if (!out) problems.push_back(text("KEEN_OP_BITS: cannot write to ", file));
  return problems;
}

std::string test_name_of(Device device) {
  return (device.type == DeviceType::kCpu ? "cpu" : "gpu") + std::to_string(device.index);
}

bool is_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_';
  });
}

// The devices that cases run on: two logical CPUs, so that what a kernel leaves on the default one
// is found, of two threads each, however many cores there are.
const std::vector<Device>& devices() {
  static const std::vector<Device> all = [] {
    config::set_logical_cpu_devices(2);
    config::threading::set_intra_op_parallelism_threads(4);
    return config::list_logical_devices();
  }();
  return all;
}

std::set<std::string>& rows() {
  static std::set<std::string> names;
  return names;
}

}  // namespace

const std::set<std::string>& rows_with_cases() { return rows(); }

OpCases::OpCases(const std::string& row, const std::function<std::vector<OpCase>()>& make) {
  static_cast<void>(devices());
  rows().insert(row);
  const std::string suite = "op." + row;
  // Cases live until the process ends, when there may be no GPU to give memory back to.
  const DeviceScope on_host(cpu());
  try {
    std::set<std::string> names;
    for (const OpCase& each : make()) {
      if (!is_name(each.name) || !names.insert(each.name).second) {
        throw std::runtime_error("'" + each.name + "' is no name, or there are two of it");
      }
      const auto shared = std::make_shared<const OpCase>(each);
      for (const Device device : devices()) {
        if (each.cpu_only && device.type != DeviceType::kCpu) continue;
        const std::string name = each.name + "." + test_name_of(device);
        add_test(suite, name, [shared, device, full_name = text(suite, ".", name)] {
          return play_and_record(*shared, device, full_name);
        });
      }
    }
  } catch (const std::exception& error) {
    const std::string what = text("the cases of ", row, " can't be made: ", error.what());
    add_test(suite, "cases", [what] { return std::vector<std::string>{what}; });
  }
}

}  // namespace keen::test
