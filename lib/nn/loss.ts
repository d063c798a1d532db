import { dtypeOf, type Matrix, type Real } from "../linalg/index.js";
import type { Stream } from "../random/index.js";
import { activations } from "./activation.js";
import { Buffer } from "./parameter.js";

/**
 * A loss of outputs z (n×c, rows are examples) against targets. Gradients are those of single examples' losses, never divided by n.
 * `factor` and `sampled` give what the exact and the sampled Fisher matrix need; both take the model's own predictive distribution.
 */
export interface Loss<T extends Real = Float64Array> {
  readonly name: string;
  /** Mean over the examples. */
  value(z: Matrix<T>, target: Matrix<T>): number;
  /** dLᵢ/dzᵢ, n×c. */
  gradient(z: Matrix<T>, target: Matrix<T>): Matrix<T>;
  /** Column j ∈ [0, c) of Sᵢ for every example (n×c), where Sᵢ Sᵢᵀ = d²Lᵢ/dzᵢ² is the exact Gauss-Newton (= Fisher) factor. */
  factor(z: Matrix<T>, column: number): Matrix<T>;
  /** dLᵢ/dzᵢ with labels drawn from the predictive distribution. */
  sampled(z: Matrix<T>, stream: Stream): Matrix<T>;
}

function sameShape(name: string, z: Matrix<Real>, target: Matrix<Real>): void {
  if (z.rows !== target.rows || z.cols !== target.cols) {
    throw new RangeError(`${name}: outputs are ${z.rows}×${z.cols}, targets ${target.rows}×${target.cols}`);
  }
  if (z.rows === 0) throw new RangeError(`${name}: an empty batch has no mean loss`);
}

function isColumn(name: string, z: Matrix<Real>, column: number): void {
  if (!(Number.isInteger(column) && column >= 0 && column < z.cols))
    throw new RangeError(`${name}: column must be an integer in [0, ${z.cols}), got ${column}`);
}

abstract class Base<T extends Real> {
  abstract readonly name: string;
  private gradients?: Buffer<T>;
  protected buffer(z: Matrix<T>): Matrix<T> {
    this.gradients ??= new Buffer(dtypeOf(z));
    return this.gradients.get(z.rows, z.cols);
  }
}

/** L = ½|z − y|², the negative log-likelihood of N(z, I). Targets n×c. */
export class SquaredError<T extends Real = Float64Array> extends Base<T> implements Loss<T> {
  readonly name = "squared-error";

  value(z: Matrix<T>, target: Matrix<T>): number {
    sameShape(this.name, z, target);
    let sum = 0;
    for (let i = 0; i < z.rows; i++) for (let j = 0; j < z.cols; j++) sum += (z.get(i, j) - target.get(i, j)) ** 2;
    return sum / (2 * z.rows);
  }

  gradient(z: Matrix<T>, target: Matrix<T>): Matrix<T> {
    sameShape(this.name, z, target);
    const out = this.buffer(z);
    for (let i = 0; i < z.rows; i++) for (let j = 0; j < z.cols; j++) out.set(i, j, z.get(i, j) - target.get(i, j));
    return out;
  }

  factor(z: Matrix<T>, column: number): Matrix<T> {
    isColumn(this.name, z, column);
    const out = this.buffer(z).fill(0);
    for (let i = 0; i < z.rows; i++) out.set(i, column, 1);
    return out;
  }

  sampled(z: Matrix<T>, stream: Stream): Matrix<T> {
    const out = this.buffer(z);
    stream.normal(out);
    return out;
  }
}

/** L = log Σⱼ exp zⱼ − Σⱼ yⱼ zⱼ. Targets are one-hot or probability rows (n×c, each summing to 1). */
export class SoftmaxCrossEntropy<T extends Real = Float64Array> extends Base<T> implements Loss<T> {
  readonly name = "softmax-cross-entropy";

  value(z: Matrix<T>, target: Matrix<T>): number {
    sameShape(this.name, z, target);
    let sum = 0;
    for (let i = 0; i < z.rows; i++) {
      sum += logSumExp(z, i);
      for (let j = 0; j < z.cols; j++) sum -= target.get(i, j) * z.get(i, j);
    }
    return sum / z.rows;
  }

