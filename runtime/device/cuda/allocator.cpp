#include "runtime/device/cuda/allocator.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cuda/status.h"
#include "runtime/device/ledger.h"
#include "runtime/device/running_op.h"

namespace keen::device::cuda {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kMaxBytes = std::size_t{1} << 46;

Allocator::Mode mode_from_environment() {
  const char* wanted = std::getenv("KEEN_CUDA_ALLOCATOR");
  const std::string_view name = wanted == nullptr ? "caching" : wanted;
  if (name == "direct") return Allocator::Mode::kDirect;
  if (name == "caching") return Allocator::Mode::kCaching;
  throw InvalidArgumentError(
      text("KEEN_CUDA_ALLOCATOR: '", wanted, "' is neither 'caching' nor 'direct'"));
}

// The pool gives whole units of 2 MiB.
constexpr std::size_t whole_units(std::size_t bytes) {
  return (bytes + 2 * kMiB - 1) / (2 * kMiB) * (2 * kMiB);
}

// Small blocks share segments of 2 MiB, middle ones of 20 MiB; large ones get their own.
constexpr std::size_t segment_for(std::size_t block) {
  if (block <= kMiB) return 2 * kMiB;
  if (block < 10 * kMiB) return 20 * kMiB;
  return whole_units(block);
}

cudaMemPool_t make_pool(Device device) {
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.handleTypes = cudaMemHandleTypeNone;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device.index;
  cudaMemPool_t pool = nullptr;
  check(cudaMemPoolCreate(&pool, &properties), "cudaMemPoolCreate");
  // Or each synchronisation would hand what is free back to the system.
  std::uint64_t threshold = std::numeric_limits<std::uint64_t>::max();
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold),
        "cudaMemPoolSetAttribute");
  return pool;
}

}  // namespace

Allocator::Allocator(Device device, cudaStream_t stream, EventLog& events)
    : device_(device),
      stream_(stream),
      events_(events),
      mode_(mode_from_environment()),
      pool_(make_pool(device)) {}

std::size_t Allocator::reserved() const {
  return mode_ == Mode::kDirect ? direct_bytes_ : cache_.reserved();
}

std::size_t Allocator::in_use() const {
  return mode_ == Mode::kDirect ? direct_bytes_ : cache_.in_use();
}

// Null if the limit or the device forbids it.
void* Allocator::take_from_pool(std::size_t bytes) {
  if (limit_ != 0 && reserved() + bytes > limit_) return nullptr;
  void* memory = nullptr;
  const cudaError_t status = cudaMallocFromPoolAsync(&memory, bytes, pool_, stream_);
  count(device_, Count::kAllocations);
  if (status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    return nullptr;
  }
  check(status, "cudaMallocFromPoolAsync");
  return memory;
}

// Of what is there or of a new segment; null if there is no memory.
void* Allocator::find_block(std::size_t bytes, std::size_t segment_bytes) {
  if (mode_ == Mode::kDirect) {
    void* block = take_from_pool(bytes);
    if (block != nullptr) direct_bytes_ += bytes;
    return block;
  }
  if (void* block = cache_.allocate(bytes)) return block;
  void* segment = take_from_pool(segment_bytes);
  if (segment == nullptr) return nullptr;
  nvtx_.add_segment(segment, segment_bytes);
  cache_.add_segment(segment, segment_bytes);
  return cache_.allocate(bytes);
}

void* Allocator::allocate_block(std::size_t bytes) {
  if (!waiting_.empty()) collect_waiting();
  const std::size_t usual = segment_for(bytes);
  if (void* block = find_block(bytes, usual)) return block;
  trim_locked();
  if (void* block = find_block(bytes, usual)) return block;
  // Where little is left, a block may have all of it.
  const std::size_t least = whole_units(bytes);
  return mode_ == Mode::kCaching && least < usual ? find_block(bytes, least) : nullptr;
}

void* Allocator::allocate(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const std::size_t wanted = std::max<std::size_t>(bytes, 1);
  if (wanted > kMaxBytes) exhausted(bytes);
  void* block = allocate_block(rounded_to_granules(wanted));
  if (block == nullptr) exhausted(bytes);
  hold(block, rounded_to_granules(wanted));
  if (mode_ == Mode::kCaching) nvtx_.add_block(block, wanted);
  peak_ = std::max(peak_, in_use());
  ++allocations_;
  return block;
}

// Who holds how much, for the error that says that there is no more.
void Allocator::hold(void* block, std::size_t bytes) {
  static const std::string outside = "(no scope)";
  const RunningOp* op = running_op();
  const bool named = op != nullptr && op->scope != nullptr && !op->scope->empty();
  std::size_t& total = holders_[named ? *op->scope : outside];
  held_.insert_or_assign(block, Held{&total, bytes});
  total += bytes;
}

