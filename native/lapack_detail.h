// What the LAPACK families share.
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include "blas.h"
#include "fortran.h"
#include "lapack.h"
#include "range.h"
#include "workspace.h"

namespace layerwise {

/// The length of a workspace. LAPACK's answer comes as a T, which may have been rounded down.
template <typename T> int lwork(T answer, int64_t least = 1) {
  const double size = std::ceil(static_cast<double>(answer) * (1 + static_cast<double>(std::numeric_limits<T>::epsilon())));
  const double needed = std::max(size, static_cast<double>(least));
  if (!(needed <= std::numeric_limits<int>::max())) throw NumericalError("ERR_TOO_LARGE", "the workspace exceeds LAPACK's 32-bit integers");
  return static_cast<int>(needed);
}

/// info < 0 cannot follow from checked arguments.
inline void valid(const char* routine, int info) {
  if (info < 0) throw NumericalError("ERR_LAPACK", std::string(routine) + " rejected its argument " + std::to_string(-info));
}

/// B ← op(A)⁻¹·B, A n×n triangular, B n×nrhs. A single column is quicker by trsv.
template <typename T> void trsm(bool lower, bool trans, bool unit, int n, int nrhs, const T* a, int lda, T* b, int ldb) {
  if (nrhs == 1) Blas<T>::trsv(CblasRowMajor, triangle(lower), transposition(trans), unit ? CblasUnit : CblasNonUnit, n, a, lda, b, ldb);
  else trsm<T>(true, lower, trans, unit, n, nrhs, T(1), a, lda, b, ldb);
}

}  // namespace layerwise
