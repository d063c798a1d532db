import { gemm, Matrix, qr } from "../../linalg/index.js";
import { Covariance, logSpectrum, orthogonal, type Stream } from "../../random/index.js";

/**
 * One regression task `y = F* G* x + s ε` with `x = S^{1/2} u`, u of unit covariance and ε standard normal. Tasks that
 * share a representation share `trunk` and differ in the rest.
 */
export interface Task {
  /** F*, dy×k. */
  readonly head: Matrix;
  /** G*, k×d, orthonormal rows. */
  readonly trunk: Matrix;
  /** M = F* G*, dy×d. */
  readonly map: Matrix;
  /** S, d×d. */
  readonly covariance: Covariance;
  /** s, the standard deviation of each output's noise. */
  readonly noise: number;
}

/** What a task is made of. */
export interface TaskOptions {
  /** Outputs. */
  readonly dy: number;
  /** S, or its eigenvalues, which are then put into a random orthogonal basis; default: those of `cond`. */
  readonly covariance?: Covariance | Float64Array;
  /** Condition number of log-spaced eigenvalues with mean 1 (default 1), where `covariance` is not given. */
  readonly cond?: number;
  /** Condition number of F* (see {@link randomHead}); 0: independent N(0, 1) entries. */
  readonly condF: number;
  /** Standard deviation of the output noise. */
  readonly noise: number;
}

/** Assembles a task from its parts. */
export function makeTask(parts: Pick<Task, "head" | "trunk" | "covariance" | "noise">): Task {
  return { ...parts, map: gemm(parts.head, parts.trunk) };
}

/**
 * A task on the representation `trunk` (k×d, orthonormal rows) with its own F*, S and noise. A spectrum is *rotated*: an
 * axis-aligned S would let diagonal methods whiten it.
 */
export function randomTask(stream: Stream, trunk: Matrix, options: TaskOptions): Task {
  const { dy, condF, noise, covariance = logSpectrum(trunk.cols, options.cond ?? 1) } = options;
  return makeTask({
    head: randomHead(stream.child("head"), dy, trunk.rows, condF),
    trunk,
    covariance: covariance instanceof Covariance ? covariance : Covariance.rotated(covariance, stream.child("covariance")),
    noise,
  });
}

/** k×d with orthonormal rows, Haar distributed. */
export function randomTrunk(stream: Stream, k: number, d: number): Matrix {
  const columns = orthogonal(stream, d, k);
  return transpose(columns);
}

/**
 * F*, dy×k. With `cond` 0 the entries are independent N(0, 1). Otherwise F* = U diag(σ) Vᵀ with U, V Haar distributed and
 * σ log-spaced with ratio `cond` and mean square dy, which is what Gaussian entries have on average.
 */
export function randomHead(stream: Stream, dy: number, k: number, cond: number): Matrix {
  const head = stream.child("gaussian").normal(Matrix.zeros(dy, k));
  if (cond === 0) return head;
  const { q } = qr(head);
  const v = orthogonal(stream.child("right"), k);
  const squares = logSpectrum(k, cond * cond);
  for (let i = 0; i < dy; i++) for (let j = 0; j < k; j++) q.set(i, j, q.get(i, j) * Math.sqrt(squares[j]! * dy));
  return gemm(q, v.T);
}

function transpose(a: Matrix): Matrix {
  const out = Matrix.zeros(a.cols, a.rows);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.cols; j++) out.set(j, i, a.get(i, j));
  return out;
}
