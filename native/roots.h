// Inverse p-th roots of symmetric positive definite matrices.
#pragma once

#include <array>

#include "args.h"

namespace layerwise {

enum class RelativeTo { Absolute, Trace, Max };
enum class RootMethod { Auto, Eigh, Cholesky, CoupledNewton, FirstOrder };
/// What becomes of an eigenvalue of A + cI at or below the threshold.
enum class SmallEigenvalues { Refuse, Floor, PseudoInverse };

struct RootOptions {
  int p = 1;
  double damping = 0;
  RelativeTo relativeTo = RelativeTo::Absolute;
  RootMethod method = RootMethod::Auto;
  SmallEigenvalues small = SmallEigenvalues::Refuse;
  double threshold = 0;  ///< relative to λmax + c; 0 for Refuse
};

/// What a root computation found; NaN where the method does not know.
struct RootInfo {
  double lambdaMin, lambdaMax;  ///< of A, without damping; infinite where they do not fit a double
  double damping;               ///< c, absolute; likewise
  RootMethod method;
  int iterations = 0;
  double residual;  ///< max |A Xᵖ − I| / n when the method measured it
};

/// out ← (A + cI)^{-1/p}, exactly symmetric; the lower triangle of A decides. A and out may be one view.
/// @throws NumericalError ERR_NOT_FINITE, ERR_NOT_POSITIVE_DEFINITE, ERR_NO_CONVERGENCE, ERR_OVERFLOW; out is untouched then
template <typename T> RootInfo inverseRoot(const RootOptions& options, View<T> a, View<T> out);

/// The same for `count` matrices that follow one another; six numbers of `reported` for each go to info.
/// @throws NumericalError as inverseRoot, naming the matrix; the roots before it are written then
template <typename T> void inverseRootBatch(const RootOptions& options, int n, int count, T* a, T* out, double* info);

/// c of the options for a matrix of the given mean diagonal and largest eigenvalue.
double absoluteDamping(const RootOptions& options, double meanDiagonal, double lambdaMax);
/// The mean diagonal of 2^unit·A.
template <typename T> double meanDiagonal(const View<T>& a, int unit = 0);

/// (λ + c)^{-1/order} by the options' rule for small eigenvalues, ascending λ, for i = 0 … n−1; λ and c are given times 2^unit.
/// @throws NumericalError ERR_NOT_POSITIVE_DEFINITE
template <typename T> void rootOfEigenvalues(const RootOptions& options, int n, const T* lambda, double c, int64_t order, T* out, int unit = 0);

/// What eighRoot can leave behind: eigenvectors of A in the rows of basis; its eigenvalues and c, all in the same units, a power of two.
template <typename T> struct EigenFound {
  View<T> basis;
  T* values;
  double c;
};
/// The same root by eigenvectors.
template <typename T> RootInfo eighRoot(const RootOptions& options, View<T> a, View<T> out, EigenFound<T>* found = nullptr);

/// d^exponent; the usual exponents −1, −½, −¼, −⅛ by square roots.
double inversePower(double d, double exponent);

/// The options in the order in which every root export takes them: p, damping, relativeTo, small, threshold.
RootOptions readRootOptions(Args& in);
/// The same, then the method, one of "auto", "eigh", "cholesky".
RootOptions readRootOptionsAndMethod(Args& in);
/// The number of n×n matrices of a batch, fewer than 2³¹ elements in all.
int readBatchCount(Args& in, int n);
/// The report of a root export: λmin, λmax, c, method, iterations, residual.
std::array<double, 6> reported(const RootInfo& info);

}  // namespace layerwise
