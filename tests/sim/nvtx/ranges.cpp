// nvtx3/nvToolsExt.h: domains, and the ranges of theirs that a thread pushes and pops. What devices
// are given within one counts for it.
#include "tests/sim/nvtx/ranges.h"

#include <deque>
#include <string>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/ranges.h"
#include "tests/sim/nvtx/message.h"

namespace keen::sim {
namespace {

// A handle is the address of a text, which is kept: it may be in use until the end.
std::string* kept(const char* text) {
  const Guard guard(Machine::get());
  static auto* all = new std::deque<std::string>;  // an element stays where it is
  return &all->emplace_back(text);
}

nvtxDomainHandle_t domain_create(const char* name) {
  return reinterpret_cast<nvtxDomainHandle_t>(kept(name));
}

// CUB registers the names of its ranges.
nvtxStringHandle_t string_register(nvtxDomainHandle_t, const char* string) {
  return reinterpret_cast<nvtxStringHandle_t>(kept(string));
}

int range_push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* event) {
  constexpr const char* kApi = "nvtxDomainRangePushEx";
  const Guard guard(Machine::get());
  if (event == nullptr || event->version != NVTX_VERSION ||
      event->size != NVTX_EVENT_ATTRIB_STRUCT_SIZE) {
    report_nvtx(kApi, "version or size of the attributes is not that of the header");
    return NVTX_NO_PUSH_POP_TRACKING;
  }
  const auto type = static_cast<std::uint32_t>(event->messageType);
  std::string name = nvtx_text(kApi, type, event->message);
  if (domain != nullptr) name.insert(0, *reinterpret_cast<const std::string*>(domain) + "/");
  return push_range(domain, std::move(name));
}

int range_pop(nvtxDomainHandle_t domain) {
  const Guard guard(Machine::get());
  const int level = pop_range(domain);
  if (level < 0) report_nvtx("nvtxDomainRangePop", "no range of the domain is open on this thread");
  return level;
}

}  // namespace

bool attach_ranges(NvtxGetExportTableFunc_t get_table) {
  const auto* callbacks =
      static_cast<const NvtxExportTableCallbacks*>(get_table(NVTX_ETID_CALLBACKS));
  NvtxFunctionTable table = nullptr;
  unsigned size = 0;
  if (callbacks == nullptr ||
      callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &table, &size) == 0 ||
      size < NVTX_CBID_CORE2_SIZE) {
    return false;
  }
  const auto attach = [&](NvtxCallbackIdCore2 id, auto* function) {
    *table[id] = reinterpret_cast<NvtxFunctionPointer>(function);
  };
  attach(NVTX_CBID_CORE2_DomainCreateA, domain_create);
  attach(NVTX_CBID_CORE2_DomainRegisterStringA, string_register);
  attach(NVTX_CBID_CORE2_DomainRangePushEx, range_push);
  attach(NVTX_CBID_CORE2_DomainRangePop, range_pop);
  return true;
}

}  // namespace keen::sim
