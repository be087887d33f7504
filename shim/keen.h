// Everything that a program written for TF1 or TF2 names:
//
//   #include "shim/keen.h"
//   namespace tf = keen;
//   namespace v1 = keen::compat::v1;
#pragma once

#include "kernels/activations.h"                                   // IWYU pragma: export
#include "kernels/argmax.h"                                        // IWYU pragma: export
#include "kernels/batch_norm.h"                                    // IWYU pragma: export
#include "kernels/bias_add.h"                                      // IWYU pragma: export
#include "kernels/broadcast_to.h"                                  // IWYU pragma: export
#include "kernels/concat.h"                                        // IWYU pragma: export
#include "kernels/conv2d.h"                                        // IWYU pragma: export
#include "kernels/dropout.h"                                       // IWYU pragma: export
#include "kernels/elementwise.h"                                   // IWYU pragma: export
#include "kernels/fill.h"                                          // IWYU pragma: export
#include "kernels/gather.h"                                        // IWYU pragma: export
#include "kernels/l2_loss.h"                                       // IWYU pragma: export
#include "kernels/matmul.h"                                        // IWYU pragma: export
#include "kernels/pad.h"                                           // IWYU pragma: export
#include "kernels/pool.h"                                          // IWYU pragma: export
#include "kernels/random.h"                                        // IWYU pragma: export
#include "kernels/random_generator.h"                              // IWYU pragma: export
#include "kernels/random_shuffle.h"                                // IWYU pragma: export
#include "kernels/reduce.h"                                        // IWYU pragma: export
#include "kernels/reshape.h"                                       // IWYU pragma: export
#include "kernels/scan.h"                                          // IWYU pragma: export
#include "kernels/slice.h"                                         // IWYU pragma: export
#include "kernels/softmax.h"                                       // IWYU pragma: export
#include "kernels/softmax_cross_entropy.h"                         // IWYU pragma: export
#include "kernels/stateless_random.h"                              // IWYU pragma: export
#include "kernels/transpose.h"                                     // IWYU pragma: export
#include "runtime/autodiff/tape.h"                                 // IWYU pragma: export
#include "runtime/base/dtype.h"                                    // IWYU pragma: export
#include "runtime/base/error.h"                                    // IWYU pragma: export
#include "runtime/op/core_ops.h"                                   // IWYU pragma: export
#include "runtime/tensor/constant.h"                               // IWYU pragma: export
#include "runtime/tensor/context.h"                                // IWYU pragma: export
#include "runtime/tensor/tensors.h"                                // IWYU pragma: export
#include "runtime/tensor/variable.h"                               // IWYU pragma: export
#include "runtime/trace/function.h"                                // IWYU pragma: export
#include "shim/compat/v1/get_variable.h"                           // IWYU pragma: export
#include "shim/compat/v1/initializers.h"                           // IWYU pragma: export
#include "shim/compat/v1/keras/utils/track_tf1_style_variables.h"  // IWYU pragma: export
#include "shim/compat/v1/layers/convolutional.h"                   // IWYU pragma: export
#include "shim/compat/v1/layers/core.h"                            // IWYU pragma: export
#include "shim/compat/v1/layers/normalization.h"                   // IWYU pragma: export
#include "shim/compat/v1/layers/pooling.h"                         // IWYU pragma: export
#include "shim/compat/v1/train/adam.h"                             // IWYU pragma: export
#include "shim/compat/v1/train/gradient_descent.h"                 // IWYU pragma: export
#include "shim/compat/v1/train/momentum.h"                         // IWYU pragma: export
#include "shim/compat/v1/variable_scope.h"                         // IWYU pragma: export
#include "shim/keras/backend.h"                                    // IWYU pragma: export
#include "shim/keras/initializers.h"                               // IWYU pragma: export
#include "shim/keras/layers/layer.h"                               // IWYU pragma: export
#include "shim/keras/regularizers.h"                               // IWYU pragma: export
#include "shim/keras/utils.h"                                      // IWYU pragma: export
#include "shim/module.h"                                           // IWYU pragma: export
#include "shim/name_scope.h"                                       // IWYU pragma: export
