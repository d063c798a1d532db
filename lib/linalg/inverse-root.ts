import { routines } from "../binding.js";
import { leading, matrixInto, requireRootOptions, requireSquare } from "./arguments.js";
import { type Cancellable, run } from "./async.js";
import { Matrix, type Real } from "./matrix.js";

/** What c means in (A + cI)^(−1/p): c itself, c × mean diagonal (trace/n), or c × largest eigenvalue. */
export type RelativeTo = null | "trace" | "max";

/** The spectrum's small end, after damping. */
export interface SmallEigenvalueRule {
  /**
   * "refuse" (default): an eigenvalue ≤ 0 is an error. "floor": eigenvalues below threshold·(λmax + c) are raised to it.
   * "pseudo-inverse": they are left out (their root is 0).
   */
  readonly small?: "refuse" | "floor" | "pseudo-inverse";
  /** Relative threshold of "floor" and "pseudo-inverse"; default n·ε of the precision. */
  readonly threshold?: number;
}

/** What the root is of, and how it is damped. */
export interface RootOptions extends SmallEigenvalueRule {
  /** The root's order, a positive integer below 2³¹: 1 inverse, 2 inverse square root, 4 Shampoo's. */
  readonly p: number;
  /** c ≥ 0, see `relativeTo`. Default 0. */
  readonly damping?: number;
  readonly relativeTo?: RelativeTo;
}

const rootOptions = ["p", "damping", "relativeTo", "small", "threshold", "method"];
const withOut = [...rootOptions, "out", "info"];
const withSignal = [...rootOptions, "signal"];

/** How to compute the root. */
export type RootMethod = "auto" | "eigh" | "cholesky" | "coupled-newton";

/** What a root computation found. */
export interface RootInfo {
  /** Extreme eigenvalues of A without damping; NaN where the method does not compute them (Cholesky), infinite where they do not fit. */
  lambdaMin: number;
  lambdaMax: number;
  /** The absolute c that was added. */
  damping: number;
  method: "eigh" | "cholesky" | "coupled-newton" | "first-order";
  /** Iterations of coupled Newton; updates made with the current basis by `WarmRoot`. */
  iterations: number;
  /** Coupled Newton: ‖A·Xᵖ − I‖_max. First order: the estimated relative error. Else NaN. */
  residual: number;
}

const methods = ["eigh", "eigh", "cholesky", "coupled-newton", "first-order"] as const;
const report = new Float64Array(6);

/** The six numbers of the native routines as fields. */
export function rootInfo([lambdaMin, lambdaMax, damping, method, iterations, residual]: Float64Array): RootInfo {
  return {
    lambdaMin: lambdaMin!,
    lambdaMax: lambdaMax!,
    damping: damping!,
    method: methods[method!]!,
    iterations: iterations!,
    residual: residual!,
  };
}

/** The threshold in use: the given one, or n·ε. */
export function smallThreshold(a: Matrix<Real>, options: SmallEigenvalueRule, n = a.rows): number {
  if ((options.small ?? "refuse") === "refuse") return 0;
  return options.threshold ?? Math.max(n, 1) * (a.data instanceof Float64Array ? 2 ** -52 : 2 ** -23);
}

/**
 * (A + c·I)^(−1/p) of a symmetric matrix, bitwise symmetric.
 *
 * "eigh" forms the root from eigenvectors as one symmetric product V·s·(V·s)ᵀ with s = (λ + c)^(−1/2p); its error relative
 * to the root's norm grows as ε·κ. "cholesky" (p = 1 only) is 2–3 times quicker. "auto" takes Cholesky for p = 1 (unless
 * eigenvalues are needed for the damping or the small-eigenvalue rule), eigh otherwise; for a factor that drifts from
 * call to call see `WarmRoot`. "coupled-newton" needs products only. It starts cold (from the old root, which does not
 * commute with the new matrix, it would converge to a wrong one) and its true residual is checked: a root with
 * ‖(A + cI)·Xᵖ − I‖_max above 1e-6 (single precision 1e-2) is refused. It pays for small well-conditioned matrices only.
 *
 * @param a n×n; the lower triangle decides. Left unchanged unless it is also `out`.
 * @param options `out`: n×n, may be `a`. `info`: receives what was found.
 * @throws Error with code ERR_NOT_FINITE, ERR_NOT_POSITIVE_DEFINITE (λmin in the message), ERR_NO_CONVERGENCE or ERR_OVERFLOW;
 * `out` is untouched then. TypeError on mixed precisions, without p and on unknown options; RangeError on shapes and option bounds.
 */
