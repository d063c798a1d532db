/**
 * The addon, function by function, as C++ exports it. Matrices are row-major: `(array, offset, ld)` is the view whose
 * element (i, j) is `array[offset + i·ld + j]`. Names are those of BLAS and LAPACK; `d…` takes `Float64Array`,
 * `s…` the same with `Float32Array`. Every function throws `TypeError` (wrong type) or `RangeError` (wrong size, stride,
 * overlap), naming the argument; nothing is written then.
 */
/**
 * BLAS. Level-1 routines work on matrices; a vector of stride s is the n×1 matrix with leading dimension s. Strides are
 * positive. Where β = 0 the output is not read; where α = 0 neither are the other inputs.
 */
export interface Blas<T extends Float64Array | Float32Array> {
  /** Y ← α·X + Y (BLAS axpy). @throws RangeError when Y overlaps X without being X. */
  axpy(rows: number, cols: number, alpha: number, x: T, xOffset: number, ldx: number, y: T, yOffset: number, ldy: number): void;
  /** Σ x·y (BLAS dot). */
  dot(rows: number, cols: number, x: T, xOffset: number, ldx: number, y: T, yOffset: number, ldy: number): number;
  /** √Σx², without over- or underflow (BLAS nrm2). */
  nrm2(rows: number, cols: number, x: T, xOffset: number, ldx: number): number;
  /** X ← α·X, also where α = 0 or X is not finite (BLAS scal). */
  scal(rows: number, cols: number, alpha: number, x: T, xOffset: number, ldx: number): void;
  /** y ← α·op(A)·x + β·y, A m×n as stored (BLAS gemv). @throws RangeError when y shares memory with A or x. */
  gemv(
    trans: boolean,
    m: number,
    n: number,
    alpha: number,
    a: T,
    aOffset: number,
    lda: number,
    x: T,
    xOffset: number,
    incx: number,
    beta: number,
    y: T,
    yOffset: number,
    incy: number,
  ): void;
  /** y ← α·A·x + β·y, A symmetric, given by one triangle (BLAS symv). @throws RangeError when y shares memory with A or x. */
  symv(
    lower: boolean,
    n: number,
    alpha: number,
    a: T,
    aOffset: number,
    lda: number,
    x: T,
    xOffset: number,
    incx: number,
    beta: number,
    y: T,
    yOffset: number,
    incy: number,
  ): void;
  /** A ← α·x·yᵀ + A, m×n (BLAS ger). @throws RangeError when A shares memory with x or y. */
  ger(
    m: number,
    n: number,
    alpha: number,
    x: T,
    xOffset: number,
    incx: number,
    y: T,
    yOffset: number,
    incy: number,
    a: T,
    aOffset: number,
    lda: number,
  ): void;
  /** C ← α·op(A)·op(B) + β·C, op(A) m×k, op(B) k×n (BLAS gemm). @throws RangeError when C shares memory with A or B. */
  gemm(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: T,
    aOffset: number,
    lda: number,
    b: T,
    bOffset: number,
    ldb: number,
    beta: number,
    c: T,
    cOffset: number,
    ldc: number,
  ): void;
  /**
   * C ← α·A·B + β·C (`left`, A m×m) or α·B·A + β·C (A n×n), A symmetric, given by one triangle; B, C m×n (BLAS symm).
   * @throws RangeError when C shares memory with A or B.
   */
  symm(
    left: boolean,
    lower: boolean,
    m: number,
    n: number,
    alpha: number,
    a: T,
    aOffset: number,
    lda: number,
    b: T,
    bOffset: number,
    ldb: number,
    beta: number,
    c: T,
    cOffset: number,
    ldc: number,
  ): void;
  /**
   * C ← α·op(A)·op(A)ᵀ + β·C, op(A) n×k; op transposes when `trans`. The lower triangle of C is read, and both are
   * written, unlike BLAS syrk. @throws RangeError when C shares memory with A.
   */
  syrk(
    trans: boolean,
    n: number,
    k: number,
    alpha: number,
    a: T,
    aOffset: number,
    lda: number,
    beta: number,
    c: T,
    cOffset: number,
    ldc: number,
  ): void;
  /**
   * C ← α·(op(A)·op(B)ᵀ + op(B)·op(A)ᵀ) + β·C, op(A) and op(B) n×k; triangles as in syrk (BLAS syr2k).
   * @throws RangeError when C shares memory with A or B.
   */
  syr2k(
    trans: boolean,
    n: number,
    k: number,
    alpha: number,
    a: T,
    aOffset: number,
    lda: number,
    b: T,
    bOffset: number,
    ldb: number,
    beta: number,
    c: T,
    cOffset: number,
    ldc: number,
  ): void;
  /**
   * B ← α·op(A)·B (`left`, A m×m) or α·B·op(A) (A n×n), A triangular, its other triangle not read; `unit`: nor its
   * diagonal, which is 1 (BLAS trmm). @throws RangeError when B shares memory with A.
   */
  trmm(
    left: boolean,
    lower: boolean,
    trans: boolean,
    unit: boolean,
    m: number,
    n: number,
    alpha: number,
    a: T,
    aOffset: number,
    lda: number,
    b: T,
    bOffset: number,
    ldb: number,
  ): void;
  /**
   * B ← α·op(A)⁻¹·B or α·B·op(A)⁻¹, with the arguments of trmm (BLAS trsm). A zero on the diagonal is not reported: it
   * gives infinities and NaN. @throws RangeError when B shares memory with A.
   */
  trsm: Blas<T>["trmm"];
}

