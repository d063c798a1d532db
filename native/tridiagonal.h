// Symmetric tridiagonal eigenproblems by divide and conquer.
#pragma once

namespace layerwise {

/// Eigenvalues of the symmetric tridiagonal matrix with diagonal d (n) and off-diagonal e (n − 1) into w, ascending, and
/// orthonormal eigenvectors into the rows of q, n×n: that of w[i] in row order[i]. d and e are destroyed.
/// @throws NumericalError ERR_NO_CONVERGENCE.
template <typename T> void tridiagonalEigen(int n, T* d, T* e, T* w, T* q, int ldq, int* order);

}  // namespace layerwise
