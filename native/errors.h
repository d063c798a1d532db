// Failures of a computation, as opposed to of its arguments.
#pragma once

#include <stdexcept>
#include <string>

namespace layerwise {

/// Becomes an Error with `code` in JavaScript, its message prefixed by the name of the export that was called.
struct NumericalError : std::runtime_error {
  NumericalError(const char* code, const std::string& message) : std::runtime_error(message), code(code) {}
  const char* code;
};

}  // namespace layerwise
