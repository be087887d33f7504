#include "tests/sim/core/ledger.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/ranges.h"

namespace keen::sim {
namespace {

using Field = long long cudasim_counters::*;

struct Maker {
  std::string_view api;
  Field field;
};

constexpr Maker kMakers[] = {
    {"cudaStreamCreate", &cudasim_counters::streams_made},
    {"cudaStreamCreateWithFlags", &cudasim_counters::streams_made},
    {"cudaStreamCreateWithPriority", &cudasim_counters::streams_made},
    {"cudaEventCreate", &cudasim_counters::events_made},
    {"cudaEventCreateWithFlags", &cudasim_counters::events_made},
    {"cublasCreate_v2", &cudasim_counters::handles_made},
    {"cublasLtCreate", &cudasim_counters::handles_made},
    {"cudnnCreate", &cudasim_counters::handles_made},
    {"ncclCommInitRank", &cudasim_counters::handles_made},
    {"ncclCommInitRankConfig", &cudasim_counters::handles_made},
    {"ncclCommInitAll", &cudasim_counters::handles_made},
    {"cudaMemPoolCreate", &cudasim_counters::pools_made},
    {"cudaGraphInstantiate", &cudasim_counters::graphs_made},
    {"cudaGraphInstantiateWithFlags", &cudasim_counters::graphs_made},
};

void count(Ledger::Rows& rows, std::string_view name) {
  const auto found = rows.find(name);
  if (found != rows.end()) {
    ++found->second;
  } else {
    rows.emplace(name, 1);
  }
}

struct Column {
  const char* title;
  Field field;
};

void print_line(const cudasim_counters& c, std::initializer_list<Column> columns) {
  std::fputs("cudasim:", stderr);
  const char* separator = " ";
  for (const auto& [title, field] : columns) {
    std::fprintf(stderr, "%s%s %lld", separator, title, c.*field);
    separator = ", ";
  }
  std::fputs("\n", stderr);
}

void print_rows(const char* title, const Ledger::Rows& rows) {
  for (const auto& [name, times] : rows) {
    std::fprintf(stderr, "cudasim: %s %s: %lld\n", title, name.c_str(), times);
  }
}

}  // namespace

Ledger& Ledger::get() {
  static auto* ledger = new Ledger;
  return *ledger;
}

void Ledger::call(std::string_view api) {
  cudasim_counters& counters = Machine::get().counters;
  ++counters.api_calls;
  count(calls_, api);
  const auto* maker = std::ranges::find(kMakers, api, &Maker::api);
  if (maker != std::end(kMakers)) ++(counters.*(maker->field));
}

void Ledger::operation(std::string_view name) {
  count(operations_, name);
  if (const std::string* range = innermost_range()) count(ranges_, *range);
}

const Ledger::Rows* Ledger::rows(int what) const {
  switch (what) {
    case cudasim_calls:
      return &calls_;
    case cudasim_operations:
      return &operations_;
    case cudasim_ranges:
      return &ranges_;
    default:
      return nullptr;
  }
}

void Ledger::reset() {
  calls_.clear();
  operations_.clear();
  ranges_.clear();
}

void print_counters() {
  using C = cudasim_counters;
  const C& c = Machine::get().counters;
  print_line(c, {{"calls", &C::api_calls},
                 {"launches", &C::kernel_launches},
                 {"library calls", &C::library_calls},
                 {"collectives", &C::collectives},
                 {"graph launches", &C::graph_launches},
                 {"their nodes", &C::graph_nodes},
                 {"PTX instructions", &C::ptx_instructions},
                 {"flops of libraries", &C::flops}});
  print_line(c, {{"cudaMalloc", &C::mallocs},
                 {"cudaFree", &C::frees},
                 {"async allocations", &C::async_mallocs},
                 {"async frees", &C::async_frees},
                 {"host allocations", &C::host_mallocs},
                 {"peak bytes", &C::peak_bytes}});
  print_line(c, {{"streams made", &C::streams_made},
                 {"events", &C::events_made},
                 {"handles", &C::handles_made},
                 {"pools", &C::pools_made},
                 {"executable graphs", &C::graphs_made}});
  print_line(c, {{"copies to device", &C::copies_h2d},
                 {"bytes", &C::bytes_h2d},
                 {"to host", &C::copies_d2h},
                 {"bytes", &C::bytes_d2h},
                 {"on a device", &C::copies_d2d},
                 {"bytes", &C::bytes_d2d},
                 {"between devices", &C::copies_peer},
                 {"bytes", &C::bytes_peer},
                 {"fills", &C::memsets}});
  print_line(c, {{"waits for a stream", &C::stream_syncs},
                 {"for a device", &C::device_syncs},
                 {"for an event", &C::event_syncs},
                 {"hidden", &C::hidden_syncs},
                 {"kernels loaded by launches", &C::lazy_loads},
                 {"events recorded", &C::event_records},
                 {"waited for by streams", &C::event_waits}});
  print_line(c, {{"bytes of devices read", &C::bytes_read}, {"written", &C::bytes_written}});
  print_rows("call", *Ledger::get().rows(cudasim_calls));
  print_rows("operation", *Ledger::get().rows(cudasim_operations));
  print_rows("operations in range", *Ledger::get().rows(cudasim_ranges));
}

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

void cudasim_get_counters(cudasim_counters* counters) {
  const Guard guard(Machine::get());
  *counters = Machine::get().counters;
}

void cudasim_reset_counters() {
  const Guard guard(Machine::get());
  cudasim_counters& counters = Machine::get().counters;
  cudasim_counters fresh{};
  fresh.live_bytes = fresh.peak_bytes = counters.live_bytes;
  fresh.findings = counters.findings;
  counters = fresh;
  Ledger::get().reset();
}

int cudasim_count_at(int what, int index, const char** name, long long* count) {
  const Guard guard(Machine::get());
  const Ledger::Rows* rows = Ledger::get().rows(what);
  if (rows == nullptr || index < 0 || index >= std::ssize(*rows)) return 0;
  const auto row = std::next(rows->begin(), index);
  *name = row->first.c_str();
  *count = row->second;
  return 1;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
