// The reduction of a symmetric matrix to a tridiagonal one.
#pragma once

namespace layerwise {

/// A, in the upper triangle, becomes Q·T·Qᵀ: T tridiagonal in d and e, and Q = H₀·H₁·…, Hᵢ = I − τᵢ·vᵢ·vᵢᵀ, where vᵢ is 0 up to i, then 1,
/// then what row i of the upper triangle holds (LAPACK sytrd). What is below the diagonal is lost.
template <typename T> void tridiagonalize(int n, T* a, int lda, T* d, T* e, T* tau);

}  // namespace layerwise