/**
 * LAPACK. In-place arguments are overwritten as LAPACK does; a triangle not named is neither read nor written. A NaN or
 * an infinity in a matrix to be factored is an `Error` with code `ERR_NOT_FINITE`, and nothing is written; other numerical
 * failures are an `Error` with the code given below, and outputs then hold unspecified numbers. Finite matrices near the ends of the
 * number range are factored in units of powers of two; a result that does not fit is an `Error` `ERR_OVERFLOW`, and potrs, potri,
 * getrs and gesv then write nothing. An order whose workspace
 * exceeds LAPACK's 32-bit integers (about 32 000 for syevd) is an `Error` `ERR_TOO_LARGE`.
 */
export interface Lapack<T extends Float64Array | Float32Array> {
  /**
   * Eigenvalues of the symmetric n×n matrix in the lower triangle of `a`, ascending, into `w` (n). With `vectors`, `a`
   * becomes the orthogonal matrix of eigenvectors (columns); without, it is kept. With vectors: LAPACK's sytrd, divide and conquer
   * (Gu & Eisenstat 1995) with vectorised secular equations, blocked back-transformation: syevd's method, faster; without: sytrd and implicit QL (LAPACK steqr).
   * @throws Error `ERR_NO_CONVERGENCE`.
   */
  syevd(vectors: boolean, n: number, a: T, aOffset: number, lda: number, w: T, wOffset: number): void;
  /**
   * Selected eigenvalues of the symmetric n×n matrix in the lower triangle of `a` (kept), ascending, into `w`, and with
   * `vectors` their eigenvectors into the columns of `z`: `"all"`; `"index"`, those numbered first … end−1 from the
   * smallest; `"value"`, those in (first, end]. w and z have room for end − first of them (`"index"`), else for n. Returns
   * how many there are (what LAPACK syevr is for, by divide and conquer).
   * @throws Error `ERR_NO_CONVERGENCE`.
   */
  syevr(
    vectors: boolean,
    n: number,
    range: "all" | "index" | "value",
    first: number,
    end: number,
    a: T,
    aOffset: number,
    lda: number,
    w: T,
    wOffset: number,
    z?: T,
    zOffset?: number,
    ldz?: number,
  ): number;
  /**
   * Cholesky factor of a symmetric positive definite n×n matrix: A = L·Lᵀ (`lower`) or Uᵀ·U, in that triangle of `a`
   * (LAPACK potrf). With `clear` the other triangle becomes zero.
   * @throws Error `ERR_NOT_POSITIVE_DEFINITE`, naming the order of the leading minor.
   */
  potrf(lower: boolean, clear: boolean, n: number, a: T, aOffset: number, lda: number): void;
  /** B ← A⁻¹·B (n×nrhs) from the Cholesky factor of A (LAPACK potrs). NaN and infinities propagate. */
  potrs(lower: boolean, n: number, nrhs: number, factor: T, factorOffset: number, ldf: number, b: T, bOffset: number, ldb: number): void;
  /**
   * The Cholesky factor in a triangle of `a` becomes A⁻¹, in both triangles (LAPACK potri).
   * @throws Error `ERR_SINGULAR` when the factor has a zero on its diagonal.
   */
  potri(lower: boolean, n: number, a: T, aOffset: number, lda: number): void;
  /** An estimate of 1/(‖A‖₁·‖A⁻¹‖₁) from the Cholesky factor and `norm` = ‖A‖₁ (LAPACK pocon). */
  pocon(lower: boolean, n: number, factor: T, factorOffset: number, ldf: number, norm: number): number;
  /**
   * A triangular matrix becomes its inverse; with `unit` its diagonal counts as ones and is not read (LAPACK trtri).
   * @throws Error `ERR_SINGULAR`.
   */
  trtri(lower: boolean, unit: boolean, n: number, a: T, aOffset: number, lda: number): void;
  /**
   * P·A = L·U, m×n, in place: U on and above the diagonal, the unit lower L below it; step i exchanged row i with row
   * `pivots[i]`, counted from 0, min(m, n) of them. Returns 0, or the order of the first singular leading block of U
   * (LAPACK getrf).
   */
  getrf(m: number, n: number, a: T, aOffset: number, lda: number, pivots: Int32Array, pivotsOffset: number): number;
  /**
   * B ← A⁻¹·B, or A⁻ᵀ·B with `trans`, from getrf (LAPACK getrs). NaN and infinities propagate.
   * @throws Error `ERR_SINGULAR`.
   */
  getrs(
    trans: boolean,
    n: number,
    nrhs: number,
    lu: T,
    luOffset: number,
    ldlu: number,
    pivots: Int32Array,
    pivotsOffset: number,
    b: T,
    bOffset: number,
    ldb: number,
  ): void;
  /** B ← A⁻¹·B; `a` is kept (LAPACK gesv). @throws Error `ERR_SINGULAR`. */
  gesv(n: number, nrhs: number, a: T, aOffset: number, lda: number, b: T, bOffset: number, ldb: number): void;
  /** An estimate of 1/(‖A‖₁·‖A⁻¹‖₁) from getrf and `norm` = ‖A‖₁ (LAPACK gecon). */
  gecon(n: number, lu: T, luOffset: number, ldlu: number, norm: number): number;
  /** ‖A‖₁, the largest column sum of absolute values (LAPACK lange). */
  norm1(m: number, n: number, a: T, aOffset: number, lda: number): number;
  /**
   * A = Q·R, m×n: R on and above the diagonal of `a`, Householder reflectors below it, their min(m, n) scalars in `tau`
   * (LAPACK geqrf). The diagonal of R may be negative.
   */
  geqrf(m: number, n: number, a: T, aOffset: number, lda: number, tau: T, tauOffset: number): void;
  /** The first n columns of Q (m×n, m ≥ n ≥ k) in place of the k reflectors of geqrf (LAPACK orgqr). */
  orgqr(m: number, n: number, k: number, a: T, aOffset: number, lda: number, tau: T, tauOffset: number): void;
  /** C ← op(Q)·C (`left`) or C·op(Q), C m×n, Q given by the k reflectors of geqrf, k columns of `a` (LAPACK ormqr). */
  ormqr(
    left: boolean,
    trans: boolean,
    m: number,
    n: number,
    k: number,
    a: T,
    aOffset: number,
    lda: number,
    tau: T,
    tauOffset: number,
    c: T,
    cOffset: number,
    ldc: number,
  ): void;
  /**
   * geqrf and orgqr in one: A = Q·R, m×n, k = min(m, n), q m×k with orthonormal columns, r k×n with zeros below its
   * diagonal. q or r may be `a`, which is otherwise kept.
   */
  qr(
    m: number,
    n: number,
    a: T,
    aOffset: number,
    lda: number,
    q: T,
    qOffset: number,
    ldq: number,
    r: T,
    rOffset: number,
    ldr: number,
  ): void;
  /**
   * A = U·diag(s)·Vᵀ, m×n, k = min(m, n), s descending; `a` is kept (LAPACK gesdd). `"thin"`: u is m×k, vt k×n;
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
  /**
   * The X (n×nrhs) of least norm among those that minimise ‖B − A·X‖ column by column, A m×n; both are kept. Singular
   * values of A go to `s` (min(m, n)); those below rcond·s[0] count as zero, rcond in [−1, 1], negative: the machine's ε.
   * Returns the rank (LAPACK gelsd).
   * @throws Error `ERR_NO_CONVERGENCE`.
   */
  gelsd(
    m: number,
    n: number,
    nrhs: number,
    a: T,
    aOffset: number,
    lda: number,
    b: T,
    bOffset: number,
    ldb: number,
    x: T,
    xOffset: number,
    ldx: number,
    s: T,
    sOffset: number,
    rcond: number,
  ): number;
}

