#include "kernels/detail/onednn_conv.h"

#include <dnnl.hpp>
#include <string>
#include <unordered_map>
#include <utility>

#include "kernels/detail/onednn.h"
#include "kernels/detail/scratch.h"
#include "runtime/base/error.h"

// Note [Layouts of convolutions]
//
// Activations go to oneDNN as they are, channels last: reordering them into its blocked layout and
// back costs more passes over memory than the blocked kernels save. Filters are small; they are
// reordered from [height, width, in, out] to what the primitive asks for in each call, on the
// calling thread (a few microseconds beside milliseconds), so that no cache of reordered filters
// has to follow the versions of variables.

namespace keen::detail {
namespace {

using dnnl::memory;

enum Direction : std::int64_t { kForward, kBackwardInput, kBackwardFilter };

// Convolutions of fewer multiplications run on the calling thread.
constexpr std::int64_t kSerialWork = 128 * 1024;

struct Conv {
  dnnl::primitive primitive;
  dnnl::reorder reorder;  // of the filter: to `filter`, or from it where it is the result
  memory::desc x, y, bias;
  memory::desc filter;       // as the primitive wants it
  memory::desc user_filter;  // as Keen stores it
  bool reordered = false;
  std::size_t scratch_bytes = 0;
};

struct ConvSpec {
  Direction direction;
  bool bias;
  int threads;
};

int threads_for(const device::DeviceContext& device, const ConvShape& s) {
  const std::int64_t per_output = s.height.size * s.width.size * (s.in_channels / s.groups);
  return s.output_size() > kSerialWork / per_output ? device.threads() : 1;
}

PrimitiveKey key_of(const ConvSpec& spec, const ConvShape& s) {
  const auto& h = s.height;
  const auto& w = s.width;
  return {{spec.direction, spec.bias ? 1 : 0, spec.threads, s.batch,  s.in_channels, s.out_channels,
           s.groups,       h.input,           h.output,     h.size,   h.stride,      h.dilation,
           h.pad_before,   h.pad_after,       w.input,      w.output, w.size,        w.stride,
           w.dilation,     w.pad_before,      w.pad_after}};
}

memory::desc filter_desc(const ConvShape& s, bool any) {
  const std::int64_t in = s.in_channels / s.groups;
  const std::int64_t out = s.out_channels / s.groups;
  const std::int64_t rows = s.width.size * in * s.out_channels;
  const std::int64_t columns = in * s.out_channels;
  if (s.groups == 1) {
    const memory::dims dims{out, in, s.height.size, s.width.size};
    if (any) return {dims, memory::data_type::f32, memory::format_tag::any};
    return {dims, memory::data_type::f32, memory::dims{1, s.out_channels, rows, columns}};
  }
  const memory::dims dims{s.groups, out, in, s.height.size, s.width.size};
  if (any) return {dims, memory::data_type::f32, memory::format_tag::any};
  return {dims, memory::data_type::f32, memory::dims{out, 1, s.out_channels, rows, columns}};
}

struct Geometry {
  explicit Geometry(const ConvShape& s)
      : strides{s.height.stride, s.width.stride},
        dilates{s.height.dilation - 1, s.width.dilation - 1},
        before{s.height.pad_before, s.width.pad_before},
        after{s.height.pad_after, s.width.pad_after} {}
  memory::dims strides, dilates, before, after;
};

// Fills in what the three directions have in common from the chosen implementation.
template <class Description>
void finish(Conv& conv, const Description& description, const memory::desc& filter, bool to_user) {
  conv.filter = filter;
  conv.scratch_bytes = description.scratchpad_desc().get_size();
  conv.reordered = conv.filter != conv.user_filter;
  if (!conv.reordered) return;
  const auto& engine = onednn_engine();
  const OneDnnThreads serial(1);
  const auto& from = to_user ? conv.filter : conv.user_filter;
  const auto& to = to_user ? conv.user_filter : conv.filter;
  conv.reorder = dnnl::reorder(dnnl::reorder::primitive_desc(engine, from, engine, to));
}

Conv make(const ConvSpec& spec, const ConvShape& s) {
  const auto f32 = memory::data_type::f32;
  const auto direct = dnnl::algorithm::convolution_direct;
  const Geometry g(s);
  Conv conv;
  conv.x = {{s.batch, s.in_channels, s.height.input, s.width.input}, f32, memory::format_tag::nhwc};
  conv.y = {
      {s.batch, s.out_channels, s.height.output, s.width.output}, f32, memory::format_tag::nhwc};
  if (spec.bias) conv.bias = {{s.out_channels}, f32, memory::format_tag::a};
  conv.user_filter = filter_desc(s, false);
  const memory::desc any = filter_desc(s, true);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const auto& engine = onednn_engine();

  using Forward = dnnl::convolution_forward;
  const Forward::primitive_desc forward(
      Forward::desc(dnnl::prop_kind::forward_training, direct, conv.x, any, conv.bias, conv.y,
                    g.strides, g.dilates, g.before, g.after),
      attributes, engine);
  if (spec.direction == kForward) {
    conv.primitive = Forward(forward);
    finish(conv, forward, forward.weights_desc(), false);
  } else if (spec.direction == kBackwardInput) {
    using Backward = dnnl::convolution_backward_data;
    const Backward::primitive_desc description(
        Backward::desc(direct, conv.x, any, conv.y, g.strides, g.dilates, g.before, g.after),
        attributes, engine, forward);
    conv.primitive = Backward(description);
    finish(conv, description, description.weights_desc(), false);
  } else {
    using Backward = dnnl::convolution_backward_weights;
    const Backward::primitive_desc description(
        Backward::desc(direct, conv.x, any, conv.y, g.strides, g.dilates, g.before, g.after),
        attributes, engine, forward);
    conv.primitive = Backward(description);
    finish(conv, description, description.diff_weights_desc(), true);
  }
  return conv;
}

const Conv& lookup(const ConvSpec& spec, const ConvShape& shape) {
  static auto* cache = new PrimitiveCache<Conv>(1024);
  return cache->get(key_of(spec, shape), [&] { return make(spec, shape); });
}

memory view(const memory::desc& desc, const void* data) {
  return {desc, onednn_engine(), const_cast<void*>(data)};
}

memory::desc bytes_desc(std::size_t bytes) {
  return {{static_cast<std::int64_t>(bytes)}, memory::data_type::u8, memory::format_tag::a};
}

void reorder(const Conv& conv, memory from, memory to) {
  const OneDnnThreads serial(1);
  conv.reorder.execute(onednn_stream(), from, to);
}

// Runs a primitive that reads the filter `w`; `arguments` are those besides filter and scratchpad.
void run_reading_filter(device::DeviceContext& device, const Conv& conv, const float* w,
                        std::unordered_map<int, memory> arguments) {
  const Scratch pad(device, conv.scratch_bytes);
  const Scratch blocked(device, conv.reordered ? conv.filter.get_size() : 0);
  memory filter = view(conv.user_filter, w);
  if (conv.reordered) {
    const memory to = view(conv.filter, blocked.data());
    reorder(conv, filter, to);
    filter = to;
  }
  arguments.emplace(DNNL_ARG_WEIGHTS, filter);
  arguments.emplace(DNNL_ARG_SCRATCHPAD, view(bytes_desc(conv.scratch_bytes), pad.data()));
  conv.primitive.execute(onednn_stream(), arguments);
}

[[noreturn]] void fail(const char* op, const dnnl::error& error) {
  throw InternalError(std::string(op) + ": oneDNN: " + error.what());
}

}  // namespace

void onednn_conv_forward(device::DeviceContext& device, const ConvShape& shape, const float* x,
                         const float* w, const float* bias, float* y) {
  const int threads = threads_for(device, shape);
  const OneDnnThreads scope(threads);
  try {
    const Conv& conv = lookup({kForward, bias != nullptr, threads}, shape);
    std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, view(conv.x, x)},
                                              {DNNL_ARG_DST, view(conv.y, y)}};
    if (bias != nullptr) arguments.emplace(DNNL_ARG_BIAS, view(conv.bias, bias));
    run_reading_filter(device, conv, w, std::move(arguments));
  } catch (const dnnl::error& error) {
    fail("Conv2D", error);
  }
}

