// The only place where a JavaScript value becomes a pointer.
//
// An export reads its arguments in order through Args; every read checks type, range, length, stride and
// overflow and throws ArgumentError, which names the argument, what was expected and what came. The raw
// Node-API is used instead of the node-addon-api wrappers: it halves the cost of a call.
#pragma once

#include <node_api.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace layerwise {

enum class Kind { Type, Range, Plain };

/// Becomes a TypeError, a RangeError or an Error (then with `code`) in JavaScript.
struct CallError : std::runtime_error {
  CallError(Kind kind, const std::string& message, const char* code = nullptr)
      : std::runtime_error(message), kind(kind), code(code) {}
  Kind kind;
  const char* code;
};

template <typename T> struct Precision;
template <> struct Precision<double> {
  static constexpr napi_typedarray_type type = napi_float64_array;
  static constexpr const char* array = "Float64Array";
};
template <> struct Precision<float> {
  static constexpr napi_typedarray_type type = napi_float32_array;
  static constexpr const char* array = "Float32Array";
};
template <> struct Precision<int32_t> {
  static constexpr napi_typedarray_type type = napi_int32_array;
  static constexpr const char* array = "Int32Array";
};
template <> struct Precision<uint64_t> {
  static constexpr napi_typedarray_type type = napi_biguint64_array;
  static constexpr const char* array = "BigUint64Array";
};

/// A row-major matrix in memory owned by JavaScript. A vector of stride s is an n×1 matrix with ld = s.
template <typename T> struct View {
  T* data = nullptr;
  int rows = 0, cols = 0, ld = 1;
  const char* name = "";
  bool empty() const { return rows == 0 || cols == 0; }
  T* row(int i) const { return data + static_cast<int64_t>(i) * ld; }
  /// One past the last element.
  T* end() const { return empty() ? data : row(rows - 1) + cols; }
};

/// Whether two views share an element. Views with one leading dimension are decided exactly (two column
/// blocks of one matrix do not overlap); other interleavings count as overlapping.
template <typename T, typename U> bool overlaps(const View<T>& a, const View<U>& b) {
  if (a.empty() || b.empty()) return false;
  const auto a0 = reinterpret_cast<uintptr_t>(a.data), a1 = reinterpret_cast<uintptr_t>(a.end());
  const auto b0 = reinterpret_cast<uintptr_t>(b.data), b1 = reinterpret_cast<uintptr_t>(b.end());
  if (a1 <= b0 || b1 <= a0) return false;
  const int64_t distance = static_cast<int64_t>(b0) - static_cast<int64_t>(a0);
  if (a.ld != b.ld || sizeof(T) != sizeof(U) || distance % static_cast<int64_t>(sizeof(T)) != 0) return true;
  const int64_t ld = a.ld;
  const int64_t shift = ((distance / static_cast<int64_t>(sizeof(T))) % ld + ld) % ld;  // b's first column seen from a
  return !(shift >= a.cols && shift + b.cols <= ld);
}

template <typename T, typename U> bool identical(const View<T>& a, const View<U>& b) {
  return static_cast<const void*>(a.data) == static_cast<const void*>(b.data) && a.ld == b.ld;
}

class Args {
 public:
  static constexpr size_t kMax = 32;

  Args(napi_env env, napi_callback_info info, const char* function) : env(env), function(function) { read(info, nullptr); }
  /// For a function defined with data; its name is set by who knows it.
  Args(napi_env env, napi_callback_info info, void** data) : env(env), function("") { read(info, data); }
  /// The arguments of another call from `from` on, under another name.
  Args(const Args& in, size_t from, const char* function) : env(in.env), function(function) {
    count_ = in.count_ > from ? in.count_ - from : 0;
    filled_ = in.filled_ - from;
    for (size_t i = 0; i < filled_; ++i) values_[i] = in.values_[i + from];
  }

  /// From here on numbers and booleans (0, 1) come from memory, and only typed arrays are arguments. Of an array's class no more is asked
  /// than keeps reading and writing within its buffer, which takes a third of the time: the rest is the caller's to know.
  void unpack(const double* numbers, int64_t count) { packed_ = numbers, left_ = count; }

  const napi_env env;
  const char* function;
  size_t count() const { return count_; }
  /// An argument as it came; undefined past the end.
  napi_value operator[](size_t index) const { return index < filled_ ? values_[index] : undefinedValue(); }

  /// The next argument.
  napi_value value() { return (*this)[next_++]; }
  bool has(size_t index) const { return index < count_; }

