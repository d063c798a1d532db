#include "turn.h"

#include <algorithm>
#include <cmath>

#include "blas.h"
#include "divided_differences.h"

namespace layerwise {
namespace {

/// Largest norm of K² in a turn by K, for orthogonality up to 1e-7; and how many times the mean square of E two eigenvalues'
/// distance squared is for half of the first-order angle (all relative).
constexpr double kLargestTurn = 0.009, kGap = 4;

}  // namespace

template <typename W, typename T> void turn(int n, const W* b, const double* d, EitherPrecision<T>& basis, View<T> own) {
  Workspace scope;
  const int64_t square = static_cast<int64_t>(n) * n;
  W *k = scope.take<W>(square), *n1 = scope.take<W>(square), *n2 = scope.take<W>(square), *dw = scope.take<W>(n);
  W* e = scope.take<W>(n);
  for (int i = 0; i < n; ++i) dw[i] = static_cast<W>(d[i]), e[i] = static_cast<W>(1 / d[i]);
  const auto& kernels = dividedDifferences<W>();
  kernels.generator(n, b, dw, static_cast<W>(kGap * kernels.relativeSquare(n, b, e) / n), k);
  syrk<W>(false, n, n, W(1), k, n, W(0), n1, n);
  syrk<W>(false, n, n, W(1), n1, n, W(0), n2, n);
  // P is orthogonal up to N³/8.
  const double s = std::sqrt(std::min(1.0, kLargestTurn / std::sqrt(static_cast<double>(Blas<W>::nrm2(static_cast<int>(square), n2, 1)))));
  kernels.rotation(n, static_cast<W>(s), k, n1, n2);
  const auto w = basis.template in<W>();
  gemm<W>(false, false, n, n, n, W(1), k, n, w.data, w.ld, W(0), n1, n);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) own.row(i)[j] += static_cast<T>(n1[static_cast<int64_t>(i) * n + j]);
}

template void turn(int, const double*, const double*, EitherPrecision<double>&, View<double>);
template void turn(int, const float*, const double*, EitherPrecision<double>&, View<double>);
template void turn(int, const float*, const double*, EitherPrecision<float>&, View<float>);

}  // namespace layerwise
