// The O(n³) routines as tasks: copies of the arguments, the same computation as the synchronous export, fresh results.
#include <algorithm>

#include "async.h"
#include "blas.h"
#include "lapack.h"
#include "orthogonalize.h"
#include "roots.h"

namespace layerwise {
namespace {

int least(int n) { return std::max(n, 1); }

template <typename T> struct Gemm final : Task {
  bool transA, transB;
  int m, n, k;
  T alpha;
  Buffer<T> a, b, c;
  explicit Gemm(Args& in)
      : transA(in.boolean("transA")), transB(in.boolean("transB")), m(in.dimension("m")), n(in.dimension("n")), k(in.dimension("k")), alpha(in.scalar<T>("alpha")) {
    a = Buffer<T>(in.matrix<T>("a", transA ? k : m, transA ? m : k));
    b = Buffer<T>(in.matrix<T>("b", transB ? n : k, transB ? k : n));
    c = Buffer<T>(static_cast<int64_t>(m) * n);
  }
  void compute() override {
    gemm<T>(transA, transB, m, n, k, alpha, a.get(), least(transA ? m : k), b.get(), least(transB ? k : n), 0, c.get(), least(n));
  }
  napi_value deliver(napi_env env) override { return freshArray(env, c); }
};

template <typename T> struct Syrk final : Task {
  bool trans;
  int n, k;
  T alpha;
  Buffer<T> a, c;
  explicit Syrk(Args& in) : trans(in.boolean("trans")), n(in.dimension("n")), k(in.dimension("k")), alpha(in.scalar<T>("alpha")) {
    a = Buffer<T>(in.matrix<T>("a", trans ? k : n, trans ? n : k));
    c = Buffer<T>(static_cast<int64_t>(n) * n);
  }
  void compute() override { syrk<T>(trans, n, k, alpha, a.get(), least(trans ? n : k), 0, c.get(), least(n)); }
  napi_value deliver(napi_env env) override { return freshArray(env, c); }
};

template <typename T> struct Eigh final : Task {
  bool vectors;
  int n;
  Buffer<T> a, values;
  explicit Eigh(Args& in) : vectors(in.boolean("vectors")), n(in.dimension("n")), a(in.matrix<T>("a", n, n)), values(n) {}
  void compute() override {
    syevd(vectors, n, a.get(), least(n), values.get());
    if (vectors) transposeInPlace(n, a.get(), least(n));
  }
  napi_value deliver(napi_env env) override {
    const napi_value w = freshArray(env, values);
    return vectors ? freshObject(env, {{"values", w}, {"vectors", freshArray(env, a)}}) : freshObject(env, {{"values", w}});
  }
};

template <typename T> struct Cholesky final : Task {
  int n;
  Buffer<T> factor;
  explicit Cholesky(Args& in) : n(in.dimension("n")), factor(in.matrix<T>("a", n, n)) {}
  void compute() override {
    potrf(true, n, factor.get(), least(n));
    for (int64_t i = 0; i < n; ++i) std::fill(factor.get() + i * n + i + 1, factor.get() + (i + 1) * n, T(0));
  }
  napi_value deliver(napi_env env) override { return freshArray(env, factor); }
};

template <typename T> struct CholeskySolve final : Task {
  int n, nrhs;
  Buffer<T> factor, x;
  explicit CholeskySolve(Args& in)
      : n(in.dimension("n")), nrhs(in.dimension("nrhs")), factor(in.matrix<T>("factor", n, n)), x(in.matrix<T>("b", n, nrhs)) {}
  void compute() override { potrs(true, n, nrhs, factor.get(), least(n), x.get(), least(nrhs)); }
  napi_value deliver(napi_env env) override { return freshArray(env, x); }
};

template <typename T> struct CholeskyInverse final : Task {
  int n;
  Buffer<T> a;
  explicit CholeskyInverse(Args& in) : n(in.dimension("n")), a(in.matrix<T>("a", n, n)) {}
  void compute() override { potri(true, n, a.get(), least(n)); }
  napi_value deliver(napi_env env) override { return freshArray(env, a); }
};

template <typename T> struct Lu final : Task {
  int m, n, singular = 0;
  Buffer<T> a;
  Buffer<int32_t> pivots;
  explicit Lu(Args& in) : m(in.dimension("m")), n(in.dimension("n")), a(in.matrix<T>("a", m, n)), pivots(std::min(m, n)) {}
  void compute() override { singular = getrf(m, n, a.get(), least(n), pivots.get()); }
  napi_value deliver(napi_env env) override {
    return freshObject(env, {{"lu", freshArray(env, a)}, {"pivots", freshArray(env, pivots)}, {"singular", freshNumber(env, singular)}});
  }
};

template <typename T> struct Qr final : Task {
  int m, n, k;
  Buffer<T> a, q, r;
  explicit Qr(Args& in)
      : m(in.dimension("m")), n(in.dimension("n")), k(std::min(m, n)), a(in.matrix<T>("a", m, n)), q(static_cast<int64_t>(m) * k), r(static_cast<int64_t>(k) * n) {}
  void compute() override { qr(m, n, a.get(), least(n), q.get(), least(k), r.get(), least(n)); }
  napi_value deliver(napi_env env) override { return freshObject(env, {{"q", freshArray(env, q)}, {"r", freshArray(env, r)}}); }
};

template <typename T> struct Svd final : Task {
  SvdJob job;
  int m, n, k;
  Buffer<T> a, s, u, vt;
  explicit Svd(Args& in)
      : job(static_cast<SvdJob>(in.choice("job", {"values", "thin", "full"}))), m(in.dimension("m")), n(in.dimension("n")), k(std::min(m, n)), a(in.matrix<T>("a", m, n)), s(k) {
    if (job == SvdJob::Values) return;
    u = Buffer<T>(static_cast<int64_t>(m) * columns());
    vt = Buffer<T>(static_cast<int64_t>(job == SvdJob::Full ? n : k) * n);
  }
  int columns() const { return job == SvdJob::Full ? m : k; }
  void compute() override { gesdd(job, m, n, a.get(), least(n), s.get(), u.get(), least(columns()), vt.get(), least(n)); }
  napi_value deliver(napi_env env) override {
    const napi_value values = freshArray(env, s);
    if (job == SvdJob::Values) return freshObject(env, {{"s", values}});
    return freshObject(env, {{"u", freshArray(env, u)}, {"s", values}, {"vt", freshArray(env, vt)}});
  }
};

template <typename T> struct Solve final : Task {
  int n, nrhs;
  Buffer<T> a, x;
  explicit Solve(Args& in) : n(in.dimension("n")), nrhs(in.dimension("nrhs")), a(in.matrix<T>("a", n, n)), x(in.matrix<T>("b", n, nrhs)) {}
  void compute() override { gesv(n, nrhs, a.get(), least(n), x.get(), least(nrhs)); }
  napi_value deliver(napi_env env) override { return freshArray(env, x); }
};

template <typename T> struct LeastSquares final : Task {
  int m, n, nrhs, rank = 0;
  Buffer<T> a, b, x, s;
  T rcond;
  explicit LeastSquares(Args& in)
      : m(in.dimension("m")), n(in.dimension("n")), nrhs(in.dimension("nrhs")), a(in.matrix<T>("a", m, n)), b(in.matrix<T>("b", m, nrhs)),
        x(static_cast<int64_t>(n) * nrhs), s(std::min(m, n)), rcond(static_cast<T>(in.bounded("rcond", -1, 1))) {}
  void compute() override { rank = gelsd(m, n, nrhs, a.get(), least(n), b.get(), least(nrhs), x.get(), least(nrhs), s.get(), rcond); }
  napi_value deliver(napi_env env) override {
    return freshObject(env, {{"x", freshArray(env, x)}, {"s", freshArray(env, s)}, {"rank", freshNumber(env, rank)}});
  }
};

template <typename T> struct InverseRoot final : Task {
  RootOptions options;
  int n;
  Buffer<T> a;
  Buffer<double> info;
  explicit InverseRoot(Args& in) : options(readRootOptionsAndMethod(in)), n(in.dimension("n")), a(in.matrix<T>("a", n, n)), info(6) {}
  void compute() override {
    const auto values = reported(inverseRoot(options, a.matrix(n, n, "a"), a.matrix(n, n, "out")));
    std::copy(values.begin(), values.end(), info.get());
  }
  napi_value deliver(napi_env env) override { return freshObject(env, {{"root", freshArray(env, a)}, {"info", freshArray(env, info)}}); }
};

template <typename T> struct InverseRootBatch final : Task {
  RootOptions options;
  int n, count;
  Buffer<T> a;
  Buffer<double> info;
  explicit InverseRootBatch(Args& in)
      : options(readRootOptionsAndMethod(in)), n(in.dimension("n")), count(readBatchCount(in, n)), a(in.contiguous<T>("a", static_cast<int64_t>(n) * n * count)), info(6 * static_cast<int64_t>(count)) {}
  void compute() override { inverseRootBatch(options, n, count, a.get(), a.get(), info.get()); }
  napi_value deliver(napi_env env) override { return freshObject(env, {{"roots", freshArray(env, a)}, {"info", freshArray(env, info)}}); }
};

template <typename T> struct NewtonSchulz final : Task {
  int steps;
  Buffer<double> coefficients;
  double safety, epsilon;
  int m, n;
  Buffer<T> a;
  explicit NewtonSchulz(Args& in)
      : steps(static_cast<int>(in.integer("steps", 0, 1000))),
        coefficients(in.contiguous<double>("coefficients", 3 * static_cast<int64_t>(steps))),
        safety(in.bounded("safety", 1e-3, 1e3)),
        epsilon(in.bounded("epsilon", 0, 1)),
        m(in.dimension("m")),
        n(in.dimension("n")),
        a(in.matrix<T>("a", m, n)) {}
  void compute() override { newtonSchulz(steps, coefficients.get(), safety, epsilon, a.matrix(m, n, "a"), a.matrix(m, n, "out")); }
  napi_value deliver(napi_env env) override { return freshArray(env, a); }
};

template <typename T> struct PolarFactor final : Task {
  int m, n;
  Buffer<T> a;
  explicit PolarFactor(Args& in) : m(in.dimension("m")), n(in.dimension("n")), a(in.matrix<T>("a", m, n)) {}
  void compute() override { polarFactor(a.matrix(m, n, "a"), a.matrix(m, n, "out")); }
  napi_value deliver(napi_env env) override { return freshArray(env, a); }
};

template <typename T> napi_value async(Args& in) { return launch(in, std::make_unique<T>(in)); }

}  // namespace

#define LAYERWISE_EXPORTS(T, p)                                                          \
  LAYERWISE_EXPORT(env, exports, p "gemmAsync", async<Gemm<T>>);                         \
  LAYERWISE_EXPORT(env, exports, p "syrkAsync", async<Syrk<T>>);                         \
  LAYERWISE_EXPORT(env, exports, p "syevdAsync", async<Eigh<T>>);                        \
  LAYERWISE_EXPORT(env, exports, p "potrfAsync", async<Cholesky<T>>);                    \
  LAYERWISE_EXPORT(env, exports, p "potrsAsync", async<CholeskySolve<T>>);               \
  LAYERWISE_EXPORT(env, exports, p "potriAsync", async<CholeskyInverse<T>>);             \
  LAYERWISE_EXPORT(env, exports, p "getrfAsync", async<Lu<T>>);                          \
  LAYERWISE_EXPORT(env, exports, p "gesvAsync", async<Solve<T>>);                        \
  LAYERWISE_EXPORT(env, exports, p "qrAsync", async<Qr<T>>);                             \
  LAYERWISE_EXPORT(env, exports, p "gesddAsync", async<Svd<T>>);                         \
  LAYERWISE_EXPORT(env, exports, p "gelsdAsync", async<LeastSquares<T>>);                \
  LAYERWISE_EXPORT(env, exports, p "InverseRootAsync", async<InverseRoot<T>>);           \
  LAYERWISE_EXPORT(env, exports, p "InverseRootBatchAsync", async<InverseRootBatch<T>>); \
  LAYERWISE_EXPORT(env, exports, p "NewtonSchulzAsync", async<NewtonSchulz<T>>);         \
  LAYERWISE_EXPORT(env, exports, p "PolarFactorAsync", async<PolarFactor<T>>);

void registerAsync(napi_env env, napi_value exports) {
  LAYERWISE_EXPORTS(double, "d")
  LAYERWISE_EXPORTS(float, "s")
}

}  // namespace layerwise
