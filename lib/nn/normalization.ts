import { allocate, type DType, Matrix, type Real } from "../linalg/index.js";
import { expectColumns, expectGradient, kept, type Layer, type Mode, type Purpose } from "./layer.js";
import { meanOfRows } from "./linear.js";
import { Buffer, Parameter } from "./parameter.js";

/** Options of {@link BatchNorm} and {@link LayerNorm}. */
export interface NormalizationOptions {
  /** Added to the variance. Default 1e-5. */
  epsilon?: number;
  /** Learn a gain (starting at 1) and a shift (starting at 0) for each feature. Default true. */
  affine?: boolean;
  dtype?: DType;
  /** Prefix of the parameters' names. */
  name?: string;
}

/** Gain and shift, y = γ∘x̂ + β, shared by both kinds of normalisation. */
class Affine<T extends Real> {
  readonly gain: Parameter<T>;
  readonly shift: Parameter<T>;
  private readonly output: Buffer<T>;
  private readonly scaled: Buffer<T>;

  constructor(features: number, dtype: DType, name: string) {
    this.gain = new Parameter(`${name}.gain`, new Matrix(allocate(features, dtype) as T, 1, features).fill(1));
    this.shift = new Parameter(`${name}.shift`, new Matrix(allocate(features, dtype) as T, 1, features));
    this.output = new Buffer(dtype);
    this.scaled = new Buffer(dtype);
  }

  forward(normalized: Matrix<T>): Matrix<T> {
    const { rows, cols } = normalized;
    const y = this.output.get(rows, cols);
    const gain = this.gain.value.data;
    const shift = this.shift.value.data;
    for (let i = 0; i < rows; i++) for (let j = 0, k = i * cols; j < cols; j++, k++) y.data[k] = gain[j]! * normalized.data[k]! + shift[j]!;
    return y;
  }

  /** Returns dL/dx̂. */
  backward(dy: Matrix<T>, normalized: Matrix<T>, purpose: Purpose): Matrix<T> {
    const { rows, cols } = normalized;
    const out = this.scaled.get(rows, cols);
    if (purpose === "gradient") {
      meanOfRows(dy, this.shift.gradient);
      const g = this.gain.gradient.data.fill(0);
      for (let i = 0; i < rows; i++) for (let j = 0, k = i * cols; j < cols; j++, k++) g[j]! += (dy.get(i, j) * normalized.data[k]!) / rows;
    }
    const gain = this.gain.value.data;
    for (let i = 0; i < rows; i++) for (let j = 0, k = i * cols; j < cols; j++, k++) out.data[k] = dy.get(i, j) * gain[j]!;
    return out;
  }
}

/**
 * Batch normalisation (Ioffe & Szegedy 2015, arXiv 1502.03167): every feature is brought to mean 0 and variance 1 over the batch
 * (`train`, biased variance) or by running averages (`eval`). The backward pass goes through the batch statistics.
 */
export class BatchNorm<T extends Real = Float64Array> implements Layer<T> {
  readonly parameters: readonly Parameter<T>[];
  /** Running mean and (unbiased) variance, 1×features: new = (1−momentum)·old + momentum·batch. */
  readonly runningMean: Matrix<T>;
  readonly runningVariance: Matrix<T>;

  private readonly epsilon: number;
  private readonly momentum: number;
  private readonly affine?: Affine<T>;
  private readonly inverseStd: Float64Array;
  private readonly normalized: Buffer<T>;
  private readonly inputGradient: Buffer<T>;
  private last?: { normalized: Matrix<T>; mode: Mode };

  /** @param options `momentum`: weight of the new batch in the running averages, default 0.1. */
  constructor(
    readonly features: number,
    {
      epsilon = 1e-5,
      affine = true,
      momentum = 0.1,
      dtype = "float64",
      name = "batch-norm",
    }: NormalizationOptions & { momentum?: number } = {},
  ) {
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.affine = affine ? new Affine(features, dtype, name) : undefined;
    this.parameters = this.affine ? [this.affine.gain, this.affine.shift] : [];
    this.runningMean = new Matrix(allocate(features, dtype) as T, 1, features);
    this.runningVariance = new Matrix(allocate(features, dtype) as T, 1, features).fill(1);
    this.inverseStd = new Float64Array(features);
    this.normalized = new Buffer(dtype);
    this.inputGradient = new Buffer(dtype);
  }

