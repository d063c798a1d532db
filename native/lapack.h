// LAPACK on row-major matrices: what the exports, the fused routines and the asynchronous tasks compute with.
//
// A row-major matrix is its transpose in column-major order, so each routine is called on the transpose: a lower
// triangle is an upper one, QR is LQ, and the left and right singular vectors change places. Nothing is copied
// for it. Inputs are checked to be finite first (LAPACK may not return otherwise). Failures throw NumericalError;
// dimensions are those of checked views.
#pragma once

#include <algorithm>
#include <cstdint>

#include "errors.h"

namespace layerwise {

/// Throws ERR_NOT_FINITE, naming the element, when a rows×cols matrix holds a NaN or an infinity.
template <typename T> void requireFinite(const char* name, int rows, int cols, const T* a, int lda);
/// The same for one triangle, diagonal included.
template <typename T> void requireFiniteTriangle(const char* name, bool lower, int n, const T* a, int lda);

/// A ← Aᵀ, n×n.
template <typename T> void transposeInPlace(int n, T* a, int lda);
/// Copies one triangle onto the other.
template <typename T> void mirrorTriangle(bool lower, int n, T* a, int lda);

/// Eigenvalues, ascending, of the symmetric matrix in the lower triangle of a. With `vectors`, a becomes the
/// matrix whose *rows* are the eigenvectors (transposeInPlace makes them columns); without, a is destroyed.
template <typename T> void syevd(bool vectors, int n, T* a, int lda, T* w);

/// A = L·Lᵀ (lower) or Uᵀ·U, in place; the other triangle is neither read nor written.
template <typename T> void potrf(bool lower, int n, T* a, int lda);
/// B ← A⁻¹·B from the factor, B n×nrhs.
template <typename T> void potrs(bool lower, int n, int nrhs, const T* factor, int ldf, T* b, int ldb);
/// The factor becomes A⁻¹, both triangles.
template <typename T> void potri(bool lower, int n, T* a, int lda);

/// A = Q·R, m×n: R on and above the diagonal, the reflectors below it, min(m, n) scalars in tau.
template <typename T> void geqrf(int m, int n, T* a, int lda, T* tau);
/// The first n columns of Q, m×n (m ≥ n ≥ k), from k reflectors.
template <typename T> void orgqr(int m, int n, int k, T* a, int lda, const T* tau);

enum class SvdJob { Values, Thin, Full };
/// A = U·diag(s)·Vᵀ, m×n; a is destroyed. Thin: u m×min, vt min×n; Full: u m×m, vt n×n; Values: neither is used.
template <typename T> void gesdd(SvdJob job, int m, int n, T* a, int lda, T* s, T* u, int ldu, T* vt, int ldvt);

}  // namespace layerwise
