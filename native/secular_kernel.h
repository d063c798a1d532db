// The secular equation 1/ρ + Σ zⱼ²/(dⱼ − λ) = 0 in vectors of W lanes: what divide and conquer (tridiagonal.cc) spends its
// time on. Roots as in Li, "Solving secular equations stably and efficiently" (LAPACK Working Note 89, 1994): the rational
// function through value and slope that keeps the nearer pole's weight, here inside a bracket that always shrinks; vectors
// as in Gu & Eisenstat (SIAM J. Matrix Anal. Appl. 16, 1995): from the z of which the computed roots are exact.
//
// d ascends strictly; d and z2 = z² are padded to a multiple of kSecularLanes by infinities and zeros.
#pragma once

#include "secular.h"

namespace layerwise {
namespace {

template <int W> struct Doubles {
  typedef double type __attribute__((vector_size(W * sizeof(double)), aligned(sizeof(double)), may_alias));
};
template <int W> using Vec = typename Doubles<W>::type;

template <int W> inline Vec<W> load(const double* x) { return *reinterpret_cast<const Vec<W>*>(x); }
template <int W> inline void store(double* x, Vec<W> v) { *reinterpret_cast<Vec<W>*>(x) = v; }
template <int W> inline double sum(const Vec<W>& v) {
  double s = 0;
  for (int l = 0; l < W; ++l) s += v[l];
  return s;
}

/// Σ zⱼ²/(dⱼ − λ) and Σ zⱼ²/(dⱼ − λ)², over the poles up to p (psi) and beyond (phi); λ = d[o] + η.
struct SecularSums {
  double psi, dpsi, phi, dphi;
};

template <int W> SecularSums secularSums(int padded, int p, const double* d, const double* z2, double origin, double eta) {
  using V = Vec<W>;
  V psi{}, dpsi{}, phi{}, dphi{};
  const int split = p + 1;
  int j = 0;
  for (; j + W <= split; j += W) {
    const V inverse = 1.0 / ((load<W>(d + j) - origin) - eta), t = load<W>(z2 + j) * inverse;
    psi += t;
    dpsi += t * inverse;
  }
  if (j < split) {
    const V inverse = 1.0 / ((load<W>(d + j) - origin) - eta), t = load<W>(z2 + j) * inverse, u = t * inverse;
    for (int l = 0; l < W; ++l) {
      if (j + l < split) psi[l] += t[l], dpsi[l] += u[l];
      else phi[l] += t[l], dphi[l] += u[l];
    }
    j += W;
  }
  for (; j < padded; j += W) {
    const V inverse = 1.0 / ((load<W>(d + j) - origin) - eta), t = load<W>(z2 + j) * inverse;
    phi += t;
    dphi += t * inverse;
  }
  return {sum<W>(psi), sum<W>(dpsi), sum<W>(phi), sum<W>(dphi)};
}

/// The root of c·x² − a·x + b between lo and hi; their mean when none is there (NaN included).
inline double quadraticRoot(double a, double b, double c, double lo, double hi) {
  const double square = a * a - 4 * b * c;
  const double q = 0.5 * (a + __builtin_copysign(__builtin_sqrt(square > 0 ? square : 0), a));
  const double first = b / q, second = q / c;
  if (first > lo && first < hi) return first;
  if (second > lo && second < hi) return second;
  return 0.5 * (lo + hi);
}

/// The i-th root λ = d[o] + η of k ≥ 2; writes dⱼ − λ to delta.
template <int W> double secularRoot(int k, int padded, int i, const double* d, const double* z2, double rho, double* delta) {
  constexpr double eps = 2.220446049250313e-16;
  const bool last = i == k - 1;
  const int p = last ? k - 2 : i;  // the two poles of the interpolation: p and p + 1
  const double inverseRho = 1 / rho;
  int o = last ? i : p;
  double lo = 0, hi;
  if (last) {
    double norm2 = 0;
    for (int j = 0; j < k; ++j) norm2 += z2[j];
    hi = rho * norm2 * (1 + 8 * eps);
  } else {
    hi = d[i + 1] - d[i];
  }
  double eta = 0.5 * hi;
  {
    const SecularSums s = secularSums<W>(padded, p, d, z2, d[o], eta);
    const double w = inverseRho + s.psi + s.phi;
    const double rest = w - z2[p] / ((d[p] - d[o]) - eta) - z2[p + 1] / ((d[p + 1] - d[o]) - eta);
    if (w >= 0) {
      hi = eta;
    } else if (last) {
      lo = eta;
    } else {
      o = p + 1;
      lo = -eta;
      hi = 0;
    }
    const double left = d[p] - d[o], right = d[p + 1] - d[o];
    eta = quadraticRoot(rest * (left + right) + z2[p] + z2[p + 1], z2[p] * right + z2[p + 1] * left, rest, lo, hi);
  }
  double before = __builtin_inf();
  for (int iteration = 0; iteration < 200; ++iteration) {
    const SecularSums s = secularSums<W>(padded, p, d, z2, d[o], eta);
    const double w = inverseRho + s.psi + s.phi, size = __builtin_fabs(w);
    if (size <= 16 * eps * (inverseRho + __builtin_fabs(s.psi) + __builtin_fabs(s.phi))) break;
    if (w < 0) lo = eta;
    else hi = eta;
    const double far = lo == 0 || hi == 0 ? 0 : __builtin_fabs(lo) > __builtin_fabs(hi) ? __builtin_fabs(hi) : __builtin_fabs(lo);
    if (hi - lo <= 2 * eps * far) break;
    const bool slow = iteration % 4 == 3 && size > 0.5 * before;
    if (iteration % 4 == 3) before = size;
    const double left = (d[p] - d[o]) - eta, right = (d[p + 1] - d[o]) - eta, slope = s.dpsi + s.dphi;
    double c;
    if (last) c = w - left * s.dpsi - right * s.dphi;
    else if (o == p) c = w - right * slope + (right - left) * z2[p] / (left * left);
    else c = w - left * slope - (right - left) * z2[p + 1] / (right * right);
    const double step = slow ? 0.5 * (lo + hi) - eta : quadraticRoot((left + right) * w - left * right * slope, left * right * w, c, lo - eta, hi - eta);
    const double next = eta + step;
    if (next == eta) break;
    eta = next > lo && next < hi ? next : 0.5 * (lo + hi);
  }
  for (int j = 0; j < padded; j += W) store<W>(delta + j, (load<W>(d + j) - d[o]) - eta);
  return d[o] + eta;
}

/// The roots and, in the rows of delta (k×padded), the eigenvectors of diag(d) + ρ·z·zᵀ. z becomes the one they belong to.
template <int W> void solveSecular(int k, int padded, const double* d, double* z, const double* z2, double rho, double* lambda, double* delta, double* product) {
  for (int j = 0; j < k; ++j) lambda[j] = secularRoot<W>(k, padded, j, d, z2, rho, delta + static_cast<ptrdiff_t>(j) * padded);
  // zᵢ² = Πⱼ (λⱼ − dᵢ) / Πⱼ≠ᵢ (dⱼ − dᵢ), up to a factor common to all.
  for (int i = 0; i < padded; ++i) product[i] = 1;
  for (int j = 0; j < k; ++j) {
    const double* row = delta + static_cast<ptrdiff_t>(j) * padded;
    const double own = product[j] * row[j];
    for (int i = 0; i < padded; i += W) store<W>(product + i, load<W>(product + i) * (load<W>(row + i) / (load<W>(d + i) - d[j])));
    product[j] = own;
  }
  for (int i = 0; i < k; ++i) z[i] = __builtin_copysign(__builtin_sqrt(__builtin_fabs(product[i])), z[i]);
  for (int i = k; i < padded; ++i) z[i] = 0;
  for (int j = 0; j < k; ++j) {
    double* row = delta + static_cast<ptrdiff_t>(j) * padded;
    Vec<W> squares{};
    for (int i = 0; i < padded; i += W) {
      const Vec<W> v = load<W>(z + i) / load<W>(row + i);
      squares += v * v;
      store<W>(row + i, v);
    }
    const double scale = 1 / __builtin_sqrt(sum<W>(squares));
    for (int i = 0; i < padded; i += W) store<W>(row + i, load<W>(row + i) * scale);
  }
}

}  // namespace
}  // namespace layerwise
