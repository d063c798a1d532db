import { Matrix } from "../../linalg/index.js";
import type { Stream } from "../../random/index.js";
import type { Link } from "./links.js";

/** Where β* lies among the eigenvectors of S: on all of them evenly, or on the quarter with the largest or smallest eigenvalues. */
export type Placement = "isotropic" | "top" | "bottom";

/**
 * β_i² for each eigenvalue, in the order of `spectrum`: |β*| = 1, spread evenly over the d eigenvectors, or over the ⌈d/4⌉ of the
 * largest or smallest eigenvalues. `isotropic` is the mean of a uniformly random β*, so βᵀf(S)β = tr f(S)/d holds exactly rather than
 * up to O(d^{-1/2}).
 */
export function placement(spectrum: ArrayLike<number>, where: Placement): Float64Array {
  const d = spectrum.length;
  const order = Array.from({ length: d }, (_, i) => i).sort((i, j) => spectrum[i] - spectrum[j]);
  const quarter = Math.ceil(d / 4);
  const chosen = where === "isotropic" ? order : where === "bottom" ? order.slice(0, quarter) : order.slice(d - quarter);
  const squares = new Float64Array(d);
  for (const i of chosen) squares[i] = 1 / chosen.length;
  return squares;
}

/** Samples of the problem: inputs n×d, labels, and the noiseless target. */
export interface Batch {
  readonly inputs: Matrix;
  readonly labels: Float64Array;
  readonly clean: Float64Array;
}

/**
 * The teacher `y = σ*(⟨β*, x⟩) + s_ε·N(0,1)`, x ~ N(0, S).
 *
 * Works in the eigenbasis of S: x_i = √s_i z_i. For Gaussian x this loses nothing wherever the learner commutes with rotations of the
 * input: replacing (x, β*, rows of G0) by (Qx, Qβ*, G0Qᵀ) leaves labels, pre-activations and all cosines unchanged, G0 is rotation
 * invariant in law, and gradient steps, (Ŝ+λ)^{-1} and ridge refits turn along. (Coordinate-wise methods such as Adam do not commute;
 * for those inputs must be rotated.) Signs of β_i do not matter either, as z_i is symmetric; they are taken positive.
 */
export class SingleIndexTeacher {
  readonly dimension: number;
  /** β* in the eigenbasis. */
  readonly beta: Float64Array;
  readonly #scale: Float64Array;

  /**
   * @param spectrum eigenvalues of S
   * @param squares β_i² on each of them
   * @param noise standard deviation s_ε of the label noise
   */
  constructor(
    readonly spectrum: ArrayLike<number>,
    readonly squares: ArrayLike<number>,
    readonly link: Link,
    readonly noise: number,
  ) {
    if (squares.length !== spectrum.length)
      throw new RangeError(`SingleIndexTeacher: ${spectrum.length} eigenvalues, ${squares.length} squares`);
    this.dimension = spectrum.length;
    this.beta = Float64Array.from(squares, Math.sqrt);
    this.#scale = Float64Array.from(spectrum, Math.sqrt);
  }

  /** Draws n fresh samples. */
  sample(stream: Stream, n: number): Batch {
    const d = this.dimension;
    const inputs = Matrix.zeros(n, d);
    stream.child("inputs").normal(inputs);
    const labels = stream.child("label noise").normals(n);
    const clean = new Float64Array(n);
    const { data } = inputs;
    for (let i = 0, at = 0; i < n; i++) {
      let u = 0;
      for (let j = 0; j < d; j++, at++) {
        data[at] *= this.#scale[j];
        u += data[at] * this.beta[j];
      }
      clean[i] = this.link.value(u);
      labels[i] = clean[i] + this.noise * labels[i];
    }
    return { inputs, labels, clean };
  }

  /** Moments of a direction b̂ in the metric M = I or S whose ratio `overlap²/energy` is its squared cosine with β*. */
  moments(direction: ArrayLike<number>, metric: "euclidean" | "covariance"): Moments {
    let overlap = 0;
    let energy = 0;
    let target = 0;
    for (let i = 0; i < this.dimension; i++) {
      const m = metric === "covariance" ? this.spectrum[i] : 1;
      overlap += m * direction[i] * this.beta[i];
      energy += m * direction[i] ** 2;
      target += m * this.beta[i] ** 2;
    }
    return { overlap: overlap / Math.sqrt(target), energy };
  }

  /** Squared cosine between a direction and β* in the metric M = I or S. */
  squaredCosine(direction: ArrayLike<number>, metric: "euclidean" | "covariance"): number {
    return pooledSquaredCosine([this.moments(direction, metric)]).value;
  }
}

/** `⟨b̂, β*⟩_M/‖β*‖_M` and `‖b̂‖_M²`. */
export interface Moments {
  readonly overlap: number;
  readonly energy: number;
}

/**
 * The squared cosine from several draws: `(mean overlap)²/(mean energy)`, with its jackknife standard error (null for one draw). Overlap
 * and energy are what theory gives limits of; averaging them first leaves out most of the O(1/d) by which the mean of the draws' own
 * squared cosines exceeds the limit.
 */
export function pooledSquaredCosine(draws: readonly Moments[]): { value: number; standardError: number | null } {
  const [value, ...without] = leavingOut(draws);
  return { value: value!, standardError: jackknife(without) };
}

/**
 * Log ratio of two {@link pooledSquaredCosine | pooled squared cosines}, a over b, of directions measured on the same draws: the jackknife
 * leaves out a draw of both at once, so that what they share does not count as error.
 */
export function pooledLogRatio(a: readonly Moments[], b: readonly Moments[]): { value: number; standardError: number | null } {
  const other = leavingOut(b);
  const [value, ...without] = leavingOut(a).map((cosine, i) => Math.log(cosine / other[i]!));
  return { value: value!, standardError: jackknife(without) };
}

/** The pooled squared cosine of all draws, then (for two draws or more) that without each of them. */
function leavingOut(draws: readonly Moments[]): number[] {
  const n = draws.length;
  const overlap = draws.reduce((total, m) => total + m.overlap, 0);
  const energy = draws.reduce((total, m) => total + m.energy, 0);
  const all = overlap ** 2 / (energy * n);
  return n < 2 ? [all] : [all, ...draws.map((m) => (overlap - m.overlap) ** 2 / ((energy - m.energy) * (n - 1)))];
}

/** Standard error from the values without each draw; null when there are none. */
function jackknife(without: readonly number[]): number | null {
  const n = without.length;
  if (n === 0) return null;
  const mean = without.reduce((a, b) => a + b, 0) / n;
  return Math.sqrt(((n - 1) / n) * without.reduce((total, v) => total + (v - mean) ** 2, 0));
}
