// BLAS: each export reads its arguments, checks aliasing, and makes one call.
#include <cblas.h>

#include "args.h"

namespace layerwise {
namespace {

inline void gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, double alpha, const double* a, int lda, const double* b, int ldb, double beta, double* c, int ldc) {
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
inline void gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, float alpha, const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc) {
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

template <typename T> napi_value gemmExport(Args& in) {
  const bool ta = in.boolean("transA"), tb = in.boolean("transB");
  const int m = in.dimension("m"), n = in.dimension("n"), k = in.dimension("k");
  const T alpha = in.scalar<T>("alpha");
  const auto a = in.matrix<T>("a", ta ? k : m, ta ? m : k);
  const auto b = in.matrix<T>("b", tb ? n : k, tb ? k : n);
  const T beta = in.scalar<T>("beta");
  const auto c = in.matrix<T>("c", m, n);
  in.distinct(c, a);
  in.distinct(c, b);
  if (c.empty()) return in.undefined();
  gemm(ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n, k, alpha, a.data, a.ld, b.data, b.ld, beta, c.data, c.ld);
  return in.undefined();
}

}  // namespace

void registerBlas(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "dgemm", gemmExport<double>);
  LAYERWISE_EXPORT(env, exports, "sgemm", gemmExport<float>);
}

}  // namespace layerwise
