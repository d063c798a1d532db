// The eigenproblem of a diagonal matrix plus one of rank one.
#pragma once

#include <stddef.h>

namespace layerwise {

constexpr int kSecularLanes = 8;

/// The eigenvalues λ, ascending, of diag(d) + ρ·z·zᵀ, k ≥ 2, ρ > 0, d strictly ascending and no zᵢ negligible, and its
/// orthonormal eigenvectors as the first k elements of the rows of delta. All lengths are padded to `padded`, a multiple of
/// kSecularLanes: d by infinities, z and z2 = z² by zeros. z and the scratch `product` are overwritten.
using SecularEigen = void (*)(int k, int padded, const double* d, double* z, const double* z2, double rho, double* lambda, double* delta, double* product);

/// By the widest instructions of this CPU.
SecularEigen secularEigen();

}  // namespace layerwise
