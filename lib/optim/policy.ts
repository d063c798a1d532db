import type { Matrix, Real } from "../linalg/matrix.js";

/**
 * What is done to the spectrum λ of an averaged statistic before the power is taken. With
 * c = max(value · (1 | tr A/d | λ_max), floor): `add` λ + c, `clip` max(λ, c), `pseudo-inverse` drops λ ≤ c.
 */
export interface Damping {
  readonly value: number;
  readonly relativeTo: null | "trace" | "max";
  readonly floor: number;
  readonly spectrum: "add" | "clip" | "pseudo-inverse";
}

/**
 * How a root is computed. `auto`: Cholesky for inverses, eigenvectors otherwise. `coupled-newton`: by products alone, from a cold
 * start, its true residual checked; where it does not converge, and for what it cannot do (roots of no integer order,
 * clipped spectra, damping relative to λ_max), eigenvectors. `warm`: by first-order updates in the eigenvectors of
 * an earlier average, exact where an error estimate asks for it (see WarmRoot); for averages that drift slowly.
 */
export type RootMethod = "auto" | "eigh" | "cholesky" | "coupled-newton" | "warm";

/** How one axis of one parameter is averaged, damped, raised to a power and refreshed. */
export interface FactorPolicy {
  /**
   * `ema`: A ← βA + (1−β)S, `sum`: A ← A + S, `batch`: A ← S.
   * With `biasCorrection` the average is divided by the sum of its weights (1 − β^t); `firstBatchStart` begins from the
   * first statistic instead of zero.
   */
  readonly average: "ema" | "sum" | "batch";
  readonly beta: number;
  readonly biasCorrection: boolean;
  readonly firstBatchStart: boolean;
  readonly damping: Damping;
  readonly root: RootMethod;
  /** Refresh every k steps, at first more often: at steps 1, 2, 4, … until k is reached. */
  readonly every: number;
  /**
   * In the background: a refresh starts on the thread pool and takes effect exactly `lag` steps later (0: at once). The first
   * refresh is always at once.
   */
  readonly lag: number;
  /** Also require ‖A − A_last‖_F > change · ‖A_last‖_F since the last refresh (0: always). */
  readonly change: number;
  /** Error bound of `warm` roots, relative in the Frobenius norm. */
  readonly tolerance: number;
}

/** The policy of a Factor that says nothing else. */
export const defaultPolicy: FactorPolicy = {
  average: "ema",
  beta: 0.95,
  biasCorrection: true,
  firstBatchStart: false,
  damping: { value: 0, relativeTo: null, floor: 0, spectrum: "add" },
  root: "auto",
  every: 1,
  lag: 0,
  change: 0,
  tolerance: 1e-3,
};

/** The state of a Factor for one parameter. */
export type FactorState = {
  /** The running average, uncorrected: d×d, or 1×d for a diagonal factor. */
  moment: Matrix<Real>;
  /** Sum of the averaging weights. */
  weight: number;
  /** Statistics taken in since the start (or since a reset). */
  batches: number;
  /** Steps since the last refresh; −1 before the first. */
  age: number;
  /** Failed refreshes in a row. */
  failures: number;
  /** Whether `root` was ever computed; before that it is the identity. */
  ready: boolean;
  /** P^{-a} (1×d for a diagonal factor), or an orthogonal eigenbasis (columns by descending eigenvalue; 0×d, the identity, for a diagonal one). */
  root: Matrix<Real>;
  /** Eigenvalues of the averaged statistic in the order of the columns (eigenbases only). */
  values: Matrix<Real>;
  /** The average at the last refresh (only with a `change` threshold). */
  reference: Matrix<Real>;
  /** The average whose root is being computed (only with a lag), its damping, and its age in steps; −1: none. */
  pending: Matrix<Real>;
  pendingDamping: number;
  pendingAge: number;
  /** What a warm root keeps: eigenvectors of an earlier average, and counters (only with root `warm`). */
  basis: Matrix<Real>;
  counters: Matrix<Real>;
};
