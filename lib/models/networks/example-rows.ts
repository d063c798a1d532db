import { allocate, gemm, gemv, Matrix, type Real, syrk } from "../../linalg/index.js";
import { Activation, Conv2d, type Layer, Linear, type Parameter, type Samples, Sequential } from "../../nn/index.js";
import type { CurvatureRows } from "../../optim/index.js";

/** Whether every layer keeps the inputs and output gradients of single examples, of which their gradients are made. */
export function hasExampleRows(network: Layer<Real>): boolean {
  return (
    network instanceof Sequential &&
    network.layers.every(
      (layer) =>
        layer instanceof Activation ||
        (layer instanceof Linear && layer.parameters.length === 1) ||
        (layer instanceof Conv2d && layer.sharing === "expand"),
    )
  );
}

/** One weight's part of the rows. */
interface Part {
  /** Where it begins among all weights. */
  readonly start: number;
  readonly value: Matrix<Real>;
  /** Inputs, (n·T)×in, and output gradients, (N·T)×out: T rows (positions of a convolution) for each example and pass. */
  readonly a: Matrix<Real>;
  readonly d: Matrix<Real>;
  readonly positions: number;
  /** The rows as they are, once they were asked for. */
  rows?: Matrix<Real>;
}

/**
 * The gradients of single examples as rows of B (N×P), pass after pass of n examples each, without writing them down: a linear layer's
 * is the outer product δaᵀ, so its part of the Gramian is (ΔΔᵀ)∘(AAᵀ), and B·v and Bᵀ·u are products with Δ and A. Convolutions sum over
 * positions and have few weights: their rows are written down.
 */
export class ExampleRows implements CurvatureRows {
  count = 0;
  scale = 1;
  private examples = 0;
  private parts: Part[] = [];
  private readonly size: number;
  private readonly memory = new Map<string, Real>();

  constructor(private readonly parameters: readonly Parameter<Real>[]) {
    this.size = parameters.reduce((sum, { value }) => sum + value.rows * value.cols, 0);
  }

  /** The last `passes` backward passes over n examples. */
  at(n: number, passes: number): this {
    this.examples = n;
    this.count = n * passes;
    this.scale = 1 / n;
    let start = 0;
    this.parts = this.parameters.map((parameter) => {
      const { value } = parameter;
      const a = (parameter.inputs as Samples<Real>).samples;
      const positions = a.rows / n;
      const all = parameter.outputGradients!.samples;
      const rows = this.count * positions;
      const part: Part = { start, value, a, d: all.block(all.rows - rows, 0, rows, all.cols), positions };
      start += value.rows * value.cols;
      return part;
    });
    return this;
  }

  gramian(): Matrix<Real> {
    const { count, examples } = this;
    const out = this.take("gramian", count, count).fill(0);
    for (const part of this.parts) if (part.positions > 1) syrk(this.written(part), { out, beta: 1 });
    for (const { a, d, positions } of this.parts) {
      if (positions > 1) continue;
      const dd = syrk(d, { out: this.take("ΔΔᵀ", count, count) });
      const aa = syrk(a, { out: this.take("AAᵀ", examples, examples) });
      for (let r = 0; r < count; r++) {
        const row = r * count;
        const i = (r % examples) * examples;
        for (let c = 0, j = 0; c <= r; c++, j = j + 1 === examples ? 0 : j + 1) out.data[row + c]! += dd.data[row + c]! * aa.data[i + j]!;
      }
    }
    return out;
  }

  /** @throws RangeError when v has not one element for each weight. */
  times(v: Matrix<Real>): Matrix<Real> {
    const { count, examples, size } = this;
    if (v.rows !== size || v.cols !== 1)
      throw new RangeError(
        `NetworkCurvature: the network has ${size} weights, but the rows are multiplied by a ${v.rows}×${v.cols} vector`,
      );
    const out = this.take("Bv", count, 1).fill(0);
    for (const part of this.parts) {
      const { a, d, positions } = part;
      const weight = this.within(v, part);
      if (positions > 1) {
        gemv(this.written(part), weight.data.subarray(weight.offset, weight.offset + weight.rows * weight.cols), {
          out: out.data.subarray(0, count),
          beta: 1,
        });
        continue;
      }
      const image = gemm(a, weight.T, { out: this.take(`Av ${part.start}`, examples, weight.rows) });
      for (let r = 0; r < count; r++) {
        let sum = 0;
        for (let k = 0, i = r % examples; k < d.cols; k++) sum += d.get(r, k) * image.get(i, k);
        out.data[r]! += sum;
      }
    }
    return out;
  }

  transposeTimes(u: Matrix<Real>): Matrix<Real> {
    const { count, examples } = this;
    const out = this.take("Bᵀu", this.size, 1);
    for (const part of this.parts) {
      const { a, d, positions } = part;
      const weight = this.within(out, part);
      if (positions > 1) {
        gemv(this.written(part).T, u.data.subarray(u.offset, u.offset + count), {
          out: weight.data.subarray(weight.offset, weight.offset + weight.rows * weight.cols),
        });
        continue;
      }
      const weighted = this.take(`Δu ${part.start}`, examples, d.cols).fill(0);
      for (let r = 0; r < count; r++) {
        const factor = u.get(r, 0);
        for (let k = 0, i = (r % examples) * d.cols; k < d.cols; k++) weighted.data[i + k]! += factor * d.get(r, k);
      }
      gemm(weighted.T, a, { out: weight });
    }
    return out;
  }

  /** The rows of a part, N×(out·in): of each example the sum over its positions. */
  private written(part: Part): Matrix<Real> {
    if (part.rows) return part.rows;
    const { start, value, a, d, positions: t } = part;
    const { rows, cols } = value;
    part.rows = this.take(`rows ${start}`, this.count, rows * cols);
    for (let r = 0; r < this.count; r++) {
      const out = new Matrix(part.rows.data, rows, cols, cols, r * rows * cols);
      gemm(d.block(r * t, 0, t, rows).T, a.block((r % this.examples) * t, 0, t, cols), { out });
    }
    return part.rows;
  }

  /** A weight's elements in a vector of all. */
  private within(vector: Matrix<Real>, { start, value }: Part): Matrix<Real> {
    return new Matrix(vector.data, value.rows, value.cols, value.cols, vector.offset + start);
  }

  /** A matrix in memory that is kept. */
  private take(name: string, rows: number, cols: number): Matrix<Real> {
    let data = this.memory.get(name);
    if (!data || data.length < rows * cols) {
      data = allocate(rows * cols, this.parameters[0]!.value.data);
      this.memory.set(name, data);
    }
    return new Matrix(data, rows, cols);
  }
}
