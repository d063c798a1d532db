/**
 * The addon, function by function, as C++ exports it. Matrices are row-major: `(array, offset, ld)` is the view whose
 * element (i, j) is `array[offset + i·ld + j]`. Names are those of BLAS and LAPACK; `d…` takes `Float64Array`,
 * `s…` the same with `Float32Array`. Every function throws `TypeError` (wrong type) or `RangeError` (wrong size, stride,
 * overlap), naming the argument; nothing is written then.
 */
/**
 * LAPACK. In-place arguments are overwritten as LAPACK does; a triangle not named is neither read nor written. A NaN or
 * an infinity in an input is an `Error` with code `ERR_NOT_FINITE` (nothing is written then); other numerical failures
 * are an `Error` with the code given below (then in-place arguments hold unspecified numbers).
 */
export interface Lapack<T extends Float64Array | Float32Array> {
  /**
   * Eigenvalues of the symmetric n×n matrix in the lower triangle of `a`, ascending, into `w` (n). With `vectors`, `a`
   * becomes the orthogonal matrix of eigenvectors (columns); without, it is destroyed (LAPACK syevd).
   * @throws Error `ERR_NO_CONVERGENCE`.
   */
  syevd(vectors: boolean, n: number, a: T, aOffset: number, lda: number, w: T, wOffset: number): void;
  /**
   * Cholesky factor of a symmetric positive definite n×n matrix: A = L·Lᵀ (`lower`) or Uᵀ·U, in that triangle of `a`
   * (LAPACK potrf).
   * @throws Error `ERR_NOT_POSITIVE_DEFINITE`, naming the order of the leading minor.
   */
  potrf(lower: boolean, n: number, a: T, aOffset: number, lda: number): void;
  /** B ← A⁻¹·B (n×nrhs) from the Cholesky factor of A (LAPACK potrs). */
  potrs(lower: boolean, n: number, nrhs: number, factor: T, factorOffset: number, ldf: number, b: T, bOffset: number, ldb: number): void;
  /**
   * The Cholesky factor in a triangle of `a` becomes A⁻¹, in both triangles (LAPACK potri).
   * @throws Error `ERR_SINGULAR` when the factor has a zero on its diagonal.
   */
  potri(lower: boolean, n: number, a: T, aOffset: number, lda: number): void;
  /**
   * A = Q·R, m×n: R on and above the diagonal of `a`, Householder reflectors below it, their min(m, n) scalars in `tau`
   * (LAPACK geqrf). The diagonal of R may be negative.
   */
  geqrf(m: number, n: number, a: T, aOffset: number, lda: number, tau: T, tauOffset: number): void;
  /** The first n columns of Q (m×n, m ≥ n ≥ k) in place of the k reflectors of geqrf (LAPACK orgqr). */
  orgqr(m: number, n: number, k: number, a: T, aOffset: number, lda: number, tau: T, tauOffset: number): void;
  /**
   * A = U·diag(s)·Vᵀ, m×n, k = min(m, n), s descending (LAPACK gesdd); `a` is destroyed. `"thin"`: u is m×k, vt k×n;
   * `"full"`: u m×m, vt n×n; `"values"`: u and vt are not given.
   * @throws Error `ERR_NO_CONVERGENCE`.
   */
  gesdd(
    job: "values" | "thin" | "full",
    m: number,
    n: number,
    a: T,
    aOffset: number,
    lda: number,
    s: T,
    sOffset: number,
    u?: T,
    uOffset?: number,
    ldu?: number,
    vt?: T,
    vtOffset?: number,
    ldvt?: number,
  ): void;
}

/** A family of routines with the letter of its precision in front of each name. */
type Prefixed<P extends string, Routines> = { [K in keyof Routines & string as `${P}${K}`]: Routines[K] };

export interface Binding extends Prefixed<"d", Lapack<Float64Array>>, Prefixed<"s", Lapack<Float32Array>> {
  /**
   * C ← α·op(A)·op(B) + β·C, op(A) m×k, op(B) k×n, C m×n (BLAS dgemm). C is not read when β = 0.
   * @throws RangeError when C shares memory with A or B.
   */
  dgemm(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: Float64Array,
    aOffset: number,
    lda: number,
    b: Float64Array,
    bOffset: number,
    ldb: number,
    beta: number,
    c: Float64Array,
    cOffset: number,
    ldc: number,
  ): void;
  /** As {@link Binding.dgemm}, in single precision. */
  sgemm(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: Float32Array,
    aOffset: number,
    lda: number,
    b: Float32Array,
    bOffset: number,
    ldb: number,
    beta: number,
    c: Float32Array,
    cOffset: number,
    ldc: number,
  ): void;
}
