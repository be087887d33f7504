// The order of work: streams as chains of work, of which the host thread that waits runs one piece
// after the other, in an order that the seed chooses among all that is allowed.
#include "tests/sim/runtime/queue.h"

#include <algorithm>
#include <string>
#include <utility>

#include "tests/sim/core/ledger.h"
#include "tests/sim/core/memory.h"
#include "tests/sim/core/stalls.h"
#include "tests/sim/runtime/capture.h"
#include "tests/sim/runtime/pools.h"

namespace keen::sim {
namespace {

void execute(Work& work) {
  Machine& machine = Machine::get();
  Operation& operation = work.operation;
  Execution execution{work.device, work.actor, work.clock, operation.name, operation.view};
  bool sound = machine.sticky() == cudaSuccess;
  for (const Access& access : operation.accesses) {
    if (sound && is_device_address(access.pointer)) {
      sound = Memory::get().touch(execution, access);
    }
  }
  // After a fault no work runs any more, but all of it ends, so that nobody waits for ever.
  if ((sound || operation.after_fault) && operation.body) operation.body(execution);
  machine.counters.flops += operation.flops;
}

void finish(Work& work) {
  work.done = true;
  work.finished = std::chrono::steady_clock::now();
  work.operation = {};  // lets go of staged data
  for (const WorkRef& dependent : std::exchange(work.dependents, {})) {
    if (--dependent->blockers == 0) Runtime::get().ready.push_back(dependent);
  }
}

// Hardware waits for ever. That the process is poisoned, with this code, is the stand-in's own
// (unsourced).
void report_deadlock() {
  std::string waiting;
  for (const WorkRef& work : Runtime::get().ready) {
    waiting += " [" + work->operation.name + " on device " + std::to_string(work->device) + "]";
  }
  if (waiting.empty()) waiting = " no device work; a host thread waits for another one";
  Machine::get().report("deadlock", "nothing can run any more; waiting:" + waiting);
  Machine::get().set_sticky(cudaErrorLaunchTimeout);
  Stalls::get().clear();  // a watchdog ends them
  while (step()) {
  }
}

// The streams whose work new work of `stream` waits for (API Reference, "Stream synchronization
// behavior").
std::vector<const Stream*> implicit_predecessors(const Stream& stream) {
  const Runtime& runtime = Runtime::get();
  std::vector<const Stream*> found;
  if (!stream.legacy) {
    if (stream.blocking) found.push_back(runtime.legacy[stream.device]);
    return found;
  }
  for (const Stream* other : runtime.streams.live()) {
    if (other != &stream && other->device == stream.device && other->blocking) {
      found.push_back(other);
    }
  }
  return found;
}

// What has to be done when a wait for the stream ends. Waits use "standard default stream
// semantics" too (cuda_runtime_api.h, cudaStreamSynchronize and cudaStreamQuery): the legacy
// default stream is done when all that it would wait for is. Another stream's own work is enough,
// for it has waited for the default stream's before it.
std::vector<const Stream*> with_implicit_predecessors(const Stream& stream) {
  std::vector<const Stream*> found;
  if (stream.legacy) found = implicit_predecessors(stream);
  found.push_back(&stream);
  return found;
}

cudaError_t wait_for_all(const std::vector<const Stream*>& streams, int device) {
  std::vector<WorkRef> pending;
  Clock known;
  for (const Stream* stream : streams) {
    if (stream->last != nullptr) pending.push_back(stream->last);
    known.join(stream->clock);
  }
  const bool ended = run_until([&] {
    while (!pending.empty() && pending.back()->done) pending.pop_back();
    return pending.empty();
  });
  if (ended) {
    Machine::thread().clock.join(known);
    release_pools(device);
  }
  return Machine::get().sticky();
}

}  // namespace

Runtime& Runtime::get() {
  static auto* runtime = new Runtime;  // handles are used until the very end of the process
  return *runtime;
}

Runtime::Runtime() {
  for (int device = 0; device < kMaxDevices; ++device) {
    CUstream_st* stream = streams.make();
    stream->device = device;
    stream->actor = Machine::get().new_actor();
    stream->legacy = true;
    legacy[device] = stream;
    CUmemPoolHandle_st* pool = pools.make();
    pool->device = device;
    pool->is_default = true;
    default_pools[device] = pool;
  }
}

Stream* find_stream(cudaStream_t stream) {
  Runtime& runtime = Runtime::get();
  const Machine::Thread& thread = Machine::thread();
  if (stream == nullptr || stream == cudaStreamLegacy) return runtime.legacy[thread.device];
  if (stream != cudaStreamPerThread) {
    Stream* found = runtime.streams.find(stream);
    if (found != nullptr && !found->destroyed) return found;
    Machine::get().report("handle", "use of a stream that does not exist");
    return nullptr;
  }
  CUstream_st*& own = runtime.per_thread[{thread.actor, thread.device}];
  if (own == nullptr) {
    own = runtime.streams.make();
    own->device = thread.device;
    own->actor = Machine::get().new_actor();
  }
  return own;
}

void add_blocker(const WorkRef& work, const WorkRef& blocker) {
  if (blocker == nullptr || blocker->done) return;
  blocker->dependents.push_back(work);
  ++work->blockers;
}

void release(const WorkRef& work) {
  if (work->operation.body) Ledger::get().operation(work->operation.name);
  if (work->operation.prepare) {
    const auto prepare = work->operation.prepare;  // it may replace the operation's functions
    prepare(work->operation);
  }
  if (work->blockers == 0) Runtime::get().ready.push_back(work);
}

cudaError_t submit(Stream& stream, Operation operation, const std::vector<WorkRef>& after) {
  if (const cudaError_t error = check_implicit_capture(stream)) return error;
  if (stream.capture != nullptr) return capture_operation(stream, std::move(operation));
  if (operation.library) ++Machine::get().counters.library_calls;
  auto work = std::make_shared<Work>();
  work->operation = std::move(operation);
  work->device = stream.device;
  work->actor = stream.actor;
  stream.clock.join(Machine::thread().clock);
  add_blocker(work, stream.last);
  for (const Stream* other : implicit_predecessors(stream)) {
    stream.clock.join(other->clock);
    add_blocker(work, other->last);
  }
  for (const WorkRef& other : after) {
    if (other == nullptr) continue;
    stream.clock.join(other->clock);
    add_blocker(work, other);
  }
  stream.clock.advance(stream.actor);
  work->clock = stream.clock;
  stream.last = work;
  release(work);
  return cudaSuccess;
}

bool step() {
  auto& ready = Runtime::get().ready;
  const bool poisoned = Machine::get().sticky() != cudaSuccess;
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < ready.size(); ++i) {
    const auto& may_run = ready[i]->operation.ready;
    if (poisoned || !may_run || may_run()) candidates.push_back(i);
  }
  if (candidates.empty()) return false;
  const auto choice = Machine::get().random(static_cast<unsigned>(candidates.size()));
  const WorkRef work = ready[candidates[choice]];
  ready.erase(ready.begin() + static_cast<std::ptrdiff_t>(candidates[choice]));
  execute(*work);
  finish(*work);
  return true;
}

bool is_finished(const Stream& stream) {
  return std::ranges::all_of(with_implicit_predecessors(stream), [](const Stream* each) {
    return each->last == nullptr || each->last->done;
  });
}

void learn(const Stream& stream) {
  for (const Stream* each : with_implicit_predecessors(stream)) {
    Machine::thread().clock.join(each->clock);
  }
}

cudaError_t wait_for(Stream& stream) {
  return wait_for_all(with_implicit_predecessors(stream), stream.device);
}

cudaError_t wait_for_device(int device) {
  std::vector<const Stream*> streams;
  for (const Stream* stream : Runtime::get().streams.live()) {
    if (stream->device == device) streams.push_back(stream);
  }
  return wait_for_all(streams, device);
}

cudaError_t enqueue(cudaStream_t stream, Operation operation) {
  Stream* found = find_stream(stream);
  if (found == nullptr) return cudaErrorInvalidResourceHandle;
  return submit(*found, std::move(operation));
}

int stream_device(cudaStream_t stream) {
  const Stream* found = find_stream(stream);
  return found == nullptr ? -1 : found->device;
}

bool run_until(const std::function<bool()>& done) {
  if (Machine::get().wait(done, step)) return true;
  report_deadlock();
  return false;
}

}  // namespace keen::sim