/**
 * Random numbers, pure functions of (key, distribution, index): every distribution reads its own sequence of a 128-bit
 * key of Philox4x64-10, element i of `out` (rows×cols, row-major order) getting number `index + i`. So a request may be
 * split anywhere. Both precisions read the same sequences.
 * @throws RangeError when `key` has not 2 elements or `index` is no integer in [0, 2⁵³].
 */
export interface Random<T extends Float64Array | Float32Array> {
  /**
   * out ← mean + std·z, z standard normal, by Box–Muller from 64 bits per pair (|z| ≤ 6.77), computed in double
   * precision. The same bits on every path of {@link Binding.instructions}.
   */
  Normal(
    key: BigUint64Array,
    index: number,
    mean: number,
    std: number,
    rows: number,
    cols: number,
    out: T,
    outOffset: number,
    ldOut: number,
  ): void;
  /** out ← uniform on [0, 1): multiples of 2⁻⁵³ in double, of 2⁻²⁴ in single precision (the leading bits of the same words). */
  Uniform(key: BigUint64Array, index: number, rows: number, cols: number, out: T, outOffset: number, ldOut: number): void;
  /** out ← ±1 with equal probability, 64 signs from a word. */
  Rademacher(key: BigUint64Array, index: number, rows: number, cols: number, out: T, outOffset: number, ldOut: number): void;
  /**
   * out ← scale·Gamma(shape + i·shapeStep, 1) for element i (Marsaglia and Tsang). Chi-square with df degrees of freedom:
   * shape df/2, scale 2.
   * @throws RangeError when a shape is not in (0, 1e300].
   */
  Gamma(
    key: BigUint64Array,
    index: number,
    shape: number,
    shapeStep: number,
    scale: number,
    rows: number,
    cols: number,
    out: T,
    outOffset: number,
    ldOut: number,
  ): void;
}

