#include "tests/sim/libraries/convolution.h"

#include "tests/sim/libraries/panels.h"

namespace keen::sim {
namespace {

// cuDNN may shorten float inputs unless CUDNN_FMA_MATH forbids it (cuDNN, "cudnnMathType_t").
Rounding rounding_of(const Convolution& conv) {
  if (conv.x.type != Type::kFloat) return Rounding::kNone;
  switch (conv.settings.math) {
    case CUDNN_FMA_MATH:
      return Rounding::kNone;
    case CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION:
      return Rounding::kHalf;
    default:
      return overridden(has_tf32() ? Rounding::kTf32 : Rounding::kNone);
  }
}

// The three directions as products of matrices, one image and group at a time.
template <class T>
class Runner {
 public:
  Runner(const Convolution& conv, const Scaling& scaling, bool deterministic)
      : conv_(conv),
        scaling_(scaling),
        deterministic_(deterministic),
        rounding_(rounding_of(conv)) {}

  void forward(const void* x, const void* w, void* y) const {
    for (long group = 0; group < conv_.settings.groups; ++group) {
      const std::vector<T> filter = filter_by_output(w, group);
      for (long image = 0; image < conv_.x.n(); ++image) {
        Panels<T> inputs(conv_.positions(), conv_.window());
        for_each_input(image, group, [&](long position, long tap, std::size_t place) {
          inputs.at(position, tap) = value(x, place);
        });
        Panels<T> sums(conv_.positions(), conv_.group_outputs());
        multiply(inputs, filter, 0, conv_.window(), &sums);
        for_each_output(image, group, [&](long position, long output, std::size_t place) {
          blend(y, conv_.y.type, place, sums.at(position, output), scaling_);
        });
      }
    }
  }

  void backward_data(const void* w, const void* dy, void* dx) const {
    const long outputs = conv_.group_outputs();
    const long turn = random_turn(outputs);
    for (long group = 0; group < conv_.settings.groups; ++group) {
      std::vector<T> filter(static_cast<std::size_t>(conv_.window() * outputs));
      for_each_tap(group, [&](long output, long tap, std::size_t place) {
        const long row = (output + turn) % outputs;
        filter[static_cast<std::size_t>(tap * outputs + row)] = value(w, place);
      });
      for (long image = 0; image < conv_.x.n(); ++image) {
        Panels<T> gradients(conv_.positions(), outputs);
        for_each_output(image, group, [&](long position, long output, std::size_t place) {
          gradients.at(position, (output + turn) % outputs) = value(dy, place);
        });
        Panels<T> sums(conv_.positions(), conv_.window());
        multiply(gradients, filter, 0, outputs, &sums);
        scatter(image, group, &sums, dx);
      }
    }
  }

  void backward_filter(const void* x, const void* dy, void* dw) const {
    const long images = conv_.x.n();
    const long turn = random_turn(images);
    for (long group = 0; group < conv_.settings.groups; ++group) {
      Panels<T> sums(conv_.window(), conv_.group_outputs());
      for (long i = 0; i < images; ++i) {
        const long image = (i + turn) % images;
        Panels<T> inputs(conv_.window(), conv_.positions());
        for_each_input(image, group, [&](long position, long tap, std::size_t place) {
          inputs.at(tap, position) = value(x, place);
        });
        std::vector<T> gradients(
            static_cast<std::size_t>(conv_.positions() * conv_.group_outputs()));
        for_each_output(image, group, [&](long position, long output, std::size_t place) {
          gradients[static_cast<std::size_t>(output * conv_.positions() + position)] =
              value(dy, place);
        });
        multiply(inputs, gradients, 0, conv_.positions(), &sums);
      }
      for_each_tap(group, [&](long output, long tap, std::size_t place) {
        blend(dw, conv_.w.type, place, sums.at(tap, output), scaling_);
      });
    }
  }

 private:
  T value(const void* data, std::size_t place) const {
    const double read = load(data, conv_.x.type, place);
    if (rounding_ == Rounding::kNone) return static_cast<T>(read);
    return static_cast<T>(shorten(static_cast<float>(read), rounding_));
  }

