import {
  type Eigen,
  eigenbasisRefresh,
  eigh,
  eighAsync,
  gemm,
  inverseRoot,
  inverseRootAsync,
  type RootInfo,
  syrk,
  WarmRoot,
} from "../linalg/index.js";
import { Matrix, type Real } from "../linalg/matrix.js";
import { frobenius, isFiniteMatrix } from "./elementwise.js";
import type { Damping, FactorPolicy, FactorState } from "./policy.js";
import { Scratch } from "./scratch.js";

/** Length of what a warm root counts. */
export const WARM_COUNTERS = 7;

/** What a background task gives: a root with what was found, or eigenvalues and eigenvectors. */
export type Started = { readonly root: Matrix<Real>; readonly info: RootInfo } | Eigen<Real>;

/** What a solver is given besides the factor. */
export interface SolveContext {
  readonly policy: FactorPolicy;
  readonly state: FactorState;
  readonly out: Matrix<Real>;
  /** 1×d, for the eigenvalues (0×d when they are not asked for). */
  readonly values: Matrix<Real>;
  /** Work in double precision whatever the factor's. */
  readonly double: boolean;
  /** The first attempt, already computed in the background with the same bits; null: compute it. */
  readonly ready: Started | null;
}

/** What a solver returns. */
export interface Solved {
  readonly solver: string;
  readonly lambdaMin: number | null;
  readonly lambdaMax: number | null;
}

/** A promise of a first attempt, which can be called off. */
export type Task = (signal: AbortSignal) => Promise<Started>;

/** From an averaged statistic A and an absolute damping c to what the factor applies. Null: failed (not definite, not finite). */
export interface Solver {
  readonly kind: "root" | "basis";
  /** a in A^{-a}; 0 for a basis. */
  readonly power: number;
  solve(a: Matrix<Real>, c: number, context: SolveContext, solver: Solver): Solved | null;
  /** The first attempt of `solve`, on the thread pool; `a` is copied at the call. */
  start(a: Matrix<Real>, c: number, policy: FactorPolicy): Task | null;
  residual?(a: Matrix<Real>, c: number, root: Matrix<Real>): number;
}

/** tr(A)/d; of a 1×d matrix, a diagonal, its mean. */
export function meanEigenvalue(a: Matrix<Real>): number {
  let sum = 0;
  for (let j = 0; j < a.cols; j++) sum += a.get(a.rows === 1 ? 0 : j, j);
  return sum / a.cols;
}

