import { allocate, type DType, gemm, Matrix, type Real } from "../linalg/index.js";
import type { Stream } from "../random/index.js";
import { type Initializer, initialize } from "./initialize.js";
import { expectChoice, expectColumns, expectGradient, kept, type Layer, type Mode, type Purpose } from "./layer.js";
import { OutputGradients } from "./output-gradients.js";
import { Buffer, Parameter, type Samples, withStatistics } from "./parameter.js";

/** Options of {@link Linear}. */
export interface LinearOptions {
  /**
   * `homogeneous` (default): the weight is out×(in+1), its last column the bias, and inputs carry a 1, so that one Kronecker factor
   * covers both; `separate`: a vector of its own; `none`.
   */
  bias?: "homogeneous" | "separate" | "none";
  /** Default `lecun`: N(0, 1/in). Biases start at zero. */
  initializer?: Initializer;
  dtype?: DType;
  /** Prefix of the parameters' names. */
  name?: string;
}

/** y = W x + b, applied to rows: Y = X Wᵀ + 1 bᵀ. */
export class Linear<T extends Real = Float64Array> implements Layer<T> {
  readonly weight: Parameter<T, Samples<T>>;
  readonly bias?: Parameter<T>;
  readonly parameters: readonly Parameter<T>[];

  private readonly homogeneous: boolean;
  private readonly augmented: Buffer<T>;
  private readonly output: Buffer<T>;
  private readonly inputGradient: Buffer<T>;
  private readonly outputGradients: OutputGradients<T>;
  private x?: Matrix<T>;

  constructor(
    readonly inputs: number,
    readonly outputs: number,
    stream: Stream,
    { bias = "homogeneous", initializer = "lecun", dtype = "float64", name = "linear" }: LinearOptions = {},
  ) {
    expectChoice("Linear: bias", bias, ["homogeneous", "separate", "none"]);
    this.homogeneous = bias === "homogeneous";
    const value = new Matrix(
      allocate(outputs * (inputs + Number(this.homogeneous)), dtype) as T,
      outputs,
      inputs + Number(this.homogeneous),
    );
    initialize(value.block(0, 0, outputs, inputs), initializer, stream);
    this.weight = withStatistics(new Parameter(`${name}.weight`, value));
    if (bias === "separate") this.bias = new Parameter(`${name}.bias`, new Matrix(allocate(outputs, dtype) as T, 1, outputs));
    this.parameters = this.bias ? [this.weight, this.bias] : [this.weight];
    this.augmented = new Buffer(dtype);
    this.output = new Buffer(dtype);
    this.inputGradient = new Buffer(dtype);
    this.outputGradients = new OutputGradients(dtype);
  }

  forward(x: Matrix<T>, _mode: Mode = "train"): Matrix<T> {
    expectColumns("Linear", x, this.inputs);
    this.x = this.homogeneous ? withOnes(x, this.augmented.get(x.rows, x.cols + 1)) : x;
    const y = gemm(this.x, this.weight.value.T, { out: this.output.get(x.rows, this.outputs) });
    if (this.bias) addToRows(y, this.bias.value);
    this.weight.inputs = { samples: this.x };
    return y;
  }

  backward(dy: Matrix<T>, purpose: Purpose = "gradient"): Matrix<T> {
    const x = kept("Linear", this.x);
    expectGradient("Linear", dy, x.rows, this.outputs);
    if (purpose === "gradient") {
      gemm(dy.T, x, { out: this.weight.gradient, alpha: 1 / dy.rows });
      if (this.bias) meanOfRows(dy, this.bias.gradient);
    }
    this.weight.outputGradients = this.outputGradients.collect(dy, purpose);
    const w = this.weight.value.block(0, 0, this.outputs, this.inputs);
    return gemm(dy, w, { out: this.inputGradient.get(dy.rows, this.inputs) });
  }
}

/** [x 1]. */
export function withOnes<T extends Real>(x: Matrix<T>, out: Matrix<T>): Matrix<T> {
  out.block(0, 0, x.rows, x.cols).copy(x);
  for (let i = 0; i < x.rows; i++) out.set(i, x.cols, 1);
  return out;
}

/** Adds a 1×n row to every row. */
export function addToRows<T extends Real>(y: Matrix<T>, row: Matrix<T>): void {
  const b = row.rowArray(0);
  for (let i = 0; i < y.rows; i++) {
    const start = y.offset + i * y.stride;
    for (let j = 0; j < y.cols; j++) y.data[start + j]! += b[j]!;
  }
}

/** out (1×n) ← mean over the rows. */
export function meanOfRows<T extends Real>(x: Matrix<T>, out: Matrix<T>): void {
  const means = out.rowArray(0).fill(0);
  for (let i = 0; i < x.rows; i++) {
    const start = x.offset + i * x.stride;
    for (let j = 0; j < x.cols; j++) means[j]! += x.data[start + j]!;
  }
  for (let j = 0; j < means.length; j++) means[j]! /= x.rows;
}
