// Inverse roots by products alone.
#pragma once

#include "roots.h"

namespace layerwise {

/// out ← (A + cI)^{-1/p} by coupled Newton (Higham, Functions of Matrices, 2008, eq. 7.18; Iannazzo 2006) from a cold
/// start. The iteration's own test does not see the drift between its two sequences: info.residual is ‖(A + cI)Xᵖ − I‖_max,
/// measured at the end, and a root with more than `accepted` is refused.
/// @throws NumericalError ERR_NOT_FINITE, ERR_NO_CONVERGENCE (also when A + cI is not positive definite); out is untouched
/// then
template <typename T> RootInfo coupledNewton(const RootOptions& options, double c, double lambdaMax, View<T> a, View<T> out);

}  // namespace layerwise
