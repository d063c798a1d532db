// Level 3: each operation reads its arguments, refuses aliasing, and makes one call.
#include "blas.h"
#include "operation.h"

namespace layerwise {
namespace {

template <typename T> struct Gemm {
  explicit Gemm(Args& in) {
    transA = in.boolean("transA");
    transB = in.boolean("transB");
    const int m = in.dimension("m"), n = in.dimension("n");
    k = in.dimension("k");
    alpha = in.scalar<T>("alpha");
    a = in.matrix<T>("a", transA ? k : m, transA ? m : k);
    b = in.matrix<T>("b", transB ? n : k, transB ? k : n);
    beta = in.scalar<T>("beta");
    c = in.matrix<T>("c", m, n);
    in.distinct(c, a);
    in.distinct(c, b);
  }
  void run() const { gemm(transA, transB, c.rows, c.cols, k, alpha, a.data, a.ld, b.data, b.ld, beta, c.data, c.ld); }
  bool transA, transB;
  int k;
  T alpha, beta;
  View<T> a, b, c;
};

template <typename T> struct Symm {
  explicit Symm(Args& in) {
    left = in.boolean("left");
    lower = in.boolean("lower");
    const int m = in.dimension("m"), n = in.dimension("n"), order = left ? m : n;
    alpha = in.scalar<T>("alpha");
    a = in.matrix<T>("a", order, order);
    b = in.matrix<T>("b", m, n);
    beta = in.scalar<T>("beta");
    c = in.matrix<T>("c", m, n);
    in.distinct(c, a);
    in.distinct(c, b);
  }
  void run() const { symm(left, lower, c.rows, c.cols, alpha, a.data, a.ld, b.data, b.ld, beta, c.data, c.ld); }
  bool left, lower;
  T alpha, beta;
  View<T> a, b, c;
};

template <typename T> struct Syrk {
  explicit Syrk(Args& in) {
    trans = in.boolean("trans");
    const int n = in.dimension("n");
    k = in.dimension("k");
    alpha = in.scalar<T>("alpha");
    a = in.matrix<T>("a", trans ? k : n, trans ? n : k);
    beta = in.scalar<T>("beta");
    c = in.matrix<T>("c", n, n);
    in.distinct(c, a);
  }
  void run() const { syrk(trans, c.rows, k, alpha, a.data, a.ld, beta, c.data, c.ld); }
  bool trans;
  int k;
  T alpha, beta;
  View<T> a, c;
};

template <typename T> struct Syr2k {
  explicit Syr2k(Args& in) {
    trans = in.boolean("trans");
    const int n = in.dimension("n");
    k = in.dimension("k");
    alpha = in.scalar<T>("alpha");
    a = in.matrix<T>("a", trans ? k : n, trans ? n : k);
    b = in.matrix<T>("b", trans ? k : n, trans ? n : k);
    beta = in.scalar<T>("beta");
    c = in.matrix<T>("c", n, n);
    in.distinct(c, a);
    in.distinct(c, b);
  }
  void run() const { syr2k(trans, c.rows, k, alpha, a.data, a.ld, b.data, b.ld, beta, c.data, c.ld); }
  bool trans;
  int k;
  T alpha, beta;
  View<T> a, b, c;
};

/// The arguments of trmm and trsm.
template <typename T> struct Triangular {
  explicit Triangular(Args& in) {
    left = in.boolean("left");
    lower = in.boolean("lower");
    trans = in.boolean("trans");
    unit = in.boolean("unit");
    const int m = in.dimension("m"), n = in.dimension("n"), order = left ? m : n;
    alpha = in.scalar<T>("alpha");
    a = in.matrix<T>("a", order, order);
    b = in.matrix<T>("b", m, n);
    in.distinct(b, a);
  }
  bool left, lower, trans, unit;
  T alpha;
  View<T> a, b;
};
template <typename T> struct Trmm : Triangular<T> {
  using Triangular<T>::Triangular;
  void run() const {
    const auto& [left, lower, trans, unit, alpha, a, b] = static_cast<const Triangular<T>&>(*this);
    if (b.empty()) return;
    Blas<T>::trmm(CblasRowMajor, sideOf(left), triangle(lower), transposition(trans), unit ? CblasUnit : CblasNonUnit, b.rows, b.cols, alpha, a.data, a.ld, b.data, b.ld);
  }
};
template <typename T> struct Trsm : Triangular<T> {
  using Triangular<T>::Triangular;
  void run() const {
    const auto& [left, lower, trans, unit, alpha, a, b] = static_cast<const Triangular<T>&>(*this);
    trsm(left, lower, trans, unit, b.rows, b.cols, alpha, a.data, a.ld, b.data, b.ld);
  }
};

const Operation kOperations[] = {
    LAYERWISE_OPERATION(Gemm, "gemm"),
    LAYERWISE_OPERATION(Symm, "symm"),
    LAYERWISE_OPERATION(Syrk, "syrk"),
    LAYERWISE_OPERATION(Syr2k, "syr2k"),
    LAYERWISE_OPERATION(Trmm, "trmm"),
    LAYERWISE_OPERATION(Trsm, "trsm"),
};

}  // namespace

Operations blasLevel3() { return listed(kOperations); }

}  // namespace layerwise
