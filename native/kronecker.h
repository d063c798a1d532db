// Fused routines on Kronecker factors: accumulate a statistic, apply a two-sided preconditioner.
#pragma once

#include "args.h"

namespace layerwise {

/// F ← βF + α·X̃ᵀX̃ (rows = examples) or, when `rows`, βF + α·XXᵀ; F symmetric in full storage and not read when
/// β = 0. `homogeneous` appends the constant 1 to every example without copying X (X̃ = [X 1]).
template <typename T> void factorUpdate(bool rows, bool homogeneous, T alpha, View<T> x, T beta, View<T> factor);

/// out ← op(L)·G·op(R); a side without data is the identity.
template <typename T> void kroneckerApply(bool transL, bool transR, View<T> left, View<T> g, View<T> right, View<T> out);

}  // namespace layerwise
