import { allocate, Matrix, type Real } from "../../linalg/index.js";
import { Activation, type Layer, Linear, type Loss, Sequential } from "../../nn/index.js";
import type { CurvatureRows } from "../../optim/index.js";
import type { Stream } from "../../random/index.js";
import { ExampleRows, hasExampleRows } from "./example-rows.js";
import type { Fisher } from "./trainer.js";

/**
 * What full second-order methods ask of a network at its last batch: the Jacobian of the outputs by all parameters, the losses'
 * Hessians and gradients. Parameters are flattened row by row in the network's order. For small networks, as the Jacobian has n·c rows
 * of p entries, but for `rows`, which writes down those of convolutions at most.
 */
export class NetworkCurvature {
  private z?: Matrix<Real>;
  private targets?: Matrix<Real>;
  private derivatives?: Matrix<Real>;
  private readonly size: number;
  /**
   * C by the gradients of single examples, or for `exact` their Jacobians times a factor of the losses' Hessians; undefined unless every
   * layer keeps what they are made of (linear layers without a separate bias, convolutions with `sharing` "expand", activations).
   * @throws RangeError when there are more than `most` rows: one an example, for `exact` one an output of each.
   */
  readonly rows?: (fisher: Fisher, most: number) => CurvatureRows;

  constructor(
    private readonly network: Layer<Real>,
    private readonly loss: Loss<Real>,
    readonly outputs: number,
    private readonly stream: Stream,
  ) {
    this.size = network.parameters.reduce((sum, { value }) => sum + value.rows * value.cols, 0);
    if (hasExampleRows(network)) {
      const rows = new ExampleRows(network.parameters);
      this.rows = (fisher, most) => {
        const z = this.batch();
        const passes = fisher === "exact" ? z.cols : 1;
        if (z.rows * passes > most) {
          const less = fisher === "exact" ? ' (fisher "sampled" has one for each example, form "weights" needs none)' : "";
          throw new RangeError(`NetworkCurvature: ${z.rows} examples make ${z.rows * passes} rows, at most ${most} are wanted${less}`);
        }
        if (fisher === "exact") for (let k = 0; k < passes; k++) network.backward(this.loss.factor(z, k), "fisher");
        else network.backward(this.outputGradients(fisher), "fisher");
        return rows.at(z.rows, passes);
      };
    }
  }

  /** Tells which batch the questions are about: its outputs z (of the network's last forward pass) and targets. */
  at(z: Matrix<Real>, targets: Matrix<Real>): void {
    this.z = z;
    this.targets = targets;
  }

  /** (n·c)×p, row i·c + j is the derivative of output j of example i. Overwrites the parameters' gradients' companions, not the gradients. */
  jacobian(): Matrix<Real> {
    const z = this.batch();
    const count = z.rows * z.cols;
    if (this.derivatives?.rows !== count) this.derivatives = new Matrix<Real>(allocate(count * this.size, z.data), count, this.size);
    if (isPerceptron(this.network)) this.fromOuterProducts(this.derivatives, z);
    else this.fromSingleRows(this.derivatives, z);
    return this.derivatives;
  }

  /** (n·c)×c, the Hessian of each example's loss, stacked. */
  outputHessian(): Matrix<Real> {
    const z = this.batch();
    const c = z.cols;
    const out = new Matrix<Real>(allocate(z.rows * c * c, z.data), z.rows * c, c);
    for (let k = 0; k < c; k++) {
      const s = this.loss.factor(z, k);
      for (let i = 0; i < z.rows; i++) {
        for (let r = 0; r < c; r++) for (let q = 0; q < c; q++) out.set(i * c + r, q, out.get(i * c + r, q) + s.get(i, r) * s.get(i, q));
      }
    }
    return out;
  }

  /** n×c, gradients of single examples' losses in the outputs. */
  outputGradients(labels: "sampled" | "empirical"): Matrix<Real> {
    const z = this.batch();
    return labels === "sampled" ? this.loss.sampled(z, this.stream) : this.loss.gradient(z, this.targets!);
  }

  private batch(): Matrix<Real> {
    if (!this.z) throw new Error("NetworkCurvature: no batch yet; call at(z, targets) after the forward pass");
    return this.z;
  }

  /** A linear layer's derivative for one example is the outer product of its output gradient and its input: one pass for each output. */
  private fromOuterProducts(out: Matrix<Real>, z: Matrix<Real>): void {
    const dy = new Matrix<Real>(allocate(z.rows * z.cols, z.data), z.rows, z.cols);
    for (let j = 0; j < z.cols; j++) {
      dy.fill(0);
      for (let i = 0; i < z.rows; i++) dy.set(i, j, 1);
      // Output gradients of a "gradient" pass would overwrite the gradients; layers of a perceptron collect "fisher" passes in order.
      this.network.backward(dy, "fisher");
      let start = 0;
      for (const parameter of this.network.parameters) {
        const { rows, cols } = parameter.value;
        const a = (parameter.inputs as { samples: Matrix<Real> }).samples;
        const collected = parameter.outputGradients!.samples;
        const first = collected.rows - z.rows;
        for (let i = 0; i < z.rows; i++) {
          const base = out.offset + (i * z.cols + j) * out.stride + start;
          for (let r = 0; r < rows; r++) {
            const delta = collected.get(first + i, r);
            for (let s = 0; s < cols; s++) out.data[base + r * cols + s] = delta * a.get(i, s);
          }
        }
        start += rows * cols;
      }
    }
  }

  /** Any network: one backward pass for each output of each example. */
  private fromSingleRows(out: Matrix<Real>, z: Matrix<Real>): void {
    const kept = this.network.parameters.map((parameter) => parameter.gradient.clone());
    const dy = new Matrix<Real>(allocate(z.rows * z.cols, z.data), z.rows, z.cols);
    for (let i = 0; i < z.rows; i++) {
      for (let j = 0; j < z.cols; j++) {
        dy.fill(0);
        dy.set(i, j, z.rows);
        this.network.backward(dy, "gradient");
        const row = out.rowArray(i * z.cols + j);
        let start = 0;
        for (const { gradient } of this.network.parameters) {
          row.set(gradient.data, start);
          start += gradient.data.length;
        }
      }
    }
    this.network.parameters.forEach((parameter, k) => {
      parameter.gradient.copy(kept[k]!);
    });
  }
}

function isPerceptron(network: Layer<Real>): boolean {
  return (
    network instanceof Sequential &&
    network.layers.every((layer) => layer instanceof Activation || (layer instanceof Linear && layer.parameters.length === 1))
  );
}
