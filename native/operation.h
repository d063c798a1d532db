// An operation reads and checks its arguments when it is made and can then be run any number of times:
//
//   template <typename T> struct Gemm {
//     explicit Gemm(Args& in);   // views and scalars
//     void run() const;          // or a double
//   };
//
// Every operation is exported twice: called at once under its own name, and kept by `prepare` (prepared.cc).
#pragma once

#include <memory>
#include <type_traits>

#include "args.h"

namespace layerwise {

struct Prepared {
  virtual ~Prepared() = default;
  virtual napi_value run(napi_env env) const = 0;
  /// Whether run gives a number.
  virtual bool returns() const = 0;
};

template <typename Op> napi_value runIn(napi_env env, const Op& op) {
  if constexpr (std::is_void_v<decltype(op.run())>) {
    op.run();
    return nullptr;
  } else {
    napi_value out;
    return napi_create_double(env, op.run(), &out) == napi_ok ? out : nullptr;
  }
}

template <typename Op> struct PreparedOperation final : Prepared {
  explicit PreparedOperation(Args& in) : op(in) {}
  napi_value run(napi_env env) const override { return runIn(env, op); }
  bool returns() const override { return !std::is_void_v<decltype(op.run())>; }
  const Op op;
};

struct Operation {
  const char* name;
  napi_value (*call)(Args&);
  std::unique_ptr<Prepared> (*prepare)(Args&);
};

template <typename Op> napi_value callNow(Args& in) { return runIn(in.env, Op(in)); }
template <typename Op> std::unique_ptr<Prepared> keep(Args& in) { return std::make_unique<PreparedOperation<Op>>(in); }

/// A table of operations that lives as long as the process.
struct Operations {
  const Operation* begin_;
  size_t count;
  const Operation* begin() const { return begin_; }
  const Operation* end() const { return begin_ + count; }
};
template <size_t N> Operations listed(const Operation (&table)[N]) { return {table, N}; }

Operations blasLevel1();
Operations blasLevel2();
Operations blasLevel3();

/// The BLAS operation whose name is the next argument.
const Operation& blasOperation(Args& in);

}  // namespace layerwise

/// Both precisions of an operation, for a table: OPERATION(Gemm, "gemm") is dgemm and sgemm.
#define LAYERWISE_OPERATION(Op, name)                                                  \
  {"d" name, ::layerwise::callNow<Op<double>>, ::layerwise::keep<Op<double>>}, {       \
    "s" name, ::layerwise::callNow<Op<float>>, ::layerwise::keep<Op<float>>            \
  }
