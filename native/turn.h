// Turning a basis towards eigenvectors by perturbation theory.
#pragma once

#include "either_precision.h"

namespace layerwise {

/// Turns the orthogonal basis W (in its rows) towards the eigenvectors of A, given B = W A Wᵀ = D + E: W ← P W, P = K + √(I + K²)
/// orthogonal, K from first-order perturbation. Pairs of eigenvalues closer than E is large stay as they are. No LAPACK.
/// @param d the diagonal of B, positive. @param own where the basis lies.
template <typename W, typename T> void turn(int n, const W* b, const double* d, EitherPrecision<T>& basis, View<T> own);

}  // namespace layerwise