void Allocator::release(void* block) {
  const auto held = held_.find(block);
  const std::size_t bytes = held->second.bytes;
  *held->second.total -= bytes;
  held_.erase(held);
  if (mode_ == Mode::kCaching) {
    cache_.deallocate(block);
    return;
  }
  direct_bytes_ -= bytes;
  check_quietly(cudaFreeAsync(block, stream_), "cudaFreeAsync");
}

void Allocator::deallocate(void* block) noexcept {
  const std::lock_guard lock(mutex_);
  if (mode_ == Mode::kCaching) nvtx_.remove_block(block);
  const auto found = uses_.find(block);
  if (found == uses_.end()) {
    release(block);
    return;
  }
  // used_on has made room.
  waiting_.push_back({block, std::move(found->second)});
  uses_.erase(found);
}

void Allocator::used_on(void* block, Stream stream) {
  const std::lock_guard lock(mutex_);
  auto& uses = uses_[block];
  uses.push_back(events_.record(stream.id));
  waiting_.reserve(waiting_.size() + uses_.size());
}

// Frees the blocks whose uses on other streams are over.
void Allocator::collect_waiting() {
  std::erase_if(waiting_, [this](const Waiting& each) {
    const bool over = std::all_of(each.uses.begin(), each.uses.end(),
                                  [this](Event event) { return events_.happened(event); });
    if (over) release(each.block);
    return over;
  });
}

void Allocator::trim_locked() {
  for (const Waiting& each : waiting_) {
    for (const Event event : each.uses) events_.synchronize(event);
  }
  collect_waiting();
  for (void* segment : cache_.take_free_segments()) {
    nvtx_.remove_segment(segment);
    check_quietly(cudaFreeAsync(segment, stream_), "cudaFreeAsync");
  }
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  count(device_, Count::kSynchronisations);
  check(cudaMemPoolTrimTo(pool_, 0), "cudaMemPoolTrimTo");
}

void Allocator::trim() {
  const std::lock_guard lock(mutex_);
  trim_locked();
}

// CUDA C++ Programming Guide, "Stream Ordered Memory Allocator", "Device Accessibility":
// cudaDeviceEnablePeerAccess does not hold for memory of pools.
void Allocator::let_access(Device peer) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t bit = std::uint64_t{1} << peer.index;
  if ((peers_ & bit) != 0) return;
  int can = 0;
  check(cudaDeviceCanAccessPeer(&can, peer.index, device_.index), "cudaDeviceCanAccessPeer");
  if (can != 0) {
    cudaMemAccessDesc access{};
    access.location.type = cudaMemLocationTypeDevice;
    access.location.id = peer.index;
    access.flags = cudaMemAccessFlagsProtReadWrite;
    check(cudaMemPoolSetAccess(pool_, &access, 1), "cudaMemPoolSetAccess");
  }
  peers_ |= bit;
}

void Allocator::set_limit(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  limit_ = bytes;
}

MemoryStats Allocator::stats() const {
  const std::lock_guard lock(mutex_);
  MemoryStats stats;
  stats.bytes_in_use = static_cast<std::int64_t>(in_use());
  stats.bytes_cached = static_cast<std::int64_t>(reserved() - in_use());
  stats.peak_bytes_in_use = static_cast<std::int64_t>(peak_);
  stats.allocations = allocations_;
  return stats;
}

void Allocator::reset_peak() {
  const std::lock_guard lock(mutex_);
  peak_ = in_use();
}

std::string Allocator::largest_holders() const {
  constexpr std::size_t kShown = 5;
  std::vector<std::pair<std::size_t, std::string>> all;
  for (const auto& [scope, bytes] : holders_) {
    if (bytes != 0) all.emplace_back(bytes, scope);
  }
  std::sort(all.rbegin(), all.rend());
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), kShown); ++i) {
    out += text(i == 0 ? "; held by " : ", ", all[i].second, " ", all[i].first);
  }
  return out;
}

void Allocator::exhausted(std::size_t bytes) {
  std::size_t free = 0;
  std::size_t total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  const std::string op = describe_running_op();
  throw ResourceExhaustedError(
      text(op, op.empty() ? "" : ": ", "out of memory on ", device_, " for ", bytes, " bytes (",
           in_use(), " in use, ", reserved() - in_use(), " cached, largest free block ",
           cache_.largest_free(), "; ", free, " of the device's ", total, " free",
           limit_ == 0 ? "" : text(", limit ", limit_), largest_holders(), ")"));
}

}  // namespace keen::device::cuda