export function inverseRoot<T extends Real>(
  a: Matrix<T>,
  options: RootOptions & { readonly method?: RootMethod; readonly out?: Matrix<T>; readonly info?: Partial<RootInfo> },
): Matrix<T> {
  requireRootOptions("inverseRoot", options, withOut);
  const { p, damping = 0, relativeTo = null, small = "refuse", method = "auto", info } = options;
  const n = requireSquare("inverseRoot", a);
  const out = matrixInto("inverseRoot", "out", n, n, a.data, options.out);
  routines(a.data).InverseRoot(
    p,
    damping,
    relativeTo ?? "absolute",
    small,
    smallThreshold(a, options),
    method,
    n,
    a.data,
    a.offset,
    leading(a),
    out.data,
    out.offset,
    leading(out),
    report,
    0,
  );
  if (info) Object.assign(info, rootInfo(report));
  return out;
}

/** As {@link inverseRoot}, on the thread pool, with what was found; see {@link Cancellable}. */
export function inverseRootAsync<T extends Real>(
  a: Matrix<T>,
  options: RootOptions & Cancellable & { readonly method?: RootMethod },
): Promise<{ root: Matrix<T>; info: RootInfo }> {
  requireRootOptions("inverseRootAsync", options, withSignal);
  const { p, damping = 0, relativeTo, small = "refuse", method = "auto" } = options;
  const n = requireSquare("inverseRootAsync", a);
  const threshold = smallThreshold(a, options);
  return run(
    options,
    () =>
      routines(a.data).InverseRootAsync(p, damping, relativeTo ?? "absolute", small, threshold, method, n, a.data, a.offset, leading(a)),
    ({ root, info }) => ({ root: new Matrix(root, n, n), info: rootInfo(info) }),
  );
}

/**
 * {@link inverseRoot} of many n×n matrices in one call; `a` stacks them, row block after row block: (count·n)×n,
 * contiguous. For networks of many small layers of one size.
 * @param options `out`: the same shape; may be `a`. `info`: receives one entry per matrix.
 * @throws as inverseRoot, the message naming the matrix; the roots before it are written then. RangeError when `a` is not
 * a stack of square matrices without gaps.
 */
export function inverseRoots<T extends Real>(
  a: Matrix<T>,
  options: RootOptions & { readonly method?: RootMethod; readonly out?: Matrix<T>; readonly info?: RootInfo[] },
): Matrix<T> {
  requireRootOptions("inverseRoots", options, withOut);
  const { p, damping = 0, relativeTo = null, small = "refuse", method = "auto", info } = options;
  const n = a.cols;
  const out = matrixInto("inverseRoots", "out", a.rows, n, a.data, options.out);
  const count = stacked("inverseRoots", a, out);
  const values = new Float64Array(6 * count);
  const threshold = smallThreshold(a, options, n);
  routines(a.data).InverseRootBatch(
    p,
    damping,
    relativeTo ?? "absolute",
    small,
    threshold,
    method,
    n,
    count,
    a.data,
    a.offset,
    out.data,
    out.offset,
    values,
    0,
  );
  if (info) {
    rootInfos(values).forEach((found, i) => {
      info[i] = found;
    });
  }
  return out;
}

const rootInfos = (values: Float64Array): RootInfo[] =>
  Array.from({ length: values.length / 6 }, (_, i) => rootInfo(values.subarray(6 * i, 6 * i + 6)));

/** How many square matrices `a` stacks. */
function stacked(name: string, a: Matrix<Real>, out: Matrix<Real>): number {
  if (a.cols === 0) return 0;
  if (a.rows % a.cols !== 0) throw new RangeError(`${name}: a must stack ${a.cols}×${a.cols} matrices, got ${a.rows} rows`);
  if (!a.contiguous || !out.contiguous) throw new RangeError(`${name}: a and out must be contiguous`);
  return a.rows / a.cols;
}

/** As {@link inverseRoots}, on the thread pool, with what was found; see {@link Cancellable}. */
export function inverseRootsAsync<T extends Real>(
  a: Matrix<T>,
  options: RootOptions & Cancellable & { readonly method?: RootMethod },
): Promise<{ roots: Matrix<T>; info: RootInfo[] }> {
  requireRootOptions("inverseRootsAsync", options, withSignal);
  const { p, damping = 0, relativeTo, small = "refuse", method = "auto" } = options;
  const n = a.cols;
  const count = stacked("inverseRootsAsync", a, a);
  const threshold = smallThreshold(a, options, n);
  return run(
    options,
    () =>
      routines(a.data).InverseRootBatchAsync(p, damping, relativeTo ?? "absolute", small, threshold, method, n, count, a.data, a.offset),
    ({ roots, info }) => ({ roots: new Matrix(roots, a.rows, n), info: rootInfos(info) }),
  );
}
