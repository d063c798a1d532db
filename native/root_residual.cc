#include "root_residual.h"

#include <algorithm>
#include <cmath>

#include "blas.h"
#include "probes.h"

namespace layerwise {
namespace {

/// Random vectors that an estimate takes; so few rows are all looked at.
constexpr int kProbes = 16;

}  // namespace

template <typename W, typename T>
Estimate residualEstimate(int p, int n, EitherPrecision<T>& a, EitherPrecision<T>& basis, double c, const W* b, bool given, const W* r, const double* x, uint64_t first) {
  Workspace scope;
  const int probes = std::min(n, kProbes);
  const int64_t size = static_cast<int64_t>(n) * probes;
  W *z = scope.take<W>(size), *u = scope.take<W>(size), *v = scope.take<W>(size);
  double* w = scope.take<double>(n);
  double norm = 0;
  for (int i = 0; i < n; ++i) {
    w[i] = std::sqrt(x[i]);
    norm += x[i] * x[i];
    const uint64_t bits = randomBits(first + static_cast<uint64_t>(i));
    for (int k = 0; k < probes; ++k) {
      const double sign = n <= kProbes ? (i == k ? std::sqrt(n) : 0) : (bits >> k & 1) ? 1 : -1;
      z[i * probes + k] = u[i * probes + k] = static_cast<W>(sign * w[i]);
    }
  }
  const auto timesRoot = [&](int times) {
    for (; times > 0; --times) {
      gemm<W>(false, false, n, probes, n, W(1), r, n, u, probes, W(0), v, probes);
      std::swap(u, v);
    }
  };
  timesRoot((p + 1) / 2);
  if (given) {
    const auto factor = a.template in<double>(), rotation = basis.template in<double>();
    double *s = scope.take<double>(size), *t = scope.take<double>(size);
    for (int64_t i = 0; i < size; ++i) s[i] = u[i];
    gemm<double>(true, false, n, probes, n, 1, rotation.data, rotation.ld, s, probes, 0, t, probes);
    gemm<double>(false, false, n, probes, n, factor.factor, factor.data, factor.ld, t, probes, 0, s, probes);
    gemm<double>(false, false, n, probes, n, 1, rotation.data, rotation.ld, s, probes, 0, t, probes);
    for (int64_t i = 0; i < size; ++i) u[i] = static_cast<W>(t[i] + c * u[i]);
  } else {
    gemm<W>(false, false, n, probes, n, W(1), b, n, u, probes, W(0), v, probes);
    for (int64_t i = 0; i < size; ++i) u[i] = static_cast<W>(v[i] + c * u[i]);
  }
  timesRoot(p / 2);
  double squares[kProbes] = {}, mean = 0, variance = 0;
  for (int i = 0; i < n; ++i)
    for (int k = 0; k < probes; ++k) {
      const double e = w[i] * (static_cast<double>(u[i * probes + k]) - z[i * probes + k]);
      squares[k] += e * e;
    }
  const double scale = 1 / (norm * p * p);
  for (int k = 0; k < probes; ++k) mean += squares[k] * scale / probes;
  for (int k = 0; k < probes; ++k) variance += (squares[k] * scale - mean) * (squares[k] * scale - mean) / (probes - 1);
  return {mean, n <= kProbes ? 0 : std::sqrt(variance / probes)};
}

template Estimate residualEstimate(int, int, EitherPrecision<double>&, EitherPrecision<double>&, double, const double*, bool, const double*, const double*, uint64_t);
template Estimate residualEstimate(int, int, EitherPrecision<double>&, EitherPrecision<double>&, double, const float*, bool, const float*, const double*, uint64_t);
template Estimate residualEstimate(int, int, EitherPrecision<float>&, EitherPrecision<float>&, double, const float*, bool, const float*, const double*, uint64_t);

}  // namespace layerwise
