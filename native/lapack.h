// LAPACK on row-major matrices: what the exports, the fused routines and the asynchronous tasks compute with.
//
// A row-major matrix is its transpose in column-major order. Where the transposed problem is as good, LAPACK is
// called on it without a copy: a lower triangle is an upper one, the left and right singular vectors change places.
// Where it is slower (QR against LQ) or another problem (row pivoting), a transposed copy lives in the workspace.
// Inputs are checked to be finite first: LAPACK may not return otherwise. Failures throw NumericalError.
// Dimensions, strides and aliasing are the caller's, who has checked views.
#pragma once

#include <algorithm>
#include <cstdint>

#include "errors.h"

namespace layerwise {

/// Throws ERR_NOT_FINITE, naming the element, when a rows×cols matrix holds a NaN or an infinity.
template <typename T> void requireFinite(const char* name, int rows, int cols, const T* a, int lda);
/// The same for one triangle, diagonal included.
template <typename T> void requireFiniteTriangle(const char* name, bool lower, int n, const T* a, int lda);

/// B ← A.
template <typename T> void copyMatrix(int rows, int cols, const T* a, int lda, T* b, int ldb);
/// B ← Aᵀ, A rows×cols.
template <typename T> void transpose(int rows, int cols, const T* a, int lda, T* b, int ldb);
/// A ← Aᵀ, n×n.
template <typename T> void transposeInPlace(int n, T* a, int lda);
/// Copies one triangle onto the other.
template <typename T> void mirrorTriangle(bool lower, int n, T* a, int lda);

/// Eigenvalues, ascending, of the symmetric matrix in the lower triangle of a. With `vectors`, a becomes the
/// matrix whose *rows* are the eigenvectors (transposeInPlace makes them columns); without, a is destroyed.
template <typename T> void syevd(bool vectors, int n, T* a, int lda, T* w);

/// Which eigenvalues syevr computes: all, those numbered [first, end) from below, or those in (low, high].
template <typename T> struct EigenRange {
  enum Kind { All, Index, Value } kind = All;
  int first = 0, end = 0;
  T low = 0, high = 0;
};
/// Selected eigenvalues into w (room for n), and eigenvectors into the rows of z (count×n, z null: none). Returns
/// their number. a is destroyed.
template <typename T> int syevr(const EigenRange<T>& range, int n, T* a, int lda, T* w, T* z, int ldz);

/// A = L·Lᵀ (lower) or Uᵀ·U, in place; the other triangle is neither read nor written.
template <typename T> void potrf(bool lower, int n, T* a, int lda);
/// B ← A⁻¹·B from the factor, B n×nrhs.
template <typename T> void potrs(bool lower, int n, int nrhs, const T* factor, int ldf, T* b, int ldb);
/// The factor becomes A⁻¹, both triangles.
template <typename T> void potri(bool lower, int n, T* a, int lda);
/// 1 / (‖A‖₁·estimate of ‖A⁻¹‖₁) from the factor and ‖A‖₁.
template <typename T> T pocon(bool lower, int n, const T* factor, int ldf, T norm);
/// A triangular matrix becomes its inverse; `unit`: its diagonal is taken to be 1 and not read.
template <typename T> void trtri(bool lower, bool unit, int n, T* a, int lda);

/// P·A = L·U, m×n: row i was exchanged with row pivots[i] (from 0, min(m, n) of them). Returns 0, or the order of
/// the first leading block of U that is singular.
template <typename T> int getrf(int m, int n, T* a, int lda, int* pivots);
/// B ← A⁻¹·B or A⁻ᵀ·B (n×nrhs) from getrf.
template <typename T> void getrs(bool trans, int n, int nrhs, const T* lu, int ldlu, const int* pivots, T* b, int ldb);
/// B ← A⁻¹·B (n×nrhs).
template <typename T> void gesv(int n, int nrhs, const T* a, int lda, T* b, int ldb);
/// 1 / (‖A‖₁·estimate of ‖A⁻¹‖₁) from getrf and ‖A‖₁.
template <typename T> T gecon(int n, const T* lu, int ldlu, T norm);
/// The largest column sum of |A|.
template <typename T> T norm1(int m, int n, const T* a, int lda);

/// A = Q·R, m×n: R on and above the diagonal, the reflectors below it, min(m, n) scalars in tau.
template <typename T> void geqrf(int m, int n, T* a, int lda, T* tau);
/// The first n columns of Q, m×n (m ≥ n ≥ k), from k reflectors.
template <typename T> void orgqr(int m, int n, int k, T* a, int lda, const T* tau);
/// C ← op(Q)·C (left) or C·op(Q), C m×n, Q of k reflectors.
template <typename T> void ormqr(bool left, bool trans, int m, int n, int k, const T* a, int lda, const T* tau, T* c, int ldc);
/// A = Q·R, thin, k = min(m, n): q m×k, r k×n with zeros below its diagonal. q or r may be a itself.
template <typename T> void qr(int m, int n, const T* a, int lda, T* q, int ldq, T* r, int ldr);

enum class SvdJob { Values, Thin, Full };
/// A = U·diag(s)·Vᵀ, m×n; a is destroyed. Thin: u m×k, vt k×n, k = min(m, n); Full: u m×m, vt n×n; Values: neither.
template <typename T> void gesdd(SvdJob job, int m, int n, T* a, int lda, T* s, T* u, int ldu, T* vt, int ldvt);
/// The X (n×nrhs) of least norm that minimises each ‖B − A·X‖, singular values below rcond·s[0] taken as 0; their
/// number is left in s (min(m, n)). Returns the rank. rcond < 0: ε.
template <typename T> int gelsd(int m, int n, int nrhs, const T* a, int lda, const T* b, int ldb, T* x, int ldx, T* s, T rcond);

}  // namespace layerwise
