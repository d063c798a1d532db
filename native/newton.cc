#include "newton.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "blas.h"
#include "lapack.h"
#include "workspace.h"

namespace layerwise {
namespace {

/// y ← Mᵖ·x by repeated squaring of M (overwritten); scratch: one more n×n. Returns where the result lies.
template <typename T> T* timesPower(int p, int n, T* m, T* x, T* scratch) {
  const auto product = [n](const T* a, const T* b, T* c) { gemm<T>(false, false, n, n, n, T(1), a, n, b, n, T(0), c, n); };
  for (;;) {
    if (p & 1) {
      product(m, x, scratch);
      std::swap(x, scratch);
    }
    if ((p >>= 1) == 0) return x;
    syrk<T>(false, n, n, T(1), m, n, T(0), scratch, n);  // M is symmetric: M² = M Mᵀ
    std::copy_n(scratch, static_cast<int64_t>(n) * n, m);
  }
}

template <typename T> double distanceFromIdentity(int n, const T* m) {
  double worst = 0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const double e = std::abs(static_cast<double>(m[static_cast<int64_t>(i) * n + j]) - (i == j));
      if (!(e <= worst)) worst = e;  // a NaN stays
      if (std::isnan(worst)) return worst;
    }
  return worst;
}

}  // namespace

template <typename T> RootInfo coupledNewton(const RootOptions& o, double c, double lambdaMax, View<T> a, View<T> out) {
  constexpr double kAccepted = sizeof(T) == 8 ? 1e-6 : 1e-2;
  constexpr int kIterations = 100;
  const int n = a.rows, p = o.p;
  const int64_t square = static_cast<int64_t>(n) * n;
  Workspace scope;
  T *damped = scope.take<T>(square), *m = scope.take<T>(square), *x = scope.take<T>(square), *step = scope.take<T>(square), *spare = scope.take<T>(square);
  double peak = std::numeric_limits<double>::min(), sum = 0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const T v = (i >= j ? a.row(i)[j] : a.row(j)[i]) + static_cast<T>(i == j ? c : 0);
      damped[static_cast<int64_t>(i) * n + j] = v;
      peak = std::max(peak, std::abs(static_cast<double>(v)));
    }
  for (int64_t i = 0; i < square; ++i) sum += (damped[i] / peak) * (damped[i] / peak);
  const double norm = peak * std::sqrt(sum);
  const double z = (p + 1.0) / (2 * norm);
  std::fill_n(x, square, T(0));
  for (int i = 0; i < n; ++i) x[static_cast<int64_t>(i) * (n + 1)] = static_cast<T>(std::pow(z, 1.0 / p));
  for (int64_t i = 0; i < square; ++i) m[i] = static_cast<T>(z * damped[i]);
  const double done = 4 * n * static_cast<double>(std::numeric_limits<T>::epsilon());
  double distance = distanceFromIdentity(n, m);
  int iterations = 0;
  while (distance > done && iterations < kIterations) {
    ++iterations;
    for (int64_t i = 0; i < square; ++i) step[i] = -m[i] / p;
    for (int i = 0; i < n; ++i) step[static_cast<int64_t>(i) * (n + 1)] += T(1) + T(1) / p;
    gemm<T>(false, false, n, n, n, T(1), x, n, step, n, T(0), spare, n);
    std::swap(x, spare);
    // M ← Pᵖ M; the three buffers trade places.
    T* result = timesPower(p, n, step, m, spare);
    if (result != m) std::swap(m, spare);
    const double next = distanceFromIdentity(n, m);
    // Newton's last digits do not improve: stop where rounding holds it, or where it has left its domain.
    if (!(next < 1.2 * distance) || (distance < 1e-3 && next > 0.5 * distance)) break;
    distance = next;
  }
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < i; ++j) {
      T &lower = x[static_cast<int64_t>(i) * n + j], &upper = x[static_cast<int64_t>(j) * n + i];
      lower = upper = (lower + upper) / 2;
    }
  std::copy_n(x, square, step);
  const double residual = distanceFromIdentity(n, timesPower(p, n, step, damped, spare));
  if (!(residual <= kAccepted))
    throw NumericalError("ERR_NO_CONVERGENCE", "coupled Newton did not reach the root: the residual of (A + cI)·Xᵖ = I is " + Args::text(residual) + " after " +
                                                   std::to_string(iterations) + " iterations (is a positive definite, and its condition moderate?)");
  copyMatrix(n, n, x, n, out.data, out.ld);
  return {std::numeric_limits<double>::quiet_NaN(), lambdaMax, c, RootMethod::CoupledNewton, iterations, residual};
}

template RootInfo coupledNewton(const RootOptions&, double, double, View<double>, View<double>);
template RootInfo coupledNewton(const RootOptions&, double, double, View<float>, View<float>);

}  // namespace layerwise