  long random_turn(long count) const {
    return deterministic_ ? 0 : Machine::get().random(static_cast<unsigned>(count));
  }

  // visit(position of the output, tap of the filter, place in x) where the tap lies within x.
  template <class Visit>
  void for_each_input(long image, long group, const Visit& visit) const {
    const auto& s = conv_.settings;
    const long first = group * conv_.group_inputs();
    for (long c = 0, tap = 0; c < conv_.group_inputs(); ++c) {
      for (long r = 0; r < conv_.w.h(); ++r) {
        for (long q = 0; q < conv_.w.w(); ++q, ++tap) {
          for (long position = 0; position < conv_.positions(); ++position) {
            const long y = position / conv_.y.w() * s.stride_h - s.pad_h + r * s.dilation_h;
            const long x = position % conv_.y.w() * s.stride_w - s.pad_w + q * s.dilation_w;
            if (y < 0 || x < 0 || y >= conv_.x.h() || x >= conv_.x.w()) continue;
            visit(position, tap, conv_.x.at(image, first + c, y, x));
          }
        }
      }
    }
  }

  // visit(position, output channel of the group, place in y)
  template <class Visit>
  void for_each_output(long image, long group, const Visit& visit) const {
    const long first = group * conv_.group_outputs();
    for (long output = 0; output < conv_.group_outputs(); ++output) {
      for (long position = 0; position < conv_.positions(); ++position) {
        visit(position, output,
              conv_.y.at(image, first + output, position / conv_.y.w(), position % conv_.y.w()));
      }
    }
  }

  // visit(output channel of the group, tap, place in w)
  template <class Visit>
  void for_each_tap(long group, const Visit& visit) const {
    const long first = group * conv_.group_outputs();
    for (long output = 0; output < conv_.group_outputs(); ++output) {
      for (long c = 0, tap = 0; c < conv_.group_inputs(); ++c) {
        for (long r = 0; r < conv_.w.h(); ++r) {
          for (long s = 0; s < conv_.w.w(); ++s, ++tap) {
            visit(output, tap, conv_.w.at(first + output, c, r, s));
          }
        }
      }
    }
  }

  std::vector<T> filter_by_output(const void* w, long group) const {
    std::vector<T> filter(static_cast<std::size_t>(conv_.window() * conv_.group_outputs()));
    for_each_tap(group, [&](long output, long tap, std::size_t place) {
      filter[static_cast<std::size_t>(output * conv_.window() + tap)] = value(w, place);
    });
    return filter;
  }

  // Adds up what each tap gives to each input, and writes these inputs.
  void scatter(long image, long group, Panels<T>* sums, void* dx) const {
    const Tensor& x = conv_.x;
    const std::size_t start = x.at(image, group * conv_.group_inputs(), 0, 0);
    const std::size_t last =
        x.at(image, (group + 1) * conv_.group_inputs() - 1, x.h() - 1, x.w() - 1);
    std::vector<T> total(last - start + 1);
    for_each_input(image, group, [&](long position, long tap, std::size_t place) {
      total[place - start] += sums->at(position, tap);
    });
    for (long c = 0; c < conv_.group_inputs(); ++c) {
      for (long i = 0; i < x.h() * x.w(); ++i) {
        const std::size_t place =
            x.at(image, group * conv_.group_inputs() + c, i / x.w(), i % x.w());
        blend(dx, x.type, place, total[place - start], scaling_);
      }
    }
  }