/** A computation on the thread pool. */
export interface Job<R> {
  /** Rejects with the codes of the synchronous routine, `ERR_OUT_OF_MEMORY`, or `ABORT_ERR` after a successful `cancel`. */
  promise: Promise<R>;
  /** Takes the computation back if it has not started; returns whether. */
  cancel(): boolean;
}

/** Routines on libuv's thread pool: arguments are checked and copied at the call, results are new and contiguous. */
export interface Async<T extends Float64Array | Float32Array> {
  /** α·op(A)·op(B), m×n; see {@link Blas.gemm}. */
  gemmAsync(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: T,
    aOffset: number,
    lda: number,
    b: T,
    bOffset: number,
    ldb: number,
  ): Job<T>;
  /** α·op(A)·op(A)ᵀ, n×n, both triangles; see {@link Blas.syrk}. */
  syrkAsync(trans: boolean, n: number, k: number, alpha: number, a: T, aOffset: number, lda: number): Job<T>;
  /** See {@link Lapack.syevd}; vectors, where wanted, are the columns. */
  syevdAsync(vectors: boolean, n: number, a: T, aOffset: number, lda: number): Job<{ values: T; vectors?: T }>;
  /** The lower factor, zeros above its diagonal; see {@link Lapack.potrf}. */
  potrfAsync(n: number, a: T, aOffset: number, lda: number): Job<T>;
  /** A⁻¹·B, n×nrhs, from the lower factor; see {@link Lapack.potrs}. */
  potrsAsync(n: number, nrhs: number, factor: T, factorOffset: number, ldf: number, b: T, bOffset: number, ldb: number): Job<T>;
  /** A⁻¹ from the lower factor; see {@link Lapack.potri}. */
  potriAsync(n: number, a: T, aOffset: number, lda: number): Job<T>;
  /** `lu` m×n and `singular`, what the synchronous routine returns; see {@link Lapack.getrf}. */
  getrfAsync(m: number, n: number, a: T, aOffset: number, lda: number): Job<{ lu: T; pivots: Int32Array; singular: number }>;
  /** See {@link Lapack.qr}. */
  qrAsync(m: number, n: number, a: T, aOffset: number, lda: number): Job<{ q: T; r: T }>;
  /** u and vt unless only values are wanted; see {@link Lapack.gesdd}. */
  gesddAsync(job: "values" | "thin" | "full", m: number, n: number, a: T, aOffset: number, lda: number): Job<{ u?: T; s: T; vt?: T }>;
  /** A⁻¹·B, n×nrhs; see {@link Lapack.gesv}. */
  gesvAsync(n: number, nrhs: number, a: T, aOffset: number, lda: number, b: T, bOffset: number, ldb: number): Job<T>;
  /** See {@link Lapack.gelsd}. */
  gelsdAsync(
    m: number,
    n: number,
    nrhs: number,
    a: T,
    aOffset: number,
    lda: number,
    b: T,
    bOffset: number,
    ldb: number,
    rcond: number,
  ): Job<{ x: T; s: T; rank: number }>;
  /** See {@link Fused.InverseRoot}; `info` is its report. */
  InverseRootAsync(
    p: number,
    damping: number,
    relativeTo: "absolute" | "trace" | "max",
    small: "refuse" | "floor" | "pseudo-inverse",
    threshold: number,
    method: "auto" | "eigh" | "cholesky" | "coupled-newton",
    n: number,
    a: T,
    aOffset: number,
    lda: number,
  ): Job<{ root: T; info: Float64Array }>;
  /** See {@link Fused.InverseRootBatch}. */
  InverseRootBatchAsync(
    p: number,
    damping: number,
    relativeTo: "absolute" | "trace" | "max",
    small: "refuse" | "floor" | "pseudo-inverse",
    threshold: number,
    method: "auto" | "eigh" | "cholesky" | "coupled-newton",
    n: number,
    count: number,
    a: T,
    aOffset: number,
  ): Job<{ roots: T; info: Float64Array }>;
  /** See {@link Fused.NewtonSchulz}. */
  NewtonSchulzAsync(
    steps: number,
    coefficients: Float64Array,
    coefficientsOffset: number,
    safety: number,
    epsilon: number,
    m: number,
    n: number,
    a: T,
    aOffset: number,
    lda: number,
  ): Job<T>;
  /** See {@link Fused.PolarFactor}. */
  PolarFactorAsync(m: number, n: number, a: T, aOffset: number, lda: number): Job<T>;
}

