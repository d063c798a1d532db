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

template <typename T> struct Eigh final : Task {
  int n;
  Buffer<T> vectors, values;
  explicit Eigh(Args& in) : n(in.dimension("n")), vectors(in.matrix<T>("a", n, n)), values(n) {}
  void compute() override {
    syevd(true, n, vectors.get(), least(n), values.get());
    transposeInPlace(n, vectors.get(), least(n));
  }
  napi_value deliver(napi_env env) override { return freshObject(env, {{"values", freshArray(env, values)}, {"vectors", freshArray(env, vectors)}}); }
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
      : job(in.boolean("full") ? SvdJob::Full : SvdJob::Thin), m(in.dimension("m")), n(in.dimension("n")), k(std::min(m, n)), a(in.matrix<T>("a", m, n)), s(k) {
    u = Buffer<T>(static_cast<int64_t>(m) * columns());
    vt = Buffer<T>(static_cast<int64_t>(job == SvdJob::Full ? n : k) * n);
  }
  int columns() const { return job == SvdJob::Full ? m : k; }
  void compute() override { gesdd(job, m, n, a.get(), least(n), s.get(), u.get(), least(columns()), vt.get(), least(n)); }
  napi_value deliver(napi_env env) override {
    return freshObject(env, {{"u", freshArray(env, u)}, {"s", freshArray(env, s)}, {"vt", freshArray(env, vt)}});
  }
};

template <typename T> struct Solve final : Task {
  int n, nrhs;
  Buffer<T> a, x;
  explicit Solve(Args& in) : n(in.dimension("n")), nrhs(in.dimension("nrhs")), a(in.matrix<T>("a", n, n)), x(in.matrix<T>("b", n, nrhs)) {}
  void compute() override { gesv(n, nrhs, a.get(), least(n), x.get(), least(nrhs)); }
  napi_value deliver(napi_env env) override { return freshArray(env, x); }
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

#define LAYERWISE_EXPORTS(T, p)                                     \
  LAYERWISE_EXPORT(env, exports, p "gemmAsync", async<Gemm<T>>);     \
  LAYERWISE_EXPORT(env, exports, p "syevdAsync", async<Eigh<T>>);    \
  LAYERWISE_EXPORT(env, exports, p "potrfAsync", async<Cholesky<T>>); \
  LAYERWISE_EXPORT(env, exports, p "qrAsync", async<Qr<T>>);         \
  LAYERWISE_EXPORT(env, exports, p "gesddAsync", async<Svd<T>>);     \
  LAYERWISE_EXPORT(env, exports, p "gesvAsync", async<Solve<T>>);    \
  LAYERWISE_EXPORT(env, exports, p "InverseRootAsync", async<InverseRoot<T>>);   \
  LAYERWISE_EXPORT(env, exports, p "NewtonSchulzAsync", async<NewtonSchulz<T>>); \
  LAYERWISE_EXPORT(env, exports, p "PolarFactorAsync", async<PolarFactor<T>>);

void registerAsync(napi_env env, napi_value exports) {
  LAYERWISE_EXPORTS(double, "d")
  LAYERWISE_EXPORTS(float, "s")
}

}  // namespace layerwise
