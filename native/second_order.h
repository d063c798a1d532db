// The second order of f(D + E), f(d) = d^{-1/p}.
#pragma once

namespace layerwise {

/// The second-order term Σₖ f[dᵢ,dₖ,dⱼ]·Eᵢₖ·Eₖⱼ of f(D + E), added to R. f[a,x,b] as a function of x is replaced by the multiple
/// of f[a₀,x,a₀] that fits at x = √(ab) (exact for p = 1), so that one symmetric product gives the sum; a₀ is a mean of the
/// eigenvalues that contribute most to the root.
/// @param b D + E. @param d its diagonal and the damping, x = f(d).
template <typename W> void addSecondOrder(int p, int n, const W* b, const double* d, const double* x, W* r);

}  // namespace layerwise
