import { Matrix } from "../../linalg/index.js";
import type { Stream } from "../../random/index.js";

/** The two-layer ReLU network `f(x) = fᵀσ(Gx)`. */
export interface Student {
  /** First layer, h×d, rows uniform on the unit sphere. */
  readonly g: Matrix;
  /** Second layer, N(0, I/h). */
  readonly f: Float64Array;
  /** Standard normal; biases of the hidden units, in units of a scale chosen by the experiment. They enter after the first step. */
  readonly bias: Float64Array;
}

/** A student at initialisation. */
export function initialStudent(stream: Stream, hidden: number, dimension: number): Student {
  const g = Matrix.zeros(hidden, dimension);
  stream.child("first layer").normal(g);
  for (let i = 0; i < hidden; i++) {
    const row = g.rowArray(i);
    const length = Math.sqrt(row.reduce((total, v) => total + v * v, 0));
    for (let j = 0; j < dimension; j++) row[j] /= length;
  }
  const f = stream.child("second layer").normals(hidden);
  for (let i = 0; i < hidden; i++) f[i] /= Math.sqrt(hidden);
  return { g, f, bias: stream.child("bias").normals(hidden) };
}

/** Root mean square change of the pre-activations by `step` (h×d), `√(tr(step · S · stepᵀ)/h)`, in the eigenbasis of S. */
export function preactivationChange(step: Matrix, spectrum: ArrayLike<number>): number {
  const { data, rows, cols } = step;
  let change = 0;
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < cols; j++, at++) change += spectrum[j] * data[at] ** 2;
  return Math.sqrt(change / rows);
}

/**
 * `G − c·step`, with c > 0 such that the pre-activations change by `rms` in root mean square over inputs and hidden units:
 * c² tr(step · S · stepᵀ)/h = rms². Makes methods comparable whose gradients differ in scale.
 * @param spectrum eigenvalues of S, in whose eigenbasis `step` (h×d) is given
 * A zero step (no unit active) leaves G as it is.
 * @throws RangeError when the step is not finite
 */
export function takeStep(g: Matrix, step: Matrix, spectrum: ArrayLike<number>, rms: number): Matrix {
  const { data } = step;
  const change = preactivationChange(step, spectrum);
  if (!Number.isFinite(change)) throw new RangeError(`takeStep: the step changes pre-activations by ${change}`);
  const out = g.clone();
  if (change === 0) return out;
  for (let at = 0; at < data.length; at++) out.data[at] -= (rms / change) * data[at];
  return out;
}