/** What the BLAS says about itself. */
export interface BlasInfo {
  /** OpenBLAS's description of its build, version first. */
  config: string;
  /** The kernels chosen for this processor. */
  coreType: string;
  threads: number;
  processors: number;
}

/** One routine against plain loops: the largest error, in units of n·ε (infinite when it gave up), and what is allowed. */
export interface SelfCheck {
  routine: string;
  error: number;
  limit: number;
}

/** The BLAS underneath. */
export interface Runtime {
  blasInfo(): BlasInfo;
  /** Threads of the whole process, 1 … 1024. From then on workers do not change it. */
  setThreads(threads: number): void;
  getThreads(): number;
  /**
   * Called once by each worker thread that loads the addon: as long as there are any, and unless setThreads or the
   * environment has chosen, products take one thread.
   */
  enterWorker(): void;
  /** gemm, syrk, syevd, potrf in both precisions. `fault`, in [0, 1], is added to one entry of each result, to test the check. */
  selfCheck(fault: number): SelfCheck[];
  /** True for the first caller in the process. */
  firstLoad(): boolean;
}

/**
 * Fused routines of layer-wise preconditioning. Outputs share memory with no input unless stated. Numerical failures are
 * an `Error` with the code given; the output is untouched then.
 */
export interface Fused<T extends Float64Array | Float32Array> {
  /**
   * F ← β·F + α·X̃ᵀX̃ (axis "columns": the m rows of X are examples, F n×n) or β·F + α·X·Xᵀ (axis "rows", F m×m); one
   * symmetric rank-k product, F in full symmetric storage (the lower triangle decides; not read when β = 0).
   * `homogeneous` appends a constant 1 to every example without copying X: F is then (n+1)×(n+1).
   * @throws RangeError when F shares memory with X, or homogeneous with axis "rows".
   */
  KroneckerFactorUpdate(
    axis: "columns" | "rows",
    homogeneous: boolean,
    m: number,
    n: number,
    alpha: number,
    x: T,
    xOffset: number,
    ldx: number,
    beta: number,
    factor: T,
    factorOffset: number,
    ldf: number,
  ): void;
  /**
   * Both sides of one gradient G (m×n): L ← β·L + α·G·Gᵀ (m×m) and R ← β·R + α·Gᵀ·G (n×n), as
   * {@link Fused.KroneckerFactorUpdate} does one.
   * @throws RangeError when G, L and R share memory.
   */
  KroneckerFactorsUpdate(
    m: number,
    n: number,
    alpha: number,
    g: T,
    gOffset: number,
    ldg: number,
    beta: number,
    left: T,
    leftOffset: number,
    ldLeft: number,
    right: T,
    rightOffset: number,
    ldRight: number,
  ): void;
  /**
   * out ← op(L)·G·op(R), out m×n, G gRows×gCols. A side that is `null` (with two placeholders after it) is the
   * identity. The intermediate product lives in kept scratch memory.
   * @throws RangeError when out shares memory with an operand; with both sides present out may be G itself.
   */
  KroneckerApply(
    transL: boolean,
    transR: boolean,
    m: number,
    n: number,
    gRows: number,
    gCols: number,
    left: T | null,
    leftOffset: number,
    ldLeft: number,
    g: T,
    gOffset: number,
    ldg: number,
    right: T | null,
    rightOffset: number,
    ldRight: number,
    out: T,
    outOffset: number,
    ldOut: number,
  ): void;
  /**
   * out ← (A + c·I)^(−1/p), n×n, bitwise symmetric. c = damping × (1 | mean diagonal of A | λmax). "eigh": eigenvalues
   * and vectors (syevd), the root formed as one symmetric product; "cholesky" (p = 1): potrf and potri; "coupled-newton":
   * products only, refused when ‖(A + cI)·Xᵖ − I‖_max > 1e-6 (single 1e-2); "auto" takes the quicker of the first two. `small` says what becomes of an eigenvalue λ + c ≤ 0 ("refuse": error), or of one at or below
   * threshold·(λmax + c): raised to it ("floor") or left out ("pseudo-inverse"). A and out may be one and the same.
   * info (6 numbers) receives λmin and λmax of A (NaN when not known), c, the method (1 eigh, 2 cholesky, 3 coupled
   * Newton, 4 first order), its iterations and its residual (NaN when not measured).
   * @throws Error ERR_NOT_FINITE (NaN or infinity in A), ERR_NOT_POSITIVE_DEFINITE, ERR_NO_CONVERGENCE, ERR_OVERFLOW; out is untouched.
   */
  InverseRoot(
    p: number,
    damping: number,
    relativeTo: "absolute" | "trace" | "max",
    small: "refuse" | "floor" | "pseudo-inverse",
    threshold: number,
    method: "auto" | "eigh" | "cholesky" | "coupled-newton",
    n: number,
    a: T,
    aOffset: number,
    lda: number,
    out: T,
    outOffset: number,
    ldOut: number,
    info: Float64Array,
    infoOffset: number,
  ): void;
  /**
   * As {@link Fused.InverseRoot} by "eigh", for a factor that changes a little from call to call. `basis` (n×n) and
   * `state` (7 numbers, zeros to begin with) are kept between calls: the basis holds nearly eigenvectors of A in its rows, the state its
   * age (1: new; 0: there is none), the last error estimate, the number of random probes drawn, two counters that space out attempts after failed ones, the
   * errors' mean growth, and how much rounding errors of A grow in the root. With B = W·A·Wᵀ = D + E the root is Wᵀ·R·W, R = f(B), f(x) = (x + c)^(−1/p):
   * to first order in E (Daleckii–Krein: E times the divided differences of f); where that is not enough with an approximation of the
   * second-order term (exact for p = 1), and then the basis is turned towards the eigenvectors by first-order perturbation theory, for the next updates. The
   * relative Frobenius error is estimated, upwards, from a residual on random vectors; where it could still exceed `tolerance`, and for p > 16, the
   * root is computed by syevd, and basis and state begin anew. Products are in single precision for a tolerance of 1e-5 or more, but
   * that W·A·Wᵀ is in double precision where A is too ill-conditioned for it (6e-8 times the seventh number > tolerance/8). A must be symmetric in both triangles; with relativeTo
   * "max", λmax is that of B's diagonal between exact updates. info as in InverseRoot: method 4 is the update without syevd,
   * iterations the age of the basis, residual the estimate. Deterministic: the probes depend on the state alone.
   * @throws Error as InverseRoot; basis, state's age and out are untouched then.
   */
  WarmInverseRoot(
    p: number,
    damping: number,
    relativeTo: "absolute" | "trace" | "max",
    small: "refuse" | "floor" | "pseudo-inverse",
    threshold: number,
    tolerance: number,
    n: number,
    a: T,
    aOffset: number,
    lda: number,
    basis: T,
    basisOffset: number,
    ldBasis: number,
    state: Float64Array,
    stateOffset: number,
    out: T,
    outOffset: number,
    ldOut: number,
    info: Float64Array,
    infoOffset: number,
  ): void;
  /**
   * {@link Fused.InverseRoot} of `count` n×n matrices that follow one another in `a`, in one call; info holds six numbers
   * for each.
   * @throws Error as InverseRoot, naming the matrix; the roots before it are written then.
   */
  InverseRootBatch(
    p: number,
    damping: number,
    relativeTo: "absolute" | "trace" | "max",
    small: "refuse" | "floor" | "pseudo-inverse",
    threshold: number,
    method: "auto" | "eigh" | "cholesky" | "coupled-newton",
    n: number,
    count: number,
    a: T,
    aOffset: number,
    out: T,
    outOffset: number,
    info: Float64Array,
    infoOffset: number,
  ): void;
  /**
   * One step of orthogonal iteration: Q ← the orthogonal factor of A·Q, n×n: by Cholesky of the Gram matrix, repeated where one pass
   * leaves ‖QᵀQ − I‖ > 4·n·ε (estimated), by geqrf and orgqr where the columns depend too closely. With `sorted` the factorisation takes the columns by descending Rayleigh quotient and puts them back in their places. Each new column
   * points along A times the old one. `rayleigh` (n) receives qᵀAq of the old columns; `overlap` (n×n, or null and two
   * placeholders) the squares of the entries of Q_oldᵀ·Q_new.
   * @throws Error ERR_NOT_FINITE, ERR_OVERFLOW; nothing is written then.
   */
  EigenbasisRefresh(
    sorted: boolean,
    n: number,
    a: T,
    aOffset: number,
    lda: number,
    q: T,
    qOffset: number,
    ldq: number,
    rayleigh: T,
    rayleighOffset: number,
    overlap: T | null,
    overlapOffset: number,
    ldOverlap: number,
  ): void;
  /**
   * Odd polynomials of the singular values of A (m×n): X ← A / (safety·‖A‖_F + epsilon), then `steps` times
   * X ← a·X + b·XXᵀX + c·(XXᵀ)²X with (a, b, c) from row after row of `coefficients` (steps×3), through the Gram matrix
   * of the smaller side. A = 0 gives 0. A and out may be one and the same.
   * @throws Error ERR_NOT_FINITE.
   */
  NewtonSchulz(
    steps: number,
    coefficients: Float64Array,
    coefficientsOffset: number,
    safety: number,
    epsilon: number,
    m: number,
    n: number,
    a: T,
    aOffset: number,
    lda: number,
    out: T,
    outOffset: number,
    ldOut: number,
  ): void;
  /**
   * out ← U·Vᵀ of A = U·Σ·Vᵀ (m×n), without the directions with σ ≤ max(m, n)·ε·σmax. Computed in double precision,
   * through the eigenvectors of the smaller Gram matrix where its condition allows (error ≲ 1e-11), else by gesdd.
   * A and out may be one and the same.
   * @throws Error ERR_NOT_FINITE, ERR_NO_CONVERGENCE.
   */
  PolarFactor(m: number, n: number, a: T, aOffset: number, lda: number, out: T, outOffset: number, ldOut: number): void;
  /**
   * {@link Fused.NewtonSchulz} of `count` m×n matrices that follow one another in `a`, in one call.
   * @throws Error ERR_NOT_FINITE, naming the matrix; nothing is written then.
   */
  NewtonSchulzBatch(
    steps: number,
    coefficients: Float64Array,
    coefficientsOffset: number,
    safety: number,
    epsilon: number,
    m: number,
    n: number,
    count: number,
    a: T,
    aOffset: number,
    out: T,
    outOffset: number,
  ): void;
  /**
   * {@link Fused.PolarFactor} of `count` m×n matrices, as {@link Fused.NewtonSchulzBatch}.
   * @throws Error ERR_NOT_FINITE, nothing is written then; ERR_NO_CONVERGENCE, the factors before it are.
   */
  PolarFactorBatch(m: number, n: number, count: number, a: T, aOffset: number, out: T, outOffset: number): void;
}