  /** @throws RangeError in `train` mode with fewer than two rows: they have no variance. */
  forward(x: Matrix<T>, mode: Mode = "train"): Matrix<T> {
    expectColumns("BatchNorm", x, this.features);
    const n = x.rows;
    if (mode === "train" && n < 2) throw new RangeError(`BatchNorm: a training batch needs at least 2 rows, got ${n}`);
    const out = this.normalized.get(n, this.features);
    for (let j = 0; j < this.features; j++) {
      let mean = this.runningMean.data[j]!;
      let variance = this.runningVariance.data[j]!;
      if (mode === "train") {
        mean = 0;
        for (let i = 0; i < n; i++) mean += x.get(i, j);
        mean /= n;
        variance = 0;
        for (let i = 0; i < n; i++) variance += (x.get(i, j) - mean) ** 2;
        variance /= n;
        this.runningMean.data[j]! += this.momentum * (mean - this.runningMean.data[j]!);
        this.runningVariance.data[j]! += this.momentum * ((variance * n) / (n - 1) - this.runningVariance.data[j]!);
      }
      const scale = 1 / Math.sqrt(variance + this.epsilon);
      this.inverseStd[j] = scale;
      for (let i = 0; i < n; i++) out.data[i * this.features + j] = (x.get(i, j) - mean) * scale;
    }
    this.last = { normalized: out, mode };
    return this.affine ? this.affine.forward(out) : out;
  }

  backward(dy: Matrix<T>, purpose: Purpose = "gradient"): Matrix<T> {
    const { normalized, mode } = kept("BatchNorm", this.last);
    expectGradient("BatchNorm", dy, normalized.rows, normalized.cols);
    const g = this.affine ? this.affine.backward(dy, normalized, purpose) : dy;
    const { rows: n, cols } = normalized;
    const out = this.inputGradient.get(n, cols);
    for (let j = 0; j < cols; j++) {
      // Through the statistics: dx = (g − mean(g) − x̂·mean(g∘x̂))/σ; with running statistics they are constants.
      let mean = 0;
      let correlation = 0;
      if (mode === "train") {
        for (let i = 0; i < n; i++) {
          mean += g.get(i, j) / n;
          correlation += (g.get(i, j) * normalized.data[i * cols + j]!) / n;
        }
      }
      for (let i = 0; i < n; i++) {
        out.data[i * cols + j] = (g.get(i, j) - mean - normalized.data[i * cols + j]! * correlation) * this.inverseStd[j]!;
      }
    }
    return out;
  }
}

/** Layer normalisation (Ba, Kiros & Hinton 2016, arXiv 1607.06450): every row is brought to mean 0 and variance 1. */
export class LayerNorm<T extends Real = Float64Array> implements Layer<T> {
  readonly parameters: readonly Parameter<T>[];

  private readonly epsilon: number;
  private readonly affine?: Affine<T>;
  private inverseStd = new Float64Array(0);
  private readonly normalized: Buffer<T>;
  private readonly inputGradient: Buffer<T>;
  private last?: Matrix<T>;

  constructor(
    readonly features: number,
    { epsilon = 1e-5, affine = true, dtype = "float64", name = "layer-norm" }: NormalizationOptions = {},
  ) {
    this.epsilon = epsilon;
    this.affine = affine ? new Affine(features, dtype, name) : undefined;
    this.parameters = this.affine ? [this.affine.gain, this.affine.shift] : [];
    this.normalized = new Buffer(dtype);
    this.inputGradient = new Buffer(dtype);
  }

  forward(x: Matrix<T>, _mode: Mode = "train"): Matrix<T> {
    expectColumns("LayerNorm", x, this.features);
    const { rows, cols } = x;
    if (this.inverseStd.length < rows) this.inverseStd = new Float64Array(rows);
    const out = this.normalized.get(rows, cols);
    for (let i = 0; i < rows; i++) {
      let mean = 0;
      for (let j = 0; j < cols; j++) mean += x.get(i, j) / cols;
      let variance = 0;
      for (let j = 0; j < cols; j++) variance += (x.get(i, j) - mean) ** 2 / cols;
      const scale = 1 / Math.sqrt(variance + this.epsilon);
      this.inverseStd[i] = scale;
      for (let j = 0; j < cols; j++) out.data[i * cols + j] = (x.get(i, j) - mean) * scale;
    }
    this.last = out;
    return this.affine ? this.affine.forward(out) : out;
  }

  backward(dy: Matrix<T>, purpose: Purpose = "gradient"): Matrix<T> {
    const normalized = kept("LayerNorm", this.last);
    expectGradient("LayerNorm", dy, normalized.rows, normalized.cols);
    const g = this.affine ? this.affine.backward(dy, normalized, purpose) : dy;
    const { rows, cols } = normalized;
    const out = this.inputGradient.get(rows, cols);
    for (let i = 0; i < rows; i++) {
      let mean = 0;
      let correlation = 0;
      for (let j = 0; j < cols; j++) {
        mean += g.get(i, j) / cols;
        correlation += (g.get(i, j) * normalized.data[i * cols + j]!) / cols;
      }
      for (let j = 0; j < cols; j++) {
        out.data[i * cols + j] = (g.get(i, j) - mean - normalized.data[i * cols + j]! * correlation) * this.inverseStd[i]!;
      }
    }
    return out;
  }
}
