// The polar factor: the nearest (semi-)orthogonal matrix UVᵀ of A = UΣVᵀ.
#pragma once

#include "args.h"

namespace layerwise {

/// X ← A / (‖A‖_F + epsilon) / safety, then one odd quintic a X + b XXᵀX + c (XXᵀ)²X per row (a, b, c) of the
/// coefficients (steps×3). The Gram matrix is the one of the smaller side.
/// @throws NumericalError ERR_NOT_FINITE
template <typename T> void newtonSchulz(int steps, const double* coefficients, double safety, double epsilon, View<T> a, View<T> out);

/// UVᵀ without the directions with σ ≤ max(m, n)·ε·σmax. By the eigenvectors of the smaller Gram matrix, in double
/// precision, as long as that leaves an error below about 1e-11; by SVD otherwise.
/// @throws NumericalError ERR_NOT_FINITE, ERR_NO_CONVERGENCE
template <typename T> void polarFactor(View<T> a, View<T> out);

}  // namespace layerwise