  /// Whether the next argument is null; if so it and the `following` after it are passed over (an optional matrix: 2).
  bool skipNull(size_t following) {
    napi_valuetype type;
    if (next_ >= count_ || napi_typeof(env, (*this)[next_], &type) != napi_ok || type != napi_null) return false;
    next_ += 1 + following;
    return true;
  }

  bool boolean(const char* name) {
    if (packed_) return number(name) != 0;
    napi_value v = value();
    bool out;
    if (napi_get_value_bool(env, v, &out) != napi_ok) typeError(name, "a boolean", v);
    return out;
  }

  double number(const char* name) {
    if (packed_) {
      if (left_-- <= 0) typeError(name, "a number", undefinedValue());
      return *packed_++;
    }
    napi_value v = value();
    double out;
    if (napi_get_value_double(env, v, &out) != napi_ok) typeError(name, "a number", v);
    return out;
  }

  template <typename T> T scalar(const char* name) { return static_cast<T>(number(name)); }

  /// A finite number in [lo, hi].
  double bounded(const char* name, double lo, double hi) {
    const double x = number(name);
    if (!(x >= lo && x <= hi) || !std::isfinite(x)) rangeError(name, "a finite number in [" + text(lo) + ", " + text(hi) + "]", text(x));
    return x;
  }

  int64_t integer(const char* name, int64_t lo, int64_t hi) {
    const double x = number(name);
    if (!whole(x, lo, hi)) notInteger(name, "an integer in [", lo, hi, "]", x);
    return static_cast<int64_t>(x);
  }

  /// A matrix dimension: 0 … 2³¹−1, LAPACK's integer.
  int dimension(const char* name) { return static_cast<int>(integer(name, 0, std::numeric_limits<int32_t>::max())); }

  /// One of the given words; returns its index.
  int choice(const char* name, std::initializer_list<const char*> words) {
    napi_value v = value();
    char got[32];
    size_t length = 0;
    if (napi_get_value_string_utf8(env, v, got, sizeof got, &length) != napi_ok) typeError(name, "a string", v);
    int index = 0;
    std::string all;
    for (const char* word : words) {
      if (std::string(got, length) == word) return index;
      all += (index++ ? ", \"" : "\"") + std::string(word) + "\"";
    }
    rangeError(name, "one of " + all, "\"" + std::string(got, length) + "\"");
  }

  /// array, offset, ld → a rows×cols row-major view. rows and cols are checked dimensions.
  template <typename T> View<T> matrix(const char* name, int rows, int cols) {
    const Array<T> array = typed<T>(name);
    const int64_t offset = position(name, array.length);
    const int64_t least = cols > 1 ? cols : 1;
    const double ldValue = number(name);
    if (!whole(ldValue, least, std::numeric_limits<int32_t>::max())) badLeadingDimension(name, least, ldValue);
    const int64_t ld = static_cast<int64_t>(ldValue);
    const int64_t needed = rows > 0 && cols > 0 ? (static_cast<int64_t>(rows) - 1) * ld + cols : 0;
    if (needed > array.length - offset) tooShort(name, Precision<T>::array, rows, cols, ld, offset, needed, array.length);
    return {array.data + offset, rows, cols, static_cast<int>(ld), name};
  }

  /// array, offset, stride (≥ 1) → n elements, as an n×1 view with ld = stride.
  template <typename T> View<T> vector(const char* name, int n) { return matrix<T>(name, n, 1); }

  /// array, offset → n contiguous elements.
  template <typename T> View<T> contiguous(const char* name, int64_t n) {
    const Array<T> array = typed<T>(name);
    const int64_t offset = position(name, array.length);
    if (n > array.length - offset || n > std::numeric_limits<int32_t>::max())
      tooShort(name, Precision<T>::array, static_cast<int>(n), 1, 1, offset, n, array.length);
    return {array.data + offset, static_cast<int>(n), 1, 1, name};
  }

  /// A whole typed array.
  template <typename T> struct Array {
    T* data;
    int64_t length;
  };
  template <typename T> Array<T> typed(const char* name) {
    napi_value v = value();
    auto type = static_cast<napi_typedarray_type>(15);  // none: Node-API leaves it alone for classes that it does not know (Float16Array)
    size_t length;
    void* data;
    if (packed_) {
      napi_value buffer;
      size_t bytes, offset;
      if (napi_get_typedarray_info(env, v, nullptr, &length, &data, &buffer, &offset) == napi_ok &&
          napi_get_arraybuffer_info(env, buffer, nullptr, &bytes) == napi_ok && offset <= bytes && length <= (bytes - offset) / sizeof(T))
        return {static_cast<T*>(data), static_cast<int64_t>(length)};
    }
    if (napi_get_typedarray_info(env, v, &type, &length, &data, nullptr, nullptr) != napi_ok || type != Precision<T>::type)
      notArray(name, Precision<T>::array, v);
    return {static_cast<T*>(data), static_cast<int64_t>(length)};
  }

