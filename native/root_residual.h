// How wrong an approximate inverse root is, by the residual that should vanish.
#pragma once

#include "either_precision.h"

namespace layerwise {

/// The square of an estimate, and its standard error, which is large when the error lies in few directions.
struct Estimate {
  double square, deviation;
};

/// An estimate, by random signs z, of ‖R − f(B)‖_F / ‖f(B)‖_F from the residual that was to vanish,
///   √x (Rᵃ (W A Wᵀ + c) Rᵇ − I) √x z / p,   a + b = p, x = diag R:
/// to first order in the error δ its element (i, j) is δᵢⱼ times a factor that is 1 for xᵢ = xⱼ and larger otherwise.
/// With `given`, W A Wᵀ is applied factor by factor in double precision, so that what single precision did to B is seen.
template <typename W, typename T>
Estimate residualEstimate(int p, int n, EitherPrecision<T>& a, EitherPrecision<T>& basis, double c, const W* b, bool given, const W* r, const double* x, uint64_t first);

}  // namespace layerwise