/** P^{-a} for any power a > 0: LAPACK eigenvectors, Cholesky (a = 1) or coupled Newton. */
export function inverseRootSolver(power: number): Solver {
  const p = Math.round(1 / power);
  const integer = Math.abs(p * power - 1) < 1e-12;
  const scratch = new Scratch();
  const info: Partial<RootInfo> = {};
  /** Whether some λ + c is at the level of roundoff: what comes out of it is noise. */
  const belowRoundoff = (a: Matrix<Real>, c: number, root: Matrix<Real>): boolean => {
    const roundoff = a.rows * (a.data instanceof Float64Array ? 2 ** -52 : 2 ** -23);
    if (info.method !== "cholesky") return info.lambdaMin! + c <= roundoff * (info.lambdaMax! + c);
    let largest = 0;
    for (let i = 0; i < a.rows; i++) largest = Math.max(largest, root.get(i, i));
    return largest * (meanEigenvalue(a) + c) > 1 / roundoff;
  };
  const warmRoots = new WeakMap<FactorState, WarmRoot<Real>>();
  /** Whether the library's routine does it all; other spectra are made from eigenvectors here. */
  const direct = ({ damping }: FactorPolicy) => integer && damping.spectrum === "add" && damping.relativeTo !== "max";
  // Cholesky is for inverses; other roots take eigenvectors.
  const method = ({ root }: FactorPolicy) => (root === "coupled-newton" ? root : p !== 1 ? "eigh" : root === "warm" ? "auto" : root);
  return {
    kind: "root",
    power,
    solve(a, c, context) {
      const { policy, out } = context;
      const work = context.double ? widen(a) : a;
      const target = context.double ? Matrix.zeros(a.rows, a.cols) : out;
      let solved: Solved | null;
      if (!direct(policy)) {
        solved = spectralRoot(work, c, power, policy.damping, target, scratch, context.ready as Eigen<Real> | null);
      } else {
        try {
          if (context.ready) {
            const started = context.ready as { root: Matrix<Real>; info: RootInfo };
            target.copy(started.root);
            Object.assign(info, started.info);
          } else if (policy.root === "warm" && !context.double) {
            const { state } = context;
            let warm = warmRoots.get(state);
            if (!warm) {
              warm = new WarmRoot<Real>(
                a.rows,
                { p, tolerance: policy.tolerance },
                { basis: state.basis, counters: state.counters.data as Float64Array },
              );
              warmRoots.set(state, warm);
            }
            warm.update(work, { out: target, damping: c });
            Object.assign(info, warm.info);
          } else {
            coldRoot(work, { p, damping: c, method: method(policy), out: target, info });
          }
          solved = belowRoundoff(work, c, target)
            ? null
            : { solver: info.method!, lambdaMin: known(info.lambdaMin), lambdaMax: known(info.lambdaMax) };
        } catch (error) {
          rethrowUnlessNumerical(error);
          solved = null;
        }
      }
      if (!solved || !isFiniteMatrix(target)) return null;
      if (target !== out) out.copy(target);
      return isFiniteMatrix(out) ? solved : null;
    },
    start(a, c, policy) {
      if (direct(policy)) return (signal) => inverseRootAsync(a, { p, damping: c, method: method(policy), signal });
      return (signal) => eighAsync(a, { signal });
    },
    residual(a, c, root) {
      if (!integer || p > 8) return Number.NaN;
      const damped = a.clone();
      for (let i = 0; i < a.rows; i++) damped.set(i, i, damped.get(i, i) + c);
      let product = damped;
      for (let k = 0; k < p; k++) product = gemm(product, root, {});
      for (let i = 0; i < a.rows; i++) product.set(i, i, product.get(i, i) - 1);
      return frobenius(product) / Math.sqrt(a.rows);
    },
  };
}

/** {@link inverseRoot}, by eigenvectors where coupled Newton does not converge: that is no reason for more damping. */
function coldRoot(a: Matrix<Real>, options: Parameters<typeof inverseRoot<Real>>[1]): void {
  try {
    inverseRoot(a, options);
  } catch (error) {
    if (options.method !== "coupled-newton" || (error as { code?: string }).code !== "ERR_NO_CONVERGENCE") throw error;
    inverseRoot(a, { ...options, method: "eigh" });
  }
}

/** V f(λ) Vᵀ with f(λ) = (λ ⊕ c)^{-a}, as (V√f)(V√f)ᵀ so that it is exactly symmetric. Null when an undropped λ ⊕ c is not above roundoff. */
function spectralRoot(
  a: Matrix<Real>,
  c: number,
  power: number,
  damping: Damping,
  out: Matrix<Real>,
  scratch: Scratch,
  ready: Eigen<Real> | null,
): Solved | null {
  const d = a.rows;
  let values: Real;
  let vectors: Matrix<Real>;
  try {
    const out = { values: scratch.take(1, d, a, 2).data, vectors: scratch.take(d, d, a, 1) };
    ({ values, vectors } = ready ?? eigh(a, { out }));
  } catch (error) {
    rethrowUnlessNumerical(error);
    return null;
  }
  const lambdaMax = Math.max(values[d - 1]!, 0);
  const map = spectralMap(power / 2, c, damping, lambdaMax, d * (a.data instanceof Float64Array ? 2 ** -52 : 2 ** -23));
  const scaled = scratch.take(d, d, a, 0).copy(vectors);
  for (let j = 0; j < d; j++) {
    const f = map(values[j]!);
    if (Number.isNaN(f)) return null;
    for (let i = 0; i < d; i++) scaled.data[i * d + j]! *= f;
  }
  syrk(scaled, { out });
  return { solver: "eigh", lambdaMin: values[0]!, lambdaMax };
}

