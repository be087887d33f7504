// Typed errors, named as TensorFlow names them.
//
// Every error derives from keen::Error. Its text begins with the op or API that found the fault and
// gives the argument and its value. Classes of the first group are tf.errors.*, those of the second
// are Python's, raised where TensorFlow's Python layer raises them.
#pragma once

#include <stdexcept>
#include <string>

namespace keen {

class Error : public std::runtime_error {
 public:
  // `kind` is the class name as TensorFlow spells it; it must outlive the error (a literal).
  Error(const char* kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  // The class name, e.g. "InvalidArgumentError".
  [[nodiscard]] const char* kind() const noexcept { return kind_; }

 private:
  const char* kind_;
};

// Base of the errors that TensorFlow's kernels and runtime report (tf.errors.OpError).
class OpError : public Error {
 public:
  using Error::Error;
};

#define KEEN_ERROR_CLASS(Name, Base)                                      \
  class Name : public Base {                                              \
   public:                                                                \
    explicit Name(const std::string& message) : Base(#Name, message) {}   \
                                                                          \
   protected:                                                             \
    Name(const char* kind, const std::string& text) : Base(kind, text) {} \
  }

KEEN_ERROR_CLASS(InvalidArgumentError, OpError);
KEEN_ERROR_CLASS(NotFoundError, OpError);
KEEN_ERROR_CLASS(AlreadyExistsError, OpError);
KEEN_ERROR_CLASS(ResourceExhaustedError, OpError);
KEEN_ERROR_CLASS(FailedPreconditionError, OpError);
KEEN_ERROR_CLASS(OutOfRangeError, OpError);
KEEN_ERROR_CLASS(UnimplementedError, OpError);
KEEN_ERROR_CLASS(InternalError, OpError);
KEEN_ERROR_CLASS(UnavailableError, OpError);
KEEN_ERROR_CLASS(DataLossError, OpError);
KEEN_ERROR_CLASS(PermissionDeniedError, OpError);
KEEN_ERROR_CLASS(CancelledError, OpError);

KEEN_ERROR_CLASS(ValueError, Error);
KEEN_ERROR_CLASS(TypeError, Error);
KEEN_ERROR_CLASS(KeyError, Error);
KEEN_ERROR_CLASS(IndexError, Error);
KEEN_ERROR_CLASS(LookupError, Error);
KEEN_ERROR_CLASS(AttributeError, Error);
KEEN_ERROR_CLASS(RuntimeError, Error);
KEEN_ERROR_CLASS(NotImplementedError, RuntimeError);

#undef KEEN_ERROR_CLASS

}  // namespace keen
