#pragma once

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kiln {

/// Anything Kiln refuses.  The message reads `[where] what is wrong, what was got; and the remedy`.
class Error : public std::runtime_error {
 public:
  /// `where` is the option, file or function that refuses.
  Error(std::string_view where, std::string_view message);
};

/// The settings are wrong: change an option, a SPEC or a request.
class ConfigError : public Error {
 public:
  using Error::Error;  ///< As of Error.
};

/// The call is wrong: a tensor has the wrong shape or type.
class ShapeError : public Error {
 public:
  using Error::Error;  ///< As of Error.
};

/// A file is wrong: missing, truncated, of another format, or it cannot be written.
class IoError : public Error {
 public:
  using Error::Error;  ///< As of Error.
};

/// The numbers went wrong: a loss, gradient or parameter is not finite.
class NumericError : public Error {
 public:
  /// `step` is the training step that failed.
  NumericError(std::string_view where, std::string_view message, std::int64_t step);
  std::int64_t step() const { return step_; }  ///< That step.

 private:
  std::int64_t step_;
};

/// Somebody asked to stop in the middle of something that can be left; no error, and never a
/// message.
class Interrupted : public std::exception {};

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace kiln

/// For our own mistakes only: user input can never reach it.
#define KILN_ASSERT(condition) \
  ((condition) ? void(0) : ::kiln::assertion_failed(#condition, __FILE__, __LINE__))
