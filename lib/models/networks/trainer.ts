import { allocate, Matrix, type Real } from "../../linalg/index.js";
import type { Layer, Loss } from "../../nn/index.js";
import type { Stream } from "../../random/index.js";
import type { NetworkCurvature } from "./curvature.js";

/**
 * Which labels the output gradients seen by Kronecker factors and natural gradients belong to: every column of the exact
 * Gauss-Newton factor, one draw from the model's predictive distribution, or the data's.
 */
export type Fisher = "exact" | "sampled" | "empirical";

/** Deals the rows of a data set in batches, reshuffled every epoch; its order depends on the stream alone. */
export class Batches {
  private order: ArrayLike<number> = [];
  private next = 0;
  private epoch = 0;
  private readonly inputs: Matrix<Real>;
  private readonly targets: Matrix<Real>;

  constructor(
    private readonly data: { inputs: Matrix<Real>; targets: Matrix<Real> },
    readonly size: number,
    private readonly stream: Stream,
  ) {
    if (size > data.inputs.rows) throw new RangeError(`batch: at most the ${data.inputs.rows} training examples, got ${size}`);
    const like = data.inputs.data;
    this.inputs = new Matrix<Real>(allocate(size * data.inputs.cols, like), size, data.inputs.cols);
    this.targets = new Matrix<Real>(allocate(size * data.targets.cols, like), size, data.targets.cols);
  }

  /** The next batch, in buffers that the following call overwrites. */
  draw(): { inputs: Matrix<Real>; targets: Matrix<Real> } {
    const { data, size } = this;
    if (size === data.inputs.rows) return data;
    if (this.next + size > this.order.length) {
      this.order = this.stream.child("epoch", this.epoch++).permutation(data.inputs.rows);
      this.next = 0;
    }
    for (let i = 0; i < size; i++) {
      const from = this.order[this.next + i]!;
      this.inputs.rowArray(i).set(data.inputs.rowArray(from));
      this.targets.rowArray(i).set(data.targets.rowArray(from));
    }
    this.next += size;
    return { inputs: this.inputs, targets: this.targets };
  }
}

/** Forward and backward pass: fills the parameters' gradients and output gradients, tells `curvature` the batch; returns the mean loss. */
export function evaluateBatch(
  network: Layer<Real>,
  loss: Loss<Real>,
  batch: { inputs: Matrix<Real>; targets: Matrix<Real> },
  fisher: { kind: Fisher; stream: Stream },
  curvature?: NetworkCurvature,
): number {
  const z = network.forward(batch.inputs, "train");
  curvature?.at(z, batch.targets);
  const value = loss.value(z, batch.targets);
  network.backward(loss.gradient(z, batch.targets), "gradient");
  if (fisher.kind === "exact") for (let j = 0; j < z.cols; j++) network.backward(loss.factor(z, j), "fisher");
  else if (fisher.kind === "sampled") network.backward(loss.sampled(z, fisher.stream), "fisher");
  return value;
}

/** Mean loss and, when the largest output names the class, the error rate, over a whole data set in chunks. */
export function evaluate(
  network: Layer<Real>,
  loss: Loss<Real>,
  { inputs, targets }: { inputs: Matrix<Real>; targets: Matrix<Real> },
  chunk = 512,
): { loss: number; error: number } {
  let total = 0;
  let wrong = 0;
  for (let from = 0; from < inputs.rows; from += chunk) {
    const rows = Math.min(chunk, inputs.rows - from);
    const z = network.forward(inputs.block(from, 0, rows, inputs.cols), "eval");
    const y = targets.block(from, 0, rows, targets.cols);
    total += rows * loss.value(z, y);
    for (let i = 0; i < rows; i++) wrong += Number(largest(z, i) !== largest(y, i));
  }
  return { loss: total / inputs.rows, error: wrong / inputs.rows };
}

function largest(m: Matrix<Real>, i: number): number {
  let best = 0;
  for (let j = 1; j < m.cols; j++) if (m.get(i, j) > m.get(i, best)) best = j;
  return best;
}