  gradient(z: Matrix<T>, target: Matrix<T>): Matrix<T> {
    sameShape(this.name, z, target);
    const out = this.buffer(z);
    for (let i = 0; i < z.rows; i++) {
      const shift = logSumExp(z, i);
      for (let j = 0; j < z.cols; j++) out.set(i, j, Math.exp(z.get(i, j) - shift) - target.get(i, j));
    }
    return out;
  }

  factor(z: Matrix<T>, column: number): Matrix<T> {
    isColumn(this.name, z, column);
    const out = this.buffer(z);
    for (let i = 0; i < z.rows; i++) {
      const shift = logSumExp(z, i);
      const root = Math.exp(0.5 * (z.get(i, column) - shift));
      for (let j = 0; j < z.cols; j++) out.set(i, j, root * (Number(j === column) - Math.exp(z.get(i, j) - shift)));
    }
    return out;
  }

  sampled(z: Matrix<T>, stream: Stream): Matrix<T> {
    const out = this.buffer(z);
    const u = stream.uniform(new Float64Array(z.rows));
    for (let i = 0; i < z.rows; i++) {
      const shift = logSumExp(z, i);
      let left = u[i]!;
      let label = -1;
      for (let j = 0; j < z.cols; j++) {
        const p = Math.exp(z.get(i, j) - shift);
        out.set(i, j, p);
        left -= p;
        if (label < 0 && left < 0) label = j;
      }
      if (label < 0) label = z.cols - 1;
      out.set(i, label, out.get(i, label) - 1);
    }
    return out;
  }
}

/** Independent Bernoulli outputs: L = Σⱼ log(1 + exp zⱼ) − yⱼ zⱼ. Targets n×c in [0, 1]. */
export class Logistic<T extends Real = Float64Array> extends Base<T> implements Loss<T> {
  readonly name = "logistic";

  value(z: Matrix<T>, target: Matrix<T>): number {
    sameShape(this.name, z, target);
    let sum = 0;
    for (let i = 0; i < z.rows; i++) {
      for (let j = 0; j < z.cols; j++) {
        const u = z.get(i, j);
        sum += Math.max(u, 0) + Math.log1p(Math.exp(-Math.abs(u))) - target.get(i, j) * u;
      }
    }
    return sum / z.rows;
  }

  gradient(z: Matrix<T>, target: Matrix<T>): Matrix<T> {
    sameShape(this.name, z, target);
    const out = this.buffer(z);
    for (let i = 0; i < z.rows; i++) for (let j = 0; j < z.cols; j++) out.set(i, j, probability(z.get(i, j)) - target.get(i, j));
    return out;
  }

  factor(z: Matrix<T>, column: number): Matrix<T> {
    isColumn(this.name, z, column);
    const out = this.buffer(z).fill(0);
    for (let i = 0; i < z.rows; i++) {
      const u = z.get(i, column);
      // p(−u) is 1 − p(u), and knows it where p(u) rounds to 1.
      out.set(i, column, Math.sqrt(probability(u) * probability(-u)));
    }
    return out;
  }

  sampled(z: Matrix<T>, stream: Stream): Matrix<T> {
    const out = this.buffer(z);
    stream.uniform(out);
    for (let i = 0; i < z.rows; i++) {
      for (let j = 0; j < z.cols; j++) {
        const p = probability(z.get(i, j));
        out.set(i, j, p - Number(out.get(i, j) < p));
      }
    }
    return out;
  }
}

const probability = activations.sigmoid.value;

function logSumExp(z: Matrix<Real>, i: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < z.cols; j++) largest = Math.max(largest, z.get(i, j));
  let sum = 0;
  for (let j = 0; j < z.cols; j++) sum += Math.exp(z.get(i, j) - largest);
  return largest + Math.log(sum);
}

/** The losses known by name. */
export const losses = { "squared-error": SquaredError, "softmax-cross-entropy": SoftmaxCrossEntropy, logistic: Logistic };
