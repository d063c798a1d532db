#include "args.h"

#include <cstdio>

#include "errors.h"

namespace layerwise {

std::string Args::text(double x) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.17g", x);
  double shorter;
  char candidate[32];
  for (int digits = 1; digits < 17; ++digits) {
    std::snprintf(candidate, sizeof candidate, "%.*g", digits, x);
    if (std::sscanf(candidate, "%lf", &shorter) == 1 && shorter == x) return candidate;
  }
  return buffer;
}

std::string Args::describe(napi_value v) const {
  napi_valuetype type;
  if (v == nullptr || napi_typeof(env, v, &type) != napi_ok) return "nothing";
  switch (type) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "a boolean";
    case napi_number: {
      double x;
      napi_get_value_double(env, v, &x);
      return text(x);
    }
    case napi_string: return "a string";
    case napi_symbol: return "a symbol";
    case napi_function: return "a function";
    case napi_bigint: return "a bigint";
    default: break;
  }
  bool is = false;
  napi_is_typedarray(env, v, &is);
  if (is) {
    static const char* const names[] = {"an Int8Array",    "a Uint8Array",    "a Uint8ClampedArray", "an Int16Array",   "a Uint16Array",  "an Int32Array",
                                        "a Uint32Array",   "a Float32Array",  "a Float64Array",      "a BigInt64Array", "a BigUint64Array"};
    auto kind = static_cast<napi_typedarray_type>(15);
    size_t length;
    napi_get_typedarray_info(env, v, &kind, &length, nullptr, nullptr, nullptr);
    return std::string(static_cast<size_t>(kind) < 11 ? names[kind] : "a typed array") + "(" + std::to_string(length) + ")";
  }
  napi_is_array(env, v, &is);
  return is ? "an array" : "an object";
}

napi_value Args::undefinedValue() const {
  napi_value out = nullptr;
  napi_get_undefined(env, &out);
  return out;
}

void Args::typeError(const char* name, const std::string& wanted, napi_value got) const {
  throw CallError(Kind::Type, std::string(function) + ": " + name + " must be " + wanted + ", got " + describe(got));
}
void Args::rangeError(const char* name, const std::string& wanted, const std::string& got) const {
  throw CallError(Kind::Range, std::string(function) + ": " + name + " must be " + wanted + ", got " + got);
}
void Args::failure(const char* code, const std::string& what) const {
  throw CallError(Kind::Plain, std::string(function) + ": " + what, code);
}
void Args::shared(const char* out, const char* in) const {
  throw CallError(Kind::Range, std::string(function) + ": " + out + " must not share memory with " + in);
}
void Args::notInteger(const char* name, const char* before, int64_t lo, int64_t hi, const char* after, double got) const {
  rangeError(name, before + std::to_string(lo) + ", " + std::to_string(hi) + after, text(got));
}
void Args::badLeadingDimension(const char* name, int64_t least, double got) const {
  rangeError(name, "a leading dimension (integer) of at least " + std::to_string(least), text(got));
}
void Args::notArray(const char* name, const char* array, napi_value got) const { typeError(name, std::string("a ") + array, got); }
void Args::tooShort(const char* name, const char* array, int rows, int cols, int64_t ld, int64_t offset, int64_t needed, int64_t length) const {
  rangeError(name,
             std::to_string(rows) + "×" + std::to_string(cols) + " with leading dimension " + std::to_string(ld) + " at offset " +
                 std::to_string(offset) + " (" + std::to_string(needed) + " elements)",
             std::string(array) + " with " + std::to_string(length - offset) + " left of " + std::to_string(length));
}

void throwInJavaScript(napi_env env, const char* name) noexcept {
  try {
    throw;
  } catch (const CallError& error) {
    if (error.kind == Kind::Type) napi_throw_type_error(env, error.code, error.what());
    else if (error.kind == Kind::Range) napi_throw_range_error(env, error.code, error.what());
    else napi_throw_error(env, error.code, error.what());
  } catch (const NumericalError& error) {
    napi_throw_error(env, error.code, (std::string(name) + ": " + error.what()).c_str());
  } catch (const std::bad_alloc&) {
    napi_throw_range_error(env, "ERR_OUT_OF_MEMORY", (std::string(name) + ": out of memory").c_str());
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, (std::string(name) + ": " + error.what()).c_str());
  }
}

void define(napi_env env, napi_value exports, const char* name, napi_callback callback, const void* data) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<void*>(data), &function) == napi_ok)
    napi_set_named_property(env, exports, name, function);
}

}  // namespace layerwise