void onednn_conv_backward_input(device::DeviceContext& device, const ConvShape& shape,
                                const float* w, const float* dy, float* dx) {
  const int threads = threads_for(device, shape);
  const OneDnnThreads scope(threads);
  try {
    const Conv& conv = lookup({kBackwardInput, false, threads}, shape);
    run_reading_filter(
        device, conv, w,
        {{DNNL_ARG_DIFF_SRC, view(conv.x, dx)}, {DNNL_ARG_DIFF_DST, view(conv.y, dy)}});
  } catch (const dnnl::error& error) {
    fail("Conv2DBackpropInput", error);
  }
}

void onednn_conv_backward_filter(device::DeviceContext& device, const ConvShape& shape,
                                 const float* x, const float* dy, float* dw) {
  const int threads = threads_for(device, shape);
  const OneDnnThreads scope(threads);
  try {
    const Conv& conv = lookup({kBackwardFilter, false, threads}, shape);
    const Scratch pad(device, conv.scratch_bytes);
    const Scratch blocked(device, conv.reordered ? conv.filter.get_size() : 0);
    const memory user = view(conv.user_filter, dw);
    const memory result = conv.reordered ? view(conv.filter, blocked.data()) : user;
    conv.primitive.execute(
        onednn_stream(), {{DNNL_ARG_SRC, view(conv.x, x)},
                          {DNNL_ARG_DIFF_DST, view(conv.y, dy)},
                          {DNNL_ARG_DIFF_WEIGHTS, result},
                          {DNNL_ARG_SCRATCHPAD, view(bytes_desc(conv.scratch_bytes), pad.data())}});
    if (conv.reordered) reorder(conv, result, user);
  } catch (const dnnl::error& error) {
    fail("Conv2DBackpropFilter", error);
  }
}

}  // namespace keen::detail
