#include "second_order.h"

#include <algorithm>
#include <cmath>

#include "blas.h"
#include "divided_differences.h"
#include "roots.h"
#include "workspace.h"

namespace layerwise {
namespace {

/// r·f[1,r,1] of f(d) = d^{-1/p}.
inline double secondDifference(int p, double r) {
  const double y = std::pow(r, 1.0 / p);
  double single = 1, pair = 1;  // Σ yᵏ and Σ (k+1) y^{p−1−k}, k < p
  for (int k = 1; k < p; ++k) {
    single = single * y + 1;
    pair = pair * y + (k + 1);
  }
  return r * pair / (p * y * single * single);
}

}  // namespace

template <typename W> void addSecondOrder(int p, int n, const W* b, const double* d, const double* x, W* r) {
  Workspace scope;
  const int64_t square = static_cast<int64_t>(n) * n;
  W *scaled = scope.take<W>(square), *product = scope.take<W>(square);
  W *u = scope.take<W>(n), *half = scope.take<W>(n), *left = scope.take<W>(n), *t = scope.take<W>(n), *e = scope.take<W>(n), *g = scope.take<W>(n);
  const double top = *std::max_element(d, d + n);
  double weight = 0, logarithm = 0;
  for (int i = 0; i < n; ++i) {
    const double xx = x[i] / x[0] * (x[i] / x[0]);
    weight += xx;
    logarithm += xx * std::log(d[i]);
  }
  const double centre = std::exp(logarithm / weight);
  for (int i = 0; i < n; ++i) {
    const double ui = 1 / inversePower(d[i] / top, -0.5 / p), root = std::sqrt(d[i] / top), difference = std::sqrt(secondDifference(p, d[i] / centre));
    u[i] = static_cast<W>(ui);
    half[i] = static_cast<W>(root);
    left[i] = static_cast<W>(std::sqrt(x[i]) * root / ui);
    t[i] = static_cast<W>(1 / difference);
    g[i] = static_cast<W>(difference);
    e[i] = static_cast<W>(1 / std::sqrt(d[i]));
  }
  const auto& kernels = dividedDifferences<W>();
  kernels.scale(n, b, e, g, scaled);
  syrk<W>(false, n, n, W(1), scaled, n, W(0), product, n);
  kernels.second(p, n, product, {u, half, left, t}, r);
}

template void addSecondOrder(int, int, const double*, const double*, const double*, double*);
template void addSecondOrder(int, int, const float*, const double*, const double*, float*);

}  // namespace layerwise
