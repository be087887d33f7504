#include "tests/sim/runtime/copies.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/core/memory.h"
#include "tests/sim/runtime/capture.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

// Host memory that an issued copy uses until it has run.
class HostUse {
 public:
  HostUse(const void* pointer, std::size_t bytes)
      : low_(static_cast<const char*>(pointer)), high_(low_ + bytes) {
    all().insert(this);
  }
  ~HostUse() { all().erase(this); }
  HostUse(const HostUse&) = delete;
  HostUse& operator=(const HostUse&) = delete;

  bool overlaps(const char* low, const char* high) const { return low_ < high && low < high_; }

  static std::set<HostUse*>& all() {
    static auto* uses = new std::set<HostUse*>;
    return *uses;
  }

 private:
  const char* low_;
  const char* high_;
};

enum class Direction { kHostToHost, kHostToDevice, kDeviceToHost, kDeviceToDevice };

Direction direction_of(const CopyShape& shape) {
  const bool to = is_device_address(shape.target);
  const bool from = is_device_address(shape.source);
  if (to) return from ? Direction::kDeviceToDevice : Direction::kHostToDevice;
  return from ? Direction::kDeviceToHost : Direction::kHostToHost;
}

const char* name_of(Direction direction) {
  switch (direction) {
    case Direction::kHostToHost:
      return "copy from host to host";
    case Direction::kHostToDevice:
      return "copy from host to device";
    case Direction::kDeviceToHost:
      return "copy from device to host";
    case Direction::kDeviceToDevice:
      break;
  }
  return "copy from device to device";
}

std::size_t extent(std::size_t pitch, const CopyShape& shape) {
  return (shape.rows - 1) * pitch + shape.width;
}

void count(const CopyShape& shape, Direction direction) {
  cudasim_counters& counters = Machine::get().counters;
  const auto bytes = static_cast<long long>(shape.width * shape.rows);
  ++counters.memcpys;
  const auto add = [bytes](long long& copies, long long& sum) {
    ++copies;
    sum += bytes;
  };
  if (direction == Direction::kHostToDevice) add(counters.copies_h2d, counters.bytes_h2d);
  if (direction == Direction::kDeviceToHost) add(counters.copies_d2h, counters.bytes_d2h);
  if (direction != Direction::kDeviceToDevice) return;
  const bool peers = device_of(reinterpret_cast<Address>(shape.target)) !=
                     device_of(reinterpret_cast<Address>(shape.source));
  add(peers ? counters.copies_peer : counters.copies_d2d,
      peers ? counters.bytes_peer : counters.bytes_d2d);
}

// A copy between devices needs no peer rights (cuda_runtime_api.h: cudaMemcpyPeer): each side is
// touched by the device that owns it.
bool touch_as_owner(Execution& execution, const Access& access) {
  if (!is_device_address(access.pointer)) return true;
  const int owner = device_of(reinterpret_cast<Address>(access.pointer));
  const int device = std::exchange(execution.device, owner);
  const bool sound = Memory::get().touch(execution, access);
  execution.device = device;
  return sound;
}

void run_copy(const CopyShape& shape, Execution& execution) {
  for (std::size_t row = 0; row < shape.rows; ++row) {
    auto* target = static_cast<char*>(shape.target) + row * shape.target_pitch;
    const auto* source = static_cast<const char*>(shape.source) + row * shape.source_pitch;
    if (!touch_as_owner(execution, {source, shape.width, AccessKind::kRead}) ||
        !touch_as_owner(execution, {target, shape.width, AccessKind::kWrite})) {
      return;
    }
    std::memmove(backing(target), backing(source), shape.width);
  }
}

// Host memory as it is now, rows without gaps.
std::shared_ptr<std::vector<char>> stage(const CopyShape& shape) {
  auto staged = std::make_shared<std::vector<char>>(shape.width * shape.rows);
  for (std::size_t row = 0; row < shape.rows; ++row) {
    std::memcpy(staged->data() + row * shape.width,
                static_cast<const char*>(shape.source) + row * shape.source_pitch, shape.width);
  }
  return staged;
}