  /// Refuses an output that shares memory with an input.
  template <typename T, typename U> void distinct(const View<T>& out, const View<U>& in) {
    if (overlaps(out, in)) shared(out.name, in.name);
  }
  /// The same, but one and the same view (in-place operation) is allowed.
  template <typename T, typename U> void distinctOrSame(const View<T>& out, const View<U>& in) {
    if (!identical(out, in)) distinct(out, in);
  }

  napi_value undefined() const { return nullptr; }
  napi_value result(double x) const {
    napi_value out;
    napi_create_double(env, x, &out);
    return out;
  }
  napi_value result(const std::string& s) const {
    napi_value out;
    napi_create_string_utf8(env, s.data(), s.size(), &out);
    return out;
  }

  [[noreturn]] void typeError(const char* name, const std::string& wanted, napi_value got) const;
  [[noreturn]] void rangeError(const char* name, const std::string& wanted, const std::string& got) const;
  /// A numerical failure (LAPACK info ≠ 0, non-finite input): Error with a code.
  [[noreturn]] void failure(const char* code, const std::string& what) const;

  static std::string text(double x);
  std::string describe(napi_value v) const;

 private:
  int64_t position(const char* name, int64_t length) {
    const double x = number(name);
    if (!whole(x, 0, length)) notInteger(name, "an offset (integer) in [", 0, length, "], the length of the array", x);
    return static_cast<int64_t>(x);
  }
  /// Whether x is an integer in [lo, hi]; the bounds fit a double. Without a call, as SSE2 has no rounding instruction.
  static bool whole(double x, int64_t lo, int64_t hi) {
    return x >= static_cast<double>(lo) && x <= static_cast<double>(hi) && static_cast<double>(static_cast<int64_t>(x)) == x;
  }
  // The failures are kept out of line so that what precedes them stays small.
  [[noreturn]] void shared(const char* out, const char* in) const;
  [[noreturn]] void notInteger(const char* name, const char* before, int64_t lo, int64_t hi, const char* after, double got) const;
  [[noreturn]] void badLeadingDimension(const char* name, int64_t least, double got) const;
  [[noreturn]] void notArray(const char* name, const char* array, napi_value got) const;
  [[noreturn]] void tooShort(const char* name, const char* array, int rows, int cols, int64_t ld, int64_t offset, int64_t needed, int64_t length) const;

  /// Node-API writes every slot it is given: most calls need no more than a few.
  void read(napi_callback_info info, void** data) {
    constexpr size_t kFew = 16;
    count_ = filled_ = kFew;
    napi_get_cb_info(env, info, &count_, values_, nullptr, data);
    if (count_ <= kFew) return;
    count_ = filled_ = kMax;
    napi_get_cb_info(env, info, &count_, values_, nullptr, nullptr);
  }
  napi_value undefinedValue() const;

  napi_value values_[kMax];
  size_t count_ = 0, filled_ = 0, next_ = 0;  // given, present in values_ (past the given: undefined), read
  const double* packed_ = nullptr;            // the next number of a packed call
  int64_t left_ = 0;
};

using Export = napi_value (*)(Args&);

/// Throws the C++ exception being handled as a JavaScript one.
void throwInJavaScript(napi_env env, const char* name) noexcept;

/// The frame around everything called from JavaScript: C++ exceptions become JavaScript ones.
template <typename Body> napi_value guarded(napi_env env, const char* name, const Body& body) noexcept {
  try {
    return body();
  } catch (...) {
    throwInJavaScript(env, name);
    return nullptr;
  }
}

/// Adds a function to the addon, called with `data`.
void define(napi_env env, napi_value exports, const char* name, napi_callback callback, const void* data = nullptr);

}  // namespace layerwise

/// Registers `body` (an Export) under a name: LAYERWISE_EXPORT(env, exports, "dgemm", gemm<double>).
#define LAYERWISE_EXPORT(env, exports, name, ...)                                                     \
  ::layerwise::define(env, exports, name, [](napi_env e, napi_callback_info i) -> napi_value {        \
    return ::layerwise::guarded(e, name, [&]() -> napi_value {                                        \
      ::layerwise::Args args(e, i, name);                                                             \
      return static_cast<::layerwise::Export>(__VA_ARGS__)(args);                                     \
    });                                                                                               \
  })
