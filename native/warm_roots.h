// Inverse roots of a factor that moves a little from step to step: first-order perturbation in kept eigenvectors.
#pragma once

#include "roots.h"

namespace layerwise {

/// What is kept between updates beside the basis; all zeros to begin with.
struct WarmState {
  double age;       ///< updates since the basis was computed, that one included; 0: there is none
  double estimate;  ///< upper estimate of the relative error at the last first-order update
  double probes;    ///< how many probes have been drawn: the next ones' random numbers
  double failures;  ///< first-order updates refused in a row right after a new basis
  double waiting;   ///< exact updates still to make before the next attempt
  double rate;      ///< mean over the updates in this basis of (error estimate / age)²
  double amplification;  ///< by how much a relative error of A was larger in the last root
};

/// out ← (A + cI)^{-1/p}, A symmetric in both triangles, with an estimated relative Frobenius error of at most
/// `tolerance`. basis holds the eigenvectors of an earlier A in its rows; rewritten, with out and state, when the
/// first-order update is refused. info.iterations is the age of the basis, info.residual the estimate.
/// @throws NumericalError as inverseRoot; basis, state and out are untouched then.
template <typename T> RootInfo warmInverseRoot(const RootOptions& options, double tolerance, View<T> a, View<T> basis, WarmState& state, View<T> out);

}  // namespace layerwise