/** λ → (λ ⊕ c)^{-a}, 0 where the pseudo-inverse drops it, NaN where an undropped λ ⊕ c is not above roundoff. */
function spectralMap(
  power: number,
  c: number,
  { value, relativeTo, spectrum }: Damping,
  lambdaMax: number,
  roundoff: number,
): (lambda: number) => number {
  const cut = relativeTo === "max" ? Math.max(value * lambdaMax, c) : c;
  const noise = roundoff * lambdaMax;
  return (eigenvalue) => {
    const lambda = Math.max(eigenvalue, 0);
    if (spectrum === "pseudo-inverse") return lambda > Math.max(cut, noise) ? lambda ** -power : 0;
    const damped = spectrum === "clip" ? Math.max(lambda, cut) : lambda + cut;
    return damped > noise ? damped ** -power : Number.NaN;
  };
}

/** The root of a diagonal factor (1×d), elementwise; for a basis, the values alone. */
export function solveDiagonal(a: Matrix<Real>, c: number, { policy, out, values }: SolveContext, solver: Solver): Solved | null {
  let lambdaMin = Number.POSITIVE_INFINITY;
  let lambdaMax = 0;
  for (const lambda of a.data) {
    lambdaMin = Math.min(lambdaMin, lambda);
    lambdaMax = Math.max(lambdaMax, lambda);
  }
  const info = { solver: "diagonal", lambdaMin, lambdaMax };
  if (solver.kind === "basis") {
    values.copy(a);
    return info;
  }
  const map = spectralMap(solver.power, c, policy.damping, lambdaMax, a.data instanceof Float64Array ? 2 ** -52 : 2 ** -23);
  for (let j = 0; j < a.cols; j++) out.data[j] = map(a.data[j]!);
  return isFiniteMatrix(out) ? info : null;
}

/**
 * An orthogonal eigenbasis, columns by descending eigenvalue: `eigh`, exact; or `qr`, one step of orthogonal iteration
 * from the present basis, Q ← qr(A Q) (Vyas et al. 2024, arXiv 2409.11321, Algorithm 4), factorised by descending Rayleigh
 * quotient with every column put back in its slot; the first refresh and those in the background are always exact. Damping does not move eigenvectors: a failed attempt is a failed attempt.
 */
export function eigenbasisSolver(method: "eigh" | "qr"): Solver {
  const scratch = new Scratch();
  return {
    kind: "basis",
    power: 0,
    start(a) {
      return (signal) => eighAsync(a, { signal });
    },
    solve(a, _c, { out, values, state, double, policy, ready }) {
      const d = a.rows;
      try {
        if (method === "qr" && state.ready && policy.lag === 0) {
          eigenbasisRefresh(a, out.copy(state.root), { rayleigh: values.data });
        } else {
          const wide = double ? widen(a) : a;
          const solved =
            (ready as Eigen<Real> | null) ??
            eigh(wide, { out: { values: scratch.take(1, d, wide, 2).data, vectors: scratch.take(d, d, wide, 1) } });
          for (let j = 0; j < d; j++) {
            values.data[j] = solved.values[d - 1 - j]!;
            for (let i = 0; i < d; i++) out.data[i * d + j] = solved.vectors.get(i, d - 1 - j);
          }
        }
      } catch (error) {
        rethrowUnlessNumerical(error);
        return null;
      }
      if (!isFiniteMatrix(out) || !isFiniteMatrix(values)) return null;
      let [lambdaMin, lambdaMax] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const lambda of values.data) {
        lambdaMin = Math.min(lambdaMin, lambda);
        lambdaMax = Math.max(lambdaMax, lambda);
      }
      return { solver: method === "qr" && state.ready && policy.lag === 0 ? "qr" : "eigh", lambdaMin, lambdaMax };
    },
  };
}

function known(x: number | undefined): number | null {
  return x === undefined || Number.isNaN(x) ? null : x;
}

function widen(a: Matrix<Real>): Matrix<Float64Array> {
  return Matrix.zeros(a.rows, a.cols).copy(a);
}

/** Wrong arguments are bugs and go up; numerical failures carry a code. */
function rethrowUnlessNumerical(error: unknown): void {
  if (error instanceof TypeError || error instanceof RangeError || !(error instanceof Error)) throw error;
}