  const Convolution& conv_;
  const Scaling& scaling_;
  bool deterministic_;
  Rounding rounding_;
};

template <class T>
void run(Direction direction, const Runner<T>& runner, const void* first, const void* second,
         void* output) {
  switch (direction) {
    case Direction::kForward:
      runner.forward(first, second, output);
      return;
    case Direction::kBackwardData:
      runner.backward_data(first, second, output);
      return;
    case Direction::kBackwardFilter:
      runner.backward_filter(first, second, output);
      return;
  }
}

// Outputs along one dimension (cuDNN, "cudnnGetConvolution2dForwardOutputDim"); 0: none fits.
long output_size(long input, long pad, long filter, long dilation, long stride) {
  const long room = input + 2 * pad - ((filter - 1) * dilation + 1);
  return room < 0 ? 0 : room / stride + 1;
}

// Reads all but y, whose sizes it gives.
cudnnStatus_t read_inputs(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                          cudnnConvolutionDescriptor_t settings, Convolution* conv,
                          std::array<long, 4>* sizes) {
  const Tensor* input = tensor_of(x);
  const Tensor* filter = tensor_of(w);
  if (input == nullptr || filter == nullptr || !registry<cudnnConvolutionStruct>().has(settings) ||
      !settings->set) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  conv->x = *input;
  conv->w = *filter;
  conv->settings = *settings;
  const auto& s = conv->settings;
  if (conv->x.c() != conv->w.c() * s.groups || conv->w.n() % s.groups != 0) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  *sizes = {conv->x.n(), conv->w.n(),
            output_size(conv->x.h(), s.pad_h, conv->w.h(), s.dilation_h, s.stride_h),
            output_size(conv->x.w(), s.pad_w, conv->w.w(), s.dilation_w, s.stride_w)};
  return (*sizes)[2] > 0 && (*sizes)[3] > 0 ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

}  // namespace

cudnnStatus_t read_convolution(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                               cudnnConvolutionDescriptor_t settings, cudnnTensorDescriptor_t y,
                               Convolution* convolution) {
  std::array<long, 4> sizes{};
  if (const auto status = read_inputs(x, w, settings, convolution, &sizes)) return status;
  const Tensor* output = tensor_of(y);
  if (output == nullptr || output->sizes != sizes) return CUDNN_STATUS_BAD_PARAM;
  convolution->y = *output;
  const Type type = convolution->x.type;
  if (convolution->w.type != type || convolution->y.type != type) return CUDNN_STATUS_BAD_PARAM;
  const bool wide = convolution->settings.compute == CUDNN_DATA_DOUBLE;
  return wide == (type == Type::kDouble) ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}

void run_convolution(Direction direction, const Convolution& convolution, const void* first,
                     const void* second, void* output, const Scaling& scaling, bool deterministic) {
  if (convolution.x.type == Type::kDouble) {
    run(direction, Runner<double>(convolution, scaling, deterministic), first, second, output);
  } else {
    run(direction, Runner<float>(convolution, scaling, deterministic), first, second, output);
  }
}

}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudnnStatus_t cudnnGetConvolution2dForwardOutputDim(cudnnConvolutionDescriptor_t convDesc,
                                                    cudnnTensorDescriptor_t inputTensorDesc,
                                                    cudnnFilterDescriptor_t filterDesc, int* n,
                                                    int* c, int* h, int* w) {
  const Guard guard(Machine::get());
  if (const int e = enter("cudnnGetConvolution2dForwardOutputDim")) {
    return static_cast<cudnnStatus_t>(e);
  }
  Convolution convolution;
  std::array<long, 4> sizes{};
  if (const auto status =
          read_inputs(inputTensorDesc, filterDesc, convDesc, &convolution, &sizes)) {
    return status;
  }
  if (n == nullptr || c == nullptr || h == nullptr || w == nullptr) return CUDNN_STATUS_BAD_PARAM;
  *n = static_cast<int>(sizes[0]);
  *c = static_cast<int>(sizes[1]);
  *h = static_cast<int>(sizes[2]);
  *w = static_cast<int>(sizes[3]);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionNdForwardOutputDim(cudnnConvolutionDescriptor_t convDesc,
                                                    cudnnTensorDescriptor_t inputTensorDesc,
                                                    cudnnFilterDescriptor_t filterDesc, int nbDims,
                                                    int tensorOuputDimA[]) {
  if (nbDims != 4 || tensorOuputDimA == nullptr) return CUDNN_STATUS_BAD_PARAM;
  return cudnnGetConvolution2dForwardOutputDim(convDesc, inputTensorDesc, filterDesc,
                                               &tensorOuputDimA[0], &tensorOuputDimA[1],
                                               &tensorOuputDimA[2], &tensorOuputDimA[3]);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