/** A family of routines with the letter of its precision in front of each name. */
type Prefixed<P extends string, Routines> = { [K in keyof Routines & string as `${P}${K}`]: Routines[K] };

/** Names of the routines that can be prepared. */
export type Preparable = `${"d" | "s"}${keyof Blas<Float64Array>}`;

/** The routines that exist in both precisions. */
export interface Routines<T extends Float64Array | Float32Array> extends Blas<T>, Lapack<T>, Fused<T>, Async<T>, Random<T> {}

export interface Binding extends Prefixed<"d", Routines<Float64Array>>, Prefixed<"s", Routines<Float32Array>>, Runtime {
  /**
   * A routine with its arguments: the function returned runs it each time it is called, without reading or checking the
   * arguments again. It keeps their memory alive.
   * @throws what the routine would; RangeError when the routine is none of {@link Blas}. The function throws TypeError
   * when memory was detached, transferred or resized to less since.
   */
  prepare<K extends Preparable>(routine: K, ...args: Parameters<Binding[K]>): () => ReturnType<Binding[K]>;
  /**
   * A list of what {@link prepare} (or this) has returned: the function runs them one after another, in one call. No call is
   * run when some of the memory has gone.
   * @throws TypeError naming the call (from 0) that is none, or that returns a number. The function throws TypeError when
   * memory was detached, transferred or resized to less since, naming the first call that needs it.
   */
  prepareSequence(calls: readonly (() => void)[]): () => void;
  /**
   * A routine of {@link Blas} in the form that is quickest to call: its numbers and booleans (0, 1), in their order, are
   * written to `numbers`, and `call` takes the arrays in theirs. Sizes, strides, overflow and aliasing are checked as ever, and
   * that an array's elements lie in its buffer; that it is of the class that the routine wants is for the caller to know.
   * @throws RangeError when the routine is none of {@link Blas}; Error `ERR_NO_EXTERNAL_MEMORY` in a runtime where memory
   * cannot be shared with an addon.
   */
  packed<K extends Preparable>(routine: K): { numbers: Float64Array; call: (...arrays: unknown[]) => ReturnType<Binding[K]> };
  /** Raw words `index … index + n − 1` of Philox4x64-10: those of `numpy.random.Philox(key=key).random_raw()`. */
  randomWords(key: BigUint64Array, index: number, n: number, out: BigUint64Array, outOffset: number): void;
  /** out ← n integers in [0, bound), 1 ≤ bound ≤ 2³¹: the high half of word × bound (bias below 2⁻³³). */
  randomIntegers(key: BigUint64Array, index: number, bound: number, n: number, out: Int32Array, outOffset: number): void;
  /** out ← a permutation of 0 … n − 1 (Fisher–Yates), from the words `index … index + n − 1` of its own sequence. */
  randomPermutation(key: BigUint64Array, index: number, n: number, out: Int32Array, outOffset: number): void;
  /**
   * The vector instructions of the kernels that are not OpenBLAS's (small products, secular equations, normals), process-wide: with an
   * argument sets them (for tests and benchmarks), always returns those in use. Random numbers do not depend on it; products may in their
   * last bits.
   * @throws RangeError when this processor has not got them.
   */
  instructions(which?: "portable" | "avx2" | "avx512" | "widest"): "portable" | "avx2" | "avx512";
}
