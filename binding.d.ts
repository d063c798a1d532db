/**
 * The addon, function by function, as C++ exports it. Matrices are row-major: `(array, offset, ld)` is the view whose
 * element (i, j) is `array[offset + i·ld + j]`. Names are those of BLAS and LAPACK; `d…` takes `Float64Array`,
 * `s…` the same with `Float32Array`. Every function throws `TypeError` (wrong type) or `RangeError` (wrong size, stride,
 * overlap), naming the argument; nothing is written then.
 */
export interface Binding {
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