Operation make_operation(CopyShape shape, Direction direction, bool staged) {
  Operation operation;
  operation.name = name_of(direction);
  operation.type = cudaGraphNodeTypeMemcpy;
  std::shared_ptr<std::vector<char>> data;
  if (staged) {
    data = stage(shape);
    shape.source = data->data();
    shape.source_pitch = shape.width;
  }
  operation.body = [shape, data](Execution& execution) { run_copy(shape, execution); };
  // Counted each time that it is issued: a copy of a graph with every launch.
  operation.prepare = [shape, direction](Operation& issued) {
    count(shape, direction);
    std::vector<std::shared_ptr<HostUse>> uses;
    if (!is_device_address(shape.target)) {
      uses.push_back(std::make_shared<HostUse>(shape.target, extent(shape.target_pitch, shape)));
    }
    if (!is_device_address(shape.source)) {
      uses.push_back(std::make_shared<HostUse>(shape.source, extent(shape.source_pitch, shape)));
    }
    issued.body = [body = issued.body, uses](Execution& execution) { body(execution); };
  };
  return operation;
}

// The header calls a direction that does not match the pointers undefined behaviour.
cudaError_t check_kind(const char* api, Direction direction, cudaMemcpyKind kind) {
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) {
    return cudaErrorInvalidMemcpyDirection;
  }
  if (kind == cudaMemcpyDefault || static_cast<int>(kind) == static_cast<int>(direction)) {
    return cudaSuccess;
  }
  Machine::get().report("memcpy-kind", std::string(api) + " with kind " + std::to_string(kind) +
                                           " is a " + name_of(direction));
  return cudaErrorInvalidValue;
}

CopyShape simplify(CopyShape shape) {
  if (shape.rows > 1 && shape.target_pitch == shape.width && shape.source_pitch == shape.width) {
    shape.width *= shape.rows;
    shape.rows = 1;
  }
  return shape;
}

}  // namespace

bool has_pending_copy(const void* pointer, std::size_t bytes) {
  const auto* low = static_cast<const char*>(pointer);
  return std::ranges::any_of(HostUse::all(),
                             [&](const HostUse* use) { return use->overlaps(low, low + bytes); });
}

cudaError_t copy(const char* api, const CopyShape& given, cudaMemcpyKind kind, Stream& stream,
                 bool blocking) {
  if (given.width == 0 || given.rows == 0) return cudaSuccess;
  if (given.target == nullptr || given.source == nullptr) return fail(cudaErrorInvalidValue);
  const CopyShape shape = simplify(given);
  const Direction direction = direction_of(shape);
  if (const cudaError_t error = check_kind(api, direction, kind)) return fail(error);
  if (const cudaError_t error = check_implicit_capture(stream)) return fail(error);
  if (blocking) {
    if (const cudaError_t error = refuse_capturing(stream)) return fail(error);
    if (const cudaError_t error = refuse_in_capture()) return fail(error);
  }
  const bool from_host = direction == Direction::kHostToDevice;
  const void* host = from_host ? shape.source : shape.target;
  const bool pageable = direction != Direction::kDeviceToDevice && !Memory::get().is_pinned(host);
  if (stream.capture != nullptr) {
    if (pageable) {
      Machine::get().report("capture", std::string(api) +
                                           " of pageable host memory is captured; each launch "
                                           "would use the memory as it is then");
    }
    return fail(submit(stream, make_operation(shape, direction, false)));
  }
  cudasim_counters& counters = Machine::get().counters;
  if (from_host && pageable) {
    // "API synchronization behavior": cudaMemcpy waits for the stream and returns when the memory
    // is staged; cudaMemcpyAsync may do so, on which nobody can rely.
    ++counters.hidden_syncs;
    if (blocking) {
      if (const cudaError_t error = wait_for(stream)) return fail(error);
    }
    return fail(submit(stream, make_operation(shape, direction, true)));
  }
  if (const cudaError_t error = submit(stream, make_operation(shape, direction, false))) {
    return fail(error);
  }
  // The same section: no waiting for copies on devices; copies to pageable memory and between host
  // memory wait always.
  if (direction == Direction::kDeviceToDevice || (!blocking && !pageable)) return cudaSuccess;
  ++counters.hidden_syncs;
  return fail(wait_for(stream));
}

}  // namespace keen::sim
