#include "tests/sim/nvtx/message.h"

#include <algorithm>

#include "tests/sim/core/machine.h"

namespace keen::sim {

void report_nvtx(const char* api, const std::string& what) {
  if (!what.empty()) Machine::get().report("nvtx", std::string(api) + ": " + what);
}

std::string nvtx_text(const char* api, std::uint32_t type, const nvtxMessageValue_t& message) {
  switch (type) {
    case NVTX_MESSAGE_UNKNOWN:
      return "";
    case NVTX_MESSAGE_TYPE_ASCII:
      return message.ascii;
    case NVTX_MESSAGE_TYPE_UNICODE: {
      const std::wstring wide = message.unicode;
      std::string narrow(wide.size(), '?');
      std::ranges::transform(wide, narrow.begin(),
                             [](wchar_t c) { return c < 128 ? char(c) : '?'; });
      return narrow;
    }
    case NVTX_MESSAGE_TYPE_REGISTERED:
      if (message.registered == nullptr) return "";  // registered before a tool was there
      return *reinterpret_cast<const std::string*>(message.registered);
    default:
      Machine::get().report("unsupported",
                            std::string(api) + ": type of message " + std::to_string(type));
      return "";
  }
}

}  // namespace keen::sim
